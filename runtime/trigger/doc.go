// Package trigger is what starts runs: it tells when schedules are due, and takes the requests of
// webhooks: proves where they come from, validates, maps and keeps them before it acknowledges them;
// and those of operations that are served, whose clients wait for an answer.
// It carries nothing out itself; what is to be started goes to a [Ledger] or, if somebody waits, a [Runner].
package trigger

import (
	"context"
	"errors"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/spec/expression"
)

// Start is a run that is to be started.
type Start struct {
	Integration string
	Trigger     string // its name
	// Key identifies what happened: of two starts of one trigger with the same key only the first counts.
	// Empty: none.
	Key string
	// Print tells what was asked: a start with a key that was used with another print is refused. Of a [Runner] only.
	Print  string
	Inputs map[string]any
	At     time.Time // when it happened: the slot of a schedule, the arrival of a request
}

// Ledger keeps what is to be started. It is safe for concurrent use.
type Ledger interface {
	// Accept returns once the start is on disk, so that it happens whatever becomes of the process. fresh is
	// false, and nothing is kept, where its key has been accepted before; id names the run either way. The
	// error is [ErrBusy] when more is waiting than is allowed to.
	Accept(ctx context.Context, s Start) (id string, fresh bool, err error)
	// Last is the time of the latest start of a trigger that was accepted or passed; zero if there is none.
	Last(ctx context.Context, integration, trigger string) (time.Time, error)
	// Pass notes that a trigger was looked at for this time, and started nothing.
	Pass(ctx context.Context, integration, trigger string, at time.Time) error
}

// ErrBusy is Accept's answer when too much is waiting to be run.
var ErrBusy = errors.New("too many runs are waiting")

// Target is a trigger of a program, with what its expressions need.
type Target struct {
	Program *exec.Program
	Name    string
	Inputs  exec.Inputs // variables, secrets and redactor of the project; the rest is not looked at
	Clock   expression.Runtime
}

func (t *Target) integration() string { return t.Program.Outline().Integration }

// fire computes what the trigger starts.
func (t *Target) fire(ctx context.Context, seen map[string]any) (*exec.Fired, *event.Failure) {
	return t.Program.Fire(ctx, t.Name, seen, t.Inputs, t.Clock)
}

// Fact is something that a trigger did, for logs and metrics.
type Fact struct {
	Integration, Trigger string
	// What is accepted, duplicate (its key was seen), passed (its condition does not hold), forged, invalid,
	// busy, skipped, failed, or challenged; of an operation also answered, repeated (to a key that was seen), cached,
	// limited, or late (the client has waited long enough).
	What   string
	ID     string // of the run that it starts
	At     time.Time
	Reason string // why not; nothing secret
}
