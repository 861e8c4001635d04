// Package event is what a run tells: typed facts, in a closed set with stable names. The terminal,
// the trace file, the tests and later the journal read them. It knows nothing of how a run is
// carried out, and everything in it has been redacted before a reader sees it.
package event

import (
	"time"

	"tenon/spec/source"
)

// Event is one fact. The set is closed: the types of this package whose Kind is listed in [Kinds].
type Event interface {
	Kind() string // stable, snake_case: "step_done"
	redact(f func(string) string) Event
}

// Detail says how much a reader wants to hear.
type Detail uint8

const (
	// Summary leaves out what happens for every item of a for_each: its steps, requests and pages of
	// answers. Failures, retries, catches, warnings, withheld writes and the items themselves stay.
	Summary Detail = iota
	Everything
)

// Status is how a run ended.
type Status string

const (
	Succeeded Status = "succeeded"
	Failed    Status = "failed"
	InDoubt   Status = "in_doubt" // a write may or may not have happened; a person decides
	Canceled  Status = "canceled"
)

// RunStarted is a run's first event.
type RunStarted struct {
	Integration string `json:"integration"`
	Plan        string `json:"plan,omitempty"` // the plan's digest
	DryRun      bool   `json:"dry_run,omitempty"`
}

// RunDone is a run's last event.
type RunDone struct {
	Status   Status    `json:"status"`
	Error    *Failure  `json:"error,omitempty"`
	Took     Millis    `json:"took_ms"`
	Writes   int       `json:"writes"`             // writes that the servers took
	DryRun   bool      `json:"dry_run,omitempty"`  // writes were withheld
	Withheld int       `json:"withheld,omitempty"` // that many
	Done     []Done    `json:"done,omitempty"`     // what had been done, for a run that did not succeed
	Undone   *Undone   `json:"undone,omitempty"`   // what of it was taken back; nil where nothing has an undo
	Warnings []Warning `json:"warnings,omitempty"` // what the run survived and a person should know; each kind once
}

// Done says how far a step or loop of the integration's outermost block came.
type Done struct {
	Step      string `json:"step"` // "step.orders", "for_each.order"
	State     string `json:"state"`
	Count     int    `json:"count,omitempty"` // items seen by a loop, those that were skipped too
	Succeeded int    `json:"succeeded,omitempty"`
	Failed    int    `json:"failed,omitempty"`
	Skipped   int    `json:"skipped,omitempty"` // since their key was seen before
}

// StepStarted says that a step's condition held and that its work begins.
type StepStarted struct {
	Step string `json:"step"`
	Item string `json:"item,omitempty"`
}

// StepDone says that a step succeeded or was skipped; Why says what skipped it.
type StepDone struct {
	Step    string `json:"step"`
	Item    string `json:"item,omitempty"`
	Status  int    `json:"status,omitempty"` // of the answer
	Took    Millis `json:"took_ms"`
	Skipped bool   `json:"skipped,omitempty"`
	Why     string `json:"why,omitempty"` // when, case, catch, withheld
}

// StepFailed says that a step failed and that nothing caught it.
type StepFailed struct {
	Step    string   `json:"step"`
	Item    string   `json:"item,omitempty"`
	Failure *Failure `json:"failure"`
}

// StepCaught says that a catch replaced a failure.
type StepCaught struct {
	Step    string   `json:"step"`
	Item    string   `json:"item,omitempty"`
	On      string   `json:"on"`  // the catch's label
	How     string   `json:"how"` // body, call, skip
	Failure *Failure `json:"failure"`
}

// RequestSent says that an attempt begins.
type RequestSent struct {
	Step    string `json:"step"`
	Item    string `json:"item,omitempty"`
	Page    int    `json:"page,omitempty"` // 1 for the first page of a paginated step
	Attempt int    `json:"attempt"`
	Method  string `json:"method"`
	URL     string `json:"url"`
	Write   bool   `json:"write,omitempty"`
}

// ResponseReceived says that an attempt was answered, whatever the status.
type ResponseReceived struct {
	Step    string `json:"step"`
	Item    string `json:"item,omitempty"`
	Page    int    `json:"page,omitempty"`
	Attempt int    `json:"attempt"`
	Status  int    `json:"status"`
	Took    Millis `json:"took_ms"`
	Bytes   int    `json:"bytes"` // of the body, decoded
}

