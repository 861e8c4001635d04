package exec

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"io"
	"slices"
	"sync"

	"github.com/klauspost/compress/flate"
)

// heldUndos are undos in memory, for hosts that keep none. They are as alike as the requests of a loop are, so those of
// several hundred items are packed together, which takes a few dozen bytes for each.
type heldUndos struct {
	mu    sync.Mutex
	loose []Undoing
	packs []packedUndos
}

type packedUndos struct {
	last int // the greatest N in it
	data []byte
}

// packful is how many are packed together.
const packful = 512

func (h *heldUndos) Put(n int, data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.loose = append(h.loose, Undoing{n, data}); len(h.loose) < 2*packful {
		return
	}
	slices.SortFunc(h.loose, byItem)
	h.packs = append(h.packs, packUndos(h.loose[:packful]))
	h.loose = append(h.loose[:0:0], h.loose[packful:]...)
}

func byItem(a, b Undoing) int { return cmp.Compare(a.N, b.N) }

// Before takes out what it gives.
func (h *heldUndos) Before(int) ([]Undoing, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for {
		below := -1 // what is before it may not be the last
		for _, p := range h.packs {
			below = max(below, p.last)
		}
		slices.SortFunc(h.loose, byItem)
		from, _ := slices.BinarySearchFunc(h.loose, below+1, func(x Undoing, n int) int { return cmp.Compare(x.N, n) })
		if from < len(h.loose) || len(h.packs) == 0 {
			out := slices.Clone(h.loose[from:])
			slices.Reverse(out)
			h.loose = h.loose[:from]
			return out, nil
		}
		i := slices.IndexFunc(h.packs, func(p packedUndos) bool { return p.last == below })
		list, err := h.packs[i].unpack()
		if err != nil {
			return nil, err
		}
		h.loose = append(h.loose, list...)
		h.packs = slices.Delete(h.packs, i, i+1)
	}
}

func (h *heldUndos) Drop(int) bool         { return false }
func (h *heldUndos) Tally([]byte)          {}
func (h *heldUndos) Came() ([]byte, error) { return nil, nil }

// heldOne is one of them, where they are few.
type heldOne struct {
	N    int             `json:"n"`
	Data json.RawMessage `json:"d"`
}

func heldOf(list []heldOne) *heldUndos {
	h := &heldUndos{}
	for _, x := range list {
		h.loose = append(h.loose, Undoing{x.N, x.Data})
	}
	return h
}

// packUndos packs some, of which the last is last.
func packUndos(list []Undoing) packedUndos {
	var text []byte
	for _, x := range list {
		text = binary.AppendUvarint(text, uint64(x.N))
		text = binary.AppendUvarint(text, uint64(len(x.Data)))
		text = append(text, x.Data...)
	}
	return packedUndos{list[len(list)-1].N, pack(text)}
}

func (p packedUndos) unpack() (out []Undoing, err error) {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(p.data)))
	if err != nil {
		return nil, err
	}
	for len(text) > 0 {
		n, a := binary.Uvarint(text)
		size, b := binary.Uvarint(text[a:])
		text = text[a+b:]
		out = append(out, Undoing{int(n), text[:size:size]})
		text = text[size:]
	}
	return out, nil
}
