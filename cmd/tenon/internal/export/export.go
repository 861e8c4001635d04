// Package export writes what happened as HCL that says so: a run as a test.
package export

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"tenon/spec/syntax"
	"tenon/spec/types"
)

// Test is a test of an integration that did what a run did. Values are plain JSON; nil objects are not written.
type Test struct {
	Name, Integration        string
	About                    []string // comments above it
	Cassette                 string
	Now                      time.Time
	Inputs, State, Variables map[string]any
	Status                   string            // of expect; "": succeeded
	Outputs, Kept            map[string]any    // of expect
	Files                    map[string]string // outputs whose value stands in a file, by name
	Assert                   string            // an expression; ""
}

// HCL is the test as a file of tests has it, in canonical form.
func (t *Test) HCL() []byte {
	var w writer
	for _, line := range t.About {
		w.line("# %s", strings.Join(strings.Fields(line), " "))
	}
	w.line("test %s {", Quote(t.Name))
	w.line("integration = integration.%s", t.Integration)
	w.line("now = %s", Quote(t.Now.UTC().Format(time.RFC3339Nano)))
	w.line("cassette = %s", Quote(t.Cassette))
	w.object("inputs", t.Inputs, nil)
	w.object("state", t.State, nil)
	w.object("variables", t.Variables, nil)
	w.line("")
	w.line("expect {")
	if t.Status != "" {
		w.line("status = %s", Quote(t.Status))
	}
	w.object("outputs", t.Outputs, t.Files)
	w.object("state", t.Kept, nil)
	if t.Assert != "" {
		w.line("assert = %s", t.Assert)
	}
	w.line("}")
	w.line("}")
	text, _ := syntax.Format("test.hcl", []byte(w.String()))
	return text
}

type writer struct{ strings.Builder }

func (w *writer) line(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }

// object writes an attribute whose value is an object, members that stand in files among it.
func (w *writer) object(name string, members map[string]any, files map[string]string) {
	if members == nil || len(members)+len(files) == 0 {
		return
	}
	w.line("%s = {", name)
	all := map[string]bool{}
	for m := range members {
		all[m] = true
	}
	for m := range files {
		all[m] = true
	}
	for _, m := range slices.Sorted(maps.Keys(all)) {
		if file, ok := files[m]; ok {
			w.line("%s = jsondecode(file(%s))", key(m), Quote(file))
			continue
		}
		w.line("%s = %s", key(m), Value(members[m]))
	}
	w.line("}")
}

// narrow is how much of an object or a list stands on one line, in bytes.
const narrow = 90

// Value is a plain JSON value as HCL.
func Value(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case string:
		if !norm.NFC.IsNormalString(v) {
			return decoded(v)
		}
		return Quote(v)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = Value(x)
		}
		return group("[", parts, ",", "]")
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if !norm.NFC.IsNormalString(name) {
				return decoded(v)
			}
			parts = append(parts, key(name)+" = "+Value(v[name]))
		}
		return group("{", parts, "", "}")
	}
	text, err := types.AppendJSON(nil, v)
	if err != nil {
		return "null"
	}
	return string(text)
}

// decoded is a value whose text HCL would change: it composes characters (Unicode NFC). In JSON they can stand as numbers.
func decoded(v any) string {
	text, err := types.AppendJSON(nil, v)
	if err != nil {
		return "null"
	}
	var b strings.Builder
	for _, c := range string(text) {
		switch {
		case c < 0x80:
			b.WriteRune(c)
		case c < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			high, low := utf16.EncodeRune(c)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		}
	}
	return "jsondecode(" + Quote(b.String()) + ")"
}

// group writes parts on one line if they are short, else each on its own.
func group(open string, parts []string, between, end string) string {
	if len(parts) == 0 {
		return open + end
	}
	if one := strings.Join(parts, ", "); len(one) <= narrow && !strings.Contains(one, "\n") {
		if open == "{" {
			return "{ " + one + " }"
		}
		return open + one + end
	}
	return open + "\n" + strings.Join(parts, between+"\n") + between + "\n" + end
}

var (
	plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	words    = []string{"for", "if", "in", "null", "true", "false"}
)

func key(name string) string {
	if plainKey.MatchString(name) && !slices.Contains(words, name) {
		return name
	}
	return Quote(name)
}

// Quote is text as an HCL string.
func Quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 || c == 0xfeff:
			fmt.Fprintf(&b, `\u%04x`, c)
		case (c == '$' || c == '%') && strings.HasPrefix(s[i+1:], "{"):
			b.WriteRune(c)
			b.WriteRune(c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Plain is an object as JSON has it.
func Plain(object map[string]any) (map[string]any, error) {
	if object == nil {
		return nil, nil
	}
	text, err := types.AppendJSON(nil, object)
	if err != nil {
		return nil, err
	}
	v, err := types.DecodeJSON(text, types.Limits{})
	out, _ := v.(map[string]any)
	return out, err
}

// Indented is a value as a file has it.
func Indented(v any) ([]byte, error) {
	text, err := types.AppendJSON(nil, v)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	var raw json.RawMessage = text
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(raw)
	return []byte(out.String()), err
}
