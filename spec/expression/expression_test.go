package expression

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tenon/spec/diag"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// parse reads text as the value of an attribute.
func parse(t testing.TB, text string) (*Tree, diag.List) {
	t.Helper()
	f, diags := syntax.Parse("main.hcl", []byte("x = "+text+"\n"))
	a := f.Body.Attribute("x")
	if a == nil {
		return nil, diags
	}
	tree, more := Parse(a.Expr)
	diags.Append(more)
	return tree, diags
}

func required(name string, t *types.Type) *types.Property {
	return &types.Property{Name: name, Type: t, Required: true}
}

func optional(name string, t *types.Type) *types.Property {
	return &types.Property{Name: name, Type: t}
}

// named is an object type with a name, as from a schema.
func named(name string, props ...*types.Property) *types.Type {
	props = types.ObjectOf(props...).Shape().Objects[0].Properties // sorted
	return types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{{Name: name, Properties: props, Openness: types.Closed, MaxCount: -1}}})
}

func text(most int) *types.Type {
	return types.New(&types.Shape{Kinds: types.String, Strings: []*types.Text{{MaxLen: most}}})
}

var orderType = named("shop.schemas.Order",
	required("id", types.AnyString),
	required("status", types.Enum("open", "paid", "shipped")),
	optional("email", types.AnyString),
	required("note", types.AnyString.With(types.Null)),
	required("total", types.AnyString),
	required("count", types.AnyInteger),
	required("rate", types.AnyNumber),
	required("paid", types.AnyBoolean),
	required("at", types.AnyTime),
	optional("customer", named("shop.schemas.Customer", required("name", types.AnyString), optional("city", types.AnyString))),
	required("lines", types.ListOf(named("shop.schemas.Line", required("sku", types.AnyString), required("qty", types.AnyInteger), optional("gift", types.AnyBoolean)))),
	required("tags", types.MapOf(types.AnyString)),
	required("anything", types.Any),
	optional("payer", types.Union(types.AnyString, named("shop.schemas.Payer", required("id", types.AnyString)), types.JustNull)),
)

func orderValue() map[string]any {
	return map[string]any{
		"at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), "id": "o1", "status": "paid", "note": nil, "total": "19.99", "count": 3, "rate": 1.5, "paid": true,
		"customer": map[string]any{"name": "Ann"},
		"lines":    []any{map[string]any{"sku": "a", "qty": 2}, map[string]any{"sku": "b", "qty": 5, "gift": true}},
		"tags":     map[string]any{"b": "2", "a": "1"},
		"anything": map[string]any{"x": []any{1, "y"}},
	}
}

func orderScope() *Scope {
	s := NewScope(nil)
	s.Define(&Name{Name: "order", Type: orderType})
	s.Define(&Name{Name: "input", Type: types.ObjectOf(required("since", types.AnyString), optional("limit", types.AnyInteger))})
	s.Define(&Name{Name: "secret", Type: types.ObjectOf(required("key", types.AnyString)), Secret: true})
	s.Define(&Name{Name: "step", Members: map[string]*Name{
		"orders": {Name: "orders", Key: "step.orders", Type: types.ObjectOf(required("items", types.StreamOf(orderType)), required("status", types.AnyInteger))},
		"late":   {Name: "late", Key: "step.late", Gone: "Step late runs after this one."},
	}})
	return s
}

func orderEnv() map[string]any {
	return map[string]any{
		"order": orderValue(), "input": map[string]any{"since": "2026"}, "secret": map[string]any{"key": "s3cr3t"},
		"step.orders": map[string]any{"status": 200},
	}
}

// compute parses, checks and runs text over the order, in JSON, once as it is and once through the plan's JSON.
func compute(t testing.TB, text string) string {
	t.Helper()
	tree, diags := parse(t, text)
	if diags.HasErrors() {
		return "finding: " + say(diags)
	}
	e, found := tree.Check(orderScope(), Want{Optional: true, SecretOK: true})
	if found.HasErrors() {
		return "finding: " + say(found)
	}
	got := run(t, e)
	if v, ok := value0(e); ok && !e.Type.Contains(v) {
		t.Errorf("%s gives %s, which is not in its inferred type %s", text, got, e.Type)
	}
	data, err := json.Marshal(e)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var back Expr
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatalf("%s: %v\n%s", text, err, data)
	}
	if again := run(t, &back); again != got {
		t.Errorf("%s gives %s, and %s after a round trip through JSON", text, got, again)
	}
	return got
}

// value0 runs e, if that works.
func value0(e *Expr) (any, bool) {
	p, err := e.Compile()
	if err != nil {
		return nil, false
	}
	v, err := p.Run(orderEnv(), Limits{})
	return v, err == nil
}

