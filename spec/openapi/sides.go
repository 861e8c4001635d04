package openapi

import (
	"bytes"

	"tenon/spec/types"
)

// oneSided reports whether a JSON text may have properties that answers lack (writeOnly), itself or in
// other files that it refers to. It looks at every byte once, so it may take mere prose for them.
func oneSided(json []byte) bool {
	if bytes.Contains(json, []byte(`\u00`)) {
		return true // names may be written in escapes
	}
	for rest := json; ; {
		i := bytes.IndexByte(rest, 'O')
		if i < 0 {
			break
		}
		if bytes.HasSuffix(rest[:i], []byte("write")) && bytes.HasPrefix(rest[i:], []byte("Only")) {
			return true
		}
		rest = rest[i+1:]
	}
	for rest := json; ; {
		i := bytes.IndexByte(rest, '$')
		if i < 0 {
			return false
		}
		rest = rest[i+1:]
		if target, ok := bytes.CutPrefix(rest, []byte(`ref"`)); ok {
			target = bytes.TrimLeft(target[:min(len(target), 64)], " \t\r\n:")
			if !bytes.HasPrefix(target, []byte(`"#`)) {
				return true
			}
		}
	}
}

// side is the direction in which a schema is read for dir. Where answers lack nothing, a schema means
// the same in them as by its name: it is one type then, and a value of it fits without being compared.
func (d *Document) side(dir types.Direction) types.Direction {
	if dir == types.Response && !d.main.oneSided {
		return types.BothWays
	}
	return dir
}
