package check

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/plan"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// tested is a test on its way.
type tested struct {
	*builder
	model       *model.Test
	integration *model.Integration // nil: unknown
	plan        *plan.Plan         // of the integration; nil: it has errors, which have been reported
	outputs     *types.Type
	calls       called // by the plan
	out         *plan.Test
}

// tests types the tests of the project. They come last: what only they use is not used.
func (b *builder) tests(plans map[string]*plan.Plan) []*plan.Test {
	var out []*plan.Test
	for _, m := range b.project.Tests {
		before := b.diags.Count(diag.Error)
		if t := b.test(m, plans); t.plan != nil && b.diags.Count(diag.Error) == before {
			t.keep()
			out = append(out, t.out)
		}
	}
	return out
}

func (b *builder) test(m *model.Test, plans map[string]*plan.Plan) *tested {
	t := &tested{builder: b, model: m, outputs: types.Invalid, out: &plan.Test{
		Name: m.Name, Seed: uint64(m.Seed.Value), Now: m.Now.Value, Cassette: m.Cassette.Value, Range: m.Header,
	}}
	if ref := m.Integration; ref != nil {
		t.out.Integration = ref.Name
		t.integration = b.integrationNamed(ref.Name, ref.NameRange)
	}
	if t.integration != nil {
		t.plan = plans[t.integration.Name]
		t.outputs = b.flows[t.integration].outputs
	}
	if t.plan != nil {
		t.calls = b.callsOf(t.plan)
	}
	t.given()
	for _, m := range m.Mocks {
		t.out.Mocks = append(t.out.Mocks, t.mock(m))
	}
	t.unreachableMocks()
	t.expect()
	return t
}

// scope is what the expressions of a test see beside the names that their place adds. Names that mean
// something elsewhere tell where.
func (t *tested) scope(names ...*expression.Name) *expression.Scope {
	s := expression.NewScope(t.globals)
	gone := map[string]string{
		"secret":   "A test has no secrets: nothing is sent to a provider.",
		"input":    "A test says what the inputs are, in inputs.",
		"state":    "A test says what earlier runs have kept, in state; what this one keeps is seen in expect.",
		"step":     "A test sees what the integration gives out and what it asks for, not its steps: outputs and calls, in expect.",
		"for_each": "A test sees what the integration gives out and what it asks for, not its loops: outputs and calls, in expect.",
		"response": "What a mock answers is its body; how calls were answered is seen in expect, in calls.",
		"request":  "There is a request only in a mock; what was asked is seen in expect, in calls.",
		"calls":    "What was asked is known only in expect.",
		"outputs":  "What came of the run is known only in expect.",
		"error":    "What came of the run is known only in expect.",
	}
	for _, name := range keys(gone) {
		s.Define(&expression.Name{Name: name, Gone: gone[name]})
	}
	for _, n := range names {
		s.Define(n)
	}
	return s
}

// given types what the run is given: inputs, state and variables.
func (t *tested) given() {
	m := t.model
	inputs, state := types.Invalid, types.Invalid
	if t.integration != nil {
		inputs = t.inputsType(t.integration)
	}
	if t.plan != nil {
		var props []*types.Property
		for _, s := range t.plan.States {
			props = append(props, &types.Property{Name: s.Name, Type: s.Type.With(types.Absent)})
		}
		state = types.ObjectOf(props...)
	}
	what := fmt.Sprintf("of test %q", m.Name)
	scope := t.scope()
	t.out.Inputs, t.out.InputsGuard = t.object(m.Inputs, scope, inputs, "input", "the inputs "+what)
	t.out.State, t.out.StateGuard = t.object(m.State, scope, state, "state", "the state "+what)
	t.out.Variables, _ = t.object(m.Variables, scope, t.variablesType(), "variable", "the variables "+what)
	if m.Inputs == nil {
		t.missing("inputs", inputs)
	}
	if m.Variables == nil {
		t.missing("variables", t.variablesType())
	}
}

