// Package store keeps what must outlive a process: runs and their journals, plans, state, seen keys, locks,
// deliveries and writes in doubt. [Open] keeps them in one SQLite file, [NewMemory] in memory; the suite
// storetest holds both to the same contract. It does not know what journal records mean.
package store

// Design
//
// Everything is written by way of [Store.Commit] and [Store.Queue], as a list of changes that happens as a whole
// or not at all. So an item's success and its seen key, or a run's end and its new state, need no protocol of
// their own. All changes pass one queue: what was queued before a Commit is durable when it returns. A journal
// therefore only waits where something outside depends on it, before a write is sent; answers and finished items ride
// along with the next write's intent.
//
// The queue's consumer takes all that waits and commits it in one transaction with one fsync (group commit).
// While it syncs, the next group gathers; nothing is gained by waiting for one.
//
// What was queued and could not be written poisons its run: every later change of that run is refused with
// the same error. A journal with a hole would be worse than one that ends.
//
// Several processes may have one file open, each for runs of its own ([Store.Own]); a daemon opens it [Exclusive].
// Both locks are the kernel's, so that a killed process leaves none behind.
//
// Payloads larger than [InlineMax] lie beside the database as files of their own, named by digest, in a directory for
// each run: SQLite is slow with large values, and a file is removed without rewriting a database. Directories
// of their own keep two runs from racing over one file.
//
// Secrets: the store takes what it is given. Callers seal (runtime/secret) what may hold a secret before it comes
// here: payloads and inputs in which a redactor finds a known secret, so that everything else stays readable with
// any SQLite client. Events are redacted before they come. A secret that a server makes up and
// answers with, and that no plan declares, is data like any other; the file is therefore readable by its owner only.
//
// Tokens are not here but in runtime/transport/token, a file for each: a person logs in while a daemon has the store for
// itself, and a run that keeps nothing has no store but needs its login.

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"time"
)

// InlineMax is the size of the largest payload that stands in the database itself.
const InlineMax = 64 << 10

var (
	ErrNotFound = errors.New("not found")
	// ErrExists says that a run or delivery of this name is there already.
	ErrExists = errors.New("it is there already")
	// ErrInUse says that another process has the store or the run.
	ErrInUse = errors.New("in use by another process")
	// ErrDamaged says that what is on disk is not what was written.
	ErrDamaged = errors.New("damaged")
	// ErrNewer says that a later version of Tenon wrote the store.
	ErrNewer  = errors.New("written by a later version of tenon")
	ErrClosed = errors.New("the store is closed")
)

// InUse is an [ErrInUse] that knows who it is that has it: "run 20261129T… (process 17)".
type InUse struct{ By string }

func (e *InUse) Error() string        { return ErrInUse.Error() + ", " + e.By }
func (e *InUse) Is(target error) bool { return target == ErrInUse }

// Store is safe for concurrent use. Reads see everything that was queued or committed before by this process.
type Store interface {
	// Commit makes changes durable: all of them or, with an error, none. Everything queued before is durable, too.
	// run is the run that they are for, or "": after a failed Queue for it they are refused. A Commit cannot be
	// interrupted; ctx only keeps it from beginning.
	Commit(ctx context.Context, run string, changes ...Change) error
	// Queue is a Commit that nobody waits for. Its changes are durable when a later Commit returns, and in any case
	// soon; never without those before them.
	Queue(run string, changes ...Change)
	// Sync returns when everything queued for the run is durable, or says why it is not.
	Sync(ctx context.Context, run string) error

	Plan(ctx context.Context, digest string) ([]byte, error)
	Run(ctx context.Context, id string) (*Run, error)
	// Runs lists runs, the latest first.
	Runs(ctx context.Context, f Filter) ([]*Run, error)
	// Records gives a run's journal from seq on, in order. A record that is not what was written ends it with ErrDamaged.
	Records(ctx context.Context, run string, from int64) iter.Seq2[Record, error]
	// Payload returns the payload of a record.
	Payload(ctx context.Context, run string, seq int64) ([]byte, error)
	// Undos gives what undoes the items of a loop before one: of the last of them, the last first, and of as many as take
	// about 256 KB. What is not what was written is ErrDamaged.
	Undos(ctx context.Context, run, loop string, before int64) ([]Undo, error)
	// Facts gives what was noted about a run for readers, in order.
	Facts(ctx context.Context, run string) iter.Seq2[json.RawMessage, error]
	// State returns the values of an integration by name.
	State(ctx context.Context, integration string) (map[string]json.RawMessage, error)
	// Seen returns the last mark of a key, or the zero Mark.
	Seen(ctx context.Context, scope, key string) (Mark, error)
	// Doubts lists writes in doubt that are not settled, of one run or, with "", of all.
	Doubts(ctx context.Context, run string) ([]Doubt, error)
	// Deliveries lists those that no run has taken on yet, the oldest first, at most limit of them, without data
	// and payload.
	Deliveries(ctx context.Context, limit int) ([]Delivery, error)
	// Delivery returns one that was stored.
	Delivery(ctx context.Context, id int64) (Delivery, error)

	// Deliver stores a delivery, durably when it returns. One with the hook and key of another is not stored: the other
	// one is returned then, and fresh is false.
	Deliver(ctx context.Context, d Delivery) (stored Delivery, fresh bool, err error)
	// Hold takes a lock for a run. If another run has it, held is that run's ID.
	Hold(ctx context.Context, name, run string) (held string, err error)
	// Own makes a run this process's: no other may work on it until release. ErrInUse says that one does, as an [*InUse]
	// with what that one said it is; "" says nothing but the process. Whether the run exists is not looked at.
	Own(run, who string) (release func(), err error)

	// Slate opens the slate of a run that this process owns; nil: there is none, since nothing could be said to be on it.
	Slate(run string) (Slate, error)

	// Active reports whether some process works on a run.
	Active(run string) bool

	// Forget removes what is of use only to a run that goes on, and takes room for each item. It may be called again.
	Forget(ctx context.Context, run string) error
	// Prune removes what keep does not cover, and gives the room back. Unfinished runs and those in doubt stay.
	Prune(ctx context.Context, keep Keep) (Pruned, error)
	Size(ctx context.Context) (int64, error)
	io.Closer
}

