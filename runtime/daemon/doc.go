// Package daemon keeps integrations running: it takes what triggers start, carries it out within bounds,
// goes on with what an earlier process left, and tells how all that is going. It knows neither HCL nor
// directories: whoever owns it says what to run.
package daemon

// Design
//
// What starts a run is a delivery in the store before anything else happens, whether it came by webhook,
// schedule, completion or the admin API. The queue in memory holds only numbers of deliveries; one is
// read when its turn comes, and in one transaction it is taken and its run begun. So nothing is lost and
// nothing begins twice, and memory does not grow with what waits.
//
// A set of programs is swapped as a whole. Runs keep the program that they began with, and the store the plan
// of each, so reloading disturbs nobody. Whether a set is good is known before it is asked to serve.
