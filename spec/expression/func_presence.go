package expression

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

func presenceFunctions() []*Function {
	return []*Function{
		{Signature: "coalesce(values… any|absent) any", Doc: "The first value that is neither absent nor null. In expr notation also `a ?? b`.", Pure: true,
			Examples: ex(`coalesce(null, "a")`, `"a"`), special: func(c *checker, n ast.Node, args []ast.Node) value { return c.coalesce(n, args, nil) }},
		{Signature: "must(x any|absent, why string) any", Doc: "`x`, which the author says is always there. Where it is absent or null, the step fails with `why`.", Pure: true,
			Examples: ex(`must("a", "the shop always sends it")`, `"a"`), special: mustBePresent},
		{Signature: "match(x string|integer|bool, table object, default? any) any", Doc: "The value that the table has for `x`. Over an enum the table must have every member, unless there is a default.", Pure: true,
			Examples: ex(`match("paid", { paid = "closed", open = "pending" })`, `"closed"`, `match("x", { a = 1 }, 0)`, `0`), special: matching},
		{Signature: "lookup(x object, name string, default any) any", Doc: "A field that the schema may not declare, or the default where it is absent.", Pure: true,
			Examples: ex(`lookup({ a = 1 }, "b", 2)`, `2`), special: lookingUp, prim: primitive{many: func(f *frame, a []any) any {
				v := member(a[0], mustText(a[1]))
				if types.IsMissing(v) {
					return a[2]
				}
				return v
			}}},
		{Signature: "reveal(x any|absent, why string) any", Doc: "A secret where it is sent on purpose to a place that secrets do not go to otherwise. The reason is for the reader.", Pure: true,
			Examples: ex(`reveal("a", "the partner wants its own key echoed")`, `"a"`), special: revealing},
		{Signature: "collect(items stream|list) list", Doc: "All items of a paginated step as a list. They are held in memory: for many items, use a `for_each`.", Pure: true,
			Examples: ex(`collect([1, 2])`, `[1,2]`), passes: passesSame, result: func(a []*types.Type) *types.Type {
				if a[0].May(types.Stream) {
					return types.ListOf(a[0].Elem())
				}
				return a[0]
			}, prim: primitive{one: func(v any) any { return mustElements(v) }}},
		{Signature: "type(x any|file|absent) string", Doc: "What kind of value `x` is.", Pure: true,
			Examples: ex(`type([1])`, `"array"`, `type(1.5)`, `"number"`), shallow: true, result: func(a []*types.Type) *types.Type {
				var names []any
				for _, k := range kindsOf(a[0]) {
					if name := kindName(k); !slices.Contains(names, any(name)) {
						names = append(names, name)
					}
				}
				return types.Enum(names...)
			}, prim: primitive{one: func(v any) any {
				for _, k := range kindsOf(types.Const(v)) {
					return kindName(k)
				}
				return "any"
			}}},
		{Signature: "assert_type(x any|absent, type any) any", Doc: "`x`, which the author says is of the type, written as in a schema: `assert_type(x, list(string))`. It is checked at run time.", Pure: true,
			special: assertingType},
		{Signature: "file(name string) string", Doc: "The text of a file of the project. It is read when the project is built.",
			special: readingFile},
		{Signature: "uuid() string", Doc: "A new random UUID (RFC 9562, version 4). A run that is resumed sees the same one.",
			result: func([]*types.Type) *types.Type { return formatted("uuid") }, prim: primitive{many: func(f *frame, a []any) any { return f.host().UUID() }}},
	}
}

func kindName(k types.Kind) string {
	return map[types.Kind]string{types.Absent: "absent", types.Null: "null", types.Boolean: "bool", types.Integer: "number", types.Fraction: "number",
		types.String: "string", types.Array: "array", types.Object: "object", types.Time: "time", types.Duration: "duration", types.Bytes: "bytes", types.Stream: "stream", types.File: "file"}[k]
}