// Slate is a run's memory of what is under way, in slots. What is written on it is there at once, without a sync, and for
// as long as the machine is up: for the next process, if this one is killed. It goes with the run's end.
type Slate interface {
	// Left is what was written last by an earlier process, by slot, nil where that is nothing. If there was no such process,
	// or if it is not certain that it is what was written last, because the machine was started anew in between
	// or the file was copied, it is nil.
	Left() [][]byte
	// Wipe makes it empty. It comes before the first Write.
	Wipe() error
	// Write puts data, of at most SlotSize bytes, in the place of what is in a slot. With an error it is not known what is there.
	// It may be called at the same time for different slots.
	Write(slot int, data []byte) error
	Close() error
}

// Status is how far a run has come: one of these, or how it ended in the words of runtime/event.
type Status = string

const (
	Running     Status = "running"     // a process carries it out, or was killed doing so
	Interrupted Status = "interrupted" // stopped in good order, to be resumed
	InDoubt     Status = "in_doubt"    // a person must say what became of a write
)

// Run is a run as the store knows it.
type Run struct {
	ID          string
	Integration string
	Plan        string // digest
	Status      Status
	Started     time.Time
	Ended       time.Time       // zero: it has not
	Inputs      json.RawMessage // what it was given, as far as it may be kept
	Outputs     json.RawMessage
	Error       json.RawMessage // why it did not succeed
	Writes      int             // that servers took
	Cause       string          // what started it: "command", "schedule nightly", "replay of ID"
	Resumed     int             // how often
	Cancel      bool            // somebody asked for it to be canceled
}

// Unfinished reports whether the run may go on.
func (r *Run) Unfinished() bool { return r.Status == Running || r.Status == Interrupted }

// Filter selects runs. The zero Filter selects all.
type Filter struct {
	Integration string
	Status      []Status
	Before      string // an ID: only runs that started before that one
	Limit       int
}

// Record is one entry of a run's journal. Seq counts up within the run, with gaps where records were trimmed.
type Record struct {
	Seq     int64
	Kind    string
	Key     string
	Data    []byte // JSON
	Payload []byte // not set when records are listed; see [Store.Payload]
	Size    int64  // of the payload; set when records are listed
}

// Undo is what undoes an item of a loop.
type Undo struct {
	Item int64 // its index
	Data []byte
}

// Doubt is a write of which nobody knows whether it happened.
type Doubt struct {
	Run, Key string
	At       time.Time
	Reason   string          // one line
	Request  json.RawMessage // as people may see it
}

// Delivery is a webhook's event that was accepted.
type Delivery struct {
	ID      int64  // given by the store
	Hook    string // "INTEGRATION/TRIGGER"
	Key     string // "": not deduplicated
	At      time.Time
	Data    json.RawMessage
	Payload []byte // goes when a run takes the delivery on
}

// Keep says what Prune leaves. Zero fields do not bound.
type Keep struct {
	Now   time.Time
	Age   time.Duration // of ended runs and of deliveries
	Runs  int           // ended ones, in all
	Bytes int64         // the oldest ended runs are removed until the store is no larger
}

// Pruned says what Prune did.
type Pruned struct {
	Runs, Deliveries, Keys int
	Bytes                  int64 // by which the store is smaller
}
