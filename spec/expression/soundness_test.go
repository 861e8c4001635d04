package expression

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"tenon/spec/types"
)

// The promise that everything else rests on: whatever order there is, what an expression without
// errors gives is in its inferred type; and if that value passes the guard, it is what the place
// wanted. Expressions are made up, and so are orders.
func TestSoundness(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		g := &writer{r: r}
		text := g.expr(rapid.IntRange(1, 4).Draw(r, "depth"))
		tree, diags := parse(t, text)
		if tree == nil || diags.HasErrors() {
			r.Fatalf("%s: %s", text, say(diags))
		}
		orders := rapid.SliceOfN(rapid.Custom(anOrder), 3, 3).Draw(r, "orders")
		e, found := tree.Check(orderScope(), Want{Optional: true, SecretOK: true})
		if !found.HasErrors() {
			for _, o := range orders {
				if v, ok := runOver(r, e, o); ok && !e.Type.Contains(v) {
					r.Fatalf("%s\ngives %v\nwhich is not in %s", text, v, describe(e.Type))
				}
			}
		}
	})
}

func TestSoundBodies(t *testing.T) {
	checked, passed := 0, 0
	rapid.Check(t, func(r *rapid.T) {
		g := &writer{r: r}
		text := g.body()
		tree, diags := parse(t, text)
		if tree == nil || diags.HasErrors() {
			r.Fatalf("%s: %s", text, say(diags))
		}
		e, found := tree.Check(orderScope(), Want{Type: invoiceType, What: "the body"})
		if found.HasErrors() {
			return
		}
		checked++
		for _, o := range rapid.SliceOfN(rapid.Custom(anOrder), 4, 4).Draw(r, "orders") {
			v, ok := runOver(r, e, o)
			if !ok || e.Guard != nil && !e.Guard.Contains(v) {
				continue
			}
			passed++
			if !invoiceType.Contains(v) {
				r.Fatalf("%s\ngives %v\nwhich passes the guard %s, but is no invoice", text, v, describe(e.Guard))
			}
		}
	})
	t.Logf("%d bodies without errors, %d values passed their guards", checked, passed)
	if checked < 5 || passed < 10 {
		t.Errorf("only %d bodies were checked and %d values passed: the test says nothing", checked, passed)
	}
}

func describe(t *types.Type) string {
	if t == nil {
		return "nothing"
	}
	b, err := t.MarshalJSON()
	return fmt.Sprint(t, " ", string(b), err)
}

func runOver(r *rapid.T, e *Expr, order map[string]any) (any, bool) {
	p, err := e.Compile()
	if err != nil {
		r.Fatalf("%s: %v", e.Source, err)
	}
	env := orderEnv()
	env["order"] = order
	v, err := p.Run(env, Limits{Turns: 100_000})
	if err != nil {
		if err.(*RunError).Bug {
			r.Fatalf("%s: %v", e.Source, err)
		}
		return nil, false
	}
	return v, true
}

func anOrder(r *rapid.T) map[string]any {
	word := rapid.SampledFrom([]string{"", "a", "o1", "größe", "a text that is longer than twenty characters", "17", "paid"})
	maybe := rapid.Bool()
	o := map[string]any{
		"id": word.Draw(r, "id"), "status": rapid.SampledFrom([]string{"open", "paid", "shipped"}).Draw(r, "status"),
		"total": rapid.SampledFrom([]string{"19.99", "0", "-1"}).Draw(r, "total"), "count": rapid.IntRange(-3, 30).Draw(r, "count"),
		"rate": rapid.SampledFrom([]any{1.5, 2, -0.25}).Draw(r, "rate"), "paid": maybe.Draw(r, "paid"),
		"at": time.Unix(int64(rapid.IntRange(0, 1<<31).Draw(r, "at")), 0).UTC(), "note": nil,
		"tags":     map[string]any{},
		"anything": rapid.SampledFrom([]any{nil, 1, "a", []any{1}, map[string]any{"x": []any{1}}}).Draw(r, "anything"),
	}
	if maybe.Draw(r, "has note") {
		o["note"] = word.Draw(r, "note")
	}
	if maybe.Draw(r, "has email") {
		o["email"] = word.Draw(r, "email")
	}
	if maybe.Draw(r, "has customer") {
		c := map[string]any{"name": word.Draw(r, "name")}
		if maybe.Draw(r, "has city") {
			c["city"] = word.Draw(r, "city")
		}
		o["customer"] = c
	}
	if maybe.Draw(r, "has tags") {
		o["tags"] = map[string]any{"a": word.Draw(r, "tag"), "b": "x"}
	}
	lines := []any{}
	for range rapid.IntRange(0, 3).Draw(r, "lines") {
		l := map[string]any{"sku": word.Draw(r, "sku"), "qty": rapid.IntRange(-1, 5).Draw(r, "qty")}
		if maybe.Draw(r, "has gift") {
			l["gift"] = maybe.Draw(r, "gift")
		}
		lines = append(lines, l)
	}
	o["lines"] = lines
	return o
}

