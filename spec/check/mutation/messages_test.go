package mutation

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tenon/spec/diag"
)

var update = flag.Bool("update", false, "rewrite golden files")

// What an author sees of each kind of fault stands in testdata/messages.golden, to be read as one who sees
// nothing else: would it be mended at the first try?
func TestMutationMessages(t *testing.T) {
	var mine []*base
	names, err := filepath.Glob(filepath.Join("testdata", "bases", "*.hcl"))
	if err != nil || len(names) == 0 {
		t.Fatal("no integrations")
	}
	for _, name := range names {
		if strings.HasSuffix(name, testSuffix) {
			continue
		}
		if b := load(t, name); b != nil && !b.foreign() {
			mine = append(append(mine, b), b.tests(t)...)
		}
	}
	var out strings.Builder
	for i, c := range classes {
		// Each begins with another integration, for variety.
		for j := range mine {
			b := mine[(i+j)%len(mine)]
			made := slices.DeleteFunc(c.make(b), func(m mutant) bool { return m.skip != "" || m.src == b.src && m.specs == nil })
			if len(made) == 0 {
				continue
			}
			fmt.Fprintf(&out, "== %s\n%s\n", c.name, b.told(made[i%len(made)]))
			break
		}
	}
	golden := filepath.Join("testdata", "messages.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("messages are not those of %s; -update rewrites it:\n%s", golden, strings.Join(difference(string(want), out.String()), "\n"))
	}
}

// foreign reports whether a document of a base is not in the repository.
func (b *base) foreign() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(b.specs)), func(d *document) bool {
		return strings.Contains(find(b.dir, d.name), filepath.Join("shared", "specs"))
	})
}

// told is what lint says of a mutant and not of what it was made from, without notes.
func (b *base) told(m mutant) string {
	var with map[string][]byte
	if m.specs != nil {
		with = m.specs()
	}
	before, seen := map[string]int{}, map[string]int{}
	_, usual := b.lint(b.src, nil)
	for _, d := range usual {
		before[d.Rule.Name+d.Message]++
	}
	f, findings := b.lint(m.src, with)
	lines := strings.Split(m.src, "\n")
	var out strings.Builder
	for _, d := range findings {
		if seen[d.Rule.Name+d.Message]++; d.Severity == diag.Note && !m.notes || seen[d.Rule.Name+d.Message] <= before[d.Rule.Name+d.Message] {
			continue
		}
		where := "in " + d.Range.File
		if d.Range.File == b.file {
			where = strings.TrimSpace(lines[f.Source.Position(d.Range.Start).Line-1])
		}
		fmt.Fprintf(&out, "%s %s: %s\n  | %s\n", d.Severity, d.Rule.Name, d.Message, where)
		if d.Detail != "" {
			fmt.Fprintf(&out, "  %s\n", d.Detail)
		}
		for _, r := range d.Related {
			fmt.Fprintf(&out, "  (%s: %s)\n", r.Range.File, r.Message)
		}
		if d.Fix != nil && d.Fix.Range.File == b.file {
			fmt.Fprintf(&out, "  fix: %s → %s\n", m.src[d.Fix.Range.Start:d.Fix.Range.End], d.Fix.New)
		}
	}
	return out.String()
}