// kindsNamed is all values of which type(…) gives one of the names.
func kindsNamed(names ...any) *types.Type {
	var kinds types.Kind
	for k := types.Absent; k <= types.File; k <<= 1 {
		if slices.Contains(names, any(kindName(k))) {
			kinds |= k
		}
	}
	return types.New(&types.Shape{Kinds: kinds})
}

// coalesce types its arguments one after the other: each but the last counts without what may be
// missing. It is rewritten so that an argument is computed only when it is needed.
func (c *checker) coalesce(n ast.Node, args []ast.Node, w *want) value {
	if len(args) == 0 {
		c.report(ArgumentType, n, "coalesce needs at least one value.")
		return c.bad(n)
	}
	if len(args) == 1 {
		return c.eval(args[0], w)
	}
	first := c.infer(args[0])
	rest := first.typ.Without(types.Null | types.Absent)
	if first.bad || isInvalid(first.typ) {
		c.coalesce(n, args[1:], w)
		return c.bad(n)
	}
	if first.known && isAbsent(first.value) || len(kindsOf(rest)) == 0 {
		v := c.coalesce(n, args[1:], w)
		v.secret = v.secret || first.secret
		return v
	}
	local := c.variable("value")
	here := first
	here.typ, here.spot = rest, nil
	here.code = &code{op: opVar, at: c.at(args[0]), name: local}
	if first.known {
		here.code = first.code
	}
	here = c.leaf(here, w)
	if !first.typ.May(types.Null | types.Absent) {
		c.report(ConditionConstant, args[0], "%s is never null or absent, so what follows it is never used.", c.subject(first))
	}
	other := c.coalesce(n, args[1:], w)
	if first.known {
		return here
	}
	out := value{node: n, secret: first.secret || other.secret, origins: joinUses(first.origins, other.origins), bad: here.bad && other.bad}
	out.typ = types.Union(here.typ, other.typ)
	if here.bad || other.bad {
		out.typ = types.Invalid
	}
	has := &code{op: opCall, at: c.at(args[0]), name: "has", args: []*code{{op: opVar, name: local}}}
	out.code = &code{op: opLet, at: c.at(n), name: local, args: []*code{first.code, {op: opIf, at: c.at(n), args: []*code{has, here.code, other.code}}}}
	return out
}

func mustBePresent(c *checker, n ast.Node, args []ast.Node) value {
	v, why := c.infer(args[0]), c.infer(args[1])
	ok := c.accept(why, types.AnyString, ArgumentType, "why of must")
	if v.bad || isInvalid(v.typ) || !ok {
		return c.bad(n)
	}
	rest := v.typ.Without(types.Null | types.Absent)
	if len(kindsOf(rest)) == 0 {
		c.report(MaybeAbsent, args[0], "%s never has a value, so must always fails.", c.subject(v)).Severity = diag.Error
		return c.bad(n)
	}
	if v.known {
		v.node = n
		return v
	}
	local := c.variable("value")
	read := &code{op: opVar, at: c.at(args[0]), name: local}
	out := v
	out.node, out.typ, out.secret = n, rest, v.secret || why.secret
	out.spot = nil
	out.code = &code{op: opLet, at: c.at(n), name: local, args: []*code{v.code, {op: opIf, at: c.at(n), args: []*code{
		{op: opCall, at: c.at(n), name: "has", args: []*code{read}}, read,
		{op: opCall, at: c.at(args[0]), name: "fail", args: []*code{c.present(why, true)}},
	}}}}
	return out
}

func lookingUp(c *checker, n ast.Node, args []ast.Node) value {
	base, name, def := c.infer(args[0]), c.infer(args[1]), c.infer(args[2])
	ok := c.accept(name, types.AnyString, ArgumentType, "name of lookup")
	if base.bad || def.bad || !ok || isInvalid(base.typ) || isInvalid(def.typ) {
		return c.bad(n)
	}
	loose := types.MapOf(types.Any).With(types.Null | types.Absent)
	if !c.accept(base, loose, ArgumentType, "x of lookup") {
		return c.bad(n)
	}
	out := value{node: n, secret: base.secret || name.secret || def.secret, typ: types.Any}
	origins := base.origins
	if s, isText := name.value.(string); name.known && isText {
		if info := base.typ.Field(s); info.Found <= types.Allowed {
			out.typ = info.Type.Without(types.Absent)
		}
		origins = stepAll(origins, s)
	}
	out.origins = joinUses(origins, def.origins)
	out.typ = types.Union(out.typ, def.typ)
	base.origins = nil
	out.code = &code{op: opCall, at: c.at(n), name: "lookup", args: []*code{base.code, c.present(name, true), def.code}}
	if base.known && name.known && def.known {
		return c.fold(n, out, []value{base, name, def})
	}
	return out
}

