package expression

import (
	"fmt"
	"strings"
	"testing"

	"tenon/spec/types"
)

func TestUses(t *testing.T) {
	for _, c := range [][2]string{
		{`order.id`, `order.id`},
		{`order`, `order`},
		{`order.customer.name == "x" ? order.id : order.status`, `order.customer.name order.id order.status`},
		{`[for l in order.lines : l.sku]`, `order.lines[].sku`},
		{`[for l in order.lines : l]`, `order.lines[]`},
		{`[for l in order.lines : 1]`, `order.lines?`},
		{`[for l in order.lines : l.sku if l.qty > 1]`, `order.lines[].qty order.lines[].sku`},
		{`[for k, v in order.tags : v]`, `order.tags`},
		{`order.lines[*].sku`, `order.lines[].sku`},
		{`order.lines[0].sku`, `order.lines[].sku`},
		{`order.lines[order.count].sku`, `order.count order.lines[].sku`},
		{`expr("order.lines | filter(.qty > 1) | map(.sku)")`, `order.lines[].qty order.lines[].sku`},
		{`expr("find(order.lines, .qty > 1).sku")`, `order.lines[].qty order.lines[].sku`},
		{`expr("sortBy(order.lines, .qty)")`, `order.lines`},
		{`expr("let c = order.customer; c.name")`, `order.customer.name`},
		{`expr("let c = order.paid ? order.customer : nil; c.name")`, `order.customer.name order.paid`},
		{`first(order.lines).sku`, `order.lines[].sku`},
		{`last(take(reverse(order.lines), 2)).sku`, `order.lines[].sku`},
		{`coalesce(order.customer, order.anything).name`, `order.anything.name order.customer.name`},
		{`must(order.customer, "x").name`, `order.customer.name`},
		{`lookup(order.anything, "a", order.id)`, `order.anything.a order.id`},
		{`len(order.lines)`, `order.lines?`},
		{`order.customer == null`, `order.customer?`},
		{`order.customer != null ? order.customer.name : ""`, `order.customer.name`},
		{`len(order.lines) > 1 ? order.lines : []`, `order.lines`},
		{`{ a = order.id, b = { c = order.customer.city } }`, `order.customer.city order.id`},
		{`"${order.id} ${input.since}"`, `input.since order.id`},
		{`match(order.status, { open = order.id, paid = 1, shipped = order.count })`, `order.count order.id order.status`},
		{`mapping::short(order)`, `order.customer.city order.id`},
		{`mapping::short(order).city`, `order.customer.city order.id`},
		{`collect(step.orders.items)[*].id`, `step.orders.items[].id`},
		{`expr("reduce(order.lines, #acc + .qty, 0)")`, `order.lines`},
		{`expr("any(order.lines, .gift ?? false)")`, `order.lines[].gift`},
		{`expr("map(order.lines, # )")`, `order.lines[]`},
		{`expr("count(order.lines, true)")`, `order.lines?`},
		{`order.id == order.id || order.paid`, `order.id order.paid`},
		{`order["id"]`, `order.id`},
		{`order[order.id]`, `order`},
		{`secret.key`, `secret.key`},
	} {
		tree, diags := parse(t, c[0])
		e, found := tree.Check(mappingScope(t), Want{Optional: true, SecretOK: true})
		diags.Append(found)
		var got []string
		for _, u := range e.Uses {
			s := u.Key
			if p := types.Path(u.Path); strings.HasPrefix(p, "[") {
				s += p
			} else if p != "" {
				s += "." + p
			}
			if u.Shallow {
				s += "?"
			}
			got = append(got, s)
		}
		if s := strings.Join(got, " "); s != c[1] {
			t.Errorf("%s\n got %s\nwant %s\n%s", c[0], s, c[1], say(diags))
		}
	}
}

