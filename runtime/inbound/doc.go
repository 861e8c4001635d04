// Package inbound reads requests that clients make to an API: it finds the operation that a path is for, turns
// parameters and bodies into values, and says what is wrong with them. It is what the mock of somebody else's
// API and the server of one's own have in common; where the operations come from it does not know.
package inbound
