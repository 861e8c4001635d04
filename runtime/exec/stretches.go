package exec

import (
	"slices"
)

// stretches is a set of indexes most of which are next to each other: all before below, and those from and to which its
// other members say.
type stretches struct {
	below  int
	beyond [][2]int // in order, with gaps between them
}

func (s *stretches) has(n int) bool {
	_, in := s.find(n)
	return n < s.below || in
}

// find is the place of the stretch that n is in, or would be.
func (s *stretches) find(n int) (int, bool) {
	return slices.BinarySearchFunc(s.beyond, n, func(x [2]int, n int) int {
		switch {
		case x[1] < n:
			return -1
		case x[0] > n:
			return 1
		}
		return 0
	})
}

func (s *stretches) add(n int) { s.addAll(n, n) }

// addAll adds all from one index to another. None of them is in s, or all are.
func (s *stretches) addAll(from, to int) {
	if s.has(from) {
		return
	}
	i, _ := s.find(from)
	if i > 0 && s.beyond[i-1][1] == from-1 {
		i--
		s.beyond[i][1] = to
	} else {
		s.beyond = slices.Insert(s.beyond, i, [2]int{from, to})
	}
	if i+1 < len(s.beyond) && s.beyond[i+1][0] == to+1 {
		s.beyond[i][1] = s.beyond[i+1][1]
		s.beyond = slices.Delete(s.beyond, i+1, i+2)
	}
	if s.beyond[0][0] == s.below {
		s.below = s.beyond[0][1] + 1
		s.beyond = slices.Delete(s.beyond, 0, 1)
	}
}
