package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/types"
)

// Check types the expression in a scope against what its place wants. It reports every finding at the
// part of the expression that causes it. The Expr is usable whenever no finding is an error.
func (t *Tree) Check(s *Scope, w Want) (*Expr, diag.List) {
	c := newChecker(t, s)
	c.locate = w.Locate
	v := c.eval(t.root, c.wanted(&w))
	if v.secret && !w.SecretOK && !slices.ContainsFunc(c.diags, func(d *diag.Diagnostic) bool { return d.Rule == SecretLeak }) {
		// What is chosen by a secret tells about it.
		v.node = t.root
		c.leak(v, c.wanted(&w))
	}
	for i, f := range c.fields {
		c.fields[i].Needs = c.needs(f.Range)
	}
	e := &Expr{
		Type: v.typ, Source: oneLine(t.file.Text(t.rng), 200), Range: t.rng,
		Secret: c.secrets, Tainted: v.secret, Trail: c.trail(source.Range{}), Uses: c.uses.list(), Fields: c.fields, Needs: c.needs(t.rng),
		code: v.code, files: c.files,
	}
	e.value, e.constant = v.value, v.known
	if v.spot != nil && len(v.origins) == 1 {
		e.path = &v.origins[0]
	}
	if w.Type != nil && !c.diags.HasErrors() {
		e.Guard = types.Residue(c.guarded(v.typ, &w), w.Type)
		if e.constant && e.Guard != nil && !w.AsText {
			c.judge(e, &w)
		}
	}
	if !t.implied.IsZero() {
		e.move(t.implied)
		return e, moved(c.diags, t.implied)
	}
	return e, c.diags
}

// judge decides now about a constant of which types alone don't say whether it fits its place: where
// alternatives exclude each other, a part is contained, or one property needs another.
func (c *checker) judge(e *Expr, w *Want) {
	bad := e.Guard.Check(w.Type.Conform(e.value))
	if len(bad) == 0 {
		e.Guard = nil
		return
	}
	c.report(misfitRules[bad[0].Misfit], c.tree.root, "%s %s (%s).", c.subject(value{node: c.tree.root})+pathSuffix(bad[0].Path), bad[0].Reason, w.What)
}

// guarded is the type of what reaches the place: absence has been dealt with.
func (c *checker) guarded(t *types.Type, w *Want) *types.Type {
	if w.Type.May(types.Absent) {
		return t
	}
	return t.Without(types.Absent)
}

// Const returns the value of an expression that is known without running it.
func (e *Expr) Const() (any, bool) { return e.value, e.constant }

// Path returns the part of a name that the expression reads, when that is all it does.
func (e *Expr) Path() (Use, bool) {
	if e.path == nil {
		return Use{}, false
	}
	return *e.path, true
}

// Constant returns an expression of a known value, as if it were written at a place.
func Constant(v any, at source.Range) *Expr {
	text := constantText(v)
	return &Expr{
		Type: types.Const(v), Source: text, Range: at, value: v, constant: true,
		code: &code{op: opConst, at: span{0, at.Start, at.End}, val: v}, files: []string{at.File},
	}
}

// value is what is known about one part of an expression.
type value struct {
	code *code
	typ  *types.Type
	node ast.Node
	// value, if known, is what it will be.
	value any
	known bool
	// spot is the part of a name that it reads, if that is all it does.
	spot *spot
	// kindOf is the part of a name whose kind it is, if it is what type(…) says of one.
	kindOf *spot
	// origins is where in the environment it may come from; reading it reads these.
	origins []Use
	secret  bool
	// owner is the name of the type whose property this is; why says how it comes that the value may be
	// absent, as a clause.
	owner, why string
	// whenTrue and whenFalse are what is known once it turned out true or false.
	whenTrue, whenFalse *facts
	// underNull says that a schema lets something on the way to it be null.
	underNull bool
	// loose says that it is read from something without a declared type.
	loose bool
	// left is what leaves the place of the value out.
	left types.Kind
	// bad says that it was found wrong: nothing more is said about it.
	bad bool
}

type checker struct {
	tree  *Tree
	scope *Scope
	diags diag.List
	files []string
	file  int // index of tree's file

	bindings map[*Name]*binding
	locals   *local
	loop     *loopScope
	facts    *facts

	uses    useSet
	fields  []Field
	secrets bool
	taints  []taint        // where names that became secret elsewhere are read
	shown   []source.Range // what reveal stands around
	fresh   int
	parts   int // of the sides of a comparison that have been looked at
	nodes   int
	deep    int
	holes   []hole
	quiet   int        // only looking: nothing is reported or recorded
	mute    int        // in an inlined mapping, whose findings are reported where it is written
	calls   []*Mapping // being inlined
	hidden  diag.List  // what was found in them
	cycle   []*Mapping // that call each other; found while inlining
	locate  func(types.Origin) source.Range
}

// local is a chain of names bound inside the expression.
type local struct {
	name  string
	bound *binding
	outer *local
}

// loopScope is the closure around: what # and its kin mean.
type loopScope struct {
	item, index, acc *binding
}

func newChecker(t *Tree, s *Scope) *checker {
	if s == nil {
		s = NewScope(nil)
	}
	return &checker{tree: t, scope: s, facts: s.facts, files: []string{t.file.Name}, bindings: map[*Name]*binding{}}
}

func (c *checker) at(n ast.Node) span {
	l := n.Location()
	return span{c.file, l.From, max(l.From, l.To)}
}

