package trial

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"tenon/spec/types"
)

// Difference is a place where a value is not the one that is expected.
type Difference struct {
	Path     string `json:"path"`               // "outputs.lines[2].sku"
	Expected string `json:"expected,omitempty"` // as JSON, cut where it is long; "": nothing is expected there
	Got      string `json:"got,omitempty"`      // the same; "": there is nothing
}

// String is the difference as a clause.
func (d Difference) String() string {
	switch {
	case d.Expected == "":
		return fmt.Sprintf("%s: expected nothing, got %s", d.Path, d.Got)
	case d.Got == "":
		return fmt.Sprintf("%s: expected %s, got nothing", d.Path, d.Expected)
	}
	return fmt.Sprintf("%s: expected %s, got %s", d.Path, d.Expected, d.Got)
}

// maxDifferences bounds what is told of two values, shownValue what is told of one, in bytes.
const (
	maxDifferences = 20
	shownValue     = 200
)

// compare lists how got differs from want, both plain JSON values, or types.Missing.
func compare(path string, want, got any) []Difference {
	var out []Difference
	differ(path, want, got, &out)
	return out
}

func differ(path string, want, got any, out *[]Difference) {
	if len(*out) >= maxDifferences || types.Equal(want, got) && types.IsMissing(want) == types.IsMissing(got) {
		return
	}
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			for _, name := range slices.Sorted(maps.Keys(merged(w, g))) {
				differ(member(path, name), at(w, name), at(g, name), out)
			}
			return
		}
	case []any:
		if g, ok := got.([]any); ok {
			differLists(path, w, g, out)
			return
		}
	}
	*out = append(*out, Difference{path, shown(want), shown(got)})
}

// differLists compares element by element, but for what both begin and end with: one element that is missing at the
// front is one difference.
func differLists(path string, want, got []any, out *[]Difference) {
	front := 0
	for front < min(len(want), len(got)) && types.Equal(want[front], got[front]) {
		front++
	}
	back := 0
	for back < min(len(want), len(got))-front && types.Equal(want[len(want)-1-back], got[len(got)-1-back]) {
		back++
	}
	if len(want) != len(got) {
		*out = append(*out, Difference{path, elements(len(want)), elements(len(got))})
	}
	w, g := want[front:len(want)-back], got[front:len(got)-back]
	for i := range max(len(w), len(g)) {
		a, b := any(types.Missing), any(types.Missing)
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		differ(fmt.Sprintf("%s[%d]", path, front+i), a, b, out)
	}
}

func elements(n int) string {
	if n == 1 {
		return "a list of 1"
	}
	return fmt.Sprintf("a list of %d", n)
}

func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

func at(object map[string]any, name string) any {
	if v, ok := object[name]; ok {
		return v
	}
	return types.Missing
}

func member(path, name string) string {
	below := types.Path([]string{name})
	if path == "" || strings.HasPrefix(below, "[") {
		return path + below
	}
	return path + "." + below
}

// shown is a value as JSON on one line, cut where it is long.
func shown(v any) string {
	if types.IsMissing(v) {
		return ""
	}
	text, err := types.AppendJSON(nil, v)
	if err != nil {
		return types.Shapeof(v)
	}
	return cut(string(text), shownValue)
}

// shownWhole is a value as JSON, whole.
func shownWhole(v any) string {
	if types.IsMissing(v) {
		return ""
	}
	text, err := types.AppendJSON(nil, v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}

// plain is v as JSON has it: times and bytes become text, and what is absent in objects is left out.
func plain(v any) (any, error) {
	if types.IsMissing(v) {
		return v, nil
	}
	text, err := types.AppendJSON(nil, v)
	if err != nil {
		return nil, err
	}
	return types.DecodeJSON(text, types.Limits{})
}
