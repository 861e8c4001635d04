package codec

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"tenon/spec/types"
)

// pair is one name=value of a query, form or cookie. Raw is the value before it was unescaped: what
// separates elements is found there.
type pair struct {
	name, value, raw string
}

const maxPairs = 100_000

// splitPairs reads name=value pairs separated by ampersands.
func splitPairs(s string) ([]pair, error) {
	var out []pair
	for part := range strings.SplitSeq(s, "&") {
		if part == "" {
			continue
		}
		if len(out) == maxPairs {
			return nil, errorf(TooLarge, "more than %d names and values", maxPairs)
		}
		rawName, raw, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			return nil, errorf(Malformed, "%q is not percent-encoded as it must be", excerpt([]byte(rawName)))
		}
		value, err := url.QueryUnescape(raw)
		if err != nil {
			return nil, errorf(Malformed, "the value of %.100q is not percent-encoded as it must be", name)
		}
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, errorf(Malformed, "%q is not in UTF-8", excerpt([]byte(part)))
		}
		out = append(out, pair{name, value, raw})
	}
	return out, nil
}

// decodeFlat reads a form of which no type is known.
func decodeFlat(content []byte) (any, error) {
	ps, err := splitPairs(string(content))
	if err != nil {
		return nil, err
	}
	return flat(ps), nil
}

// flat is the object that pairs make without types: strings, and lists of them where a name repeats.
func flat(ps []pair) map[string]any {
	out := make(map[string]any, len(ps))
	for _, p := range ps {
		switch was := out[p.name].(type) {
		case nil:
			out[p.name] = p.value
		case string:
			out[p.name] = []any{was, p.value}
		case []any:
			out[p.name] = append(was, p.value)
		}
	}
	return out
}

// DecodeForm reads application/x-www-form-urlencoded content as a value of t, which says which text is
// a number, a boolean, a list or an object. Names that t does not declare are kept, so that checking
// the value against t reports them. Errors are [*Error]; that the value fits t is for the caller to
// check.
func DecodeForm(content []byte, t *types.Type, encoding map[string]Encoding) (any, error) {
	ps, err := splitPairs(string(content))
	if err != nil {
		return nil, err
	}
	r := newReader(ps, url.QueryUnescape)
	out := map[string]any{}
	for _, name := range t.PropertyNames() {
		v, err := r.property(name, t.Field(name).Type, encoding[name])
		if err != nil {
			return nil, err
		}
		if !types.IsMissing(v) {
			out[name] = v
		}
	}
	return out, r.rest(out, t)
}

// pairReader finds what belongs to one name and remembers what was used.
type pairReader struct {
	pairs    []pair
	used     []bool
	byName   map[string][]int // indices of pairs by their whole name
	byRoot   map[string][]int // and by what stands before the first bracket
	unescape func(string) (string, error)
}

func newReader(ps []pair, unescape func(string) (string, error)) *pairReader {
	r := &pairReader{pairs: ps, used: make([]bool, len(ps)), byName: map[string][]int{}, byRoot: map[string][]int{}, unescape: unescape}
	for i, p := range ps {
		r.byName[p.name] = append(r.byName[p.name], i)
		if root, _, nests := strings.Cut(p.name, "["); nests {
			r.byRoot[root] = append(r.byRoot[root], i)
		}
	}
	return r
}

// take gives those of the pairs that nobody took before.
func (r *pairReader) take(indices []int) []pair {
	var out []pair
	for _, i := range indices {
		if !r.used[i] {
			r.used[i] = true
			out = append(out, r.pairs[i])
		}
	}
	return out
}

// named takes the pairs of this very name.
func (r *pairReader) named(name string) []pair { return r.take(r.byName[name]) }

// nested takes the pairs of this name and of this name with brackets behind it.
func (r *pairReader) nested(name string) []pair {
	root, _, _ := strings.Cut(name, "[")
	var below []int
	for _, i := range r.byRoot[root] {
		if n := r.pairs[i].name; strings.HasPrefix(n, name+"[") && strings.HasSuffix(n, "]") {
			below = append(below, i)
		}
	}
	return append(r.named(name), r.take(below)...)
}

func (r *pairReader) has(name string) bool {
	return slices.ContainsFunc(r.byName[name], func(i int) bool { return !r.used[i] })
}

// property reads one property of a form.
func (r *pairReader) property(name string, t *types.Type, e Encoding) (any, error) {
	if e.Style != "" {
		return r.styled(name, e.Style, e.Explode, t)
	}
	ps := r.named(name)
	if len(ps) == 0 {
		return types.Missing, nil
	}
	kinds := t.Kinds()
	if kinds.Has(types.Array) && kinds.Has(types.Null) && len(ps) == 1 && ps[0].value == "" && !t.Elem().Contains("") {
		return nil, nil // as null is written
	}
	if kinds.Has(types.Array) && (len(ps) > 1 || !kinds.Has(types.Scalar|types.Object)) {
		list := make([]any, len(ps))
		for i, p := range ps {
			list[i] = formValue(p.value, t.Elem(), e.ContentType)
		}
		return list, nil
	}
	if len(ps) > 1 {
		return nil, repeated(name)
	}
	return formValue(ps[0].value, t, e.ContentType), nil
}

