package mutation

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tenon/spec/diag"
)

// mistake is one that an author makes in one integration: what is written instead of what.
type mistake struct {
	right, wrong string
	rules        []string
	note         bool   // a note is enough: the documents merely don't rule it out
	at           string // text on the line that is at fault, where that is another one
	line         int    // in the list, for messages
}

// mistakes reads a list of them: blocks of "- right", "+ wrong", "= rules" ("= note rules"
// where a note is enough) and, if need be, "@ text".
func mistakes(t *testing.T, name string) []mistake {
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var out []mistake
	m := mistake{}
	for i, l := range append(strings.Split(string(src), "\n"), "") {
		switch kind, text, _ := strings.Cut(l, " "); kind {
		case "-":
			m.right, m.line = text, i+1
		case "+":
			m.wrong = text
		case "=":
			m.rules = strings.Fields(text)
			if m.note = m.rules[0] == "note"; m.note {
				m.rules = m.rules[1:]
			}
		case "@":
			m.at = text
		case "":
			if m.right != "" {
				out = append(out, m)
			}
			m = mistake{}
		}
	}
	return out
}

// Mistakes as authors make them, over documents that nothing else here is made of. The lists were written
// before anybody saw what lint says of them; the share that was right at the first try stands in
// docs/typescript.md.
func TestAuthorMistakes(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "authors", "*.hcl"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no integrations: %v", err)
	}
	all, caught, right, linted := 0, 0, 0, 0
	for _, name := range names {
		if strings.HasSuffix(name, testSuffix) {
			continue
		}
		main := load(t, name)
		if main == nil {
			continue
		}
		linted++
		files := append([]*base{main}, main.tests(t)...)
		b, before := main, map[string]int{}
		f, findings := b.lint(b.src, nil)
		for _, d := range findings {
			before[d.Rule.Name+d.Message]++
			if d.Severity != diag.Note {
				t.Errorf("false alarm: %s:%d: %s: %s", b.name, f.Source.Position(d.Range.Start).Line, d.Rule.Name, d.Message)
			}
		}
		list := strings.TrimSuffix(name, ".hcl") + ".mistakes"
		for _, m := range mistakes(t, list) {
			i := slices.IndexFunc(files, func(b *base) bool { return strings.Count(b.src, m.right) == 1 })
			if i < 0 {
				t.Fatalf("%s:%d: %q is not there once", list, m.line, m.right)
			}
			b := files[i]
			at := strings.Index(b.src, m.right)
			src := b.src[:at] + m.wrong + b.src[at+len(m.right):]
			for i := range m.wrong {
				if i >= len(m.right) || m.wrong[i] != m.right[i] {
					at += i
					break
				}
			}
			if m.at != "" {
				at = strings.Index(src, m.at)
			}
			v := b.judge(mutant{src: src, rules: m.rules, notes: m.note, lines: []int{1 + strings.Count(src[:at], "\n")}}, before)
			all++
			if v.caught {
				caught++
			}
			if v.line {
				right++
			} else {
				t.Errorf("%s:%d: %s\n  expected %s\n  found    %s", list, m.line, strings.TrimSpace(m.wrong), strings.Join(m.rules, " or "), strings.Join(v.found, "\n           "))
			}
		}
	}
	t.Logf("%d integrations, %d mistakes: %d caught, %d of them by the right rule on the right line", linted, all, caught, right)
}
