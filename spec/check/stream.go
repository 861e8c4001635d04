package check

import (
	"tenon/spec/expression"
	"tenon/spec/media"
	"tenon/spec/plan"
)

// sequence reports whether the answer is one item after another, not read page by page.
func (a *answer) sequence() bool { return a.item != nil && a.element == nil }

// download notes that an expression only sends on the bytes that a step answers. It reports whether that is all.
func (f *flow) download(u expression.Use, at site) bool {
	n := f.nodes[u.Key]
	if n == nil || n.answer == nil || !u.Carried || len(u.Path) != 1 || u.Path[0] != "body" || !n.downloads() || n.substituted() || len(n.fallbacks) > 0 {
		return false
	}
	n.answer.carried = true
	return true
}

// downloads reports whether a step's only success are bytes, which it may be asked for again.
func (n *stage) downloads() bool {
	a := n.answer
	if !a.call.Safe || a.element != nil || n.op.Call != a.call || n.step.Repeat != nil {
		return false
	}
	successes := 0
	for _, r := range a.received {
		if !r.Success {
			continue
		}
		if successes++; len(r.Content) != 1 || media.FormOf(r.Content[0].ContentType) != media.Bytes {
			return false
		}
	}
	return successes > 0
}

// streams settles which answers are read while they are used: items that one for_each goes through, and bytes
// that are only sent on. What is read elsewhere, too, is held in memory.
func (f *flow) streams(n *stage) {
	a := n.answer
	if a == nil {
		return
	}
	if a.sequence() && (a.used || a.list || n.consumer != nil) {
		a.call.Items = &plan.Items{Stream: n.consumer != nil && !a.list && !a.whole && n.step.Repeat == nil}
	}
	switch {
	case a.carried && !a.whole:
		a.call.Download = true
	case a.carried:
		a.readPart([]string{"body"})
	}
}
