package expression

import (
	"time"

	"tenon/spec/types"
)

// The conversions that happen without being written: time to text where a date or date-time is
// expected, scalars to text where that is how they travel, and nulls that an optional property which
// is not nullable leaves out. A fit says where in a value they apply; fits are a table, so that
// recursive types need no end.

// fit is one node of such a table.
type fit struct {
	Time  string         `json:"time,omitempty"`  // format of the text that a time becomes
	Text  bool           `json:"text,omitempty"`  // scalars become text
	Props map[string]int `json:"props,omitempty"` // the fits of properties that need one
	Drop  []string       `json:"drop,omitempty"`  // properties that a null leaves out
	Items int            `json:"items,omitempty"` // the fit of elements and additional properties; 0: none
	Rest  bool           `json:"rest,omitempty"`  // Items is about additional properties, too
}

// convert makes v fit its place where the language converts, and gives it the type it has afterwards.
func (c *checker) convert(v value, w *want) value {
	if w.typ.Shape().Untyped {
		return v
	}
	f := &fitter{seen: map[[2]*types.Type]int{}, text: w.top.AsText}
	f.table = append(f.table, fit{})
	root, t := f.node(v.typ, w.typ, 0)
	if root == 0 {
		return v
	}
	used := c.use(v)
	v.code = &code{op: opCall, at: c.at(v.node), name: "fit", val: fits{f.table, root}, args: []*code{used}}
	v.typ = t
	if v.known {
		if x, message := runNow("fit", v.code.val, []any{v.value}); message == "" {
			v.value, v.code = x, &code{op: opConst, at: c.at(v.node), val: x}
		}
	}
	return v
}

type fits struct {
	Table []fit `json:"table"`
	Root  int   `json:"root"`
}

type fitter struct {
	table []fit
	seen  map[[2]*types.Type]int
	text  bool
	steps int
}

const (
	maxFits     = 2000
	maxFitSteps = 20_000 // recursive types with several ways into themselves have no end otherwise
)

// node returns the fit that makes a value of from one of to, 0 when none is needed, and the type of the result.
func (f *fitter) node(from, to *types.Type, depth int) (int, *types.Type) {
	if f.steps++; f.steps > maxFitSteps {
		return 0, from // what does not fit is told, or found while running
	}
	if from == to || to.Shape().Untyped || from.Shape().Untyped && !f.text || isInvalid(from) || isInvalid(to) || depth > 40 || len(f.table) > maxFits {
		return 0, from
	}
	pair := [2]*types.Type{from, to}
	if i, ok := f.seen[pair]; ok {
		return i, from
	}
	i := len(f.table)
	f.table = append(f.table, fit{})
	f.seen[pair] = i
	var x fit
	t := from
	if from.May(types.Time) && !to.May(types.Time) && to.May(types.String) {
		x.Time = "date-time"
		if hasFormat(to, "date") {
			x.Time = "date"
		}
		t = types.Union(t.Without(types.Time), formatted(x.Time))
	}
	if kinds := from.Kinds() & (types.Number | types.Boolean | types.Duration); f.text && kinds != 0 && to.May(types.String) && !to.May(kinds) &&
		!hasFormat(to, "date-time", "date", "uuid", "email") { // which no number or boolean writes
		x.Text = true
		t = types.Union(t.Without(kinds), asText([]*types.Type{t.Only(kinds)}))
	}
	if from.May(types.Array) && to.May(types.Array) {
		n, item := f.node(elemOf(from), elemOf(to), depth+1)
		if x.Items = n; n != 0 && item != elemOf(from) {
			low, high := lengths(from)
			t = types.Union(t.Without(types.Array), listType2(item, low, high))
		}
	}
	if from.May(types.Object) && to.May(types.Object) {
		f.object(&x, from, to, depth)
	}
	if x.Time == "" && !x.Text && x.Items == 0 && len(x.Props) == 0 && len(x.Drop) == 0 {
		delete(f.seen, pair)
		if i == len(f.table)-1 {
			f.table = f.table[:i]
		}
		return 0, from
	}
	f.table[i] = x
	return i, t
}

// object finds the properties that need a fit. Where the target has several alternatives, only what
// they agree on is done.
func (f *fitter) object(x *fit, from, to *types.Type, depth int) {
	for _, name := range from.PropertyNames() {
		a, b := from.Field(name), to.Field(name)
		if b.Found != types.Declared || b.Property == nil {
			continue
		}
		optional := b.Type.May(types.Absent)
		if optional && a.Type.May(types.Null) && !b.Type.May(types.Null) {
			x.Drop = append(x.Drop, name)
		}
		n, _ := f.node(a.Type.Without(types.Absent), b.Type.Without(types.Absent), depth+1)
		if n != 0 {
			if x.Props == nil {
				x.Props = map[string]int{}
			}
			x.Props[name] = n
		}
	}
}

// apply makes the fitting value; what needs no change is shared with v.
func (t fits) apply(v any, i int) any {
	x := &t.Table[i]
	switch v := v.(type) {
	case time.Time:
		if x.Time != "" {
			return timeAs(v, x.Time)
		}
	case int, float64, bool, types.Num, time.Duration:
		if x.Text {
			return textOfValue(v)
		}
	case []any:
		if x.Items == 0 {
			return v
		}
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = t.apply(e, x.Items)
		}
		return out
	case map[string]any:
		return t.object(v, x)
	}
	return v
}

func (t fits) object(m map[string]any, x *fit) any {
	if len(x.Drop) == 0 && len(x.Props) == 0 {
		return m
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		if n, ok := x.Props[k]; ok {
			v = t.apply(v, n)
		}
		out[k] = v
	}
	for _, k := range x.Drop {
		if v, ok := out[k]; ok && v == nil {
			delete(out, k)
		}
	}
	return out
}

func timeAs(t time.Time, format string) string {
	if format == "date" {
		return t.Format(time.DateOnly)
	}
	return t.Format(time.RFC3339Nano)
}

// textOfValue is how a scalar is written in templates and parameters.
func textOfValue(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return itoa(v)
	case bool:
		if v {
			return "true"
		}
		return "false"
	case float64:
		return mustNum(v).Plain()
	case types.Num:
		return v.Plain()
	case time.Time:
		return timeAs(v, "date-time")
	case time.Duration:
		return v.String()
	}
	fail("text is made of strings, numbers, booleans and times, not of %s", types.Shapeof(v))
	return ""
}
