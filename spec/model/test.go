package model

import (
	"time"

	"tenon/spec/syntax"
)

// Test is a test of an integration. Its Decl.Name is any text.
type Test struct {
	Decl
	Integration *IntegrationRef
	Inputs      *syntax.Expr // these may be nil
	State       *syntax.Expr
	Variables   *syntax.Expr
	Seed        Lit[int]
	Now         Lit[time.Time]
	Cassette    Lit[string]
	Mocks       []*Mock
	Expect      *Expect // may be nil
}

// Mock answers the calls of one operation. Its Decl.Name is any text.
type Mock struct {
	Decl
	Call    *CallRef
	When    *syntax.Expr // may be nil
	Answers []*MockAnswer
}

// MockAnswer is what one call is answered. Its Decl is that of the mock, or stands at an element of its responses.
type MockAnswer struct {
	Decl
	Status  Lit[int]     // -1: written, but it is none
	Headers *syntax.Expr // may be nil
	Body    *syntax.Expr // may be nil
	Error   Lit[string]  // network, timeout, or not set
	Partial Lit[bool]    // Body has not all that the spec requires
	Valid   Lit[bool]
}

// Expect is what must come of a test's run.
type Expect struct {
	Decl
	Status  Lit[string] // succeeded, failed, in_doubt; "": written, but none of them
	Outputs *syntax.Expr
	State   *syntax.Expr
	Assert  *syntax.Expr
	Checks  []*Check
}
