package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Memory is a store that ends with the process.
type Memory struct {
	mu         sync.Mutex
	closed     bool
	plans      map[string][]byte
	runs       map[string]*memoryRun
	state      map[string]map[string]json.RawMessage
	seen       map[[2]string]Mark
	held       map[string]string
	doubts     []Doubt
	deliveries []*Delivery
	taken      map[int64]bool
	owned      map[string]bool
	slates     map[string][][]byte
	failed     map[string]error
}

type memoryRun struct {
	Run
	records []Record // sorted by Seq
	facts   []json.RawMessage
	undos   map[string][]Undo // by loop, in order
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		plans: map[string][]byte{}, runs: map[string]*memoryRun{}, state: map[string]map[string]json.RawMessage{},
		seen: map[[2]string]Mark{}, held: map[string]string{}, taken: map[int64]bool{},
		owned: map[string]bool{}, slates: map[string][][]byte{}, failed: map[string]error{},
	}
}

func (m *Memory) Commit(ctx context.Context, run string, changes ...Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.commit(run, changes)
}

func (m *Memory) commit(run string, changes []Change) error {
	switch {
	case m.closed:
		return ErrClosed
	case run != "" && m.failed[run] != nil:
		return m.failed[run]
	}
	begun := map[string]bool{}
	last := map[string]int64{}  // seq by run
	for _, c := range changes { // nothing is changed before all of it is known to be possible
		if err := m.possible(c, begun, last); err != nil {
			return err
		}
	}
	for _, c := range changes {
		m.apply(c)
	}
	return nil
}

func (m *Memory) Queue(run string, changes ...Change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.commit(run, changes); err != nil && m.failed[run] == nil {
		m.failed[run] = err
	}
}

func (m *Memory) Sync(ctx context.Context, run string) error { return m.Commit(ctx, run) }

// possible says what is in the way of a change that follows those which begun and last tell of.
func (m *Memory) possible(c Change, begun map[string]bool, last map[string]int64) error {
	id := ""
	switch c := c.(type) {
	case Begin:
		if m.runs[c.Run.ID] != nil || begun[c.Run.ID] {
			return fmt.Errorf("run %s: %w", c.Run.ID, ErrExists)
		}
		begun[c.Run.ID] = true
		return nil
	case Reopen:
		id = c.Run
	case End:
		id = c.Run
	case Cancel:
		id = c.Run
	case Append:
		id = c.Run
		if r := m.runs[id]; last[id] == 0 && r != nil && len(r.records) > 0 {
			last[id] = r.records[len(r.records)-1].Seq
		}
		if c.Record.Seq <= last[id] {
			return fmt.Errorf("record %d of run %s: %w", c.Record.Seq, id, ErrExists)
		}
		last[id] = c.Record.Seq
	case Trim:
		id = c.Run
	case PutUndo:
		id = c.Run
	case DropUndos:
		id = c.Run
	case Fact:
		id = c.Run
	default:
		return nil
	}
	if m.runs[id] == nil && !begun[id] {
		return fmt.Errorf("run %s: %w", id, ErrNotFound)
	}
	return nil
}

func (m *Memory) apply(c Change) {
	switch c := c.(type) {
	case PutPlan:
		if m.plans[c.Digest] == nil {
			m.plans[c.Digest], _ = c.Data()
		}
	case Begin:
		m.runs[c.Run.ID] = &memoryRun{Run: c.Run}
	case Reopen:
		r := m.runs[c.Run]
		r.Status, r.Ended, r.Outputs, r.Error, r.Cancel = Running, time.Time{}, nil, nil, false
		r.Resumed++
	case End:
		m.end(c)
	case Cancel:
		m.runs[c.Run].Cancel = true
	case Append:
		rec := c.Record
		rec.Data, rec.Payload, rec.Size = slices.Clone(rec.Data), slices.Clone(rec.Payload), int64(len(rec.Payload))
		m.runs[c.Run].records = append(m.runs[c.Run].records, rec)
	case Trim:
		r := m.runs[c.Run]
		r.records = slices.DeleteFunc(r.records, func(x Record) bool {
			return x.Seq >= c.From && x.Seq <= c.To && !slices.Contains(c.Except, x.Seq)
		})
	case PutUndo:
		m.putUndo(c)
	case DropUndos:
		r := m.runs[c.Run]
		r.undos[c.Loop] = slices.DeleteFunc(r.undos[c.Loop], func(u Undo) bool { return u.Item >= c.From && u.Item <= c.To })
	case Fact:
		m.runs[c.Run].facts = append(m.runs[c.Run].facts, slices.Clone(c.Data))
	case SetState:
		if m.state[c.Integration] == nil {
			m.state[c.Integration] = map[string]json.RawMessage{}
		}
		maps.Copy(m.state[c.Integration], c.Values)
	case Mark:
		m.seen[[2]string{c.Scope, c.Key}] = c
	case Unmark:
		delete(m.seen, [2]string{c.Scope, c.Key})
	case Release:
		if m.held[c.Name] == c.Run {
			delete(m.held, c.Name)
		}
	case Park:
		m.settle(c.Doubt.Run, c.Doubt.Key)
		m.doubts = append(m.doubts, c.Doubt)
	case Settle:
		m.settle(c.Run, c.Key)
	case Taken:
		m.taken[c.Delivery] = true
		for _, d := range m.deliveries {
			if d.ID == c.Delivery {
				d.Payload = nil
			}
		}
	}
}