func revealing(c *checker, n ast.Node, args []ast.Node) value {
	v, why := c.infer(args[0]), c.infer(args[1])
	ok := c.accept(why, types.AnyString, ArgumentType, "why of reveal")
	if v.bad || !ok {
		return c.bad(n)
	}
	if s, isText := why.value.(string); !why.known || !isText || strings.TrimSpace(s) == "" {
		c.report(ArgumentType, args[1], "reveal needs a reason, as a literal text that its reader will see.")
		return c.bad(n)
	}
	if v.secret {
		c.shown = append(c.shown, c.place(n))
	}
	v.node, v.secret = n, false
	return v
}

// assertingType types assert_type: what x and the type have in common.
func assertingType(c *checker, n ast.Node, args []ast.Node) value {
	v := c.infer(args[0])
	k, ok := args[1].(*ast.ConstantNode)
	if !ok {
		c.report(ArgumentType, n, "assert_type is written in HCL notation, since its second argument is a type.")
		return c.bad(n)
	}
	written, ok := k.Value.(*syntax.Expr)
	if !ok || c.scope.types == nil {
		c.report(ArgumentType, args[1], "Types can't be written here.")
		return c.bad(n)
	}
	t := c.scope.types(written)
	if v.bad || isInvalid(v.typ) || isInvalid(t) {
		return c.bad(n)
	}
	both := types.Intersect(v.typ, t)
	if len(kindsOf(both)) == 0 {
		c.report(ArgumentType, n, "%s is %s, so it is never %s.", c.subject(v), v.phrase(), phrase(t))
		return c.bad(n)
	}
	out := value{node: n, typ: both, secret: v.secret}
	out.code = &code{op: opCall, at: c.at(n), name: "assert", val: t, args: []*code{c.use(v)}}
	return out
}

func readingFile(c *checker, n ast.Node, args []ast.Node) value {
	name := c.infer(args[0])
	if !c.accept(name, types.AnyString, ArgumentType, "name of file") {
		return c.bad(n)
	}
	s, ok := name.value.(string)
	switch {
	case !name.known || !ok:
		c.report(ArgumentType, args[0], "The name of a file must be known when the project is built; %s is not.", c.subject(name))
		return c.bad(n)
	case c.scope.files == nil:
		c.report(ArgumentType, n, "Files can't be read here.")
		return c.bad(n)
	}
	text, err := c.scope.files(s)
	if err != nil {
		c.report(ArgumentType, args[0], "The file %q can't be read: %s.", s, err)
		return c.bad(n)
	}
	return c.constant(n, string(text))
}

// matching types match: over an enum the table is checked for members that are missing and keys that never match.
func matching(c *checker, n ast.Node, args []ast.Node) value { return c.match(n, args, nil) }

var matchable = types.Union(types.AnyString, types.AnyInteger, types.AnyBoolean)

