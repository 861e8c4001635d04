package soundness

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tenon/runtime/codec"
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// author writes a project at random: an operation is called with parameters and a body that are made, as
// far as they fit, of what another one answers.
type author struct {
	r    *rand.Rand
	left int // how many values may still be written
	// sources are what expressions may read.
	sources []source
}

// source is an expression that reads something, and the type that its document declares for it.
type source struct {
	text string
	typ  *types.Type
}

func (a *author) one(in int) bool { return a.r.IntN(in) == 0 }

func pick[T any](a *author, list []T) T { return list[a.r.IntN(len(list))] }

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// member is the text that reads a property.
func member(of, name string) string {
	if identifier.MatchString(name) {
		return of + "." + name
	}
	return of + "[" + quote(name) + "]"
}

// reach lists what can be read at an expression and below it.
func (a *author) reach(text string, t *types.Type, depth int) {
	if len(a.sources) > 300 {
		return
	}
	a.sources = append(a.sources, source{text, t})
	if depth == 0 {
		return
	}
	if t.May(types.Object) {
		names := slices.Clone(t.Only(types.Object).PropertyNames())
		a.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names[:min(len(names), 25)] {
			if f := t.Field(name); f.Property != nil && f.Type != nil && f.Type.Kinds()&types.AnyJSON != 0 {
				a.reach(member(text, name), f.Type, depth-1)
			}
		}
	}
	if t.May(types.Array) {
		e := t.Only(types.Array).Elem()
		switch a.r.IntN(3) {
		case 0:
			a.reach(text+"[0]", e.With(types.Absent), depth-1)
		case 1:
			a.reach("first("+text+")", e.With(types.Absent), depth-1)
		default:
			a.reach("last("+text+")", e.With(types.Absent), depth-1)
		}
	}
}

// value writes an expression for a place that takes t.
func (a *author) value(t *types.Type, depth int) string {
	a.left--
	t = t.Without(types.Absent)
	if depth == 0 || a.left < 0 || len(a.sources) == 0 || t.Shape().Untyped {
		return a.literal(t)
	}
	switch {
	case a.one(12):
		return a.literal(t)
	case a.one(10):
		return a.any()
	case a.one(4):
		if x, ok := a.fitting(t); ok {
			return x.text
		}
	}
	var forms []func() string
	k := t.Kinds()
	if k.Has(types.Object) {
		forms = append(forms, func() string { return a.object(t, depth) })
	}
	if k.Has(types.Array) {
		forms = append(forms, func() string { return a.list(t, depth) })
	}
	if k.Has(types.String) {
		forms = append(forms, func() string { return a.text(t) })
	}
	if k.Has(types.Number) {
		forms = append(forms, func() string { return a.number(t) })
	}
	if k.Has(types.Boolean) {
		forms = append(forms, func() string { return a.condition() })
	}
	if len(forms) == 0 {
		return a.literal(t)
	}
	return pick(a, forms)()
}

