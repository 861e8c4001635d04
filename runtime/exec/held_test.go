package exec

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestHeldUndos holds that undos which were put in about the order of their items come out the last first, as they were.
func TestHeldUndos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var h heldUndos
		items := rapid.IntRange(0, 6*packful).Draw(t, "items")
		late := rapid.SliceOfN(rapid.IntRange(0, 6*packful), 0, 20).Draw(t, "late")
		var last []int
		put := func(n int) { h.Put(n, fmt.Appendf(nil, "undo of item %d", n)) }
	next:
		for n := range items {
			for _, x := range late {
				if x == n {
					last = append(last, n)
					continue next
				}
			}
			put(n)
		}
		for _, n := range last {
			put(n)
		}
		for {
			list, err := h.Before(items)
			if err != nil {
				t.Fatal(err)
			}
			if len(list) == 0 {
				break
			}
			for _, x := range list {
				if items--; x.N != items || string(x.Data) != fmt.Sprintf("undo of item %d", items) {
					t.Fatalf("%d: %q, and %d is due", x.N, x.Data, items)
				}
			}
		}
		if items != 0 {
			t.Errorf("%d did not come", items)
		}
	})
}
