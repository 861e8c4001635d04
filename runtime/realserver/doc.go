// Package realserver starts servers that Tenon did not write, so that tests can hold Tenon against
// them. Every server listens on a free port of the loopback interface, keeps its files in a temporary
// directory and ends with the test that started it. A server that is not installed or does not come up
// fails the test, and says how to get it: a test that silently skips its counterparty proves nothing.
//
// Only tests import it.
package realserver

// It is a package of its own under runtime, because tests of several packages there and of cmd start
// the same servers, and an internal package of either could not be reached by the other.