// writer makes up expressions; most of them make sense.
type writer struct {
	r    *rapid.T
	vars []string // of lines
}

func (g *writer) pick(options ...string) string {
	return rapid.SampledFrom(options).Draw(g.r, "pick")
}

func (g *writer) text(n int) string {
	if n <= 0 {
		if len(g.vars) > 0 && rapid.Bool().Draw(g.r, "local") {
			return g.vars[len(g.vars)-1] + ".sku"
		}
		return g.pick("order.id", "order.email", "order.note", "order.status", `"lit"`, "order.customer.name", "order.customer.city", "order.lines[0].sku", `order.tags.a`, "order.total", "null")
	}
	n--
	switch rapid.IntRange(0, 13).Draw(g.r, "text") {
	case 0:
		return "lower(" + g.text(n) + ")"
	case 1:
		return fmt.Sprintf("truncate(%s, %d)", g.text(n), rapid.IntRange(0, 30).Draw(g.r, "n"))
	case 2:
		return `"${` + g.text(n) + `}-${` + g.integer(n) + `}"`
	case 3:
		return "coalesce(" + g.text(n) + ", " + g.text(n) + ")"
	case 4:
		return g.cond(n) + " ? " + g.text(n) + " : " + g.text(n)
	case 5:
		x := g.text(n)
		return "(" + x + " == null ? " + g.text(n) + " : " + x + ")"
	case 6:
		return `match(order.status, { open = ` + g.text(n) + `, paid = "paid", shipped = ` + g.text(n) + ` })`
	case 7:
		return "must(" + g.text(n) + `, "why")`
	case 8:
		return "(" + g.text(n) + " + " + g.text(n) + ")"
	case 9:
		return "first(" + g.list(n) + ").sku"
	case 10:
		return `join([` + g.text(n) + `, ` + g.text(n) + `], "-")`
	case 11:
		return `lookup(order.tags, "a", ` + g.text(n) + `)`
	case 12:
		x := g.text(n)
		return "(" + x + " != null && " + g.cond(n) + " ? upper(" + x + ") : " + g.text(n) + ")"
	}
	return "string(" + g.integer(n) + ")"
}

func (g *writer) integer(n int) string {
	if n <= 0 {
		if len(g.vars) > 0 && rapid.Bool().Draw(g.r, "local") {
			return g.vars[len(g.vars)-1] + ".qty"
		}
		return g.pick("order.count", "1", "7", "order.lines[0].qty", "len(order.lines)", "0")
	}
	n--
	switch rapid.IntRange(0, 11).Draw(g.r, "integer") {
	case 0:
		return "(" + g.integer(n) + g.pick(" + ", " - ", " * ") + g.integer(n) + ")"
	case 1:
		return "abs(" + g.integer(n) + ")"
	case 2:
		return "clamp(" + g.integer(n) + ", 0, 10)"
	case 3:
		return "len(" + g.text(n) + ")"
	case 4:
		return g.pick("round", "floor", "ceil") + "(" + g.number(n) + ")"
	case 5:
		return "sum([for s in " + g.list(n) + " : s.qty])"
	case 6:
		return "(" + g.cond(n) + " ? " + g.integer(n) + " : " + g.integer(n) + ")"
	case 7:
		return g.pick("max", "min") + "(" + g.integer(n) + ", " + g.integer(n) + ")"
	case 8:
		return "(" + g.integer(n) + " % 7)"
	case 9:
		return "coalesce(" + g.list(n) + "[1].qty, " + g.integer(n) + ")"
	case 10:
		return "-" + g.integer(n)
	}
	return "(" + g.number(n) + " / 2)"
}

func (g *writer) number(n int) string {
	if n <= 0 {
		return g.pick("order.rate", "1.5", "order.count", "decimal(order.total)")
	}
	return "(" + g.number(n-1) + g.pick(" + ", " * ", " - ", " / ") + g.integer(n-1) + ")"
}

