package engine

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"tenon/runtime/exec"
	"tenon/runtime/store"
)

// Design of notes
//
//	items    items of a loop that are over: [[index, note], …]
//	mark     all that a loop has come to; it replaces the loop's items and marks before it
//	tally    the same but for what its lists hold: that is in the items, which stay
//	undone   what undos that are dropped came to
//
// When an item is over, the records of its requests are of no use any more: those that still wait to be written
// never are, and the others are trimmed together with the next mark, in one transaction. So the journal of a loop
// does not grow with the number of its items, but for the values of its lists. Items that stay have rows of their own, so
// that those of requests can go.

const (
	kindItems = "items"
	kindMark  = "mark"
	kindTally = "tally"
)

// part is a record that belongs to an item.
type part struct {
	step string
	rec  *buffered
}

// parts are the records of items that are not over, by the items' places.
type parts struct {
	at     map[string][]part
	within map[string][]string // places of inner loops' items
}

// place finds the op and the item in a record's key: "step.x" and "3.0" in "wait step.x[3.0]:undo".
func place(key string) (step, at string, ok bool) {
	key = key[strings.LastIndexByte(key, ' ')+1:]
	i := strings.IndexByte(key, '[')
	j := strings.IndexByte(key, ']')
	if i < 0 || j < i {
		return "", "", false
	}
	return key[:i], key[i+1 : j], true
}

// outside finds the op in a key of no item: "step.x" in "wait step.x:undo"; "" in that of an item.
func outside(key string) string {
	key = key[strings.LastIndexByte(key, ' ')+1:]
	if i := strings.IndexAny(key, "[:#"); i >= 0 && key[i] == '[' {
		return ""
	} else if i >= 0 {
		key = key[:i]
	}
	return key
}

// among reports whether a step is one of some, or in a run within the run that one of them carries out.
func among(step string, steps map[string]bool) bool {
	for !steps[step] {
		i := strings.LastIndexByte(step, '/')
		if i < 0 {
			return false
		}
		step = step[:i]
	}
	return true
}

func (p *parts) add(rec *buffered) {
	step, at, ok := place(rec.key)
	if !ok {
		return
	}
	if p.at == nil {
		p.at, p.within = map[string][]part{}, map[string][]string{}
	}
	known := p.known(at)
	p.at[at] = append(p.at[at], part{step, rec})
	for i := strings.LastIndexByte(at, '.'); i >= 0 && !known; i = strings.LastIndexByte(at, '.') {
		outer := at[:i]
		known = p.known(outer)
		p.within[outer] = append(p.within[outer], at)
		at = outer
	}
}

func (p *parts) known(at string) bool { return p.at[at] != nil || p.within[at] != nil }

// take removes the parts of an item that are of certain ops, those of inner items included, if gone says so.
func (p *parts) take(at string, steps map[string]bool, gone func(*buffered) bool) {
	within := slices.DeleteFunc(p.within[at], func(inner string) bool {
		p.take(inner, steps, gone)
		return !p.known(inner)
	})
	if len(within) == 0 {
		delete(p.within, at)
	} else {
		p.within[at] = within
	}
	if p.at[at] == nil {
		return
	}
	left := slices.DeleteFunc(p.at[at], func(x part) bool {
		return among(x.step, steps) && gone(x.rec)
	})
	if p.at[at] = left; len(left) == 0 {
		delete(p.at, at)
	}
}

// of reports whether the part is something that one of some ops did.
func (x part) of(steps map[string]bool) bool {
	return x.rec.kind != kindStopped && among(x.step, steps)
}

// has reports whether anything at a place, or in items within it, belongs to certain ops.
func (p *parts) has(at string, steps map[string]bool) bool {
	return slices.ContainsFunc(p.at[at], func(x part) bool { return x.of(steps) }) ||
		slices.ContainsFunc(p.within[at], func(inner string) bool { return p.has(inner, steps) })
}

// items are those directly within a place of which something belongs to certain ops.
func (p *parts) items(place string, steps map[string]bool) map[string]bool {
	out := map[string]bool{}
	if place != "" {
		for _, at := range p.within[place] {
			if p.has(at, steps) {
				out[at[len(place)+1:]] = true
			}
		}
		return out
	}
	for at, list := range p.at {
		if slices.ContainsFunc(list, func(x part) bool { return x.of(steps) }) {
			first, _, _ := strings.Cut(at, ".")
			out[first] = true
		}
	}
	return out
}

// Begun looks in what earlier processes left, and this one, which has not asked before it begins something.
func (h *host) Begun(steps []string, place string) (here bool, items map[string]bool) {
	h.j.mu.Lock()
	defer h.j.mu.Unlock()
	if h.j.begun == nil {
		return false, nil
	}
	set := make(map[string]bool, len(steps))
	for _, s := range steps {
		set[s] = true
	}
	if place == "" {
		for s := range h.j.begun {
			here = here || among(s, set)
		}
	} else {
		here = slices.ContainsFunc(h.j.parts.at[place], func(x part) bool { return x.of(set) })
	}
	return here, h.j.parts.items(place, set)
}

func (h *host) Stop(key string) {
	if err := h.j.put(kindStopped, kindStopped+" "+key, struct{}{}, nil); err != nil {
		h.j.stop(err)
	}
}

func (h *host) Stopped(key string) bool { return h.j.take(kindStopped+" "+key) != nil }

// execution is one execution of a loop, as the journal has it.
type execution struct {
	j      *journal
	key    string
	place  string
	inside map[string]bool
}

