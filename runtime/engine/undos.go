package engine

import (
	"context"

	"tenon/runtime/exec"
	"tenon/runtime/store"
)

// kindUndone is a record of what those undos of a loop came to that are dropped.
const kindUndone = "undone"

// undos are those of one execution of a loop. They rest in the store, in a table of their own, from which they are read in
// the order of the items. What undos ask is in the journal as what any op asks is, until they are dropped.
type undos struct {
	execution
	gone []int // dropped since the last tally
}

// Undos opens those of a loop.
func (h *host) Undos(key string, steps []string) exec.Undos {
	h.j.mu.Lock()
	defer h.j.mu.Unlock()
	h.j.undoes = true
	return &undos{execution: h.execution(key, steps)}
}

func (u *undos) Put(n int, data []byte) {
	j := u.j
	data = j.guard(u.key, data)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.add(store.PutUndo{Run: j.run, Loop: u.key, Undo: store.Undo{Item: int64(n), Data: data}})
	if len(j.buf) >= crowded {
		j.flush()
	}
}

func (u *undos) Before(n int) ([]exec.Undoing, error) {
	j := u.j
	j.mu.Lock()
	j.flush()
	j.mu.Unlock()
	list, err := j.store.Undos(context.Background(), j.run, u.key, int64(n))
	out := make([]exec.Undoing, len(list))
	for i, x := range list {
		if err == nil {
			out[i].N = int(x.Item)
			out[i].Data, err = j.unguard(u.key, x.Data)
		}
	}
	if err != nil {
		j.stop(err)
	}
	return out, err
}

func (u *undos) Drop(n int) (due bool) {
	u.gone = append(u.gone, n)
	return len(u.gone) >= u.j.every
}

// Tally forgets what was dropped together with what it came to: a run that goes on does one or has the other.
func (u *undos) Tally(data []byte) {
	j := u.j
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, n := range u.gone { // the last comes first
		u.over(n, false)
		if last := i == len(u.gone)-1 || u.gone[i+1] != n-1; !last {
			continue
		}
		from := n
		for ; i > 0 && u.gone[i-1] == u.gone[i]+1; i-- {
		}
		j.add(store.DropUndos{Run: j.run, Loop: u.key, From: int64(from), To: int64(u.gone[i])})
	}
	u.gone = u.gone[:0]
	if old := j.undone[u.key]; old != nil {
		j.bury(old)
	}
	rec := j.buffer(kindUndone, u.key, j.guard(u.key, data), nil)
	rec.stays = asResult
	j.belongs(rec)
	j.flush()
	for _, t := range j.graves() {
		j.add(t)
	}
}

func (u *undos) Came() ([]byte, error) {
	j := u.j
	j.mu.Lock()
	rec := j.undone[u.key]
	j.mu.Unlock()
	if rec == nil {
		return nil, nil
	}
	data, err := j.unguard(u.key, rec.data)
	if err != nil {
		j.stop(err)
	}
	return data, err
}
