package check

import (
	"maps"
	"slices"

	"tenon/spec/lang"
	"tenon/spec/source"
)

// effects are the apis that an operation reads and writes, counting everything inside a for_each.
type effects struct {
	reads, writes map[string]bool
	barrier       bool // nothing overtakes it, in either direction
}

func (n *stage) effects() effects {
	e := effectsOf([]*stage{n})
	e.barrier = n.step != nil && n.step.Wait != nil
	return e
}

func effectsOf(nodes []*stage) effects {
	e := effects{reads: map[string]bool{}, writes: map[string]bool{}}
	for _, n := range nodes {
		n.addEffects(e)
	}
	return e
}

func (n *stage) addEffects(e effects) {
	for i, c := range n.calls {
		if c.op == nil {
			continue
		}
		safe := c.op.safe()
		if i == 0 && n.op.Call != nil {
			safe = n.op.Call.Safe
		}
		if safe {
			e.reads[c.op.api.model.Name] = true
		} else {
			e.writes[c.op.api.model.Name] = true
		}
	}
	if n.runs != nil {
		maps.Copy(e.reads, n.runs.effects.reads)
		maps.Copy(e.writes, n.runs.effects.writes)
	}
	if n.inner != nil {
		for _, x := range n.inner.nodes {
			x.addEffects(e)
		}
	}
}

// order sets After of the operations of a block, which come in an order in which they could run one
// after the other: what refers to something waits for it; what writes waits for everything written
// before it; what reads an api waits for the writes to that api written before it.
func (f *flow) order(sequence []*stage) {
	position := map[*stage]int{}
	if len(sequence) > 0 {
		for i, n := range sequence[0].home.nodes {
			position[n] = i
		}
	}
	all := make([]effects, len(sequence))
	for i, n := range sequence {
		all[i] = n.effects()
	}
	f.displaced(sequence, all, position, needed(sequence))
	index := map[*stage]int{}
	reach := make([]bitset, len(sequence)) // what has run for certain before
	for i, n := range sequence {
		index[n] = i
		waits := newBitset(len(sequence))
		for _, on := range n.needs {
			if j, ok := index[on.on]; ok {
				waits.set(j)
			}
		}
		for j := range i {
			if all[i].waitsFor(all[j]) && !independent(sequence[j], n) {
				waits.set(j)
			}
		}
		reach[i] = newBitset(len(sequence))
		for j := i - 1; j >= 0; j-- {
			if !waits.has(j) || reach[i].has(j) {
				continue
			}
			n.op.After = append(n.op.After, sequence[j].op.ID)
			reach[i].set(j)
			reach[i].add(reach[j])
		}
		slices.Reverse(n.op.After)
	}
}

// waitsFor reports whether something with these effects stays behind something written before it.
func (e effects) waitsFor(earlier effects) bool {
	if len(e.writes) > 0 || e.barrier || earlier.barrier {
		return true
	}
	for api := range e.reads {
		if earlier.writes[api] {
			return true
		}
	}
	return false
}

// independent reports whether two operations are free of the order they are written in: they stand in
// different branches of a parallel block, or in different cases of a switch.
func independent(a, b *stage) bool {
	for _, x := range a.branches {
		for _, y := range b.branches {
			if x.parallel == y.parallel && x.item != y.item {
				return true
			}
		}
	}
	for _, x := range a.cases {
		for _, y := range b.cases {
			if x.sw == y.sw && x.index != y.index {
				return true
			}
		}
	}
	return false
}

// displaced reports operations that run before others that are written before them, where that order
// is meant to be kept: something even earlier needs their result.
func (f *flow) displaced(sequence []*stage, all []effects, position map[*stage]int, needs []bitset) {
	for i, n := range sequence {
		for j := i + 1; j < len(sequence); j++ {
			x := sequence[j]
			if position[x] > position[n] || !all[i].waitsFor(all[j]) || independent(n, x) || len(all[j].writes) == 0 {
				continue
			}
			if len(all[i].writes) == 0 && needs[j].has(i) {
				continue // a read that is merely written below what it is read for
			}
			who, at := f.firstNeed(n, sequence, position)
			d := f.diags.Add(lang.WriteOrder, at, "%s needs %s, which is written after %s and has to come after it.", who.op.ID, n.op.ID, x.op.ID)
			d.Explain("What writes keeps the order it is written in, and nothing overtakes a write to the API that it reads. Move %s above %s.", n.op.ID, who.op.ID)
			d.Relate(n.decl.Header, "%s", n.op.ID)
			break
		}
	}
}

// needed lists for each operation what it needs, directly or not.
func needed(sequence []*stage) []bitset {
	index := map[*stage]int{}
	out := make([]bitset, len(sequence))
	for i, n := range sequence {
		index[n] = i
		out[i] = newBitset(len(sequence))
		for _, on := range n.needs {
			if j, ok := index[on.on]; ok {
				out[i].set(j)
				out[i].add(out[j])
			}
		}
	}
	return out
}

// firstNeed finds the operation, written before n, that needs it.
func (f *flow) firstNeed(n *stage, sequence []*stage, position map[*stage]int) (*stage, source.Range) {
	first, at := n, n.decl.Header
	for _, x := range sequence {
		if position[x] >= position[first] {
			continue
		}
		for _, on := range x.needs {
			if on.on == n {
				first, at = x, on.at
			}
		}
	}
	return first, at
}

// bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (s bitset) set(i int)      { s[i/64] |= 1 << (i % 64) }
func (s bitset) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s bitset) add(o bitset) {
	for i := range o {
		s[i] |= o[i]
	}
}