func (m *Memory) putUndo(c PutUndo) {
	r := m.runs[c.Run]
	if r.undos == nil {
		r.undos = map[string][]Undo{}
	}
	list := r.undos[c.Loop]
	u := Undo{c.Undo.Item, slices.Clone(c.Undo.Data)}
	i, there := findUndo(list, u.Item)
	if there {
		list[i] = u
		return
	}
	r.undos[c.Loop] = slices.Insert(list, i, u)
}

func findUndo(list []Undo, item int64) (int, bool) {
	return slices.BinarySearchFunc(list, item, func(u Undo, item int64) int { return cmp.Compare(u.Item, item) })
}

func (m *Memory) Undos(_ context.Context, run, loop string, before int64) (out []Undo, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.runs[run]
	if r == nil {
		return nil, nil
	}
	i, _ := findUndo(r.undos[loop], before)
	for size := 0; i > 0 && size < fewUndos; size += len(out[len(out)-1].Data) {
		i--
		out = append(out, r.undos[loop][i])
	}
	return out, nil
}

func (m *Memory) Forget(_ context.Context, run string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[run]; r != nil {
		r.undos = nil
	}
	return nil
}

func (m *Memory) end(c End) {
	delete(m.slates, c.Run)
	r := m.runs[c.Run]
	r.Status, r.Ended, r.Outputs, r.Error, r.Writes = c.Status, c.At, c.Outputs, c.Error, c.Writes
	if c.Status != Interrupted && c.Status != InDoubt {
		maps.DeleteFunc(m.held, func(_, run string) bool { return run == c.Run })
	}
}

func (m *Memory) settle(run, key string) {
	m.doubts = slices.DeleteFunc(m.doubts, func(d Doubt) bool { return d.Run == run && d.Key == key })
}

func (m *Memory) Plan(_ context.Context, digest string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if p, ok := m.plans[digest]; ok {
		return p, nil
	}
	return nil, fmt.Errorf("plan %s: %w", digest, ErrNotFound)
}

func (m *Memory) Run(_ context.Context, id string) (*Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[id]; r != nil {
		out := r.Run
		return &out, nil
	}
	return nil, fmt.Errorf("run %s: %w", id, ErrNotFound)
}

func (m *Memory) Runs(_ context.Context, f Filter) ([]*Run, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*Run
	before := m.runs[f.Before]
	if f.Before != "" && before == nil {
		return nil, fmt.Errorf("run %s: %w", f.Before, ErrNotFound)
	}
	for _, r := range m.runs {
		if f.Integration != "" && r.Integration != f.Integration || len(f.Status) > 0 && !slices.Contains(f.Status, r.Status) ||
			before != nil && later(&r.Run, &before.Run) <= 0 {
			continue
		}
		c := r.Run
		out = append(out, &c)
	}
	slices.SortFunc(out, later)
	if f.Limit > 0 && len(out) > f.Limit {
		out = out[:f.Limit]
	}
	return out, nil
}

// later orders runs, the latest first.
func later(a, b *Run) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID)) }

func (m *Memory) Records(_ context.Context, run string, from int64) iter.Seq2[Record, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var records []Record
	if r := m.runs[run]; r != nil {
		records = slices.Clone(r.records)
	}
	return func(yield func(Record, error) bool) {
		for _, r := range records {
			if r.Payload = nil; r.Seq >= from && !yield(r, nil) {
				return
			}
		}
	}
}

func (m *Memory) Payload(_ context.Context, run string, seq int64) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[run]; r != nil {
		for _, x := range r.records {
			if x.Seq == seq {
				return x.Payload, nil
			}
		}
	}
	return nil, fmt.Errorf("record %d of run %s: %w", seq, run, ErrNotFound)
}