func (h *host) execution(key string, steps []string) execution {
	x := execution{j: h.j, key: key, inside: map[string]bool{}}
	_, x.place, _ = place(key)
	for _, s := range steps {
		x.inside[s] = true
	}
	return x
}

// notes are those of one execution of a loop.
type notes struct {
	execution
	lists bool
	noted []*buffered // records of this loop
	open  *buffered   // the last of them, if it is not written yet
	since int         // items since the last mark
	spent int         // pages before this one are forgotten
}

// Loop opens a loop's notes.
func (h *host) Loop(key string, steps []string, lists bool) exec.Notes {
	return &notes{execution: h.execution(key, steps), lists: lists}
}

func (n *execution) item(i int) string {
	if n.place == "" {
		return strconv.Itoa(i)
	}
	return n.place + "." + strconv.Itoa(i)
}

func (n *notes) Recall(mark func([]byte) error, item func(int, []byte) (bool, error)) error {
	n.j.mu.Lock()
	old := n.j.loops[n.key]
	delete(n.j.loops, n.key)
	n.j.mu.Unlock()
	for _, marks := range []bool{true, false} {
		for _, rec := range old {
			if marks == (rec.kind == kindItems) {
				continue
			}
			var data json.RawMessage
			if err := n.j.read(n.key, rec.data, &data); err != nil {
				return err
			}
			n.noted = append(n.noted, rec)
			if marks {
				if err := mark(data); err != nil {
					return err
				}
			} else if err := n.recallItems(data, item); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *notes) recallItems(data []byte, item func(int, []byte) (bool, error)) error {
	var list [][2]json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for _, x := range list {
		i, err := strconv.Atoi(string(x[0]))
		if err != nil {
			return err
		}
		undos, err := item(i, x[1])
		if err != nil {
			return err
		}
		n.j.mu.Lock()
		n.over(i, undos)
		n.j.mu.Unlock()
	}
	return nil
}

// over forgets what belongs to an item. If undos of it rest, what they came to in earlier processes stays. The lock is held.
func (n *execution) over(i int, undos bool) {
	n.j.parts.take(n.item(i), n.inside, func(rec *buffered) (gone bool) {
		if undos && rec.earlier && rec.ofUndo() {
			return false
		}
		n.j.bury(rec)
		if rec.kind == kindUndone {
			delete(n.j.undone, rec.key)
		} else {
			delete(n.j.entries, rec.key) // where it stays all the same
		}
		return true
	})
}

// ofUndo reports whether it is of an undo, as "step.x[3]:undo" is, or of several.
func (rec *buffered) ofUndo() bool {
	return rec.kind == kindUndone || strings.Contains(rec.key, "]:undo")
}

func (n *notes) Item(i int, data []byte, undos bool) (due bool) {
	j := n.j
	j.mu.Lock()
	defer j.mu.Unlock()
	n.over(i, undos)
	if n.open == nil || n.open.row != nil {
		n.open = j.buffer(kindItems, n.key, []byte{'['}, nil)
		if n.lists {
			n.open.stays = asResult
		}
		j.belongs(n.open)
		n.noted = append(n.noted, n.open)
	} else {
		n.open.data = append(n.open.data, ',')
	}
	n.open.data = strconv.AppendInt(append(n.open.data, '['), int64(i), 10)
	n.open.data = append(append(append(n.open.data, ','), data...), ']')
	if len(j.buf) >= crowded || len(n.open.data) > store.InlineMax {
		j.flush()
	}
	n.since++
	return n.since >= j.every
}

func (n *notes) Mark(data []byte, read string, page int) {
	j := n.j
	j.mu.Lock()
	defer j.mu.Unlock()
	kind, stay := kindMark, n.noted[:0]
	if n.lists {
		kind = kindTally
	}
	for _, rec := range n.noted {
		if n.lists && rec.kind == kindItems {
			stay = append(stay, rec)
		} else {
			j.bury(rec)
		}
	}
	for n.spent = max(n.spent, 2); n.spent < page; n.spent++ {
		key := read + "#" + strconv.Itoa(n.spent)
		if rec := j.pages[key]; rec != nil {
			j.bury(rec)
			delete(j.pages, key)
		}
	}
	rec := j.buffer(kind, n.key, j.guard(n.key, data), nil)
	j.belongs(rec)
	n.since = 0
	n.open, n.noted = nil, append(stay, rec)
	j.flush()
	for _, t := range j.graves() {
		j.add(t)
	}
}

// bury notes that a record is of no use any more. The lock is held.
func (j *journal) bury(rec *buffered) {
	if rec.dropped || j.whole && rec.kind != kindItems && rec.kind != kindMark && rec.kind != kindWorked && rec.kind != kindUndone {
		return
	}
	rec.dropped = true
	if rec.row == nil {
		return // and never will be written
	}
	if rec.row.live--; rec.row.live == 0 {
		j.dead = append(j.dead, rec.row.seq)
	}
}

// graves are the trims of what is dead. The lock is held.
func (j *journal) graves() []store.Change {
	slices.Sort(j.dead)
	var out []store.Change
	for i := 0; i < len(j.dead); {
		from := i
		for i++; i < len(j.dead) && j.dead[i] <= j.dead[i-1]+1; i++ {
		}
		out = append(out, store.Trim{Run: j.run, From: j.dead[from], To: j.dead[i-1]})
	}
	j.dead = j.dead[:0]
	return out
}
