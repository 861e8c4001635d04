// Package trial runs tests of integrations: a plan is carried out against mocks of its APIs, in this process and
// over HTTP on the loopback interface, and what came of it is held against what the test expects. The same test
// does the same each time. It knows neither HCL nor how results are shown.
package trial

// Design
//
// A test must not depend on which branch of a run happens to be first: of two items that are worked on at once the
// first is to get the first of a mock's answers, each time. So the branches of a run take turns: one works until it
// waits for something (a pause, a retry, a lock, other branches), then the next one does. When all wait, the clock
// is set to when the first of them goes on. A run with an hour of pauses is over in a millisecond, pauses at the same
// time overlap, and timeouts end what takes too long by that clock. exec makes that possible, since it waits only in
// methods of its host.
//
// Requests go over a real connection to a server of this process, which holds each against the document of its API
// before it answers. They cannot go anywhere else: what carries them knows one address. A mock's error is made on
// the side of the client, by the same clock: a timeout of 30 s takes no time.
//
// Limits and quotas are not kept: they protect servers, and here is none.
