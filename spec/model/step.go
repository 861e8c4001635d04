package model

import (
	"time"

	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Block is what runs, in source order.
type Block struct {
	Items []Item
}

// Item is *Step, *ForEach, *Switch or *Parallel.
type Item interface{ Declared() *Decl }

func (s *Step) Declared() *Decl     { return &s.Decl }
func (f *ForEach) Declared() *Decl  { return &f.Decl }
func (s *Switch) Declared() *Decl   { return &s.Decl }
func (p *Parallel) Declared() *Decl { return &p.Decl }

// Step is one request, one computed value, a run or a pause. At most one of Call, Value, Run and Wait is set; none is where the
// text was wrong.
type Step struct {
	Decl
	Call  *CallRef
	Value *syntax.Expr
	Run   *IntegrationRef
	Wait  *syntax.Expr
	Request
	Inputs         *syntax.Expr // of Run; may be nil
	When           *syntax.Expr
	Timeout        Lit[time.Duration] // one attempt
	Accept         []Lit[int]
	Safe           Lit[bool]
	Idempotent     Lit[bool]
	IdempotencyKey *syntax.Expr // may be nil
	Retry          *Retry
	Paginate       *Paginate
	Repeat         *Repeat  // may be nil
	Recover        *Recover // may be nil
	Undo           *Undo    // may be nil
	Checks         []*Check
	Catches        []*Catch
	DependsOn      []Ref
}

// Request is what is sent with a call.
type Request struct {
	Params      *syntax.Expr
	Body        *syntax.Expr
	Headers     *syntax.Expr
	ContentType Lit[string]
}

// CallRef names an operation: shop.listOrders, shop["GET /orders"]. Range is the whole expression.
type CallRef struct {
	API            string
	APIRange       source.Range
	Operation      string
	OperationRange source.Range
	Quoted         bool // written in brackets: OperationRange includes quotes
	Range          source.Range
}

// Ref names an item: step.x, for_each.x, switch.x, parallel.x.
type Ref struct {
	Kind  string
	Name  string
	Range source.Range
}

// Check is an assertion on a step's result.
type Check struct {
	Decl
	Assert  *syntax.Expr
	Message *syntax.Expr // may be nil
}

// Catch replaces a failure. Name is what is caught: a status, a class ("4xx"), network, timeout,
// invalid_response, check or any. At most one of Skip, Call and Body replaces it; with Call, Body is
// the request's.
type Catch struct {
	Decl
	Skip Lit[bool]
	Call *CallRef
	Request
}

// Repeat sends the step's request again and again.
type Repeat struct {
	Decl
	Until   *syntax.Expr
	Every   Lit[time.Duration]
	Timeout Lit[time.Duration]
}

// Recover finds out whether a write happened whose answer was lost. The Body of its request is not
// one: it is what takes the place of the step's, nil for the body of the answer.
type Recover struct {
	Decl
	Call *CallRef
	Request
	Found *syntax.Expr
	Body  *syntax.Expr // may be nil
	Wait  Lit[time.Duration]
}

// Undo takes back what a step did.
type Undo struct {
	Decl
	Call *CallRef
	Request
}

// Paginate is how further pages are asked for.
type Paginate struct {
	Decl
	Items *syntax.Expr
	Next  *syntax.Expr
	Limit Lit[int] // items, at most
}

// ForEach runs a block for every element. Name is the iteration variable.
type ForEach struct {
	Decl
	In          *syntax.Expr
	Where       *syntax.Expr
	Key         *syntax.Expr
	Once        Lit[time.Duration] // set and zero: forever
	Lock        *syntax.Expr
	When        *syntax.Expr
	Concurrency Lit[int]
	OnError     Lit[string] // stop, continue
	MaxErrors   Lit[int]
	DependsOn   []Ref
	Body        *Block
	Aggregates  []*Aggregate
}

// Aggregate folds one value per item that succeeded: Func is sum, count, list, min, max, first, last.
type Aggregate struct {
	Decl
	Func      string
	FuncRange source.Range
	Value     *syntax.Expr
}

// Switch chooses one of its cases by the value of On.
type Switch struct {
	Decl
	On      *syntax.Expr
	Cases   []*Case
	Default *Case // may be nil
}

// Case is chosen for any of its values. Name is the first of them; a default has none.
type Case struct {
	Decl
	Values []syntax.Label
	Body   *Block
}

// Parallel frees the writes inside it from the order they are written in.
type Parallel struct {
	Decl
	Body *Block
}
