package openapi

import (
	"bytes"
	"net/url"
	"slices"
	"strings"
)

// References lists what other files a file of a document refers to by $ref: relative paths or URLs,
// without fragments, each once. The error is a [*LoadError]. Nothing says that what is listed exists: a
// $ref in an example is listed too.
func References(name string, src []byte) ([]string, error) {
	d := newDocument("", Options{})
	t, err := d.parse(name, src, "")
	if err != nil {
		return nil, err
	}
	var out []string
	mark := []byte(`"$ref"`)
	for rest := t.json; ; {
		i := bytes.Index(rest, mark)
		if i < 0 {
			return out, nil
		}
		rest = rest[i+len(mark):]
		value := bytes.TrimLeft(rest, " \t\r\n")
		value, ok := bytes.CutPrefix(value, []byte(":"))
		if value = bytes.TrimLeft(value, " \t\r\n"); !ok || len(value) == 0 || value[0] != '"' {
			continue
		}
		s := scanner{b: value}
		end := s.text(0)
		if s.fault != nil {
			continue
		}
		file, _, _ := strings.Cut(unquote(value[:end]), "#")
		if plain, err := url.PathUnescape(file); err == nil && !strings.Contains(file, "://") {
			file = plain
		}
		if file != "" && !slices.Contains(out, file) && len(out) < maxFiles {
			out = append(out, file)
		}
	}
}