func (m *Memory) Facts(_ context.Context, run string) iter.Seq2[json.RawMessage, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var facts []json.RawMessage
	if r := m.runs[run]; r != nil {
		facts = slices.Clone(r.facts)
	}
	return func(yield func(json.RawMessage, error) bool) {
		for _, f := range facts {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (m *Memory) State(_ context.Context, integration string) (map[string]json.RawMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.state[integration]), nil
}

func (m *Memory) Seen(_ context.Context, scope, key string) (Mark, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.seen[[2]string{scope, key}], nil
}

func (m *Memory) Doubts(_ context.Context, run string) ([]Doubt, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.DeleteFunc(slices.Clone(m.doubts), func(d Doubt) bool { return run != "" && d.Run != run })
	slices.SortFunc(out, func(a, b Doubt) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Run, b.Run), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
}

func (m *Memory) Delivery(_ context.Context, id int64) (Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range m.deliveries {
		if d.ID == id {
			return *d, nil
		}
	}
	return Delivery{}, fmt.Errorf("delivery %d: %w", id, ErrNotFound)
}

func (m *Memory) Deliver(_ context.Context, d Delivery) (Delivery, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return d, false, ErrClosed
	}
	for _, x := range m.deliveries {
		if d.Key != "" && x.Hook == d.Hook && x.Key == d.Key {
			return *x, false, nil
		}
	}
	d.ID = int64(len(m.deliveries) + 1)
	if n := len(m.deliveries); n > 0 {
		d.ID = m.deliveries[n-1].ID + 1
	}
	m.deliveries = append(m.deliveries, &d)
	return d, true, nil
}

func (m *Memory) Deliveries(_ context.Context, limit int) ([]Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Delivery
	for _, d := range m.deliveries {
		if !m.taken[d.ID] && len(out) < limit {
			x := *d
			x.Data, x.Payload = nil, nil
			out = append(out, x)
		}
	}
	return out, nil
}

func (m *Memory) Hold(ctx context.Context, name, run string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return "", ErrClosed
	}
	if held := m.held[name]; held != "" && held != run {
		return held, nil
	}
	m.held[name] = run
	return "", ctx.Err()
}

func (m *Memory) Own(run, _ string) (func(), error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owned[run] {
		return nil, fmt.Errorf("run %s: %w", run, ErrInUse)
	}
	m.owned[run] = true
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.owned, run)
	}, nil
}

func (m *Memory) Slate(run string) (Slate, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memorySlate{m: m, run: run, left: m.slates[run]}, nil
}

type memorySlate struct {
	m    *Memory
	run  string
	left [][]byte
}

func (s *memorySlate) Left() [][]byte { return s.left }

func (s *memorySlate) Wipe() error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.left, s.m.slates[s.run] = nil, make([][]byte, Slots)
	return nil
}

func (s *memorySlate) Write(slot int, data []byte) error {
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	if slots := s.m.slates[s.run]; slots != nil { // else the run has ended
		slots[slot] = slices.Clone(data)
	}
	return nil
}

func (s *memorySlate) Close() error { return nil }

func (m *Memory) Active(run string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.owned[run]
}

func (m *Memory) Prune(_ context.Context, keep Keep) (Pruned, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var p Pruned
	var ended []*Run
	for _, r := range m.runs {
		if !r.Ended.IsZero() && !r.Unfinished() && r.Status != InDoubt {
			ended = append(ended, &r.Run)
		}
	}
	slices.SortFunc(ended, later)
	for i, r := range ended {
		if keep.Runs > 0 && i >= keep.Runs || keep.Age > 0 && r.Ended.Before(keep.Now.Add(-keep.Age)) {
			delete(m.runs, r.ID)
			p.Runs++
		}
	}
	used := map[string]bool{}
	for _, r := range ended {
		if x := m.runs[r.ID]; x != nil {
			x.undos = nil
		}
	}
	for _, r := range m.runs {
		used[r.Plan] = true
	}
	maps.DeleteFunc(m.plans, func(digest string, _ []byte) bool { return !used[digest] })
	maps.DeleteFunc(m.seen, func(_ [2]string, k Mark) bool {
		old := !k.Until.IsZero() && k.Until.Before(keep.Now)
		if old {
			p.Keys++
		}
		return old
	})
	before := len(m.deliveries)
	m.deliveries = slices.DeleteFunc(m.deliveries, func(d *Delivery) bool {
		return keep.Age > 0 && m.taken[d.ID] && d.At.Before(keep.Now.Add(-keep.Age))
	})
	p.Deliveries = before - len(m.deliveries)
	return p, nil
}

// Size is not known of memory.
func (m *Memory) Size(context.Context) (int64, error) { return 0, nil }

func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}