func run(t testing.TB, e *Expr) string {
	t.Helper()
	p, err := e.Compile()
	if err != nil {
		t.Fatalf("%s: %v", e.Source, err)
	}
	v, err := p.Run(orderEnv(), Limits{Turns: 1_000_000, Bytes: 1 << 24})
	if err != nil {
		r := err.(*RunError)
		if r.Bug {
			t.Errorf("%s: %v", e.Source, err)
		}
		return "fails: " + r.Message
	}
	if types.IsMissing(v) {
		return "absent"
	}
	out, err := types.AppendJSON(nil, v)
	if err != nil {
		t.Fatalf("%s: %v of %v", e.Source, err, v)
	}
	return string(out)
}

func say(diags diag.List) string {
	diags.Sort()
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%s %s: %s", d.Severity, d.Rule.Name, d.Message))
	}
	return strings.Join(out, " | ")
}

func TestValues(t *testing.T) {
	for _, c := range [][2]string{
		{`1`, `1`}, {`1.50`, `1.5`}, {`-3`, `-3`}, {`null`, `null`}, {`"a\tb"`, `"a\tb"`}, {`12345678901234567890123`, `12345678901234567890123`},
		{`0.1 + 0.2`, `0.30000000000000004`}, {`1 + 2 * 3`, `7`}, {`7 / 2`, `3.5`}, {`6 / 2`, `3`}, {`7 % 4`, `3`}, {`-7 % 4`, `-3`},
		{`order.count + 1`, `4`}, {`order.count / 2`, `1.5`}, {`order.rate * 2`, `3`}, {`9223372036854775807 + order.count`, `fails: the result does not fit in a 64 bit integer; decimal(…) computes with any size`},
		{`decimal(order.total) * 100`, `1999.00`}, {`round(decimal(order.total) * 100)`, `1999`},
		{`order.id == "o1"`, `true`}, {`order.note == null`, `true`}, {`order.email == null`, `true`}, {`order.email != null`, `false`},
		{`order.count >= 3 && !order.paid`, `false`}, {`order.paid || order.email == null`, `true`},
		{`order.customer.name`, `"Ann"`}, {`order.customer.city`, `absent`}, {`order["id"]`, `"o1"`}, {`order.lines[0].sku`, `"a"`},
		{`order.lines[9].sku`, `absent`}, {`order.lines[order.count - 2].sku`, `"b"`}, {`order.lines[*].sku`, `["a","b"]`}, {`order.lines.*.qty`, `[2,5]`},
		{`order.customer[*].name`, `["Ann"]`}, {`order.note[*]`, `[]`},
		{`[for l in order.lines : l.qty * 2]`, `[4,10]`}, {`[for i, l in order.lines : "${i}:${l.sku}"]`, `["0:a","1:b"]`}, {`[for i, l in order.lines : i if l.qty > 2]`, `[1]`},
		{`[for l in order.lines : l.sku if l.gift != null]`, `["b"]`}, {`[for k, v in order.tags : "${k}=${v}"]`, `["a=1","b=2"]`}, {`[for v in order.tags : v]`, `["1","2"]`},
		{`{for l in order.lines : l.sku => l.qty}`, `{"a":2,"b":5}`}, {`{for l in order.lines : "x" => l.qty...}`, `{"x":[2,5]}`}, {`{for l in order.lines : "x" => l.qty}`, `fails: two elements give the same key; with => value… they are gathered in lists`},
		{`[for a in [1, 2] : [for b in [10, 20] : a * b]]`, `[[10,20],[20,40]]`},
		{`order.paid ? "yes" : "no"`, `"yes"`}, {`order.email == null ? "none" : order.email`, `"none"`},
		{`"${order.id}-${order.count}-${order.rate}-${order.paid}"`, `"o1-3-1.5-true"`}, {`"${order.count}"`, `"3"`},
		{"<<-T\n  a ${order.id}\n    b\n  T", `"a o1\n  b\n"`}, {`"%{ if order.paid }paid%{ else }open%{ endif }"`, `"paid"`}, {`"%{ for l in order.lines }${l.sku};%{ endfor }"`, `"a;b;"`},
		{`{ a = 1, "b c" = order.id, (order.id) = 2 }`, `{"a":1,"b c":"o1","o1":2}`}, {`{ a = order.email }`, `{}`}, {`{ a = { b = order.customer.city } }`, `{"a":{}}`},
		{`[1, "a", null, [true]]`, `[1,"a",null,[true]]`}, {`[]`, `[]`}, {`{}`, `{}`},
		{`expr("order.email ?? order.id")`, `"o1"`}, {`expr("order.lines | filter(.qty > 2) | map(.sku)")`, `["b"]`}, {`expr("'a' in ['a', 'b']")`, `true`}, {`expr("order.status in ['open', 'shipped']")`, `false`},
		{`expr("let n = order.count; n * n")`, `9`}, {`expr("order.id matches '^o[0-9]$'")`, `true`}, {`expr("order.lines[-1].sku")`, `"b"`}, {`expr("order.lines[0:1]")`, `[{"qty":2,"sku":"a"}]`}, {`expr("order?.customer?.name")`, `"Ann"`},
		{`expr("1..3")`, `[1,2,3]`}, {`expr("2 ** 10")`, `1024`}, {`expr("not order.paid")`, `false`}, {`expr("order.id not in ['x']")`, `true`}, {`expr("1 < order.count < 5")`, `true`}, {`expr("{a: order.id, 'b': 2}")`, `{"a":"o1","b":2}`},
		{`expr("reduce(order.lines, #acc + .qty, 0)")`, `7`}, {`expr("sortBy(order.lines, .qty, 'desc') | map(.sku)")`, `["b","a"]`}, {`expr("groupBy(order.lines, .sku) | keys()")`, `["a","b"]`}, {`expr("find(order.lines, .qty > 2)?.sku")`, `"b"`}, {`expr("find(order.lines, .qty > 20)")`, `absent`},
		{`expr("map(order.lines, {let q = .qty; map(1..2, # * q)})")`, `[[2,4],[5,10]]`}, {`expr("count(order.lines, .qty > 1)")`, `2`}, {`expr("any(order.lines, .gift ?? false)")`, `true`}, {`expr("order.paid ? 1 : 2")`, `1`}, {`expr("if order.paid { 1 } else { 2 }")`, `1`},
		{`coalesce(order.email, order.customer.city, "x")`, `"x"`}, {`must(order.customer.name, "why")`, `"Ann"`}, {`must(order.email, "no mail")`, `fails: no mail`}, {`coalesce(order.note, must(order.id, "n"))`, `"o1"`},
		{`match(order.status, { open = 1, paid = 2, shipped = 3 })`, `2`}, {`match(order.id, { x = 1 }, order.count)`, `3`},
		{`lookup(order.tags, "a", "x")`, `"1"`}, {`lookup(order.tags, "z", "x")`, `"x"`}, {`order.anything.x[1]`, `"y"`}, {`len(order.lines)`, `2`}, {`first(order.lines).sku`, `"a"`}, {`last(order.lines).qty`, `5`},
		{`order.tags.zzz`, `absent`}, {`order.anything.x.y`, `fails: "y" is read from a list of 2 items, not from an object`}, {`1 / (order.count - 3)`, `fails: division by zero`},
		{`secret.key`, `"s3cr3t"`}, {`input.since`, `"2026"`}, {`input.limit`, `absent`}, {`step.orders.status`, `200`},
		{`sum([for l in order.lines : l.qty])`, `7`}, {`expr("sum(order.lines, .qty)")`, `7`}, {`max(order.count, 10)`, `10`}, {`order.count == 3.0`, `true`}, {`keys(order.tags)`, `["a","b"]`},
	} {
		if got := compute(t, c[0]); got != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

func TestFunctionExamples(t *testing.T) {
	for _, f := range Functions() {
		if len(f.Examples) == 0 && f.Pure && f.Name != "assert_type" { // whose types are spec/check's to read
			t.Errorf("%s has no example", f.Name)
		}
		if f.Doc == "" {
			t.Errorf("%s has no doc", f.Name)
		}
		for _, x := range f.Examples {
			if got := compute(t, x.Expr); got != x.Want {
				t.Errorf("%s\n got %s\nwant %s", x.Expr, got, x.Want)
			}
		}
	}
}

func TestAssertType(t *testing.T) {
	s := NewScope(orderScope())
	s.Types(func(e *syntax.Expr) *types.Type {
		switch e.Text() {
		case "string":
			return types.AnyString
		case "list(integer)":
			return types.ListOf(types.AnyInteger)
		}
		return types.Invalid
	})
	for _, c := range [][2]string{
		{`assert_type(order.anything.x[1], string)`, `"y"`},
		{`[for n in assert_type(order.anything.x, list(integer)) : n + 1]`, `fails: the value is not of the type that is asserted: `},
		{`assert_type(order.count, string)`, `finding: error argument-type: order.count is an integer`},
	} {
		tree, diags := parse(t, c[0])
		e, found := tree.Check(s, Want{Optional: true})
		diags.Append(found)
		got := "finding: " + say(diags)
		if !diags.HasErrors() {
			got = run(t, e)
			data, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			var back Expr
			if err := json.Unmarshal(data, &back); err != nil {
				t.Fatal(err)
			}
			if again := run(t, &back); again != got {
				t.Errorf("%s gives %s, and %s after JSON", c[0], got, again)
			}
		}
		if !strings.HasPrefix(got, c[1]) {
			t.Errorf("%s\n got %s\nwant %s", c[0], got, c[1])
		}
	}
}

func TestMisnomers(t *testing.T) {
	for name, is := range misnomers {
		if functions()[name] != nil {
			t.Errorf("%s is a function and a misnomer", name)
		}
		if !strings.ContainsAny(is, " ") && functions()[is] == nil {
			t.Errorf("misnomer %s points at %s, which is no function", name, is)
		}
	}
}
