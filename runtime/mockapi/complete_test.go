package mockapi

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"tenon/runtime/codec"
	"tenon/spec/types"
)

// What is added to part of an answer speaks of the request, and nothing that is given changes.
func TestComplete(t *testing.T) {
	const id, other = "1a2b3c4d-0000-4000-8000-000000000001", "1a2b3c4d-0000-4000-8000-000000000002"
	for _, tt := range []struct {
		request string
		body    string
		part    map[string]any
		want    map[string]any // among what comes
	}{
		{"GET /v1/orders/" + id, "", map[string]any{}, map[string]any{"id": id}},
		{"GET /v1/orders/" + id, "", map[string]any{"id": other}, map[string]any{"id": other}},
		{"GET /v1/orders/" + id, "", map[string]any{"id": types.Missing}, map[string]any{"id": id}},
		{"POST /v1/orders", `{"customer_id": "` + id + `", "lines": [{"sku": "ABC12345", "quantity": 77}]}`, map[string]any{"id": id},
			map[string]any{"id": id, "customer_id": id, "lines": []any{map[string]any{"sku": "ABC12345", "quantity": 77}}}},
		{"POST /v1/orders", `{"customer_id": "` + id + `", "lines": [{"sku": "ABC12345", "quantity": 77}]}`, map[string]any{"customer_id": other},
			map[string]any{"customer_id": other}},
	} {
		var texts []string
		for range 2 {
			var got any
			s := New(load(t, "testdata/shop.yaml"), Options{Seed: 3, Respond: func(q *Request) *Reply {
				typ := success(q.Operation.Responses).Content[0].Value(types.Response)
				v, err := q.Complete(typ, tt.part)
				if err != nil {
					t.Fatal(err)
				}
				if bad := typ.Check(v); bad != nil {
					t.Errorf("%s of %v: %v", tt.request, tt.part, bad)
				}
				got = v
				return &Reply{Body: v}
			}})
			answer := send(t, s, tt.request, tt.body, key, "Content-Type: application/json")
			texts = append(texts, answer.text)
			for name, v := range tt.want {
				if !types.Equal(types.Get(got, name), v) {
					t.Errorf("%s of %v: got %v, want %s = %v", tt.request, tt.part, got, name, v)
				}
			}
			if answer.status/100 != 2 {
				t.Errorf("%s: %d %s", tt.request, answer.status, answer.text)
			}
		}
		if texts[0] != texts[1] {
			t.Errorf("first %s, then %s", texts[0], texts[1])
		}
	}
}

func TestCompleteFails(t *testing.T) {
	s := New(load(t, "testdata/shop.yaml"), Options{Respond: func(q *Request) *Reply {
		if v, err := q.Complete(success(q.Operation.Responses).Content[0].Value(types.Response), map[string]any{"id": 7}); err == nil {
			t.Errorf("got %v", v)
		}
		return nil
	}})
	send(t, s, "GET /v1/orders/1a2b3c4d-0000-4000-8000-000000000001", "", key)
}

// completing answers with a value of which parts were left out and made up again.
func completing(q *Request) *Reply {
	response := success(q.Operation.Responses)
	if response == nil || len(response.Content) == 0 {
		return nil
	}
	m, ok := q.call.offered(response.Content)
	if !ok || !codec.IsJSON(m.Name) {
		return nil
	}
	typ := m.Value(types.Response).Without(types.Absent)
	r := q.call.random("part", nil)
	whole, err := types.Generate(typ, r, types.GenerateOptions{})
	if err != nil {
		return nil
	}
	v, err := q.Complete(typ, part(whole, r))
	if err != nil {
		return &Reply{Status: 418, Raw: []byte(err.Error())} // which no document declares
	}
	return &Reply{Body: v}
}

// part leaves out every other member.
func part(v any, r *rand.Rand) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = part(e, r)
		}
		return out
	case map[string]any:
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if r.IntN(2) == 0 {
				out[name] = part(v[name], r)
			}
		}
		return out
	}
	return v
}
