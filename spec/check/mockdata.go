package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// data is a value that is known before anything runs and is not written out: it is read from a file, or computed.
type data struct {
	value any
	file  *source.File // that it was read from as JSON; nil: from none
}

// dataOf is what a body that looks at nothing comes to; false where it looks at something, or is written out, so that
// findings stand at what causes them.
func (t *tested) dataOf(e *syntax.Expr, x *plan.Expr) (data, bool) {
	_, _, object := e.Object()
	_, list := e.List()
	_, scalar := e.Literal()
	if object || list || scalar || len(x.Uses) > 0 {
		return data{}, false
	}
	v, known := x.Const()
	if !known { // it is too large to be part of a plan
		program, err := x.Compile()
		if err != nil {
			return data{}, false
		}
		if v, err = program.Run(nil, expression.Limits{}); err != nil {
			return data{}, false
		}
	}
	return data{v, t.decoded(e)}, true
}

// decoded is the file of jsondecode(file("…")), if that is what an expression is.
func (t *tested) decoded(e *syntax.Expr) *source.File {
	for _, function := range []string{"jsondecode", "file"} {
		name, _, args, ok := e.Call()
		if !ok || name != function || len(args) != 1 {
			return nil
		}
		e = args[0]
	}
	path, _ := e.Literal()
	name, ok := path.(string)
	if !ok {
		return nil
	}
	src, err := t.specs.ReadFile(name)
	if err != nil {
		return nil
	}
	return source.NewFile(name, src)
}

// misfit is something in data that is not as the spec declares it.
type misfit struct {
	path   []string
	kind   string // what is of the same kind may be alike
	text   string
	near   string // what an undeclared property may have meant
	origin types.Origin
	doubt  bool // it is merely not declared
	lacks  bool // something that is required
}

// misfits reports, part by part, what of data is not as want declares it. What is wrong with many elements of a list
// alike is told once.
func (t *tested) misfits(d data, e *syntax.Expr, want *types.Type, what string) {
	all := d.violations(want)
	first := map[string]*diag.Diagnostic{}
	more := map[string]int{}
	for _, m := range all {
		key := alike(m)
		if first[key] != nil {
			more[key]++
			continue
		}
		f := t.diags.Add(lang.MockMismatch, e.Range, "%s (%s).", m.text, what)
		first[key] = f
		if m.doubt && m.near == "" {
			f.Severity = diag.Warning
		}
		if m.lacks {
			f.Explain("%s", mayBePartial)
		}
		if m.near != "" {
			f.Message += fmt.Sprintf(" Did you mean %q?", m.near)
		}
		if d.file != nil {
			t.files[d.file.Name] = d.file
			f.Relate(d.place(m.path), "here")
		}
		f.Relate(t.locate(m.origin), "declared here")
	}
	for key, n := range more {
		first[key].Message += fmt.Sprintf(" There %s like it.", isMore(n))
	}
}

// violations lists what is not as want declares it, errors first.
func (d data) violations(want *types.Type) []misfit {
	var undeclared, all []misfit
	d.undeclared(d.value, want, nil, &undeclared)
	typos := map[string]bool{} // paths of what is there under a name that is nearly right
	for i, m := range undeclared {
		last := len(m.path) - 1
		undeclared[i].origin = declaring(want, m.path[:last])
		if m.near != "" {
			typos[types.Path(with(m.path[:last], m.near))] = true
		}
	}
	lacking := map[string]bool{} // paths of objects that lack something, which is told once
	for _, v := range want.Check(d.value) {
		m := misfit{path: v.Path, kind: string(v.Misfit), origin: declaring(want, v.Path)}
		if v.Misfit != types.MisfitMissing {
			m.text = d.wrong(v, want)
		} else if at := types.Path(v.Path); !lacking[at] {
			lacking[at] = true
			m.kind = d.lacks(v, want, typos)
			m.text, m.lacks = d.part(v.Path)+" "+m.kind, true
		}
		if m.kind != "" && m.text != "" {
			all = append(all, m)
		}
	}
	return append(all, undeclared...)
}

func isMore(n int) string {
	if n == 1 {
		return "is 1 more"
	}
	return fmt.Sprintf("are %d more", n)
}

// alike is the same for elements of a list with which the same is wrong.
func alike(m misfit) string {
	var key strings.Builder
	key.WriteString(m.kind)
	for _, step := range m.path {
		if _, element := elementOf(step); element {
			step = "[]"
		}
		key.WriteString("\x00" + step)
	}
	return key.String()
}

// lacks says what a part of the data lacks, as the end of a clause; nothing if all of it is there under another name.
func (d data) lacks(v types.Violation, want *types.Type, typos map[string]bool) string {
	value, t := d.value, want
	for _, step := range v.Path {
		value, t = inside(value, step), partType(t, step)
	}
	var names []string
	lacks := 0
	for _, name := range t.PropertyNames() {
		if p := t.Field(name).Property; p != nil && p.Required && types.IsMissing(types.Get(value, name)) {
			lacks++
			if !typos[types.Path(with(v.Path, name))] {
				names = append(names, types.Path([]string{name}))
			}
		}
	}
	switch {
	case lacks == 0: // an alternative needs it
		return v.Reason
	case len(names) == 0:
		return ""
	}
	switch len(names) {
	case 1:
		return "lacks " + names[0] + ", which is required"
	}
	return "lacks " + listed(names) + ", which are required"
}