// fitting is a source of which some values are in t, or all but for what may be missing.
func (a *author) fitting(t *types.Type) (source, bool) {
	var found []source
	for _, s := range a.sources {
		wrong := false
		for _, p := range types.Assign(s.typ.Without(types.Absent|types.Null), t) {
			wrong = wrong || p.Verdict == types.Wrong
		}
		if !wrong {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return source{}, false
	}
	return pick(a, found), true
}

// of is a source that may be of one of the kinds.
func (a *author) of(k types.Kind) (source, bool) {
	var found []source
	for _, s := range a.sources {
		if s.typ.May(k) && !s.typ.May(types.AnyJSON&^types.Null&^k) {
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return source{}, false
	}
	return pick(a, found), true
}

func (a *author) any() string { return pick(a, a.sources).text }

func (a *author) object(t *types.Type, depth int) string {
	s := t.Shape()
	if len(s.Objects) == 0 {
		return "{}"
	}
	alternative := pick(a, s.Objects)
	var b strings.Builder
	b.WriteString("{\n")
	for _, p := range alternative.Properties {
		if p.Type.Kinds()&types.AnyJSON == 0 || !p.Required && !a.one(4) {
			continue
		}
		fmt.Fprintf(&b, "%s = %s\n", quote(p.Name), a.maybe(p, depth-1))
	}
	if alternative.Openness == types.Open && a.one(3) {
		extra := alternative.Additional
		if extra == nil {
			extra = types.AnyString
		}
		fmt.Fprintf(&b, "\"extra_%d\" = %s\n", a.r.IntN(10), a.value(extra, depth-1))
	}
	b.WriteString("}")
	if a.one(15) {
		return "merge(" + b.String() + ", {})"
	}
	return b.String()
}

// maybe is what a property is given; an optional one may be left out at run time.
func (a *author) maybe(p *types.Property, depth int) string {
	v := a.value(p.Type, depth)
	if !p.Required && a.one(6) {
		return a.condition() + " ? " + v + " : null"
	}
	return v
}

func (a *author) list(t *types.Type, depth int) string {
	e := t.Only(types.Array).Elem()
	if s, ok := a.of(types.Array); ok && a.one(2) {
		inner := &author{r: a.r, left: min(a.left, 15)}
		inner.reach("x", s.typ.Only(types.Array).Elem(), 2)
		if len(inner.sources) > 0 {
			filter := ""
			if a.one(3) {
				filter = " if " + inner.condition()
			}
			list := s.text
			if a.one(2) {
				list = "coalesce(" + list + ", [])"
			}
			if a.one(6) {
				list = fmt.Sprintf("take(%s, %d)", list, a.r.IntN(3))
			}
			return "[for x in " + list + " : " + inner.value(e, depth-1) + filter + "]"
		}
	}
	n := 1
	for _, l := range t.Shape().Arrays {
		n = max(n, min(l.MinLen, 4))
	}
	var parts []string
	for range n {
		parts = append(parts, a.value(e, depth-1))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// text writes something that makes text, with t in mind.
func (a *author) text(t *types.Type) string {
	s, ok := a.fitting(t.Only(types.String))
	if !ok || a.one(5) {
		if s, ok = a.of(types.Scalar); !ok {
			return a.literal(t)
		}
	}
	x := s.text
	if a.one(2) {
		switch {
		case a.one(2):
			x = "coalesce(" + x + ", " + a.literal(t) + ")"
		case a.one(2):
			x = "must(" + x + ", " + quote(vouched) + ")"
		default:
			x = x + " != null ? " + x + " : " + a.literal(t)
		}
	}
	switch a.r.IntN(16) {
	case 0:
		return fmt.Sprintf("truncate(%s, %d)", x, a.limit(t))
	case 1:
		return fmt.Sprintf("truncate(\"%s ${%s}\", %d)", pick(a, words), x, a.limit(t))
	case 2:
		return fmt.Sprintf("\"%s-${%s}\"", pick(a, words), x)
	case 3:
		return pick(a, []string{"lower", "upper", "trim", "slug", "title", "url_encode", "sha256"}) + "(" + x + ")"
	case 4:
		return a.condition() + " ? " + x + " : " + a.literal(t)
	case 5:
		if m, ok := a.match(t); ok {
			return m
		}
	case 6:
		return "jsonencode(" + x + ")"
	case 7:
		return "string(" + x + ")"
	case 8:
		return "format(\"%s\", " + x + ")"
	case 9:
		if l, ok := a.of(types.Array); ok {
			return "join([for x in " + l.text + " : string(x)], \",\")"
		}
	case 10:
		if identifierPath.MatchString(s.text) {
			return "expr(\"" + s.text + " ?? '" + pick(a, words) + "'\")"
		}
	case 11:
		return "type(" + s.text + ") == \"string\" ? " + s.text + " : " + a.literal(t)
	case 12:
		return "replace(" + x + ", \"a\", \"b\")"
	}
	return x
}

var identifierPath = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

var words = []string{"north", "Ünïcode", "a b", "x", "42", "A_B", "2026-01-02", "a@b.example"}

// limit is a length for truncate: the one that t allows, or about that.
func (a *author) limit(t *types.Type) int {
	for _, s := range t.Shape().Strings {
		if s.MaxLen > 0 && !a.one(4) {
			return s.MaxLen + a.r.IntN(3)*a.r.IntN(2)
		}
	}
	return a.r.IntN(40) + 1
}

// match maps an enum of a source to values of t.
func (a *author) match(t *types.Type) (string, bool) {
	var enums []source
	for _, s := range a.sources {
		if c, ok := s.typ.Only(types.String).Constants(); ok && len(c) > 0 && len(c) < 15 && !s.typ.May(types.AnyJSON&^types.Null&^types.String) {
			enums = append(enums, s)
		}
	}
	if len(enums) == 0 {
		return "", false
	}
	s := pick(a, enums)
	constants, _ := s.typ.Only(types.String).Constants()
	x := s.text
	if s.typ.May(types.Absent | types.Null) {
		x = "coalesce(" + x + ", " + literal(constants[0]) + ")"
	}
	var b strings.Builder
	b.WriteString("match(" + x + ", {")
	skipped := false
	for i, c := range constants {
		if i > 0 && a.one(4) {
			skipped = true
			continue
		}
		fmt.Fprintf(&b, " %s = %s,", literal(c), a.literal(t))
	}
	b.WriteString(" }")
	if skipped || a.one(4) {
		b.WriteString(", " + a.literal(t))
	}
	return b.String() + ")", true
}

func (a *author) number(t *types.Type) string {
	s, ok := a.of(types.Number)
	if !ok {
		if l, ok := a.of(types.Array); ok {
			return "len(" + l.text + ")"
		}
		return a.literal(t)
	}
	x := s.text
	if a.one(2) {
		x = "coalesce(" + x + ", " + strconv.Itoa(a.r.IntN(100)) + ")"
	}
	switch a.r.IntN(12) {
	case 0:
		return x + " + 1"
	case 1:
		return "clamp(" + x + ", " + strconv.Itoa(a.r.IntN(3)) + ", " + strconv.Itoa(3+a.r.IntN(100)) + ")"
	case 2:
		return "round(decimal(" + x + ") * 100)"
	case 3:
		return "round(" + x + ")"
	case 4:
		return x + " - " + x
	case 5:
		return a.condition() + " ? " + x + " : " + a.literal(t)
	case 6:
		return "max(" + x + ", 1)"
	case 7:
		return "abs(" + x + ")"
	case 8:
		return x + " * 3"
	case 9:
		return x + " / 2"
	case 10:
		return "min([" + x + ", 10])"
	}
	return x
}

func (a *author) condition() string {
	s, ok := a.of(types.Scalar)
	if !ok {
		return "true"
	}
	if s.typ.Without(types.Absent | types.Null).Is(types.Boolean) {
		switch a.r.IntN(3) {
		case 0:
			return "coalesce(" + s.text + ", false)"
		case 1:
			return s.text + " == true"
		}
	}
	switch a.r.IntN(5) {
	case 0:
		return s.text + " != null"
	case 1:
		return s.text + " == " + a.literal(s.typ.Only(types.Scalar))
	case 2:
		return "(" + s.text + " != null && " + s.text + " != " + a.literal(s.typ.Only(types.Scalar)) + ")"
	case 3:
		return "type(" + s.text + ") == \"string\""
	}
	return s.text + " == null"
}

// literal is a value of t.
func (a *author) literal(t *types.Type) string {
	v, err := types.Generate(t, a.r, types.GenerateOptions{Items: 1, Values: 8})
	if err != nil {
		return "null"
	}
	return literal(v)
}

func literal(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case []any:
		var parts []string
		for _, e := range v {
			parts = append(parts, literal(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		var b strings.Builder
		b.WriteString("{")
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for i, name := range names {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, " %s = %s", quote(name), literal(v[name]))
		}
		return b.String() + " }"
	}
	if types.IsMissing(v) {
		return "null"
	}
	text, err := types.AppendJSON(nil, v)
	if err != nil {
		return "null"
	}
	return string(text)
}

func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case (r == '$' || r == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(r)
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// call writes the attributes of a step that calls an operation.
func (a *author) call(api string, op *openapi.Operation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "call = %s[%s]\n", api, quote(op.Name().Key()))
	var params strings.Builder
	for _, p := range op.Parameters {
		if !p.Required && !a.one(5) {
			continue
		}
		name := p.Name
		if slices.ContainsFunc(op.Parameters, func(q *openapi.Parameter) bool { return q != p && q.Name == p.Name }) {
			name = p.In + ":" + p.Name
		}
		fmt.Fprintf(&params, "%s = %s\n", quote(name), a.value(p.Type, 2))
	}
	if params.Len() > 0 {
		fmt.Fprintf(&b, "params = {\n%s}\n", params.String())
	}
	if m := written(op); m != nil && (op.Body.Required || !a.one(4)) {
		fmt.Fprintf(&b, "body = %s\n", a.value(m.Value(types.Request).Without(types.File), 5))
	}
	return b.String()
}

// written is the form that a body is written in; nil if there is none.
func written(op *openapi.Operation) *openapi.MediaType {
	if op.Body == nil {
		return nil
	}
	for _, m := range op.Body.Content {
		if codec.IsJSON(m.Name) {
			return m
		}
	}
	for _, m := range op.Body.Content {
		if codec.Supported(m.Name) {
			return m
		}
	}
	return nil
}

// answer is the JSON that an operation answers with; nil if it does not declare any.
func answer(op *openapi.Operation) *types.Type {
	for _, r := range op.Responses {
		if len(r.Status) == 3 && r.Status[0] == '2' {
			for _, m := range r.Content {
				if m.JSON() {
					return m.Type
				}
			}
			return nil
		}
	}
	return nil
}

// afterwards writes a step whose answer is lost and found by what another operation answers, a step that uses what was
// found, and a failure, after which the first is undone.
func (a *author) afterwards(from, to *stock, target *openapi.Operation) string {
	call := a.call(to.api, target)
	finder := pick(a, from.readers)
	find := &author{r: a.r, left: 20, sources: a.sources}
	finding := find.call(from.api, finder)
	find.sources = nil
	find.reach("response.body", answer(finder), 4)
	recovery := ""
	if a.one(2) && written(finder) == nil {
		recovery = fmt.Sprintf("recover {\n%sfound = response.status == 200\nbody = %s\nwait = \"1ms\"\n}\n", finding, find.value(answer(target), 5))
	}
	after := &author{r: a.r, left: 40}
	after.reach("step.target.body", answer(target), 4)
	undo := after.call(to.api, pick(a, slices.DeleteFunc(slices.Clone(to.all), func(op *openapi.Operation) bool { return !writes(op) })))
	use := after.call(to.api, pick(a, to.all))
	return fmt.Sprintf("step \"target\" {\n%s%sundo {\n%s}\n}\nstep \"use\" {\n%s}\n"+
		"step \"end\" {\nvalue = 1\ndepends_on = [step.use]\ncheck \"end\" {\nassert = step.end.value > 1\n}\n}\n", call, recovery, undo, use)
}

func writes(op *openapi.Operation) bool { return op.Method != "GET" && op.Method != "HEAD" }