func (g *writer) cond(n int) string {
	if n <= 0 {
		if len(g.vars) > 0 && rapid.Bool().Draw(g.r, "local") {
			v := g.vars[len(g.vars)-1]
			return g.pick(v+".qty > 1", v+".gift != null", v+".gift == true")
		}
		return g.pick("order.paid", "order.email != null", "order.email == null", `order.status == "paid"`, `order.status != "open"`, "order.count > 3", "order.customer == null", "order.customer.city != null", "order.note == null", "order.lines[0].gift == true")
	}
	n--
	switch rapid.IntRange(0, 4).Draw(g.r, "cond") {
	case 0:
		return "(" + g.cond(n) + " && " + g.cond(n) + ")"
	case 1:
		return "(" + g.cond(n) + " || " + g.cond(n) + ")"
	case 2:
		return "!(" + g.cond(n) + ")"
	case 3:
		return "(" + g.text(n) + g.pick(" == ", " != ") + g.text(n) + ")"
	}
	return "(" + g.integer(n) + g.pick(" < ", " >= ") + g.integer(n) + ")"
}

func (g *writer) list(n int) string {
	if n <= 0 {
		return "order.lines"
	}
	n--
	switch rapid.IntRange(0, 6).Draw(g.r, "list") {
	case 0:
		return "reverse(" + g.list(n) + ")"
	case 1:
		return "take(" + g.list(n) + ", 2)"
	case 2:
		return "concat(" + g.list(n) + ", " + g.list(n) + ")"
	case 3:
		return "[for s in " + g.list(n) + " : s if s.gift != null && s.gift]"
	case 4:
		return "(" + g.cond(n) + " ? " + g.list(n) + " : [])"
	case 5:
		return `[for s in ` + g.list(n) + ` : merge(s, { qty = s.qty + 1 })]`
	}
	return "order.lines"
}

// over makes something of every line.
func (g *writer) over(n int, make func() string) string {
	v := fmt.Sprintf("l%d", len(g.vars))
	list := g.list(n)
	g.vars = append(g.vars, v)
	body := make()
	cond := ""
	if rapid.Bool().Draw(g.r, "if") {
		cond = " if " + g.cond(n-1)
	}
	g.vars = g.vars[:len(g.vars)-1]
	return "[for " + v + " in " + list + " : " + body + cond + "]"
}

func (g *writer) expr(n int) string {
	switch rapid.IntRange(0, 7).Draw(g.r, "expr") {
	case 0:
		return g.integer(n)
	case 1:
		return g.number(n)
	case 2:
		return g.cond(n)
	case 3:
		return g.list(n)
	case 4:
		return g.over(n, func() string { return g.text(n - 1) })
	case 5:
		return "{ a = " + g.text(n) + ", b = { c = " + g.integer(n-1) + " }, (order.id) = 1 }"
	case 6:
		return "{for k, v in " + g.pick("order.tags", "order.lines") + ` : "${k}" => ` + g.text(n-1) + "}"
	}
	return g.text(n)
}

func (g *writer) body() string {
	var b strings.Builder
	b.WriteString("{ customer = " + g.text(2))
	b.WriteString(", amount = " + g.pick(g.integer(2), "clamp("+g.integer(1)+", 0, 9)", "round("+g.number(1)+")", "order.anything"))
	for _, p := range []struct {
		name string
		make func() string
	}{
		{"memo", func() string { return g.text(2) }},
		{"ref", func() string { return g.text(2) }},
		{"state", func() string {
			return g.pick("order.status", `match(order.status, { open = "open", paid = "paid", shipped = "paid" })`, "order.anything")
		}},
		{"at", func() string { return "order.at" }},
		{"day", func() string { return g.pick("order.at", "order.anything") }},
		{"lines", func() string {
			return g.over(1, func() string { return "{ sku = " + g.text(1) + ", quantity = " + g.integer(1) + " }" })
		}},
		{"pay", func() string {
			return g.pick(`{ kind = "cash" }`, `{ kind = "card", number = order.id }`, `order.paid ? { kind = "cash" } : { kind = "card", number = order.id }`)
		}},
	} {
		if rapid.Bool().Draw(g.r, p.name) {
			b.WriteString(", " + p.name + " = " + p.make())
		}
	}
	return b.String() + " }"
}
