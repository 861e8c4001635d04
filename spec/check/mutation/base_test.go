package mutation

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// base is an integration that works, with the places where it can be broken.
type base struct {
	name, dir, src string
	file           string            // which file src is
	beside         map[string]string // the other files of the project, by name
	main           *base             // where the integrations are; the base itself, unless it is a file of tests
	body           *hclsyntax.Body
	specs          map[string]*document // by api
	steps          []*step
	places         []*place
	brackets       []*bracket
	reads          []*fieldRead
	calls          []*hclsyntax.FunctionCallExpr
	blocks         []*block
	mocks          []*mocked
	mockPlaces     []*place // as places, of what mocks answer
	mockBrackets   []*bracket
	given          []*given
	triggers       []*trigger
	responds       []*respond
}

// block is a block of the file and where it stands.
type block struct {
	*hclsyntax.Block
	integration string
	parents     []*block
}

func (k *block) label() string {
	if len(k.Labels) == 0 {
		return ""
	}
	return k.Labels[0]
}

// step is a step with a call.
type step struct {
	*block
	name, api string
	op        *operation
	items     any // schema of an item of its pages; nil: it has none or they are inferred
}

// place is where a request takes a value: a parameter, a property of the body, or an element of a list.
type place struct {
	step     *step // nil in a mapping
	in       string
	key      string // "" for an element
	keyRange hcl.Range
	value    hclsyntax.Expression
	object   hcl.Range // that it stands in
	parent   *shape    // nil for a parameter
	shape    *shape
	schema   any
	required bool
	answers  bool    // it is sent by a respond block
	answer   *answer // of a mock
}

// bracket is an object that is sent.
type bracket struct {
	step    *step
	in      string
	at      hcl.Range
	shape   *shape // of a body
	keys    []string
	answers bool    // it is sent by a respond block
	answer  *answer // of a mock
}

// fieldRead is a traversal, and what the documents say about the object that its last name is of.
type fieldRead struct {
	*hclsyntax.ScopeTraversalExpr
	scope  *scope
	parent *shape // nil where they say nothing
	name   string
	schema any // of what is read
	last   hcl.Range
	inner  bool // of a name that a for makes
}

// scope is what names mean where an expression stands.
type scope struct {
	block       *block
	integration string
	step        *step          // whose `response` it is
	mock        *mocked        // whose `request` it is
	trigger     *trigger       // whose `trigger` it is
	vars        map[string]any // schemas of iteration variables and inputs of mappings
}

var specAttribute = regexp.MustCompile(`(?m)^\s*spec\s*=\s*"([^"]+)"`)

// bases are all of which the documents are there: the files with integrations, and those with their tests.
func bases(t testing.TB) []*base {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	var out []*base
	for _, pattern := range []string{
		filepath.Join("testdata", "bases", "*.hcl"),
		filepath.Join(root, "integrations", "*", "main.hcl"),
		filepath.Join(root, "testdata", "corpus", "*", "main.hcl"),
	} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("no integrations: %s: %v", pattern, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, testSuffix) {
				continue
			}
			if b := load(t, name); b != nil {
				out = append(out, b)
				out = append(out, b.tests(t)...)
			}
		}
	}
	return out
}

const testSuffix = ".test.hcl"

