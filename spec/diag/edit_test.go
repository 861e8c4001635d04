package diag

import (
	"testing"

	"tenon/spec/source"
)

func TestApply(t *testing.T) {
	edit := func(start, end int, text string) *Edit {
		return &Edit{Range: source.Range{File: "f", Start: start, End: end}, New: text}
	}
	for _, test := range []struct {
		name  string
		edits []*Edit
		want  string
		made  int
	}{
		{"none", nil, "abcdef", 0},
		{"in any order", []*Edit{edit(4, 6, "Y"), edit(0, 1, "XX")}, "XXbcdY", 2},
		{"insertion and removal", []*Edit{edit(3, 3, "-"), edit(5, 6, "")}, "abc-de", 2},
		{"the first of two that overlap", []*Edit{edit(1, 3, "X"), edit(2, 5, "Y")}, "aXdef", 1},
		{"side by side counts as touching", []*Edit{edit(1, 3, "X"), edit(3, 5, "Y")}, "aXdef", 1},
		{"the same one twice", []*Edit{edit(2, 2, "!"), edit(2, 2, "!")}, "ab!cdef", 1},
		{"outside", []*Edit{edit(4, 9, "X"), edit(-1, 2, "X"), edit(3, 2, "X")}, "abcdef", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, made := Apply([]byte("abcdef"), test.edits)
			if string(got) != test.want || len(made) != test.made {
				t.Errorf("got %q with %d edits, want %q with %d", got, len(made), test.want, test.made)
			}
		})
	}
}

func TestNear(t *testing.T) {
	for _, test := range []struct {
		name       string
		candidates []string
		nearest    string
		message    string
	}{
		{"totla", []string{"total", "note"}, "total", "?"},
		{"userID", []string{"user_id", "userId"}, "", `? Did you mean "userId" or "user_id"?`},
		{"getOrdes", []string{"getOrder", "getOrders", "getOrders"}, "", `? Did you mean "getOrder" or "getOrders"?`},
		{"getOrdersX", []string{"getOrder", "getOrders"}, "getOrders", "?"},
		{"a", []string{"b", "c", "d", "e"}, "", "?"},
		{"xyz", []string{"total"}, "", "?"},
		{"same", []string{"same"}, "", "?"},
	} {
		if got := Nearest(test.name, test.candidates); got != test.nearest {
			t.Errorf("Nearest(%q, %q) = %q, want %q", test.name, test.candidates, got, test.nearest)
		}
		d := &Diagnostic{Message: "?"}
		if d.Wonder(test.name, test.candidates); test.nearest == "" && d.Message != test.message {
			t.Errorf("%q: %s, want %s", test.name, d.Message, test.message)
		}
	}
}