// wrong says what is wrong with a part of the data, as a clause.
func (d data) wrong(v types.Violation, want *types.Type) string {
	value, t := d.value, want
	for _, step := range v.Path {
		value, t = inside(value, step), partType(t, step)
	}
	switch value.(type) {
	case map[string]any, []any:
	default: // a single value may be shown
		for _, p := range types.Assign(types.Const(value), t) {
			if p.Verdict == types.Wrong && len(p.Path) == 0 && p.Reason != "" {
				return d.part(v.Path) + " " + p.Reason
			}
		}
	}
	return d.part(v.Path) + " " + v.Reason
}

// undeclared collects the properties that a schema neither declares nor allows in so many words.
func (d data) undeclared(v any, want *types.Type, path []string, out *[]misfit) {
	if s := want.Shape(); s.Untyped || s.Invalid {
		return
	}
	switch v := v.(type) {
	case []any:
		for i, x := range v {
			step := "[" + strconv.Itoa(i) + "]"
			d.undeclared(x, partType(want, step), with(path, step), out)
		}
	case map[string]any:
		for _, name := range keys(v) {
			field, at := want.Field(name), with(path, name)
			if field.Found == types.Undeclared {
				m := misfit{path: at, kind: "undeclared", text: d.part(at) + " is not declared", doubt: true}
				if field.Near != "" && types.IsMissing(types.Get(v, field.Near)) {
					m.near = field.Near
				}
				*out = append(*out, m)
				continue
			}
			d.undeclared(v[name], field.Type.Without(types.Absent), at, out)
		}
	}
}

// inside is the part of a value at a step of a path.
func inside(v any, step string) any {
	if i, element := elementOf(step); element {
		list, _ := v.([]any)
		if i < 0 || i >= len(list) {
			return types.Missing
		}
		return list[i]
	}
	return types.Get(v, step)
}

// partType is the type of the part of a value at a step of a path.
func partType(t *types.Type, step string) *types.Type {
	if i, element := elementOf(step); element {
		if i < 0 {
			return t.Elem()
		}
		return t.At(i).Without(types.Absent)
	}
	return t.Field(step).Type.Without(types.Absent)
}

// part names a part of the data.
func (d data) part(path []string) string {
	switch {
	case d.file != nil && len(path) == 0:
		return d.file.Name
	case d.file != nil:
		return d.file.Name + ": " + types.Path(path)
	case len(path) == 0:
		return "This value"
	}
	return types.Path(path) + " of this value"
}

// declaring is where a type declares a part of its values: the property itself, or the nearest thing around it.
func declaring(t *types.Type, path []string) types.Origin {
	origin := t.Origin
	for _, step := range path {
		if _, element := elementOf(step); !element {
			field := t.Field(step)
			if field.Property == nil {
				return origin
			}
			origin = field.Property.Origin
		} else if o := partType(t, step).Origin; o != (types.Origin{}) {
			origin = o
		}
		t = partType(t, step)
	}
	return origin
}

// elementOf reads a step of a path that leads to an element: "[3]", or "[]" for any, which is -1.
func elementOf(step string) (int, bool) {
	if !strings.HasPrefix(step, "[") || !strings.HasSuffix(step, "]") {
		return 0, false
	}
	i, err := strconv.Atoi(step[1 : len(step)-1])
	if err != nil {
		return -1, step == "[]"
	}
	return i, true
}

// place is where a part stands in the file; of one that is not there, what should have it.
func (d data) place(path []string) source.Range {
	start, end := jsonPlace(d.file.Src, path)
	return source.Range{File: d.file.Name, Start: start, End: end}
}

// jsonPlace finds the value at path in a JSON text that can be read; of one that is not there, the beginning of what
// should have it.
func jsonPlace(src []byte, path []string) (start, end int) {
	dec := json.NewDecoder(bytes.NewReader(src))
	dec.UseNumber()
	start, end = valueAt(src, dec)
	for _, step := range path {
		open, err := dec.Token()
		if err != nil {
			return start, end
		}
		want, element := elementOf(step)
		found := false
		for i := 0; dec.More() && !found; i++ {
			if open == json.Delim('{') {
				key, err := dec.Token()
				if err != nil {
					return start, end
				}
				found = !element && key == step
			} else {
				found = element && i == max(want, 0)
			}
			if !found {
				var skipped json.RawMessage
				if dec.Decode(&skipped) != nil {
					return start, end
				}
			}
		}
		if !found {
			return start, start + 1
		}
		start, end = valueAt(src, dec)
	}
	return start, end
}

// valueAt is the range of the value that dec is before. It is cut to its first byte where it has parts.
func valueAt(src []byte, dec *json.Decoder) (start, end int) {
	start = int(dec.InputOffset())
	for start < len(src) && strings.IndexByte(" \t\r\n:,", src[start]) >= 0 {
		start++
	}
	var value json.RawMessage
	if json.NewDecoder(bytes.NewReader(src[start:])).Decode(&value) != nil {
		return start, start
	}
	if value[0] == '{' || value[0] == '[' {
		return start, start + 1
	}
	return start, start + len(value)
}
