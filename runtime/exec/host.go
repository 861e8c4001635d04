// Package exec carries out a plan on a [Host], operation by operation. It knows neither HCL nor
// OpenAPI, and has no clock, network or goroutine of its own: given the same answers of its host, a run
// gives the same result.
package exec

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/secret"
	"tenon/runtime/transport"
	"tenon/runtime/transport/auth"
	"tenon/runtime/transport/budget"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// Design: exec waits only in methods of its host: Perform, Wait, Lock, and those of Branches. So a host can journal every answer, or turn branches into coroutines of a workflow engine,
// without exec knowing. Everything that depends on which branch ended first is kept out of results:
// operations bind their results by name, loops fold by the position of the item, and of several
// failures the first in the plan's order is the run's.

// Host is what a run stands on. Its methods are called by several branches at once.
type Host interface {
	// Perform carries out one logical request: attempts, limits, credentials and their events are the
	// host's. The error is a *transport.Error, ErrWithheld or ErrGivenUp.
	Perform(ctx context.Context, r *Request) (*transport.Response, error)
	// Credential makes the credential that is described. It is asked once a run for each, before anything else,
	// and must not wait. Secrets in it are known to Inputs.Redactor afterwards. An error says what is wrong with
	// the values.
	Credential(g auth.Given) (transport.Credential, error)
	// Now is the clock, for how long things take.
	Now() time.Time
	// Today is the time as the expressions of one op of one item see it, which key names. It is asked at most
	// once for each key; a host that remembers gives a run that is repeated the same one.
	Today(key string) time.Time
	// Worked is for how long the run has been carried out when key is first asked for, by this process and those before
	// it; time in which none did does not count. A host that remembers gives a run that is repeated the same again.
	Worked(key string) time.Duration
	// Within returns a context that ends, with a cause, when the run has been carried out for d more than when key was
	// first asked for. A run that is repeated comes to where it was before that.
	Within(ctx context.Context, key string, d time.Duration, cause error) (context.Context, context.CancelFunc)
	// Begun says what is known of some ops at a place from an earlier process: whether it began one of them there, and
	// of which items of loops there, by their index, it began anything.
	Begun(steps []string, place string) (here bool, items map[string]bool)
	// Stop notes that what key names begins nothing more, since something in it has failed for good; Stopped reports whether
	// an earlier process noted that. What it did not begin is then not begun any more.
	Stop(key string)
	Stopped(key string) bool
	// Wait returns when the time has come, or with an error when ctx ends before. key names the wait in its run.
	Wait(ctx context.Context, key string, until time.Time) error
	// Lock waits until no other run, and no other item of this one, holds the name. The error is that of ctx. What is
	// released with keep is still held against other runs, until this one ends for good.
	Lock(ctx context.Context, name string) (release func(keep bool), err error)
	// Claim asks whether an item is to be worked on: fresh is false if its key was settled as done in the
	// last Within, or is claimed by another item. A claim that is fresh is settled exactly once.
	Claim(ctx context.Context, c Claim) (fresh bool, err error)
	// State returns what the integration kept in the last run that succeeded; nil if there was none.
	State(ctx context.Context, integration string) (map[string]any, error)
	// Commit keeps the states of integrations, all or none. It is the last thing a run that succeeds does
	// before it says so, and is asked only by one that has any; an error fails the run.
	Commit(ctx context.Context, states map[string]map[string]any) error
	// Settle ends a claim. done: the item succeeded, and its key is remembered from now; else it is forgotten,
	// as if it had never been seen. A claim that was settled as done may be settled again, as not done, when
	// the item is undone.
	Settle(ctx context.Context, c Claim, done bool) error
	// Loop returns the notes of an execution of a loop, which key names as in Request.Key; nil if the host keeps none.
	// steps are the IDs of the ops in the loop, and its own. lists: the notes of its items have values that marks do
	// not, and are kept for good.
	Loop(key string, steps []string, lists bool) Notes
	// Undos returns what undoes the items of an execution of a loop, as for Loop; nil if the host keeps none, which one that
	// takes notes does not.
	Undos(key string, steps []string) Undos
	// Branches returns a set of branches of which at most limit run at once; 0 means no bound.
	Branches(limit int) Branches
	// Emit takes a fact. It is called often and must be quick.
	Emit(event.Event)
	// Detail says which facts are wanted. It does not change during a run.
	Detail() event.Detail
}

