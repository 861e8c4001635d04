package openapi

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// A cache entry is a header, a checksum of what follows, the canonical JSON with its length before it
// (nothing for a JSON document, which is its own) and the index. In front of them a byte says whether it is one-sided. The version in the header and in the
// key changes whenever the meaning of an entry does.
const (
	cacheHeader = "tenon openapi 2\n"
	cachePrefix = "openapi-2-"
)

// Below these sizes, in bytes, reading a document again is cheaper than reading a cache.
const (
	minCachedJSON = 1 << 20
	minCachedYAML = 8 << 10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// prepared is what is cached of a file.
type prepared struct {
	json []byte // nil: the file's own text
	top  []entry
	// oneSided is said of the JSON, see [oneSided]
	oneSided bool
}

// cacheKey is the key for a file with the given digest.
func cacheKey(digest string) string { return cachePrefix + strings.TrimPrefix(digest, "sha256:") }

// cached returns what the cache has of a file with that digest, whose text is src.
func (d *Document) cached(digest string, src []byte) (prepared, bool) {
	if d.opt.Cache == nil {
		return prepared{}, false
	}
	data, ok := d.opt.Cache.Get(cacheKey(digest))
	if !ok {
		return prepared{}, false
	}
	return unseal(data, src)
}

// keep puts a file that was prepared into the cache, if it was dear.
func (d *Document) keep(digest string, src []byte, p prepared) {
	least := minCachedJSON
	if p.json != nil {
		least = minCachedYAML
	}
	if d.opt.Cache != nil && len(src) >= least {
		d.opt.Cache.Put(cacheKey(digest), seal(p))
	}
}

func seal(p prepared) []byte {
	head := len(cacheHeader) + crc32.Size
	out := make([]byte, head, head+len(p.json)+len(p.json)/8+64<<10)
	copy(out, cacheHeader)
	side := byte(0)
	if p.oneSided {
		side = 1
	}
	out = append(out, side)
	out = binary.AppendUvarint(out, uint64(len(p.json)))
	out = append(out, p.json...)
	out = appendEntries(out, p.top, 0)
	binary.LittleEndian.PutUint32(out[len(cacheHeader):], crc32.Checksum(out[head:], castagnoli))
	return out
}

func unseal(data, src []byte) (p prepared, ok bool) {
	rest, ok := bytes.CutPrefix(data, []byte(cacheHeader))
	if !ok || len(rest) <= crc32.Size {
		return p, false
	}
	sum, rest := binary.LittleEndian.Uint32(rest), rest[crc32.Size:]
	if crc32.Checksum(rest, castagnoli) != sum {
		return p, false
	}
	p.oneSided, rest = rest[0] != 0, rest[1:]
	n, size := binary.Uvarint(rest)
	if size <= 0 || n > uint64(len(rest)-size) {
		return p, false
	}
	text := src
	if rest = rest[size:]; n > 0 {
		p.json, rest = rest[:n:n], rest[n:]
		text = p.json
	}
	r := entryReader{rest: rest, limit: len(text)}
	p.top = r.entries(0)
	return p, !r.failed && len(r.rest) == 0 && len(p.top) > 0
}

// appendEntries writes entries as distances, each from the end of what came before it.
func appendEntries(out []byte, list []entry, from int) []byte {
	out = binary.AppendUvarint(out, uint64(len(list)))
	for i := range list {
		e := &list[i]
		partial := uint64(0)
		if e.partial {
			partial = 1
		}
		out = binary.AppendUvarint(out, uint64(e.key-from)<<1|partial)
		out = binary.AppendUvarint(out, uint64(e.keyEnd-e.key))
		out = binary.AppendUvarint(out, uint64(e.at-e.keyEnd))
		out = binary.AppendUvarint(out, uint64(e.end-e.at))
		out = appendEntries(out, e.sub, e.at)
		from = e.end
	}
	return out
}

// entryReader reads what appendEntries wrote, and fails on anything that cannot be an index of a text
// of limit bytes.
type entryReader struct {
	rest   []byte
	limit  int
	count  int
	failed bool
}

func (r *entryReader) number() int {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > 4*maxSize {
		r.failed = true
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

func (r *entryReader) entries(from int) []entry {
	n := r.number()
	if r.count += n; n > len(r.rest) || r.count > maxEntries {
		r.failed = true
	}
	if n == 0 || r.failed {
		return nil
	}
	list := make([]entry, n)
	for i := range list {
		e := &list[i]
		key := r.number()
		e.key, e.partial = from+key>>1, key&1 == 1
		e.keyEnd = e.key + r.number()
		e.at = e.keyEnd + r.number()
		e.end = e.at + r.number()
		if e.end > r.limit {
			r.failed = true
			return nil
		}
		e.sub = r.entries(e.at)
		from = e.end
	}
	return list
}