func load(t testing.TB, name string) *base {
	b := &base{name: strings.TrimSuffix(filepath.Base(name), ".hcl"), dir: filepath.Dir(name), file: "main.hcl", beside: map[string]string{}, specs: map[string]*document{}}
	b.main = b
	pattern := b.name + testSuffix
	if b.name == "main" {
		b.name, pattern = filepath.Base(b.dir), "*"+testSuffix
	}
	b.parse(t, name)
	for _, m := range specAttribute.FindAllStringSubmatch(b.src, -1) {
		if find(b.dir, m[1]) == "" {
			t.Logf("left out: %s, since there is no %s", b.name, m[1])
			return nil
		}
	}
	for _, k := range b.body.Blocks {
		if k.Type != "api" {
			continue
		}
		if k.Body.Attributes["spec"] == nil {
			continue // it declares its operations itself, which is not followed
		}
		spec, _ := k.Body.Attributes["spec"].Expr.Value(nil)
		b.specs[k.Labels[0]] = read(t, spec.AsString(), find(b.dir, spec.AsString()))
	}
	tests, err := filepath.Glob(filepath.Join(b.dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range tests {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		b.beside[filepath.Base(name)] = string(src)
	}
	b.lookAround()
	return b
}

// tests are the files of tests of a project.
func (b *base) tests(t testing.TB) []*base {
	var out []*base
	for _, name := range slices.Sorted(maps.Keys(b.beside)) {
		in := &base{name: b.name + "/" + name, dir: b.dir, file: name, beside: maps.Clone(b.beside), main: b, specs: b.specs}
		delete(in.beside, name)
		in.beside["main.hcl"] = b.src
		in.parse(t, filepath.Join(b.dir, name))
		in.lookAround()
		out = append(out, in)
	}
	return out
}

func (b *base) parse(t testing.TB, name string) {
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, diags := hclsyntax.ParseConfig(src, b.file, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	b.src, b.body = string(src), f.Body.(*hclsyntax.Body)
}

// lookAround notes all that can be broken.
func (b *base) lookAround() {
	b.collect(b.body, nil, "")
	for _, k := range b.blocks {
		b.findStep(k)
	}
	for _, k := range b.blocks {
		b.findMock(k)
		b.findTrigger(k)
	}
	for _, k := range b.blocks {
		b.look(k)
	}
}

func (b *base) collect(body *hclsyntax.Body, parents []*block, integration string) {
	for _, k := range body.Blocks {
		in := integration
		if k.Type == "integration" || k.Type == "mapping" || k.Type == "test" {
			in = k.Type + " " + k.Labels[0]
		}
		bk := &block{k, in, parents}
		b.blocks = append(b.blocks, bk)
		b.collect(k.Body, append(slices.Clone(parents), bk), in)
	}
}

func (b *base) text(r hcl.Range) string { return b.src[r.Start.Byte:r.End.Byte] }

// findStep notes a step with a call of an operation.
func (b *base) findStep(k *block) {
	if k.Type != "step" || k.Body.Attributes["call"] == nil {
		return
	}
	call, ok := k.Body.Attributes["call"].Expr.(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return
	}
	names := namesOf(call.Traversal)
	if len(names) != 2 || b.specs[names[0]] == nil {
		return
	}
	op := b.specs[names[0]].operation(names[1])
	if op == nil {
		return
	}
	s := &step{block: k, name: k.label(), api: names[0], op: op}
	b.steps = append(b.steps, s)
	for _, inner := range k.Body.Blocks {
		items := inner.Body.Attributes["items"]
		if inner.Type != "paginate" || items == nil {
			continue
		}
		if tr, ok := items.Expr.(*hclsyntax.ScopeTraversalExpr); ok {
			_, _, schema := b.resolve(&scope{step: s}, namesOf(tr.Traversal))
			if schema != nil {
				s.items = op.doc.shape(schema).items
			}
		}
	}
}

func (b *base) stepOf(integration, name string) *step {
	for _, s := range b.steps {
		if s.integration == integration && s.name == name {
			return s
		}
	}
	return nil
}

// resolve follows a traversal through the documents: to the object that its last name is of, the document
// that describes it, and the schema of what is read; nil where that is not clear.
func (b *base) resolve(in *scope, names []string) (*shape, *document, any) {
	var d *document
	var schema any
	switch {
	case len(names) >= 3 && names[0] == "step":
		s := b.stepOf(in.integration, names[1])
		if s == nil || s.op == nil {
			return nil, nil, nil
		}
		d = s.op.doc
		switch names[2] {
		case "body":
			schema = s.op.success
		case "items":
			schema = object{"type": "array", "items": s.items}
		}
		names = names[3:]
	case len(names) >= 2 && names[0] == "response" && names[1] == "body" && in.step != nil:
		d, schema, names = in.step.op.doc, in.step.op.success, names[2:]
	case in.vars[names[0]] != nil:
		v := in.vars[names[0]].(variable)
		d, schema, names = v.doc, v.schema, names[1:]
	default:
		d, schema, names = b.started(in, names)
	}
	if d == nil {
		return nil, nil, nil
	}
	var parent *shape
	for _, name := range names {
		if schema == nil {
			return nil, nil, nil
		}
		parent = d.shape(schema)
		switch {
		case name == "[]" && parent.items != nil:
			schema = parent.items
		case name != "[]" && parent.clear && parent.properties[name].schema != nil:
			schema = parent.properties[name].schema
		default:
			return nil, nil, nil
		}
	}
	return parent, d, schema
}

// variable is what an iteration variable or an input of a mapping is.
type variable struct {
	doc    *document
	schema any
}

// look notes what can be broken in a block.
func (b *base) look(k *block) {
	in := &scope{block: k, integration: k.integration, vars: map[string]any{}}
	for _, p := range append(slices.Clone(k.parents), k) {
		if p.Type == "for_each" && p.Body.Attributes["in"] != nil {
			b.bind(in, p)
		}
		if p.Type == "mapping" && p.Body.Attributes["from"] != nil {
			b.bindInputs(in, p.Body.Attributes["from"].Expr)
		}
		if p.Type == "step" {
			in.step = b.stepOf(p.integration, p.label())
		}
		if p.Type == "mock" {
			in.mock = b.mockAt(p)
		}
		if p.Type == "trigger" {
			in.trigger = b.triggerAt(p)
		}
	}
	b.lookAtStart(in, k)
	for _, a := range attributes(k.Body) {
		switch {
		case k.Type == "operation": // types
			continue
		case k.Type == "trigger" && (a.Name == "body" || a.Name == "webhook" || a.Name == "operation") || k.Type == "test" && a.Name == "integration":
			continue
		case a.Name == "call" || a.Name == "depends_on" || a.Name == "type" || a.Name == "from" || a.Name == "to":
			continue
		case in.step != nil && k.Type == "step" && a.Name == "params":
			b.params(in.step, a.Expr)
		case in.step != nil && k.Type == "step" && a.Name == "body":
			b.sent(in.step, in.step.op.doc, "body", a.Expr, in.step.op.body)
		case k.Type == "mapping" && a.Name == "value" && k.Body.Attributes["to"] != nil:
			if to, ok := k.Body.Attributes["to"].Expr.(*hclsyntax.ScopeTraversalExpr); ok {
				if d, schema := b.named(namesOf(to.Traversal)); schema != nil {
					b.sent(nil, d, "body", a.Expr, schema)
				}
			}
		}
		b.expression(in, a.Expr)
	}
}

// named is a schema named as shop.schemas.Order.
func (b *base) named(names []string) (*document, any) {
	if len(names) != 3 || names[1] != "schemas" || b.specs[names[0]] == nil {
		return nil, nil
	}
	d := b.specs[names[0]]
	components, _ := d.root["components"].(object)
	for _, all := range []any{components["schemas"], d.root["definitions"]} {
		if schemas, ok := all.(object); ok && schemas[names[2]] != nil {
			return d, schemas[names[2]]
		}
	}
	return nil, nil
}

func (b *base) bind(in *scope, k *block) {
	e := k.Body.Attributes["in"].Expr
	if call, ok := e.(*hclsyntax.FunctionCallExpr); ok && len(call.Args) > 0 {
		e = call.Args[0]
	}
	if tr, ok := e.(*hclsyntax.ScopeTraversalExpr); ok {
		if _, d, schema := b.resolve(in, namesOf(tr.Traversal)); schema != nil {
			if items := d.shape(schema).items; items != nil {
				in.vars[k.label()] = variable{d, items}
			}
		}
	}
}

func (b *base) bindInputs(in *scope, from hclsyntax.Expression) {
	o, _ := from.(*hclsyntax.ObjectConsExpr)
	if o == nil {
		return
	}
	for _, item := range o.Items {
		if tr, ok := item.ValueExpr.(*hclsyntax.ScopeTraversalExpr); ok {
			if d, schema := b.named(namesOf(tr.Traversal)); schema != nil {
				in.vars[keyOf(item)] = variable{d, schema}
			}
		}
	}
}

// params notes the parameters of a call.
func (b *base) params(s *step, e hclsyntax.Expression) {
	o, _ := e.(*hclsyntax.ObjectConsExpr)
	if o == nil {
		return
	}
	k := &bracket{step: s, in: "params", at: o.SrcRange}
	b.brackets = append(b.brackets, k)
	for _, item := range o.Items {
		k.keys = append(k.keys, keyOf(item))
		p, ok := s.op.parameter(keyOf(item))
		if !ok {
			continue
		}
		b.places = append(b.places, &place{step: s, in: "params", key: keyOf(item), keyRange: item.KeyExpr.Range(), value: item.ValueExpr, object: o.SrcRange, shape: s.op.doc.shape(p.schema), schema: p.schema, required: p.required})
		b.sent(s, s.op.doc, "params", item.ValueExpr, p.schema)
	}
}

// sent notes what stands in a value that is sent.
func (b *base) sent(s *step, d *document, in string, e hclsyntax.Expression, schema any) {
	if schema == nil {
		return
	}
	is := d.shape(schema)
	switch e := e.(type) {
	case *hclsyntax.ParenthesesExpr:
		b.sent(s, d, in, e.Expression, schema)
	case *hclsyntax.ConditionalExpr:
		b.sent(s, d, in, e.TrueResult, schema)
		b.sent(s, d, in, e.FalseResult, schema)
	case *hclsyntax.ForExpr:
		if e.KeyExpr == nil {
			b.sent(s, d, in, e.ValExpr, is.items)
		}
	case *hclsyntax.TupleConsExpr:
		for _, x := range e.Exprs {
			if is.clear && is.items != nil {
				b.places = append(b.places, &place{step: s, in: in, value: x, object: e.SrcRange, shape: d.shape(is.items), schema: is.items, required: true})
			}
			b.sent(s, d, in, x, is.items)
		}
	case *hclsyntax.ObjectConsExpr:
		if !is.clear || is.kind != "object" {
			return
		}
		k := &bracket{step: s, in: in, at: e.SrcRange, shape: is}
		b.brackets = append(b.brackets, k)
		for _, item := range e.Items {
			key := keyOf(item)
			k.keys = append(k.keys, key)
			if p, ok := is.properties[key]; ok {
				b.places = append(b.places, &place{step: s, in: in, key: key, keyRange: item.KeyExpr.Range(), value: item.ValueExpr, object: e.SrcRange, parent: is, shape: d.shape(p.schema), schema: p.schema, required: is.required[key]})
				b.sent(s, d, in, item.ValueExpr, p.schema)
			}
		}
	}
}

// expression notes reads and calls.
func (b *base) expression(in *scope, e hclsyntax.Expression) {
	outer := in
	in, hidden := b.bound(in, e)
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		switch n := n.(type) {
		case *hclsyntax.FunctionCallExpr:
			b.calls = append(b.calls, n)
		case *hclsyntax.ScopeTraversalExpr:
			names := namesOf(n.Traversal)
			if len(names) < 2 || hidden[names[0]] {
				return nil
			}
			r := &fieldRead{ScopeTraversalExpr: n, scope: in, name: names[len(names)-1], inner: outer.vars[names[0]] == nil && in.vars[names[0]] != nil}
			if last, ok := n.Traversal[len(n.Traversal)-1].(hcl.TraverseAttr); ok {
				r.last = last.SrcRange
				r.last.Start.Byte = r.last.End.Byte - len(last.Name)
				r.parent, _, r.schema = b.resolve(in, names)
			}
			b.reads = append(b.reads, r)
		}
		return nil
	})
}

// bound is the scope with the names that `for` makes in e, and those of which it cannot be told what they are.
func (b *base) bound(in *scope, e hclsyntax.Expression) (*scope, map[string]bool) {
	hidden, with := map[string]bool{}, *in
	with.vars = maps.Clone(in.vars)
	_ = hclsyntax.VisitAll(e, func(n hclsyntax.Node) hcl.Diagnostics {
		f, ok := n.(*hclsyntax.ForExpr)
		if !ok {
			return nil
		}
		hidden[f.KeyVar] = true
		name := f.ValVar
		if d, schema := b.valueOf(&with, f.CollExpr); schema != nil && with.vars[name] == nil && !hidden[name] {
			if items := d.shape(schema).items; items != nil {
				with.vars[name] = variable{d, items}
				return nil
			}
		}
		delete(with.vars, name)
		hidden[name] = true
		return nil
	})
	return &with, hidden
}

// namesOf are the parts of a traversal; "[]" for an element of a list.
func namesOf(t hcl.Traversal) []string {
	var out []string
	for _, part := range t {
		switch part := part.(type) {
		case hcl.TraverseRoot:
			out = append(out, part.Name)
		case hcl.TraverseAttr:
			out = append(out, part.Name)
		case hcl.TraverseIndex:
			if part.Key.Type().FriendlyName() == "string" {
				out = append(out, part.Key.AsString())
			} else {
				out = append(out, "[]")
			}
		}
	}
	return out
}

func keyOf(item hclsyntax.ObjectConsItem) string {
	if k := hcl.ExprAsKeyword(item.KeyExpr); k != "" {
		return k
	}
	if v, diags := item.KeyExpr.Value(nil); !diags.HasErrors() && v.Type().FriendlyName() == "string" {
		return v.AsString()
	}
	return ""
}

// attributes are those of a body as they stand there.
func attributes(body *hclsyntax.Body) []*hclsyntax.Attribute {
	var out []*hclsyntax.Attribute
	for _, a := range body.Attributes {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hclsyntax.Attribute) int { return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte })
	return out
}
