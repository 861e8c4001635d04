package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// maxMisfits bounds what is told of one file of data.
const maxMisfits = 20

// data is a constant that does not stand in the author's file as it is: it is read from another one, or computed.
type data struct {
	value any
	file  *source.File // that it was read from as JSON; nil: from none
}

// dataOf is what a body that is a known value was made of; false where it is written out, so that findings stand
// at what causes them.
func (t *tested) dataOf(e *syntax.Expr, value any) (data, bool) {
	if _, _, literal := e.Object(); literal {
		return data{}, false
	}
	if _, literal := e.List(); literal {
		return data{}, false
	}
	if _, literal := e.Literal(); literal {
		return data{}, false
	}
	d := data{value: value}
	name, _, args, ok := e.Call()
	if !ok || name != "jsondecode" || len(args) != 1 {
		return d, true
	}
	if name, _, args, ok = args[0].Call(); !ok || name != "file" || len(args) != 1 {
		return d, true
	}
	if path, ok := args[0].Literal(); ok {
		if name, ok := path.(string); ok {
			if src, err := t.specs.ReadFile(name); err == nil {
				d.file = source.NewFile(name, src)
			}
		}
	}
	return d, true
}

// misfits reports, part by part, what of data is not what a spec declares.
func (t *tested) misfits(d data, e *syntax.Expr, want *types.Type, what string) {
	problems := types.Assign(types.Const(d.value), want)
	told := 0
	for _, p := range problems {
		if p.Misfit == types.MisfitUncheckable && p.Verdict != types.Wrong {
			continue
		}
		if told++; told > maxMisfits {
			return
		}
		f := t.diags.Add(lang.MockMismatch, e.Range, "%s (%s).", d.misfit(p), what)
		switch {
		case p.Verdict == types.Wrong:
		case p.Stated || p.Misfit == types.MisfitUnknown:
			f.Severity = diag.Warning
		default:
			f.Severity = diag.Note
		}
		if d.file != nil {
			t.files[d.file.Name] = d.file
			f.Relate(d.place(p.Path), "here")
		}
		f.Relate(t.locate(declaring(want, p.Path)), "declared here")
		if p.Near != "" {
			f.Explain("Did you mean %q?", p.Near)
		}
	}
}

// misfit says what is wrong with a part of the data, as a clause.
func (d data) misfit(p types.Problem) string {
	last := len(p.Path) - 1
	switch {
	case p.Misfit == types.MisfitMissing && last >= 0:
		return fmt.Sprintf("%s lacks %s, which is required", d.part(p.Path[:last]), types.Path(p.Path[last:]))
	case p.Misfit == types.MisfitUnknown && last >= 0:
		return fmt.Sprintf("%s is not declared", d.part(p.Path))
	case p.Reason != "":
		return d.part(p.Path) + " " + p.Reason
	}
	return fmt.Sprintf("%s is %s, but %s is expected", d.part(p.Path), p.From.Phrase(), p.To.Phrase())
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
		if i, element := elementOf(step); element {
			if i < 0 {
				t = t.Elem()
			} else {
				t = t.At(i).Without(types.Absent)
			}
			if t.Origin != (types.Origin{}) {
				origin = t.Origin
			}
			continue
		}
		field := t.Field(step)
		if field.Property == nil {
			return origin
		}
		origin, t = field.Property.Origin, field.Property.Type
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