// RetryScheduled says that an attempt failed and another one follows after Wait.
type RetryScheduled struct {
	Step    string `json:"step"`
	Item    string `json:"item,omitempty"`
	Attempt int    `json:"attempt"` // the one that failed
	Wait    Millis `json:"wait_ms"`
	Why     string `json:"why"`
}

// BudgetWaiting says that no call of the run can go on for a while: its limits, or what the API says about quotas,
// leave no room. It is told of long waits only.
type BudgetWaiting struct {
	Until time.Time `json:"until"` // at the earliest
	Why   string    `json:"why"`
}

// PageRead says that a page of a paginated step was read. Next is where the following one is; nil after the
// last one, and where a limit ends the list.
type PageRead struct {
	Step  string  `json:"step"`
	Item  string  `json:"item,omitempty"`
	Page  int     `json:"page"`
	Items int     `json:"items"`
	Last  bool    `json:"last,omitempty"`
	Next  *Cursor `json:"next,omitempty"`
}

// LoopStarted says that a for_each begins.
type LoopStarted struct {
	ForEach string `json:"for_each"`
	Item    string `json:"item,omitempty"` // the item of the surrounding loop
	Total   int    `json:"total"`          // -1: not known before it is read
}

// ItemDone says that the block of a for_each succeeded for an item.
type ItemDone struct {
	ForEach string `json:"for_each"`
	Item    string `json:"item"`
	Index   int    `json:"index"`             // from 0
	Skipped bool   `json:"skipped,omitempty"` // its key was seen before
}

// ItemFailed says that it did not.
type ItemFailed struct {
	ForEach string   `json:"for_each"`
	Item    string   `json:"item"`
	Index   int      `json:"index"`
	Failure *Failure `json:"failure"`
}

// LoopDone says that a for_each ended, whether well or not.
type LoopDone struct {
	ForEach   string `json:"for_each"`
	Item      string `json:"item,omitempty"`
	Count     int    `json:"count"`
	Succeeded int    `json:"succeeded"`
	Failed    int    `json:"failed"`
	Skipped   int    `json:"skipped"`
}

// Waiting says that a step pauses the run, and until when.
type Waiting struct {
	Step  string    `json:"step"`
	Item  string    `json:"item,omitempty"`
	Until time.Time `json:"until"`
}

// Repeated says that a repeated request was answered, and that its condition does not hold yet.
type Repeated struct {
	Step string `json:"step"`
	Item string `json:"item,omitempty"`
	Turn int    `json:"turn"`    // from 1
	Wait Millis `json:"wait_ms"` // until the next
}

// Recovered says what became of a write whose answer was lost.
type Recovered struct {
	Step     string `json:"step"`
	Item     string `json:"item,omitempty"`
	Happened bool   `json:"happened"` // else it is sent again
}

// UndoStarted says that what a step did is being taken back.
type UndoStarted struct {
	Step string `json:"step"`
	Item string `json:"item,omitempty"`
}

// UndoDone says that it was.
type UndoDone struct {
	Step   string `json:"step"`
	Item   string `json:"item,omitempty"`
	Status int    `json:"status,omitempty"` // of the answer
}

// UndoFailed says that what a step did has not been taken back, and stays.
type UndoFailed struct {
	Step    string   `json:"step"`
	Item    string   `json:"item,omitempty"`
	Failure *Failure `json:"failure"`
}

// Undone says what became of the effects of a run that did not succeed, as far as their steps have an undo.
type Undone struct {
	Done   int         `json:"done"`             // taken back
	Failed int         `json:"failed,omitempty"` // not taken back, since the undo failed
	Kept   int         `json:"kept,omitempty"`   // not taken back on purpose: the run may go on
	Rest   []NotUndone `json:"rest,omitempty"`   // those that are failed or kept; the first hundred
}

// NotUndone is an effect that stays.
type NotUndone struct {
	Step string `json:"step"`
	Item string `json:"item,omitempty"`
	Why  string `json:"why"` // one line
}

// WriteWithheld says what a dry run would have sent.
type WriteWithheld struct {
	Step    string   `json:"step"`
	Item    string   `json:"item,omitempty"`
	Request *Request `json:"request"`
}

// Warning is something that the run survived and a person should know.
type Warning struct {
	Step    string       `json:"step,omitempty"`
	Item    string       `json:"item,omitempty"`
	Message string       `json:"message"`
	Range   source.Range `json:"range,omitzero"`
}

// Millis is a duration that is written in JSON as milliseconds.
type Millis time.Duration
