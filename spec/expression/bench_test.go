package expression

import (
	"fmt"
	"math"
	"strings"
	"syscall"
	"testing"
	"time"

	"tenon/spec/types"
)

// The mapping that docs/performance.md speaks of: 20 fields out of a nested record with optional
// parts, against the same in Go written by hand.
const mappingText = `{
    reference    = order.number
    external_id  = "shop-${order.id}"
    currency     = upper(order.currency)
    amount       = round(order.total * 100)
    tax          = round(order.total * 0.19, 2)
    state        = match(order.status, { paid = "closed", open = "pending", shipped = "closed" })
    paid         = order.status == "paid"
    created_at   = order.created_at
    memo         = coalesce(order.note, "none")
    coupon       = order.coupon
    channel      = order.source == null ? "web" : order.source
    item_count   = len(order.lines)
    recipient = {
      name    = "${order.customer.first_name} ${order.customer.last_name}"
      email   = lower(order.customer.email)
      phone   = order.customer.phone
      company = order.customer.company.name
    }
    address = {
      street  = order.shipping.street
      city    = order.shipping.city
      zip     = trim(order.shipping.zip)
      country = coalesce(order.shipping.country, "DE")
    }
    lines = [for l in order.lines : {
      sku      = l.sku
      title    = truncate(l.title, 40)
      quantity = l.quantity
      total    = l.price * l.quantity
    } if l.quantity > 0]
  }`

var benchOrder = named("Order",
	required("id", types.AnyInteger), required("number", types.AnyString), required("currency", types.AnyString), required("total", types.AnyNumber),
	required("status", types.Enum("paid", "open", "shipped")), required("created_at", types.AnyString), optional("note", types.AnyString.With(types.Null)),
	optional("coupon", types.AnyString), optional("source", types.AnyString),
	required("customer", types.ObjectOf(required("first_name", types.AnyString), required("last_name", types.AnyString), required("email", types.AnyString),
		optional("phone", types.AnyString), optional("company", types.ObjectOf(required("name", types.AnyString))))),
	required("shipping", types.ObjectOf(required("street", types.AnyString), required("city", types.AnyString), required("zip", types.AnyString), optional("country", types.AnyString))),
	required("lines", types.ListOf(types.ObjectOf(required("sku", types.AnyString), required("title", types.AnyString), required("quantity", types.AnyInteger), required("price", types.AnyNumber)))),
)

func benchRecords(n int) []any {
	out := make([]any, n)
	for i := range out {
		o := map[string]any{
			"id": i, "number": fmt.Sprintf("R-%05d", i), "currency": "eur", "total": float64(i) + 0.99, "status": []string{"paid", "open", "shipped"}[i%3],
			"created_at": "2026-01-02T03:04:05Z", "note": nil,
			"customer": map[string]any{"first_name": "Ann", "last_name": "Lee", "email": "Ann.Lee@Example.com"},
			"shipping": map[string]any{"street": "Main 1", "city": "Bonn", "zip": " 53111"},
			"lines": []any{
				map[string]any{"sku": "a-1", "title": "A thing that has a long title, longer than forty characters", "quantity": 2, "price": 9.5},
				map[string]any{"sku": "b-2", "title": "Short", "quantity": 1, "price": 0.5},
				map[string]any{"sku": "c-3", "title": "None", "quantity": 0, "price": 1.0},
			},
		}
		if i%2 == 0 {
			o["coupon"], o["source"] = "SPRING", "app"
			o["customer"].(map[string]any)["company"] = map[string]any{"name": "Acme"}
		}
		out[i] = o
	}
	return out
}

