package engine

import (
	"encoding/json"
	"strconv"

	"tenon/runtime/store"
)

// kindPack is a record of the store that holds several of the journal: what is written together costs SQLite once.
// Its data is the list of them, each with the length of its payload; its payload is theirs, one after the other.
const kindPack = "pack"

// packable bounds the payloads that share a row.
const packable = 16 << 10

// packed is one record of the journal, as it stands in a pack.
type packed struct {
	Kind string          `json:"k"`
	Key  string          `json:"n"`
	Data json.RawMessage `json:"d,omitempty"`
	Size int64           `json:"z,omitempty"`

	at span
}

// packer collects records for a row.
type packer struct {
	recs    []*buffered
	payload []byte
}

func (p *packer) add(rec *buffered) {
	p.recs = append(p.recs, rec)
	p.payload = append(p.payload, rec.payload...)
}

// take makes a row of what was collected, and adds it to rows.
func (p *packer) take(j *journal, rows []store.Change) []store.Change {
	if len(p.recs) == 0 {
		return rows
	}
	j.seq++
	in := &row{seq: j.seq, live: len(p.recs)}
	out := store.Record{Seq: j.seq, Kind: p.recs[0].kind, Key: p.recs[0].key, Data: p.recs[0].data, Payload: p.payload}
	if len(p.recs) > 1 {
		out.Kind, out.Key, out.Data = kindPack, "", p.list()
	}
	for _, rec := range p.recs {
		rec.row, rec.data, rec.payload = in, nil, nil
	}
	*p = packer{}
	return append(rows, store.Append{Run: j.run, Record: out})
}

func (p *packer) list() []byte {
	size := 2
	for _, rec := range p.recs {
		size += len(rec.key) + len(rec.data) + 40
	}
	out := append(make([]byte, 0, size), '[')
	for i, rec := range p.recs {
		if i > 0 {
			out = append(out, ',', '\n')
		}
		out = append(append(out, `{"k":"`...), rec.kind...)
		out = appendText(append(out, `","n":`...), rec.key)
		out = append(append(out, `,"d":`...), rec.data...)
		if len(rec.payload) > 0 {
			out = strconv.AppendInt(append(out, `,"z":`...), int64(len(rec.payload)), 10)
		}
		out = append(out, '}')
	}
	return append(out, ']')
}

// unpack returns the journal's records in one of the store's.
func unpack(r store.Record) ([]packed, error) {
	if r.Kind != kindPack {
		return []packed{{Kind: r.Kind, Key: r.Key, Data: r.Data, at: span{0, r.Size}}}, nil
	}
	var list []packed
	if err := json.Unmarshal(r.Data, &list); err != nil {
		return nil, err
	}
	from := int64(0)
	for i := range list {
		list[i].at = span{from, list[i].Size}
		from += list[i].Size
	}
	return list, nil
}

// Unpack returns the journal's records in one of the store's, each with its part of the payload.
func Unpack(r store.Record, payload []byte) ([]store.Record, error) {
	list, err := unpack(r)
	if err != nil {
		return nil, err
	}
	out := make([]store.Record, len(list))
	for i, x := range list {
		out[i] = store.Record{Seq: r.Seq, Kind: x.Kind, Key: x.Key, Data: x.Data, Size: x.at.size}
		if end := x.at.from + x.at.size; end <= int64(len(payload)) {
			out[i].Payload = payload[x.at.from:end]
		}
	}
	return out, nil
}
