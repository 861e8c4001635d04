package trial

import (
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/source"
)

// Report is how a test went.
type Report struct {
	Test     *plan.Test
	Took     time.Duration // in real time
	Problems []Problem     // none: it passed
	Result   *exec.Result  // of the run; nil if there was none
	Requests int           // that the run made
	Reached  map[string]bool
}

// Passed reports whether all was as the test expects.
func (r *Report) Passed() bool { return len(r.Problems) == 0 }

// Kind says what a problem is about.
type Kind string

const (
	BadTest      Kind = "test"        // what the test says cannot be computed, or does not fit
	BadMock      Kind = "mock"        // a mock that cannot answer, or may not answer so
	UnusedMock   Kind = "unused_mock" // a mock, or an answer of one, that no request got
	BadRequest   Kind = "request"     // a request that the document forbids
	BadCassette  Kind = "cassette"    // recorded exchanges that cannot be read or do not fit
	Unrecorded   Kind = "unrecorded"  // a request that the cassette has no answer to
	RunFailed    Kind = "run"         // the run failed, and should not
	WrongStatus  Kind = "status"      // it ended otherwise than it should
	WrongOutputs Kind = "outputs"     // of other values than expected
	WrongState   Kind = "state"       // the same, of what is kept
	AssertFailed Kind = "assert"      // a condition that does not hold
	CheckFailed  Kind = "check"       // the same, with a name
	TestCanceled Kind = "canceled"    // the test was stopped
)

// Problem is one thing that is wrong. Secrets are removed from its texts.
type Problem struct {
	Kind    Kind
	Message string // one line
	Detail  string // more lines, or ""
	Range   source.Range
	// Differences are of outputs and state, Observed of conditions.
	Differences []Difference
	Observed    []expression.Observed
	Failure     *event.Failure // of the run
}