// byHand is what a careful person writes: every field checked, absent ones left out.
func byHand(o map[string]any) (map[string]any, error) {
	var err error
	text := func(m map[string]any, k string) string {
		s, ok := m[k].(string)
		if !ok && err == nil {
			err = fmt.Errorf("%s is not a string", k)
		}
		return s
	}
	number := func(m map[string]any, k string) float64 {
		switch v := m[k].(type) {
		case float64:
			return v
		case int:
			return float64(v)
		}
		if err == nil {
			err = fmt.Errorf("%s is not a number", k)
		}
		return 0
	}
	integer := func(m map[string]any, k string) int {
		n, ok := m[k].(int)
		if !ok && err == nil {
			err = fmt.Errorf("%s is not an integer", k)
		}
		return n
	}
	customer, _ := o["customer"].(map[string]any)
	shipping, _ := o["shipping"].(map[string]any)
	lines, _ := o["lines"].([]any)
	out := map[string]any{
		"reference": text(o, "number"), "external_id": fmt.Sprintf("shop-%d", integer(o, "id")), "currency": strings.ToUpper(text(o, "currency")),
		"amount": int(math.Round(number(o, "total") * 100)), "tax": math.Round(number(o, "total")*0.19*100) / 100,
		"paid": text(o, "status") == "paid", "created_at": text(o, "created_at"), "item_count": len(lines),
	}
	switch text(o, "status") {
	case "paid", "shipped":
		out["state"] = "closed"
	case "open":
		out["state"] = "pending"
	default:
		return nil, fmt.Errorf("unknown status")
	}
	out["memo"] = "none"
	if s, ok := o["note"].(string); ok {
		out["memo"] = s
	}
	if s, ok := o["coupon"].(string); ok {
		out["coupon"] = s
	}
	out["channel"] = "web"
	if s, ok := o["source"].(string); ok {
		out["channel"] = s
	}
	recipient := map[string]any{"name": text(customer, "first_name") + " " + text(customer, "last_name"), "email": strings.ToLower(text(customer, "email"))}
	if s, ok := customer["phone"].(string); ok {
		recipient["phone"] = s
	}
	if company, ok := customer["company"].(map[string]any); ok {
		recipient["company"] = text(company, "name")
	}
	address := map[string]any{"street": text(shipping, "street"), "city": text(shipping, "city"), "zip": strings.TrimSpace(text(shipping, "zip")), "country": "DE"}
	if s, ok := shipping["country"].(string); ok {
		address["country"] = s
	}
	mapped := make([]any, 0, len(lines))
	for _, l := range lines {
		l, _ := l.(map[string]any)
		q := integer(l, "quantity")
		if q <= 0 {
			continue
		}
		title := []rune(text(l, "title"))
		if len(title) > 40 {
			title = title[:40]
		}
		mapped = append(mapped, map[string]any{"sku": text(l, "sku"), "title": string(title), "quantity": q, "total": number(l, "price") * float64(q)})
	}
	out["recipient"], out["address"], out["lines"] = recipient, address, mapped
	return out, err
}

func benchProgram(t testing.TB) *Program {
	tree, diags := parse(t, mappingText)
	s := NewScope(nil)
	s.Define(&Name{Name: "order", Type: benchOrder})
	e, found := tree.Check(s, Want{What: "the body"})
	diags.Append(found)
	if diags.HasErrors() {
		t.Fatal(say(diags))
	}
	p, err := e.Compile()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMappingByHand(t *testing.T) {
	p := benchProgram(t)
	for _, r := range benchRecords(50) {
		got, err := p.Run(map[string]any{"order": r}, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := byHand(r.(map[string]any))
		if err != nil {
			t.Fatal(err)
		}
		if !types.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	}
}

func BenchmarkMapping(b *testing.B) {
	records := benchRecords(1000)
	b.Run("hand-written", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, r := range records {
				if _, err := byHand(r.(map[string]any)); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("tenon", func(b *testing.B) {
		p := benchProgram(b)
		b.ReportAllocs()
		for b.Loop() {
			for _, r := range records {
				if _, err := p.Run(map[string]any{"order": r}, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	// The figure that counts: both by turns, in CPU time, so that a busy machine does not matter.
	b.Run("ratio", func(b *testing.B) {
		p := benchProgram(b)
		var hand, ours time.Duration
		n := 0
		for b.Loop() {
			start := cpuTime()
			for _, r := range records {
				byHand(r.(map[string]any))
			}
			middle := cpuTime()
			for _, r := range records {
				p.Run(map[string]any{"order": r}, Limits{})
			}
			hand, ours = hand+middle-start, ours+cpuTime()-middle
			n += len(records)
		}
		b.ReportMetric(float64(hand.Nanoseconds())/float64(n), "hand-cpu-ns/record")
		b.ReportMetric(float64(ours.Nanoseconds())/float64(n), "tenon-cpu-ns/record")
		b.ReportMetric(float64(ours)/float64(hand), "ratio")
	})
}

// cpuTime is what the process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