// missing reports what an attribute that is not written would have to give.
func (t *tested) missing(attr string, want *types.Type) {
	var names []string
	for _, name := range want.PropertyNames() {
		if p := want.Field(name).Property; p != nil && p.Required {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		t.diags.Add(lang.MissingAttribute, t.model.OpenBrace, "Integration %q needs %s, and the test gives no %s.", t.out.Integration, listed(names), attr).
			Explain("Add %s = { %s = … }.", attr, names[0])
	}
}

// variablesType is an object of the project's variables; those that the integration uses must be given if they
// have no default.
func (t *tested) variablesType() *types.Type {
	used := map[string]bool{}
	if t.plan != nil {
		for _, v := range t.plan.Variables {
			used[v.Name] = true
		}
	}
	var props []*types.Property
	for i, v := range t.project.Variables {
		in := t.vars[i]
		p := &types.Property{Name: v.Name, Type: in.Type, Required: used[v.Name] && v.Default == nil}
		if !p.Required {
			p.Type = p.Type.With(types.Absent)
		}
		props = append(props, p)
	}
	return types.ObjectOf(props...)
}

// object types an object of things of one kind that the project defines.
func (t *tested) object(e *syntax.Expr, scope *expression.Scope, want *types.Type, kind, what string) (*plan.Expr, *plan.Guard) {
	if e == nil {
		return nil, nil
	}
	before := len(t.diags)
	x := t.check(t.tree(e), scope, expression.Want{Type: want, What: what, Missing: e.Range})
	items, _, _ := e.Object()
	for _, f := range t.diags[before:] {
		for _, i := range items {
			if f.Rule == expression.UnknownProperty && f.Range == i.KeyRange {
				t.unknownName(f, i.Key, want.PropertyNames(), kind)
			}
		}
	}
	return x, guard(x, what)
}

// unknownName says of a name that is written in an object what it should be the name of.
func (t *tested) unknownName(f *diag.Diagnostic, name string, names []string, kind string) {
	f.Message, f.Detail, f.Fix = fmt.Sprintf("Integration %q has no %s %q.", t.out.Integration, kind, name), "", nil
	if kind == "variable" {
		f.Message = fmt.Sprintf("The project has no variable %q.", name)
	}
	near := diag.Nearest(name, names)
	if f.Suggest(near, near); near == "" && len(names) > 0 {
		f.Explain("It has %s.", listed(names))
	}
}

// expect types what must come of the run.
func (t *tested) expect() {
	m := t.model.Expect
	out := &plan.Expect{Status: "succeeded", Range: t.model.Header}
	t.out.Expect = out
	if m == nil {
		return
	}
	out.Status, out.Range = m.Status.Value, m.Header
	scope := t.scope(t.outcome(out.Status)...)
	what := fmt.Sprintf("of test %q", t.model.Name)
	out.Outputs = t.expected(m.Outputs, "outputs", out.Status, scope, t.outputs, "output", "the expected outputs "+what)
	out.State = t.expected(m.State, "state", out.Status, scope, t.kept(), "state", "the expected state "+what)
	if m.Assert != nil {
		out.Assert = t.condition(m.Assert, scope, "assert "+what)
	}
	for _, c := range m.Checks {
		check := &plan.Check{Name: c.Name, Range: c.Header}
		if check.Assert = t.condition(c.Assert, scope, fmt.Sprintf("check %q", c.Name)); check.Assert == nil {
			continue
		}
		if c.Message != nil {
			check.Message = t.check(t.tree(c.Message), scope, expression.Want{Type: types.AnyString, What: fmt.Sprintf("message of check %q", c.Name)})
		}
		out.Checks = append(out.Checks, check)
	}
}

// condition types a condition on what came of the run. One that always holds shows nothing.
func (t *tested) condition(e *syntax.Expr, scope *expression.Scope, what string) *plan.Expr {
	before := len(t.diags)
	x := t.check(t.tree(e), scope, expression.Want{Type: types.AnyBoolean, What: what})
	if x == nil {
		return nil
	}
	v, constant := x.Const()
	for _, d := range t.diags[before:] {
		constant = constant && d.Rule != expression.ConditionConstant
	}
	if constant && v == true {
		t.diags.Add(expression.ConditionConstant, e.Range, "This condition always holds, so it shows nothing.").Severity = diag.Warning
	}
	return x
}

// kept is an object of what is kept for the next run.
func (t *tested) kept() *types.Type {
	if t.plan == nil {
		return types.Invalid
	}
	var props []*types.Property
	for _, s := range t.plan.States {
		props = append(props, &types.Property{Name: s.Name, Type: s.Type, Required: true})
	}
	return types.ObjectOf(props...)
}

// expected types an object each member of which must equal the one of that name that came of the run.
func (t *tested) expected(e *syntax.Expr, attr, status string, scope *expression.Scope, came *types.Type, kind, what string) *plan.Expr {
	if e == nil {
		return nil
	}
	if status != "succeeded" && status != "" {
		t.diags.Add(lang.AttributeValue, e.Range, "A run that does not succeed has no %s.", attr)
		return nil
	}
	want := came
	if !came.Shape().Invalid {
		var props []*types.Property
		for _, name := range came.PropertyNames() {
			p := *came.Field(name).Property
			p.Required, p.Type, p.Origin = false, asWritten(p.Type).With(types.Absent), t.defined(kind, name)
			props = append(props, &p)
		}
		want = types.ObjectOf(props...)
	}
	x, _ := t.object(e, scope, want, kind, what)
	return x
}

// defined is where the integration defines an output or a state.
func (t *tested) defined(kind, name string) types.Origin {
	for _, o := range t.integration.Outputs {
		if kind == "output" && o.Name == name {
			return t.declaredAt(o.Header, "integration", t.integration.Name, kind, name)
		}
	}
	for _, s := range t.integration.States {
		if kind == "state" && s.Name == name {
			return t.declaredAt(s.Header, "integration", t.integration.Name, kind, name)
		}
	}
	return types.Origin{}
}

// asWritten is t for a value that may also be given as it is written in JSON.
func asWritten(t *types.Type) *types.Type {
	if !t.May(types.Time) {
		return t
	}
	return types.Union(t, types.New(&types.Shape{Kinds: types.String, Strings: []*types.Text{{Format: "date-time", MaxLen: -1}}}))
}

// outcome is what the expressions of an expect block see of a run that ends so.
func (t *tested) outcome(status string) []*expression.Name {
	calls := types.Invalid
	if t.plan != nil {
		calls = t.calls.typ
	}
	names := []*expression.Name{
		{Name: "status", Key: "status", Type: types.Enum("succeeded", "failed", "in_doubt")},
		{Name: "calls", Key: "calls", Type: calls},
	}
	if status == "" {
		for _, name := range []string{"outputs", "state", "error"} {
			names = append(names, &expression.Name{Name: name, Key: name, Type: types.Invalid})
		}
		return names
	}
	if status != "succeeded" {
		const gone = "A run that does not succeed has no %s; this test expects one that is %s."
		return append(names,
			&expression.Name{Name: "outputs", Gone: fmt.Sprintf(gone, "outputs", strings.ReplaceAll(status, "_", " "))},
			&expression.Name{Name: "state", Gone: fmt.Sprintf(gone, "state", strings.ReplaceAll(status, "_", " "))},
			&expression.Name{Name: "error", Key: "error", Type: failureType},
		)
	}
	return append(names,
		&expression.Name{Name: "outputs", Key: "outputs", Type: t.outputs},
		&expression.Name{Name: "state", Key: "state", Type: t.kept()},
		&expression.Name{Name: "error", Gone: "A run that succeeds has no error. Write status = \"failed\" if this one must fail."},
	)
}

// keep gives the test the author's files that its expressions stand in, or are made of.
func (t *tested) keep() {
	files := map[string]bool{t.model.Range.File: true}
	for _, x := range t.out.Exprs() {
		for _, name := range x.Files() {
			files[name] = true
		}
	}
	t.out.Files = t.fileTexts(files)
}

// called is the operations that an integration may call, by api and operation.
type called struct {
	list []*calledOperation
	typ  *types.Type // of `calls`
}

// calledOperation is an operation that an integration may call, and the calls of it.
type calledOperation struct {
	api, operation string // as in plan.Call
	op             *operation
	calls          []*plan.Call
}

// callsOf lists the operations that a plan may call, with those of the integrations that it runs, once.
func (b *builder) callsOf(p *plan.Plan) called {
	if c, known := b.called[p]; known {
		return c
	}
	byName := map[string]*calledOperation{}
	for _, c := range p.Calls() {
		key := c.API + "\x00" + c.Operation
		if byName[key] == nil {
			byName[key] = &calledOperation{api: c.API, operation: c.Operation, op: b.operationOf(c)}
		}
		byName[key].calls = append(byName[key].calls, c)
	}
	var out called
	for _, key := range keys(byName) {
		if byName[key].op != nil {
			out.list = append(out.list, byName[key])
		}
	}
	out.typ = callsType(out.list)
	b.called[p] = out
	return out
}

// operationOf is the operation of a call.
func (b *builder) operationOf(c *plan.Call) *operation {
	a := b.apis[c.API]
	if a == nil || a.doc == nil {
		return nil
	}
	for _, name := range []string{c.Operation, c.Method + " " + c.Path} {
		if op := a.operations[name]; op != nil {
			return op
		}
		if op, err := a.doc.Operation(name); err == nil {
			return &operation{Operation: op, api: a}
		}
	}
	return nil
}

// callsType is the requests that were made: by api and operation, lists of them.
func callsType(calls []*calledOperation) *types.Type {
	byAPI := map[string][]*types.Property{}
	for _, c := range calls {
		entry := append(c.requestProperties(), property("status", statusType.With(types.Null)))
		byAPI[c.api] = append(byAPI[c.api], &types.Property{Name: c.operation, Type: types.ListOf(types.ObjectOf(entry...)), Required: true, Origin: c.op.Origin})
	}
	var props []*types.Property
	for _, api := range keys(byAPI) {
		props = append(props, &types.Property{Name: api, Type: types.ObjectOf(byAPI[api]...), Required: true})
	}
	return types.ObjectOf(props...)
}

// requestProperties are what can be asked of a request: its parameters by name, its headers, and its body.
func (c *calledOperation) requestProperties() []*types.Property {
	var params []*types.Property
	seen := map[string]bool{}
	for _, p := range c.op.Parameters {
		if seen[p.Name] {
			continue
		}
		seen[p.Name] = true
		t := p.Type
		if !p.Required && !c.always(p.In, p.Name) {
			t = t.With(types.Absent)
		}
		params = append(params, &types.Property{Name: p.Name, Type: t, Required: !t.May(types.Absent), Origin: p.Origin})
	}
	out := []*types.Property{property("params", types.ObjectOf(params...)), property("headers", headersType(nil))}
	if body := c.body(); body != nil {
		out = append(out, property("body", body))
	}
	return out
}

// always reports whether every call of the operation gives a parameter.
func (c *calledOperation) always(in, name string) bool {
	for _, call := range c.calls {
		given := false
		for _, p := range call.Params {
			given = given || p.In == in && p.Name == name && !p.Value.Type.May(types.Absent|types.Null)
		}
		if !given {
			return false
		}
	}
	return true
}

// body is the type of the body that is sent; nil if none ever is.
func (c *calledOperation) body() *types.Type {
	var all []*types.Type
	for _, call := range c.calls {
		switch {
		case call.Body == nil || c.op.Body == nil:
			all = append(all, types.JustAbsent)
		default:
			t := types.Any
			if m := matching(c.op.Body.Content, call.Body.ContentType); m != nil {
				t = asSent(m.Value(types.Request), call.Body.Value.Type, isJSON(call.Body.ContentType), 0)
				if t.May(types.Bytes | types.File) {
					t = asArrived(call.Body.Value.Type)
				}
			}
			all = append(all, t)
		}
	}
	if t := types.Union(all...); !t.Is(types.Absent) {
		return t
	}
	return nil
}

// asArrived is what becomes of content that is sent as it is: text where it is text, else bytes.
func asArrived(sent *types.Type) *types.Type {
	if sent != nil && sent.Is(types.String) {
		return types.AnyString
	}
	return types.Union(types.AnyString, types.AnyBytes)
}

// asSent is the declared type t with all properties required that a value of the type sent always has. What JSON carries
// where nothing is declared is what was sent.
func asSent(t, sent *types.Type, json bool, depth int) *types.Type {
	const deepest = 8 // far beyond what a person writes out
	shape := *t.Shape()
	if json && sent != nil && depth <= deepest && isUndeclared(t) && !sent.May(types.Null|types.Absent|types.File|types.Stream) {
		return kept(sent, 0)
	}
	if depth > deepest || sent == nil || shape.Untyped || shape.Invalid || sent.Shape().Untyped || sent.Shape().Invalid {
		return t
	}
	switch {
	case len(shape.Objects) == 1 && t.Is(types.Object) && sent.Is(types.Object):
		fields := shape.Objects[0]
		out := &types.Fields{
			Name: fields.Name, Properties: slices.Clone(fields.Properties), Openness: fields.Openness, Additional: fields.Additional,
			Patterns: fields.Patterns, MinCount: fields.MinCount, MaxCount: fields.MaxCount,
		}
		for i, p := range out.Properties {
			if f := sent.Field(p.Name); f.Found == types.Declared && !f.Type.May(types.Absent|types.Null) {
				q := *p
				q.Required, q.Type = true, asSent(p.Type.Without(types.Absent), f.Type, json, depth+1)
				out.Properties[i] = &q
			}
		}
		shape.Objects = []*types.Fields{out}
	case len(shape.Arrays) == 1 && t.Is(types.Array) && sent.Is(types.Array) && len(shape.Arrays[0].Prefix) == 0 && shape.Arrays[0].Items != nil:
		out := *shape.Arrays[0]
		out.Items = asSent(out.Items, sent.Elem(), json, depth+1)
		shape.Arrays = []*types.List{&out}
	default:
		return t
	}
	out := types.New(&shape)
	out.Name, out.Origin = t.Name, t.Origin
	return out
}

// isUndeclared reports whether t says nothing of values, or no more than that they are objects.
func isUndeclared(t *types.Type) bool {
	s := t.Shape()
	return s.Untyped && !s.Invalid || s.Kinds == types.Object && len(s.Opaque) == 0 && !slices.ContainsFunc(s.Objects, func(f *types.Fields) bool {
		return len(f.Properties) > 0 || len(f.Patterns) > 0 || f.Openness == types.Closed || f.Additional != nil
	})
}
