package openapi

import (
	"strings"
	"testing"
	"time"
)

const extended = `openapi: 3.0.3
info: {title: Shop, version: "1"}
x-tenon-idempotency: {header: Idempotency-Key}
x-tenon-rate-limit: {rate: 100/1s, burst: 20, concurrency: 10}
x-tenon-pagination: {items: response.body.data}
paths:
  /orders:
    x-tenon-rate-limit: {rate: 5000/1d}
    get:
      operationId: listOrders
      x-tenon-pagination:
        items: response.body.orders
        next: "response.body.next == null ? null : { after = response.body.next }"
    post: {operationId: createOrder}
    put: {operationId: putOrders}
  /events:
    get: {operationId: listEvents}
    head: {operationId: headEvents, x-tenon-pagination: false}
    patch: {operationId: patchEvents, x-tenon-idempotency: {header: X-Request-Id}}
`

func TestExtensionsHoldFromTheNearestPlace(t *testing.T) {
	d, err := Load("shop.yaml", []byte(extended), Options{})
	if err != nil {
		t.Fatal(err)
	}
	get := func(name string) *Operation {
		op, err := d.Operation(name)
		if err != nil {
			t.Fatal(err)
		}
		return op
	}
	if p := get("listOrders").Pagination; p == nil || p.Items.Value != "response.body.orders" || !strings.HasPrefix(p.Next.Value, "response.body.next") ||
		p.Next.Origin.Pointer != "/paths/~1orders/get/x-tenon-pagination/next" {
		t.Errorf("listOrders: %+v", p)
	}
	if p := get("listEvents").Pagination; p == nil || p.Items.Value != "response.body.data" || p.Next.Value != "" {
		t.Errorf("listEvents: %+v", p)
	}
	if p := get("headEvents").Pagination; p == nil || !p.None {
		t.Errorf("headEvents: %+v", p)
	}
	if p := get("createOrder").Pagination; p != nil {
		t.Errorf("createOrder: %+v", p)
	}
	for name, want := range map[string]string{"createOrder": "Idempotency-Key", "patchEvents": "X-Request-Id", "listOrders": "", "putOrders": ""} {
		got := ""
		if i := get(name).Idempotency; i != nil {
			got = i.Header
		}
		if got != want {
			t.Errorf("%s: header %q, want %q", name, got, want)
		}
	}
	if l := get("createOrder").RateLimit; l == nil || l.Count != 5000 || l.Per != 24*time.Hour {
		t.Errorf("createOrder: %+v", l)
	}
	if l := get("listEvents").RateLimit; l != nil {
		t.Errorf("listEvents: %+v", l)
	}
	if l := d.RateLimit(); l == nil || l.Count != 100 || l.Per != time.Second || l.Burst != 20 || l.Concurrency != 10 {
		t.Errorf("document: %+v", l)
	}
	if len(d.Defects()) > 0 {
		t.Errorf("defects: %v", d.Defects())
	}
}

func TestExtensionsThatAreWrong(t *testing.T) {
	for member, want := range map[string]string{
		`x-tenon-paginatoin: {items: a}`:               "did it mean x-tenon-pagination?",
		`x-tenon-owner: me`:                            "is no extension that Tenon knows; there are",
		`x-tenon-pagination: {}`:                       "needs items, next or both",
		`x-tenon-pagination: {item: response.body}`:    `has no "item", only items, next`,
		`x-tenon-pagination: true`:                     "must be an object, not a boolean",
		`x-tenon-pagination: {items: [a]}`:             "must be a string, not a list",
		`x-tenon-idempotency: {header: "a b"}`:         "needs header",
		`x-tenon-idempotency: Idempotency-Key`:         "must be an object, not a string",
		`x-tenon-rate-limit: {rate: 100}`:              `"100" is no rate`,
		`x-tenon-rate-limit: {rate: 100/s}`:            `"100/s" is no rate`,
		`x-tenon-rate-limit: {burst: 3}`:               "needs rate",
		`x-tenon-rate-limit: {concurrency: 0}`:         "from 1 to 1000000",
		`x-tenon-rate-limit: {rate: 1/1s, burst: 1.5}`: "from 1 to 1000000",
	} {
		d, err := Load("shop.yaml", []byte("openapi: 3.0.3\npaths:\n  /orders:\n    get:\n      operationId: list\n      "+member+"\n"), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Operation("list"); err != nil {
			t.Fatal(err)
		}
		found := ""
		for _, x := range d.Defects() {
			found += x.Origin.Pointer + " " + x.Message + "\n"
		}
		if !strings.Contains(found, want) || !strings.HasPrefix(found, "/paths/~1orders/get/x-tenon-") {
			t.Errorf("%s: got %q, want %q", member, found, want)
		}
	}
}