func (c *checker) match(n ast.Node, args []ast.Node, w *want) value {
	x := c.infer(args[0])
	ok := c.accept(x, matchable, ArgumentType, "what match looks for")
	table, literal := args[1].(*ast.MapNode)
	if !literal || c.computedKeys(table) {
		c.report(ArgumentType, args[1], "The table of match is written out where it is used: match(x, { a = 1, b = 2 }).")
		c.infer(args[1])
		return c.bad(n)
	}
	local := c.variable("key")
	read := &code{op: opVar, at: c.at(args[0]), name: local}
	values, finite := c.membersOf(x, ok)
	out := value{node: n, secret: x.secret}
	out.code = &code{op: opCall, at: c.at(args[0]), name: "fail", args: []*code{{op: opConst, val: "match has no entry for this value"}}}
	var ts []*types.Type
	if len(args) == 3 {
		d := c.eval(args[2], w.choice())
		out.code, out.bad, out.secret, out.origins = c.result(d, w), d.bad, out.secret || d.secret, d.origins
		ts = append(ts, d.typ)
	}
	given := map[string]bool{}
	for i := len(table.Pairs) - 1; i >= 0; i-- {
		pair := table.Pairs[i].(*ast.PairNode)
		key := pair.Key.(*ast.StringNode)
		given[key.Value] = true
		facts := c.facts
		if x.spot != nil && x.typ.Is(types.String|types.Null|types.Absent) {
			facts = c.learn(facts, x.spot, types.Const(key.Value), false)
		}
		v := c.under(facts, func() value { return c.eval(pair.Value, w.choice()) })
		out.bad, out.secret = out.bad || v.bad, out.secret || v.secret
		if finite && !x.known && !slices.Contains(values, key.Value) {
			c.neverMatches(x, key, values)
			continue
		}
		if x.known && ok {
			if matchText(x.value) == key.Value {
				return v
			}
			continue
		}
		ts = append(ts, v.typ)
		out.origins = joinUses(out.origins, v.origins)
		test := &code{op: opCall, at: c.at(key), name: "is", val: key.Value, args: []*code{read}}
		out.code = &code{op: opIf, at: c.at(n), args: []*code{test, c.result(v, w), out.code}}
	}
	if ok {
		c.exhaustive(n, x, given, values, finite, len(args) == 3)
	}
	out.code = &code{op: opLet, at: c.at(n), name: local, args: []*code{c.present(x, true), out.code}}
	out.typ = types.Union(ts...)
	if !ok || out.bad {
		out.bad, out.typ = out.bad || !ok, types.Invalid
	}
	return out
}

// result is the code of a value that a branch gives: used already where its place was wanted.
func (c *checker) result(v value, w *want) *code { return v.code }

// membersOf lists what x can be, as texts, if that is known.
func (c *checker) membersOf(x value, ok bool) ([]string, bool) {
	if !ok {
		return nil, false
	}
	all, finite := x.typ.Without(types.Null | types.Absent).Constants()
	if !finite {
		return nil, false
	}
	var out []string
	for _, v := range all {
		out = append(out, matchText(v))
	}
	return out, true
}

func matchText(v any) string {
	if isAbsent(v) {
		return ""
	}
	return textOfValue(v)
}

// neverMatches reports an arm that is never taken, but not within a mapping that is called: other calls may take it.
func (c *checker) neverMatches(x value, key *ast.StringNode, values []string) {
	if len(c.calls) > 0 {
		return
	}
	d := c.report(EnumValue, key, "%s is never %q.", c.subject(x), key.Value)
	near := diag.Nearest(key.Value, values)
	if near == "" {
		d.Explain("It is one of %s.", choices(values))
	}
	c.suggestName(d, key, near)
	c.relate(d, x.typ.Origin, "declared here")
}

func (c *checker) exhaustive(n ast.Node, x value, given map[string]bool, values []string, finite, fallback bool) {
	if fallback || x.known && given[matchText(x.value)] {
		return
	}
	if !finite {
		d := c.report(MatchNotExhaustive, n, "%s may have a value that the table lacks: it is %s. Give match a default.", c.subject(x), phrase(x.typ))
		d.Severity = diag.Note
		return
	}
	var lacks []string
	for _, v := range values {
		if !given[v] {
			lacks = append(lacks, fmt.Sprintf("%q", v))
		}
	}
	if len(lacks) > 0 {
		d := c.report(MatchNotExhaustive, n, "%s may be %s, which the table lacks. Add it, or give match a default.", c.subject(x), strings.Join(lacks, ", "))
		c.relate(d, x.typ.Origin, "declared here")
	}
}
