package store

import (
	"encoding/json"
	"time"
)

// Change is one thing that is written. The set is closed: the types of this file.
type Change interface{ change() }

// PutPlan keeps a plan by its digest. One that is there already stays, and Data is not asked for.
type PutPlan struct {
	Digest string
	Data   func() ([]byte, error) // JSON
}

// Begin notes a new run. If there is one of its ID, the error is ErrExists.
type Begin struct{ Run Run }

// Reopen makes a run that stopped go on. Ended, Outputs and Error are cleared.
type Reopen struct{ Run string }

// End notes how a run ended, or with [Interrupted] that it stopped. What it holds is released unless it is Interrupted
// or InDoubt.
type End struct {
	Run     string
	Status  Status
	At      time.Time
	Outputs json.RawMessage
	Error   json.RawMessage
	Writes  int
}

// Cancel notes that somebody wants a run to stop.
type Cancel struct{ Run string }

// Append adds a record to a run's journal.
type Append struct {
	Run    string
	Record Record
}

// Trim removes the records from From to To, both included, with their payloads, except those in Except.
type Trim struct {
	Run      string
	From, To int64
	Except   []int64
}

// PutUndo keeps what undoes an item of a loop, in place of what is kept of that item.
type PutUndo struct {
	Run, Loop string
	Undo      Undo
}

// DropUndos removes what undoes the items of a loop from From to To, both included.
type DropUndos struct {
	Run, Loop string
	From, To  int64
}

// Fact notes something about a run for its readers: an event, redacted.
type Fact struct {
	Run  string
	Data json.RawMessage
}

// SetState replaces values of an integration's state; those that are not named stay.
type SetState struct {
	Integration string
	Values      map[string]json.RawMessage
}

// Mark notes that a key was seen. It may be forgotten after Until; zero means never.
type Mark struct {
	Scope, Key string
	At, Until  time.Time
	By         string // who saw it, in the caller's words
	Done       bool   // it is dealt with, not just seen
}

// Unmark forgets a key.
type Unmark struct{ Scope, Key string }

// Release gives a lock back. Only the run that holds it can.
type Release struct{ Name, Run string }

// Park notes a write that is in doubt.
type Park struct{ Doubt Doubt }

// Settle notes that a write is no longer in doubt.
type Settle struct{ Run, Key string }

// Taken notes that a run has taken a delivery on. Its payload goes, its key stays.
type Taken struct {
	Delivery int64
	Run      string
}

func (PutPlan) change()   {}
func (Begin) change()     {}
func (Reopen) change()    {}
func (End) change()       {}
func (Cancel) change()    {}
func (Append) change()    {}
func (Trim) change()      {}
func (PutUndo) change()   {}
func (DropUndos) change() {}
func (Fact) change()      {}
func (SetState) change()  {}
func (Mark) change()      {}
func (Unmark) change()    {}
func (Release) change()   {}
func (Park) change()      {}
func (Settle) change()    {}
func (Taken) change()     {}