// formValue reads a value whose style is not declared: JSON where that is meant, else a scalar.
func formValue(s string, t *types.Type, contentType string) any {
	kinds := t.Kinds()
	if IsJSON(contentType) || kinds.Has(types.Object|types.Array) && !kinds.Has(types.String) {
		if v, err := types.DecodeJSON([]byte(s), types.Limits{}); err == nil {
			return v
		}
	}
	return scalar(s, t)
}

func repeated(name string) *Error {
	return errorf(Malformed, "%.100q is given more than once, but is not a list", name)
}

// styled reads a value in one of the styles of queries and forms.
func (r *pairReader) styled(name, style string, explode bool, t *types.Type) (any, error) {
	if style == "deepObject" {
		return r.deep(name, t)
	}
	kinds := t.Kinds()
	if explode && kinds.Has(types.Object) && (!kinds.Has(types.Scalar|types.Array) || !r.has(name)) {
		return r.spread(t)
	}
	ps := r.named(name)
	switch {
	case len(ps) == 0:
		return types.Missing, nil
	case kinds.Has(types.Array) && explode && (len(ps) > 1 || !kinds.Has(types.Scalar)):
		list := make([]any, len(ps))
		for i, p := range ps {
			list[i] = scalar(p.value, t.Elem())
		}
		return list, nil
	case len(ps) > 1:
		return nil, repeated(name)
	}
	return r.delimited(ps[0].raw, style, t, kinds)
}

// spread reads an exploded object, whose properties stand on their own.
func (r *pairReader) spread(t *types.Type) (any, error) {
	out := map[string]any{}
	for _, name := range t.PropertyNames() {
		ps := r.named(name)
		if len(ps) > 1 {
			return nil, repeated(name)
		}
		if len(ps) == 1 {
			out[name] = scalar(ps[0].value, t.Field(name).Type)
		}
	}
	if len(out) == 0 {
		return types.Missing, nil
	}
	return out, nil
}

// delimited reads a list or object that is written as one text, else a scalar.
func (r *pairReader) delimited(raw, style string, t *types.Type, kinds types.Kind) (any, error) {
	parts := splitRaw(raw, style)
	for i, p := range parts {
		s, err := r.unescape(p)
		if err != nil {
			return nil, errorf(Malformed, "a value is not percent-encoded as it must be")
		}
		parts[i] = s
	}
	return assemble(parts, t, kinds, func() (any, error) {
		s, err := r.unescape(raw)
		return scalar(s, t), err
	})
}

func splitRaw(raw, style string) []string {
	switch style {
	case "spaceDelimited":
		return strings.Split(strings.ReplaceAll(strings.ReplaceAll(raw, "%20", " "), "+", " "), " ")
	case "pipeDelimited":
		return strings.Split(strings.NewReplacer("%7C", "|", "%7c", "|").Replace(raw), "|")
	}
	return strings.Split(raw, ",")
}

// assemble makes a list or an object of its parts, as t wants it; single makes anything else.
func assemble(parts []string, t *types.Type, kinds types.Kind, single func() (any, error)) (any, error) {
	switch {
	case kinds.Has(types.Array) && (len(parts) > 1 || !kinds.Has(types.Scalar)):
		list := make([]any, len(parts))
		for i, p := range parts {
			list[i] = scalar(p, t.Elem())
		}
		return list, nil
	case kinds.Has(types.Object) && len(parts)%2 == 0:
		out := map[string]any{}
		for i := 0; i < len(parts); i += 2 {
			out[parts[i]] = scalar(parts[i+1], member(t, parts[i]))
		}
		return out, nil
	}
	return single()
}

// member is the type of one property of t, for reading its text.
func member(t *types.Type, name string) *types.Type {
	f := t.Field(name)
	if f.Type == nil || f.Found == types.Undeclared || f.Found == types.Forbidden {
		return nil
	}
	return f.Type
}

// rest adds what no declared property took.
func (r *pairReader) rest(out map[string]any, t *types.Type) error {
	for i, p := range r.pairs {
		if r.used[i] {
			continue
		}
		name, _, nests := strings.Cut(p.name, "[")
		if !nests || name == "" {
			name = p.name
		}
		declared := t.Field(name).Property != nil
		if _, known := out[name]; known || declared && name != p.name {
			return errorf(Malformed, "%.100q is not written in the way that is declared for %.100q", p.name, name)
		}
		if !nests && !declared && len(r.byName[name]) > 1 { // nothing says that it is no list
			list := []any{}
			for _, p := range r.named(name) {
				list = append(list, p.value)
			}
			out[name] = list
			continue
		}
		v, err := r.deep(name, member(t, name))
		if err != nil {
			return err
		}
		if types.IsMissing(v) { // brackets that nest nothing are part of the name
			name, v = p.name, p.value
			r.used[i] = true
		}
		out[name] = v
	}
	return nil
}
