// Package trigger is what starts runs: it tells when schedules are due, and takes the requests of
// webhooks: proves where they come from, validates, maps and keeps them before it acknowledges them.
// It starts nothing itself; whoever owns it is told what to start.
package trigger
