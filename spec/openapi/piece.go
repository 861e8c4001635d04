package openapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"sort"
)

// piece is a stretch of an amended text that was taken from the document or an overlay. What lies between
// pieces is commas and colons.
type piece struct {
	out  int // where it stands in the amended text
	part int // index of the text that it was taken from
	at   int // where it stands there
	n    int // its length
}

// grow writes an amended document: its JSON text, and where each part of it comes from.
type grow struct {
	out    []byte
	pieces []piece
	parts  map[*text]int
}

func (g *grow) copy(t *text, from, to int) {
	if len(g.out)+to-from > maxSize {
		panic(errTooMuch)
	}
	part := g.parts[t]
	if i := len(g.pieces) - 1; i >= 0 {
		if p := &g.pieces[i]; p.part == part && p.at+p.n == from && p.out+p.n == len(g.out) {
			p.n += to - from
			g.out = append(g.out, t.json[from:to]...)
			return
		}
	}
	g.pieces = append(g.pieces, piece{len(g.out), part, from, to - from})
	g.out = append(g.out, t.json[from:to]...)
}

// touched reports whether l has to be put together anew, itself or in its members.
func (l *limb) touched() bool {
	l.anew = l.open && l.changed
	for i := range l.list {
		v := l.list[i].v
		if v.touched() || v.changed {
			l.anew = l.open
		}
	}
	return l.anew
}

func (g *grow) value(l *limb) {
	if !l.anew {
		g.copy(l.t, l.at, l.end)
		return
	}
	g.copy(l.t, l.at, l.at+1)
	for i := 0; i < len(l.list); i++ {
		if i > 0 {
			g.out = append(g.out, ',')
		}
		last := l.run(i)
		if last > i || l.whole(i) {
			g.copy(l.t, l.list[i].start(), l.list[last].v.end)
			i = last
			continue
		}
		w := &l.list[i]
		if w.keyEnd > 0 {
			g.copy(w.t, w.key-1, w.keyEnd+1)
			g.out = append(g.out, ':')
		}
		g.value(w.v)
	}
	g.copy(l.t, l.end-1, l.end)
}

// run returns the last of the members from i on that stand one after the other as they did.
func (l *limb) run(i int) int {
	for l.whole(i) && i+1 < len(l.list) && l.whole(i+1) && l.list[i+1].n == l.list[i].n+1 {
		i++
	}
	return i
}

// whole reports whether a member is as it was read from l's own text.
func (l *limb) whole(i int) bool {
	w := &l.list[i]
	return w.home == l.at && w.t == l.t && w.v.t == l.t && !w.v.anew && !w.v.changed
}

// start is where the member's text begins.
func (w *twig) start() int {
	if w.keyEnd > 0 {
		return w.key - 1
	}
	return w.v.at
}

// from maps a place of an amended text to the text that it was taken from.
func (t *text) from(at int) (part *text, there int, ok bool) {
	i := sort.Search(len(t.pieces), func(i int) bool { return t.pieces[i].out > at }) - 1
	if i < 0 || at >= t.pieces[i].out+t.pieces[i].n {
		return nil, 0, false
	}
	p := t.pieces[i]
	return t.parts[p.part], p.at + at - p.out, true
}

// taken is the place of an amended text in the text that it comes from. Where an overlay has given a
// member another value, that is the place of the value.
func (t *text) taken(f found) (*text, found) {
	part, at, ok := t.from(f.at)
	if !ok {
		return t.parts[0], found{node: node{t.parts[0], t.parts[0].root.at, t.parts[0].root.at + 1, ""}}
	}
	end := at + 1
	if c := f.lead(); c != '{' && c != '[' {
		end = at + f.end - f.at
	}
	g := found{node: node{part, at, end, f.ptr}}
	if f.keyEnd > 0 {
		if named, key, ok := t.from(f.key); ok && named == part {
			g.key, g.keyEnd = key, key+f.keyEnd-f.key
		}
	}
	return part, g
}

// amended is what is cached of a document with its overlays.
type amended struct {
	pieces   []piece
	json     []byte
	top      []entry
	oneSided bool
	problems [][]OverlayProblem // by overlay; those that came up while they were applied
}

const amendedHeader = "tenon amended 1\n"

// amendedKey is the cache's key for a document with overlays.
func amendedKey(document string, overlays []*Overlay) string {
	h := sha256.New()
	h.Write([]byte(document))
	for _, o := range overlays {
		h.Write([]byte(o.Digest))
		h.Write([]byte(o.Name)) // problems name it
	}
	return "amended-1-" + hex.EncodeToString(h.Sum(nil))
}

func (m *amended) seal() ([]byte, error) {
	problems, err := json.Marshal(m.problems)
	if err != nil {
		return nil, err
	}
	head := len(amendedHeader) + crc32.Size
	out := append(make([]byte, 0, head+len(m.pieces)*12+64<<10), amendedHeader...)
	out = append(out, 0, 0, 0, 0)
	side := byte(0)
	if m.oneSided {
		side = 1
	}
	out = append(out, side)
	out = binary.AppendUvarint(out, uint64(len(problems)))
	out = append(out, problems...)
	out = binary.AppendUvarint(out, uint64(len(m.json)))
	out = binary.AppendUvarint(out, uint64(len(m.pieces)))
	end := 0
	for _, p := range m.pieces {
		out = binary.AppendUvarint(out, uint64(p.out-end))
		out = append(out, m.json[end:p.out]...)
		out = binary.AppendUvarint(out, uint64(p.part))
		out = binary.AppendUvarint(out, uint64(p.at))
		out = binary.AppendUvarint(out, uint64(p.n))
		end = p.out + p.n
	}
	out = appendEntries(out, m.top, 0)
	binary.LittleEndian.PutUint32(out[len(amendedHeader):], crc32.Checksum(out[head:], castagnoli))
	return out, nil
}

// unsealAmended puts an amended document together again from the cache and its parts.
func unsealAmended(data []byte, parts []*text) (*amended, bool) {
	rest, ok := bytes.CutPrefix(data, []byte(amendedHeader))
	if !ok || len(rest) <= crc32.Size {
		return nil, false
	}
	sum, rest := binary.LittleEndian.Uint32(rest), rest[crc32.Size:]
	if crc32.Checksum(rest, castagnoli) != sum {
		return nil, false
	}
	m := &amended{oneSided: rest[0] != 0}
	r := entryReader{rest: rest[1:], limit: maxSize}
	if json.Unmarshal(r.bytes(), &m.problems) != nil || len(m.problems) != len(parts)-1 {
		return nil, false
	}
	size, count := r.number(), r.number()
	if r.failed || size > maxSize || count > len(r.rest) {
		return nil, false
	}
	m.json = make([]byte, 0, size)
	m.pieces = make([]piece, 0, count)
	for range count {
		m.json = append(m.json, r.bytes()...)
		p := piece{len(m.json), r.number(), r.number(), r.number()}
		if r.failed || p.part >= len(parts) || p.at+p.n > len(parts[p.part].json) || len(m.json)+p.n > size {
			return nil, false
		}
		m.json = append(m.json, parts[p.part].json[p.at:p.at+p.n]...)
		m.pieces = append(m.pieces, p)
	}
	r.limit = size
	m.top = r.entries(0)
	return m, !r.failed && len(r.rest) == 0 && len(m.json) == size && len(m.top) > 0
}

// bytes reads a length and as many bytes.
func (r *entryReader) bytes() []byte {
	n := r.number()
	if r.failed || n > len(r.rest) {
		r.failed = true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}
