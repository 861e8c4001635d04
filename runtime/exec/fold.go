package exec

import (
	"cmp"
	"fmt"
	"slices"

	"tenon/spec/types"
)

// fold is one aggregate under way. What it comes to does not depend on the order in which items end: sums
// are exact, and where the order matters it is that of the items.
type fold struct {
	n    int       // values taken
	sum  int       // of integers, while it fits
	wide types.Num // of all else
	best any       // of min, max, first, last
	at   int       // index of best
	list []placed
}

type placed struct {
	at int
	v  any
}

// add takes the value of the item with index at. Absent values are passed over; null too, but for list,
// first and last. count takes every value but false.
func (f *fold) add(how string, at int, v any) error {
	keepsNull := how == "list" || how == "first" || how == "last"
	if types.IsMissing(v) || v == nil && !keepsNull || how == "count" && v == false {
		return nil
	}
	f.n++
	switch how {
	case "sum":
		return f.plus(v)
	case "list":
		f.list = append(f.list, placed{at, v})
	case "min", "max":
		return f.compare(how, at, v)
	case "first":
		f.take(f.n == 1 || at < f.at, at, v)
	case "last":
		f.take(f.n == 1 || at > f.at, at, v)
	}
	return nil
}

func (f *fold) take(better bool, at int, v any) {
	if better {
		f.best, f.at = v, at
	}
}

func (f *fold) plus(v any) error {
	if i, ok := v.(int); ok {
		if s := f.sum + i; (s > f.sum) == (i > 0) {
			f.sum = s
			return nil
		}
	}
	n, ok := types.NumOf(v)
	if !ok {
		return fmt.Errorf("%s cannot be added", types.Shapeof(v))
	}
	var err error
	f.wide, err = f.wide.Add(n)
	return err
}

func (f *fold) compare(how string, at int, v any) error {
	if f.n == 1 {
		f.take(true, at, v)
		return nil
	}
	order, ok := types.Compare(v, f.best)
	if !ok {
		return fmt.Errorf("%s and %s have no order", types.Shapeof(v), types.Shapeof(f.best))
	}
	if how == "max" {
		order = -order
	}
	f.take(order < 0 || order == 0 && at < f.at, at, v)
	return nil
}

// result is what the values came to; absent where nothing can be said without one.
func (f *fold) result(how string) any {
	switch how {
	case "sum":
		total, err := f.wide.Add(mustNum(f.sum))
		if err != nil {
			return types.Missing
		}
		return total.Canonical()
	case "count":
		return f.n
	case "list":
		slices.SortFunc(f.list, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
		out := make([]any, len(f.list))
		for i, p := range f.list {
			out[i] = p.v
		}
		return out
	}
	if f.n == 0 {
		return types.Missing
	}
	return f.best
}

func mustNum(i int) types.Num { n, _ := types.NumOf(i); return n }
