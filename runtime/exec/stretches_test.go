package exec

import (
	"testing"

	"pgregory.net/rapid"
)

// TestStretches holds a set of stretches to one of its members.
func TestStretches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s stretches
		want := map[int]bool{}
		for _, n := range rapid.SliceOf(rapid.IntRange(0, 30)).Draw(t, "added") {
			s.add(n)
			want[n] = true
		}
		for n := range 32 {
			if s.has(n) != want[n] {
				t.Fatalf("%d: %v in %+v", n, s.has(n), s)
			}
		}
		last := s.below - 1
		for _, x := range s.beyond {
			if x[0] <= last+1 || x[1] < x[0] {
				t.Fatalf("%+v", s)
			}
			last = x[1]
		}
		if want[s.below] {
			t.Fatalf("below is too small in %+v", s)
		}
	})
}