func mappingScope(t testing.TB) *Scope {
	s := orderScope()
	body := func(text string) *Tree { tree, _ := parse(t, text); return tree }
	inner := NewScope(nil)
	members := map[string]*Name{}
	inner.Define(&Name{Name: "mapping", Members: members})
	for _, m := range []*Mapping{
		{Name: "short", Params: []Param{{Name: "o", Type: orderType}}, Body: body(`{ id = o.id, city = o.customer.city }`)},
		{Name: "twice", Params: []Param{{Name: "x", Type: types.AnyInteger}}, Body: body(`x * 2`), Result: types.AnyInteger},
		{Name: "nested", Params: []Param{{Name: "x", Type: types.AnyInteger}}, Body: body(`mapping::twice(mapping::twice(x))`)},
		{Name: "loop", Params: []Param{{Name: "x", Type: types.AnyInteger}}, Body: body(`mapping::loop2(x)`)},
		{Name: "loop2", Params: []Param{{Name: "x", Type: types.AnyInteger}}, Body: body(`mapping::loop(x)`)},
		{Name: "invoice", Params: []Param{{Name: "o", Type: orderType}}, Body: body(`{ customer = o.id, amount = o.count, memo = o.note, ref = o.email }`), Result: invoiceType},
	} {
		m.Scope = inner
		members[m.Name] = &Name{Name: m.Name, Mapping: m}
	}
	s.Define(&Name{Name: "mapping", Members: members})
	return s
}

func TestMappings(t *testing.T) {
	for _, c := range [][3]string{
		{`mapping::twice(order.count)`, `6`, ``},
		{`mapping::nested(order.count) + 1`, `13`, ``},
		{`expr("mapping::twice(order.count)")`, `6`, ``},
		{`mapping::short(order)`, `{"id":"o1"}`, ``},
		{`mapping::invoice(order)`, `{"amount":3,"customer":"o1"}`, ``},
		{`{ a = [for i in [1, 2] : mapping::twice(i)] }`, `{"a":[2,4]}`, ``},
		{`mapping::twise(1)`, ``, `unknown-reference: There is no mapping "twise". Did you mean "twice"?`},
		{`mapping::twice()`, ``, `argument-type: mapping "twice" takes 1 argument (x), and is given 0.`},
		{`mapping::twice("a")`, ``, `argument-type: "a" is a string`},
		{`mapping.twice`, ``, `called as a function`},
	} {
		tree, diags := parse(t, c[0])
		e, found := tree.Check(mappingScope(t), Want{Optional: true})
		diags.Append(found)
		if c[2] != "" {
			if !strings.Contains(say(diags), c[2]) {
				t.Errorf("%s: findings %s, want %s", c[0], say(diags), c[2])
			}
			continue
		}
		if diags.HasErrors() {
			t.Errorf("%s: %s", c[0], say(diags))
			continue
		}
		if got := run(t, e); got != c[1] {
			t.Errorf("%s gives %s, want %s", c[0], got, c[1])
		}
	}
}

// What is wrong with a mapping is said where it is written; what is wrong with its arguments, at the call.
func TestMappingFindings(t *testing.T) {
	inner := NewScope(nil)
	text := func(s string) *Tree { tree, _ := parse(t, s); return tree }
	loose := &Mapping{Name: "loose", Params: []Param{{Name: "x", Type: anything}}, Body: text(`lower(x)`), Scope: inner}
	broken := &Mapping{Name: "broken", Params: []Param{{Name: "x", Type: anything}}, Body: text(`{ customr = "a", amount = 1 }`), Scope: inner, Result: invoiceType}
	s := orderScope()
	s.Define(&Name{Name: "mapping", Members: map[string]*Name{"loose": {Name: "loose", Mapping: loose}, "broken": {Name: "broken", Mapping: broken}}})
	for _, c := range [][2]string{
		{`mapping::loose(order.id)`, ``},
		{`mapping::loose(1)`, `error argument-type: With these arguments, mapping "loose" has no value: x is an integer, and s of lower must be a string.`},
		{`mapping::broken(1)`, ``},
	} {
		tree, _ := parse(t, c[0])
		w := Want{}
		if strings.Contains(c[0], "broken") {
			w.Type = invoiceType
		}
		if _, diags := tree.Check(s, w); say(diags) != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], say(diags), c[1])
		}
	}
}

