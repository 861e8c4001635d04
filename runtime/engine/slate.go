package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"

	"tenon/runtime/exec"
	"tenon/runtime/store"
)

// Design of the slate
//
// A blind write whose intent is on disk, and of which nothing else is known, must count as sent. So it could not wait
// for the disk with many others: after a crash all of them would be in doubt. But a process that is killed leaves
// more behind than what was synced: its run has a slate (store.Slate), which outlives it, though not the machine, and costs
// next to nothing. A blind write that waits ahead of its turn stands there as held. Before its first byte is sent it is wiped
// off, and what came of it is written in its place as soon as that is known, until the journal has it on disk.
//
// After a kill, what is held was not sent, and an outcome on the slate is as good as one in the journal: in doubt is what
// was under way, and no more. After a power cut the slate says nothing, and what it does not say counts as sent: then
// everything ahead is in doubt.
//
// Its first slot has the number of the journal's latest row, and has it before the row is written: a slate that is behind
// its journal is not the one that was written last, and says nothing.

// kindAhead is what the slate says of a write that was not sent yet.
const kindAhead = "ahead"

// slate is that of a run. The lock of its journal is that of its fields, too.
type slate struct {
	store.Slate         // nil: there is none
	free        []int   // slots
	over        []*line // of which what came of them is on its way to the store
}

// line is what the slate says about one write.
type line struct {
	slot  int
	flush int64 // with which what came of it goes to the store
}

// openSlate opens the run's slate. It still says what it says. The lock is held.
func (j *journal) openSlate() error {
	s, err := j.store.Slate(j.run)
	if err == nil {
		j.slate = &slate{Slate: s}
	}
	return err
}

// wipe empties the slate. The lock is held.
func (s *slate) wipe(seq int64) error {
	if s.Slate == nil {
		return nil
	}
	if err := s.Wipe(); err != nil {
		return err
	}
	for slot := store.Slots - 1; slot > 0; slot-- {
		s.free = append(s.free, slot)
	}
	return s.date(seq)
}

func (s *slate) date(seq int64) error { return s.Write(0, strconv.AppendInt(nil, seq, 10)) }

// date notes which row is the journal's latest, before the store has it. The lock is held.
func (j *journal) date() {
	if j.slate == nil || j.slate.Slate == nil {
		return
	}
	if err := j.slate.date(j.seq); err != nil {
		j.stop(err)
	}
}

// close leaves the slate as it is.
func (j *journal) close() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.slate != nil && j.slate.Slate != nil {
		j.slate.Close()
		j.slate.Slate = nil
	}
}

// hold puts a blind write that may wait ahead of its turn on the slate. nil: it does not stand there, and must wait in its place.
func (j *journal) hold(r *exec.Request) (*line, error) {
	if !r.Blind || r.Yield == nil || r.Stream != nil {
		return nil, nil
	}
	slot, err := j.slot()
	if slot == 0 || err != nil {
		return nil, err
	}
	return &line{slot: slot}, j.slate.Write(slot, written(kindAhead, r.Key, nil, nil))
}

// slot takes a slot that is free; 0: none is.
func (j *journal) slot() (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.slate == nil {
		if err := j.openSlate(); err != nil {
			return 0, err
		}
		if err := j.slate.wipe(j.seq); err != nil {
			return 0, err
		}
	}
	n := len(j.slate.free)
	if n == 0 {
		return 0, nil
	}
	slot := j.slate.free[n-1]
	j.slate.free = j.slate.free[:n-1]
	return slot, nil
}

// release wipes a write off the slate that is now sent.
func (j *journal) release(l *line) error {
	if l == nil {
		return nil
	}
	return j.slate.Write(l.slot, nil)
}

// settle adds a record of what came of a write. If the slate has a line about the write, it stands there, too, until the
// store has it.
func (j *journal) settle(l *line, kind, key string, data, payload []byte) (err error) {
	fits := true
	if l != nil {
		text := written(kind, key, data, payload)
		if fits = len(text) <= store.SlotSize; fits {
			err = j.slate.Write(l.slot, text)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.belongs(j.buffer(kind, key, data, payload))
	if l != nil {
		l.flush = j.flushes + 1
		j.slate.over = append(j.slate.over, l)
	}
	switch {
	case !fits:
		j.soon()
	case len(j.buf) >= crowded:
		j.flush()
	}
	return err
}

// forget frees what the store has on disk. The lock is held.
func (s *slate) forget(flushes int64) {
	if s == nil {
		return
	}
	n := 0
	for _, l := range s.over {
		if l.flush > flushes {
			s.over[n] = l
			n++
		} else {
			s.free = append(s.free, l.slot)
		}
	}
	s.over = s.over[:n]
}

// written is a record as it stands on the slate.
func written(kind, key string, data, payload []byte) []byte {
	if data == nil {
		data = []byte("{}")
	}
	p := packer{recs: []*buffered{{kind: kind, key: key, data: data, payload: payload}}}
	return append(p.list(), payload...)
}

// readSlate puts into the journal what an earlier process left on the slate.
func (j *journal) readSlate(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.openSlate(); err != nil || j.slate.Slate == nil {
		return err
	}
	if left := j.slate.Left(); len(left) > 0 && j.dated(left[0]) {
		for _, text := range left[1:] {
			j.recallLine(text)
		}
		if err := j.store.Sync(ctx, j.run); err != nil {
			return err
		}
	}
	return j.slate.wipe(j.seq)
}

// dated reports whether a slate is not behind the journal.
func (j *journal) dated(text []byte) bool {
	seq, err := strconv.ParseInt(string(text), 10, 64)
	return err == nil && seq >= j.seq
}

// recallLine notes what the slate says of a write, if the journal does not know. The lock is held.
func (j *journal) recallLine(text []byte) {
	var list []packed
	dec := json.NewDecoder(bytes.NewReader(text))
	if dec.Decode(&list) != nil || len(list) != 1 {
		return
	}
	x, payload := list[0], text[dec.InputOffset():]
	e := j.entries[x.Key]
	if e == nil || e.kind != kindIntent || x.Size != int64(len(payload)) {
		return
	}
	delete(j.entries, x.Key)
	if x.Kind == kindAhead {
		x.Kind = kindUnsent
	}
	rec := j.buffer(x.Kind, x.Key, x.Data, payload)
	j.belongs(rec)
	j.flush() // so that it has a row of its own
	if x.Kind != kindUnsent {
		j.entries[x.Key] = &entry{kind: x.Kind, data: x.Data, seq: rec.row.seq, at: span{0, x.Size}}
	}
}