// Claim names an item of a for_each that has a key and is to be worked on once.
type Claim struct {
	Loop   string        // "INTEGRATION/for_each.order"
	Key    string        // the item's
	Within time.Duration // how long keys are remembered; 0: forever
	Place  string        // of the item in its run, as in Request.Key: a run that is repeated claims its own items again
}

// Branches is a set of things that happen at once.
type Branches interface {
	// Go starts f, after waiting for a free place. With a bound it is only called by the branch that made the set.
	Go(f func())
	// Yield calls wait, and gives the place of the branch that calls it to another one meanwhile. Not more than a fixed
	// number of branches do so at once, and fewer before blind writes.
	Yield(blind bool, wait func())
	// Wait returns when all have ended. Go is not called afterwards.
	Wait()
}

// ErrGivenUp is Perform's answer where Yield said that a write is not to be sent any more.
var ErrGivenUp = errors.New("the write was given up before it was sent")

// ErrWithheld is Perform's answer to a write in a dry run. The host has emitted the event.
var ErrWithheld = errors.New("the write was withheld")

// Request is one logical request, complete but for its credentials. It is not changed by the host.
type Request struct {
	Step string // "step.invoice"
	Item string // of the surrounding loops, "" outside
	Page int    // of a paginated step, from 1; else 0
	// Key names the request in its run: no two have the same, and a run that is repeated gives it again. It
	// is made of the step, the places of the items around it, the page, and what the request is for where it is not
	// the step's own call. It holds no data.
	Key string

	API         string
	Base        string // where the API is, as the run reaches it
	Method      string
	URL         *url.URL
	Header      http.Header
	Body        []byte
	Source      transport.Source                     // in place of Body; nil: none
	Stream      func(status int, h http.Header) bool // whether an answer is handed over unread; nil: none is
	Credentials []transport.Credential
	TLS         *transport.TLS // nil: the usual
	Hosts       []string       // where the plan may go, as transport.Host gives them
	Named       []string       // those of them that the author named, rather than data
	Timeout     time.Duration
	Retry       *plan.Retry
	Operation   string
	Limits      []budget.Limit
	Safe        bool
	Idempotent  bool
	Keep        func(status int) bool // redirects that are answers
	// Blind says of a write that it may not be sent again, and that the plan cannot find out what became of it: if it may
	// have been sent, and its answer is not known, it is in doubt.
	Blind bool
	// Yield, unless it is nil, may be called once before a write is sent: while wait takes, the item that the write
	// is of makes room for others of its loop. It reports whether the write is still to be sent.
	Yield func(wait func()) bool

	secretHeaders []string
}

// Inputs is what a run is given.
type Inputs struct {
	Run       string                  // the run's ID; no two runs have the same
	Values    map[string]any          // by input; those that are not there have their default
	Variables map[string]any          // by variable
	Secrets   map[string]secret.Value // by name; all that the plan names
	// Servers replaces the base URLs of APIs, for mocks: by API, without a trailing slash.
	Servers map[string]string
	// Redactor is told every secret, and everything said about the run passes it. nil: one is made.
	Redactor *secret.Redactor
	DryRun   bool // the host withholds writes; only for the record
	Kept     bool // the run may go on after it was stopped
	// State, unless it is nil, is used instead of what the host remembers of the integration. What is not there has
	// its initial value.
	State map[string]any
	// Files gives the content of files on disk that requests send; nil: there are none. It refuses what the run may
	// not read.
	Files func(f *types.FileValue) (codec.Source, error)
}

// Result is how a run ended.
type Result struct {
	Run      string // its ID
	Status   event.Status
	Outputs  map[string]any // nil unless it succeeded
	State    map[string]any // what was kept of the integration itself; nil unless it succeeded and has any
	Error    *event.Failure // nil if it succeeded
	DryRun   bool
	Withheld int             // writes that a dry run did not send
	Writes   int             // writes that servers took
	Done     []event.Done    // how far the outermost steps came, in the plan's order
	Undone   *event.Undone   // what was taken back and what was not; nil where nothing can be
	Warnings []event.Warning // what the run survived and a person should know; each kind once, and a bounded number
}