func (c *checker) place(n ast.Node) source.Range { return c.tree.place(n) }

// report adds a finding at n, unless the checker is only looking.
func (c *checker) report(rule *diag.Rule, n ast.Node, format string, args ...any) *diag.Diagnostic {
	return c.reportAt(rule, c.place(n), format, args...)
}

// hole is a place where something is needed that may be absent or null.
type hole struct {
	at   source.Range
	text string
}

// needs lists what is needed inside a part of the expression and may be absent or null.
func (c *checker) needs(at source.Range) (texts []string) {
	for _, h := range c.holes {
		if at.Contains(h.at) && !slices.Contains(texts, h.text) {
			texts = append(texts, h.text)
		}
	}
	return texts
}

func (c *checker) reportAt(rule *diag.Rule, at source.Range, format string, args ...any) *diag.Diagnostic {
	if (rule == MaybeAbsent || rule == MaybeNull) && c.quiet == 0 {
		c.holes = append(c.holes, hole{at, oneLine(c.tree.file.Text(at), 100)})
	}
	if c.mute > 0 && c.quiet == 0 {
		return c.hidden.Add(rule, at, format, args...)
	}
	if c.quiet > 0 {
		return &diag.Diagnostic{Rule: rule, Severity: rule.Severity, Range: at}
	}
	return c.diags.Add(rule, at, format, args...)
}

func (c *checker) bad(n ast.Node) value {
	return value{code: &code{op: opConst, at: c.at(n)}, typ: types.Invalid, node: n, bad: true}
}

func (c *checker) variable(name string) string {
	c.fresh++
	return fmt.Sprintf("%s.%d", name, c.fresh)
}

// use records that v is read as a whole and returns how.
func (c *checker) use(v value) *code {
	if c.quiet == 0 {
		for _, o := range v.origins {
			c.uses.add(o)
		}
	}
	return v.code
}

// constant is a value known now.
func (c *checker) constant(n ast.Node, v any) value {
	return value{code: &code{op: opConst, at: c.at(n), val: v}, typ: types.Const(v), node: n, value: v, known: true}
}

func (c *checker) with(b *binding, name string, f func() value) value {
	outer := c.locals
	c.locals = &local{name, b, outer}
	v := f()
	c.locals = outer
	return v
}

func (c *checker) under(f *facts, do func() value) value {
	outer := c.facts
	c.facts = f
	v := do()
	c.facts = outer
	return v
}

func (c *checker) lookup(name string) *binding {
	for l := c.locals; l != nil; l = l.outer {
		if l.name == name {
			return l.bound
		}
	}
	return nil
}

// localNames lists the names bound inside the expression, for suggestions.
func (c *checker) localNames() []string {
	var out []string
	for l := c.locals; l != nil; l = l.outer {
		if !isSplatName(l.name) {
			out = append(out, l.name)
		}
	}
	return out
}

// touch records that only the kind of v is read and returns how.
func (c *checker) touch(v value) *code {
	if c.quiet == 0 {
		for _, o := range v.origins {
			o.Shallow = true
			c.uses.add(o)
		}
	}
	return v.code
}

// carry records that v is passed on as a file and returns how.
func (c *checker) carry(v value) *code {
	if c.quiet == 0 {
		for _, o := range v.origins {
			o.Carried = true
			c.uses.add(o)
		}
	}
	return v.code
}

// useSet collects Uses, each once.
type useSet struct{ m map[string]Use }

func (u *useSet) add(x Use) {
	if u.m == nil {
		u.m = map[string]Use{}
	}
	k := x.Key + "\x00" + pathKey(x.Path)
	if old, ok := u.m[k]; ok {
		x.Shallow = x.Shallow && old.Shallow
		x.Carried = x.Carried && old.Carried
	}
	u.m[k] = x
}

// list drops what other uses imply: a path below one that is read, and a kind where something below is read.
func (u *useSet) list() []Use {
	var out []Use
	for _, x := range u.m {
		if !u.implied(x) {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b Use) int {
		if c := strings.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		return slices.Compare(a.Path, b.Path)
	})
	return out
}

func (u *useSet) implied(x Use) bool {
	for i := range x.Path {
		if y, ok := u.m[x.Key+"\x00"+pathKey(x.Path[:i])]; ok && !y.Shallow {
			return true
		}
	}
	if !x.Shallow {
		return false
	}
	for _, y := range u.m {
		if y.Key == x.Key && len(y.Path) > len(x.Path) && slices.Equal(y.Path[:len(x.Path)], x.Path) {
			return true
		}
	}
	return false
}

func (u Use) step(name string) Use {
	return Use{Key: u.Key, Path: append(u.Path[:len(u.Path):len(u.Path)], name)}
}

func stepAll(us []Use, name string) []Use {
	out := make([]Use, len(us))
	for i, u := range us {
		out[i] = u.step(name)
	}
	return out
}

func joinUses(a, b []Use) []Use {
	if len(a)+len(b) > 32 {
		return wholes(append(a[:len(a):len(a)], b...))
	}
	return append(a[:len(a):len(a)], b...)
}

// wholes gives up the paths where there would be too many of them.
func wholes(us []Use) []Use {
	var out []Use
	for _, u := range us {
		if !slices.ContainsFunc(out, func(o Use) bool { return o.Key == u.Key }) {
			out = append(out, Use{Key: u.Key})
		}
	}
	return out
}
