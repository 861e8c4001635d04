package diag

import (
	"cmp"
	"slices"
)

// Apply makes as many of edits in src as do not touch each other; of two that do, the one that stands
// first in edits is made. It returns the new text and the edits made, in the order of the text.
// All edits are of the same file; those outside of src are left out.
func Apply(src []byte, edits []*Edit) (out []byte, made []*Edit) {
	for _, e := range edits {
		if e.Range.Start < 0 || e.Range.End < e.Range.Start || e.Range.End > len(src) {
			continue
		}
		if !slices.ContainsFunc(made, e.touches) {
			made = append(made, e)
		}
	}
	slices.SortFunc(made, func(a, b *Edit) int { return cmp.Compare(a.Range.Start, b.Range.Start) })
	at := 0
	for _, e := range made {
		out = append(append(out, src[at:e.Range.Start]...), e.New...)
		at = e.Range.End
	}
	return append(out, src[at:]...), made
}

// touches reports whether nothing stands between two edits, so that one may depend on the other.
func (e *Edit) touches(o *Edit) bool {
	return e.Range.Start <= o.Range.End && o.Range.Start <= e.Range.End
}
