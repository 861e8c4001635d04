package plan

import (
	"time"

	"tenon/spec/source"
	"tenon/spec/types"
)

// Test is a test of an integration: what it is given, what its APIs answer, and what must come of it. What no
// mock answers is answered with data made from the specifications.
//
// Expressions of Mocks see `request`, an object: params (by name), headers (names in lower case) and body of the call that is answered.
// Those of Expect see what the run came to: status, outputs, state, error, and calls, which has by API and
// operation the list of requests that were made, each with params, headers, body and the status it was answered with, null if it was not.
type Test struct {
	Name        string       `json:"name"`
	Integration string       `json:"integration"`
	Inputs      *Expr        `json:"inputs,omitempty"` // an object; nil: every input has its default
	InputsGuard *Guard       `json:"inputs_guard,omitempty"`
	State       *Expr        `json:"state,omitempty"` // an object; what is not in it has its initial value
	StateGuard  *Guard       `json:"state_guard,omitempty"`
	Variables   *Expr        `json:"variables,omitempty"` // an object; what is not in it has its default
	Seed        uint64       `json:"seed,omitempty"`      // of the data that is made
	Now         time.Time    `json:"now,omitzero"`        // what the clock shows when the run begins; zero: the real time. Waits are over at once
	Cassette    string       `json:"cassette,omitempty"`  // a file of the project with recorded exchanges
	Mocks       []*Mock      `json:"mocks,omitempty"`     // of those for one operation, the first whose When holds answers
	Expect      *Expect      `json:"expect"`              // never nil
	Files       []*File      `json:"files,omitempty"`     // the author's files, so that failures show their line; by name
	Range       source.Range `json:"range"`               // of the block's header
}

// Mock answers the calls of one operation.
type Mock struct {
	Name      string        `json:"name"`
	API       string        `json:"api"`
	Operation string        `json:"operation"` // as in Call
	When      *Expr         `json:"when,omitempty"`
	Answers   []*MockAnswer `json:"answers"` // to one call after the other; the last goes on
	Range     source.Range  `json:"range"`
}

// MockAnswer is what one call is answered.
type MockAnswer struct {
	Status  int          `json:"status"`
	Headers *Expr        `json:"headers,omitempty"` // an object of texts
	Body    *Expr        `json:"body,omitempty"`    // nil: made from the specification, where that declares one
	Guard   *Guard       `json:"guard,omitempty"`   // of Body: what could not be proven of it
	Type    *types.Type  `json:"type,omitempty"`    // what Body is declared to be
	Partial bool         `json:"partial,omitempty"` // Body is completed to a value of Type
	Error   string       `json:"error,omitempty"`   // instead of an answer: network, timeout
	Range   source.Range `json:"range"`
}

// Expect is what must come of a test's run. What it does not say may be anything.
type Expect struct {
	Status  string       `json:"status"`            // succeeded, failed, in_doubt
	Outputs *Expr        `json:"outputs,omitempty"` // an object: each member must equal the output of its name
	State   *Expr        `json:"state,omitempty"`   // an object: each member must equal the state of its name, as it is kept
	Assert  *Expr        `json:"assert,omitempty"`
	Checks  []*Check     `json:"checks,omitempty"`
	Range   source.Range `json:"range"`
}
