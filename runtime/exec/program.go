package exec

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"tenon/runtime/codec"
	"tenon/runtime/transport/budget"
	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// prepared is a plan made ready to run: every expression compiled, every name resolved. It is immutable.
type prepared struct {
	plan      *plan.Plan
	apis      map[string]*api
	variables []*input
	inputs    []*input
	block     *block
	onFailure *block // nil: none
	outputs   []*value
	states    []*stateful
	lock      *code // nil: none
	undos     bool  // some op has an undo
	calls     []*call
	triggers  map[string]*trigger // by name
}

// Refuses says, as a clause, why a run could not be given these inputs; "" if it could.
func (p *Program) Refuses(values map[string]any) string {
	known := map[string]bool{}
	for _, in := range p.Plan().Inputs {
		known[in.Name] = true
		v, ok := values[in.Name]
		switch {
		case !ok && in.Default == nil && !in.Type.May(types.Absent):
			return fmt.Sprintf("the input %q has no value and no default", in.Name)
		case !ok:
		default:
			if bad := in.Type.Check(v); len(bad) > 0 {
				return fmt.Sprintf("the input %q does not fit its type: %s", in.Name, violation("", bad[0]))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !known[name] {
			return fmt.Sprintf("there is no input %q", name)
		}
	}
	return ""
}

// api is how one API is reached.
type api struct {
	plan    *plan.API
	server  *code
	headers []*value
	auth    map[string]*credential // by scheme
	tls     [3]*code               // ca, cert, key; nil where there is none
}

// stateful is a value that is kept from run to run.
type stateful struct {
	plan    *plan.State
	initial *code
	next    *value
}

// pause is how long a step waits.
type pause struct {
	plan  *plan.Wait
	until *value // its code is nil for a fixed time
}

// sub is another integration that a step runs.
type sub struct {
	program *prepared
	inputs  *value // its code is nil where none are given
}

type input struct {
	plan *plan.Input
	def  *code // nil: none
}

// code is a compiled expression.
type code struct {
	expr *plan.Expr
	prog *expression.Program
}

// value is a named expression with what must be checked of it.
type value struct {
	name  string
	code  *code
	guard *plan.Guard
}

type block struct {
	ops []*op
	// chain says that every op waits for the one before it, so that no branches are needed.
	chain bool
	// streams says that ops open answers that are read while they are used.
	streams bool
}

type op struct {
	plan    *plan.Op
	open    int   // how many ops it waits for
	next    []int // ops that wait for it
	when    *code
	call    *call
	value   *value // Value.Choices are read from plan
	loop    *loop
	sub     *sub
	pause   *pause
	repeat  *code // until; nil: none
	recover *recovery
	undo    *op // its call alone
	checks  []*check
	catches []*catch
	uses    []expression.Use // of names from outside it
	wants   wants
	reader  string // ID of the first loop that reads its pages; "" if it does so itself
}

// wants says which parts of an answer anybody reads.
type wants struct {
	headers, body           bool
	errorHeaders, errorBody bool
}

// recovery is how a lost answer is found.
type recovery struct {
	plan  *plan.Recover
	op    *op // its call alone
	found *code
	body  *value // its code is nil for the body of the answer
}

type check struct {
	plan    *plan.Check
	assert  *code
	message *code
}

type catch struct {
	plan *plan.Catch
	body *value
	call *call
}

type call struct {
	plan    *plan.Call
	api     *api
	server  *code // nil: the API's
	args    []*arg
	body    *value
	layout  codec.Layout // of the body
	answers map[string]*answer
	success *answer // of a 2xx that is not declared; nil: none
	accept  []string
	page    *pager
	key     *value // an author's idempotency key; nil: none
	limits  []budget.Limit
}

type arg struct {
	value
	param codec.Param
}

type answer struct {
	plan     *plan.Response
	declared []string // media types
	content  []content
}

// content is how an answer is read in one media type.
type content struct {
	*plan.Content
	xml      *codec.XML
	encoding map[string]codec.Encoding
}

func (k *content) options(declared []string) codec.DecodeOptions {
	return codec.DecodeOptions{Declared: declared, MaxBytes: -1, Type: k.Type, XML: k.xml, Encoding: k.encoding}
}

type pager struct {
	plan  *plan.Paginate
	items *code
	next  *value // nil: one page
	asks  bool   // next looks at what the page was asked for by
}

type loop struct {
	plan       *plan.ForEach
	in         *value // its code is nil for a stream
	where      *code
	key        *code
	lock       *code
	block      *block
	aggregates []*aggregate
	free       []string // names that the body reads from outside
	undos      bool     // something in it has an undo
	inside     []string // IDs of all ops in it, and its own
}

type aggregate struct {
	value
	fold string
}

// answer returns what the plan knows about answers with a status, and whether they are successes. An
// undeclared 2xx is held to what the declared one promises.
func (c *call) answer(status int) (*answer, bool) {
	text := strconv.Itoa(status)
	exact := c.answers[text]
	success := status/100 == 2 || exact != nil && exact.plan.Success
	for _, a := range []*answer{exact, c.answers[text[:1]+"xx"]} {
		if a != nil {
			return a, success
		}
	}
	if success && c.success != nil {
		return c.success, true
	}
	return c.answers["default"], success
}

// keeps reports whether a redirect is an answer that the author accepts.
func (c *call) keeps(status int) bool {
	a := c.answers[strconv.Itoa(status)]
	return a != nil && a.plan.Success
}