// A cycle is reported where one of its mappings is written, and there only.
func TestMappingCycle(t *testing.T) {
	s := mappingScope(t)
	loop := s.Lookup("mapping").Members["loop"].Mapping
	own := NewScope(loop.Scope)
	own.Define(&Name{Name: "x", Type: types.AnyInteger})
	if _, diags := loop.Body.Check(own, Want{}); say(diags) != `error cycle: mapping "loop" calls itself: loop → loop2 → loop.` {
		t.Errorf("in the mapping: %s", say(diags))
	}
	tree, _ := parse(t, `mapping::loop(1)`)
	if _, diags := tree.Check(s, Want{}); len(diags) > 0 {
		t.Errorf("at a call: %s", say(diags))
	}
}

// What could not be proven of a mapping's body is guarded where it is called.
func TestGuards(t *testing.T) {
	for _, c := range [][2]string{
		{`{ customer = order.id, amount = 1 }`, ``},
		{`{ customer = order.id, amount = order.count }`, `{"amount":-1}`},
		{`mapping::invoice(order)`, `{"amount":-1}`},
		{`mapping::invoice(order)`, `{"ref":"a text that is longer than twenty characters"}`},
		{`{ customer = order.id, amount = 1, state = order.status }`, `{"state":"shipped"}`},
	} {
		tree, _ := parse(t, c[0])
		e, diags := tree.Check(mappingScope(t), Want{Type: invoiceType, What: "the body"})
		if diags.HasErrors() {
			t.Errorf("%s: %s", c[0], say(diags))
			continue
		}
		if c[1] == "" {
			if e.Guard != nil {
				t.Errorf("%s is proven, and is guarded by %s", c[0], e.Guard)
			}
			continue
		}
		v, err := types.DecodeJSON([]byte(c[1]), types.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if e.Guard == nil || e.Guard.Contains(v) {
			t.Errorf("%s: the guard %s lets %s pass", c[0], fmt.Sprint(e.Guard), c[1])
		}
	}
}

func TestRefs(t *testing.T) {
	for _, c := range [][2]string{
		{`step.orders.items[0].id`, `step.orders.items`},
		{`[for l in order.lines : "${l.sku}${x.y}"]`, `order.lines x.y`},
		{`mapping::a(b.c)`, `mapping.a b.c`},
		{`expr("let q = a.b; map(q, # + c) | f(mapping::z(d?.e))")`, `a.b c mapping.z d.e`},
		{`a[b.c].d`, `a b.c`},
		{`a["x y"].d`, `a.x y.d`},
		{`xs[*].a`, `xs`},
	} {
		tree, _ := parse(t, c[0])
		var got []string
		for _, r := range tree.Refs() {
			got = append(got, strings.Join(append([]string{r.Root}, r.Path...), "."))
			if len(r.Ranges) != len(r.Path)+1 {
				t.Errorf("%s: %d ranges for %v", c[0], len(r.Ranges), r)
			}
		}
		if s := strings.Join(got, " "); s != c[1] {
			t.Errorf("%s\n got %s\nwant %s", c[0], s, c[1])
		}
	}
}

func TestFields(t *testing.T) {
	tree, _ := parse(t, `{
    customer = order.id
    amount   = 1
    state    = match(order.status, { open = "open", paid = "paid", shipped = "paid" })
    memo     = order.paid ? order.note : coalesce(order.email, "none")
    lines    = [for l in order.lines : { sku = l.sku, quantity = l.qty }]
    ref      = order.email
  }`)
	e, diags := tree.Check(orderScope(), Want{Type: invoiceType})
	var got []string
	for _, f := range e.Fields {
		got = append(got, fmt.Sprintf("%s = %s %t", types.Path(f.Path), f.Source, f.Proven))
	}
	want := `customer = order.id true
amount = 1 true
state = match(order.status, { open = "open", paid = "paid", shipped = "paid" }) true
memo = order.paid ? order.note : coalesce(order.email, "none") true
lines[].sku = l.sku true
lines[].quantity = l.qty true
ref = order.email false`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s\n%s", s, want, say(diags))
	}
}
