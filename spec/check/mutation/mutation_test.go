package mutation

import (
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/openapi"
	"tenon/spec/syntax"
)

var (
	instances = flag.Int("instances", 2, "mutants of a class in one integration, at most")
	verbose   = flag.Bool("mutants", false, "list every mutant with what is found")
	only      = flag.String("class", "", "only classes whose name has this in it")
)

// making guards the documents as plain JSON, which providers' faults change and put back.
var making sync.Mutex

// mutant is an integration with one fault.
type mutant struct {
	what  string                   // what was done
	src   string                   // the integration
	specs func() map[string][]byte // documents that differ, by name; called with making held
	rules []string                 // any of them is right
	lines []int                    // any of them is right
	notes bool                     // a note is enough
	skip  string                   // why it is no fault after all
}

// specs are the documents of a project.
type specs struct {
	base *base
	with map[string][]byte
}

var (
	loadedMu sync.Mutex
	loaded   = map[string]func() (*openapi.Document, error){}
)

func (s specs) Document(api, name string, overlays ...string) (*openapi.Document, error) {
	o := openapi.Options{Name: api}
	for _, overlay := range overlays {
		src, err := s.ReadFile(overlay)
		o.Overlays = append(o.Overlays, openapi.OverlayFile{Name: overlay, Src: src, Err: err})
	}
	if src, ok := s.with[name]; ok {
		return openapi.Load(name, src, o)
	}
	key := strings.Join(append([]string{api, find(s.base.dir, name)}, overlays...), "\x00")
	loadedMu.Lock()
	load, ok := loaded[key]
	if !ok {
		load = sync.OnceValues(func() (*openapi.Document, error) {
			src, err := s.ReadFile(name)
			if err != nil {
				return nil, err
			}
			return openapi.Load(name, src, o)
		})
		loaded[key] = load
	}
	loadedMu.Unlock()
	return load()
}

func (s specs) ReadFile(name string) ([]byte, error) {
	if src, ok := s.with[name]; ok {
		return src, nil
	}
	if path := find(s.base.dir, name); path != "" {
		return os.ReadFile(path)
	}
	return nil, fs.ErrNotExist
}

// lint is what `tenon lint` says.
func (b *base) lint(src string, with map[string][]byte) (*syntax.File, diag.List) {
	f, findings := syntax.Parse(b.file, []byte(src))
	broken := len(findings) > 0
	files := []*syntax.File{f}
	for _, name := range slices.Sorted(maps.Keys(b.beside)) {
		other, _ := syntax.Parse(name, []byte(b.beside[name]))
		files = append(files, other)
	}
	m, found := check.Decode(files)
	findings.Append(found)
	if !broken {
		_, found = check.Build(m, specs{b, with}, check.Options{Version: "test"})
		findings.Append(found)
	}
	findings = check.Ignore(files, findings)
	findings.Sort()
	return f, findings
}

// verdict is how a fault fared.
type verdict struct {
	caught, rule, line bool
	found              []string // new findings
}

func (b *base) judge(m mutant, before map[string]int) verdict {
	var v verdict
	var with map[string][]byte
	if m.specs != nil {
		making.Lock()
		with = m.specs()
		making.Unlock()
	}
	f, findings := b.lint(m.src, with)
	seen := map[string]int{}
	for _, d := range findings {
		id := d.Rule.Name + d.Message
		if seen[id]++; seen[id] <= before[id] || d.Severity == diag.Note && !m.notes {
			continue
		}
		line := 0 // in another file
		if d.Range.File == b.file {
			line = f.Source.Position(d.Range.Start).Line
		}
		v.found = append(v.found, fmt.Sprintf("%d: %s %s: %s", line, d.Severity, d.Rule.Name, d.Message))
		right := slices.Contains(m.rules, d.Rule.Name)
		v.caught = true
		v.rule = v.rule || right
		v.line = v.line || right && slices.Contains(m.lines, line)
	}
	return v
}

// tally is how a class fares.
type tally struct {
	mutants, caught, rule, line, findings int
	skipped                               map[string]int
}

// Lint finds what is broken, and where.
func TestMutation(t *testing.T) {
	began := time.Now()
	all := bases(t)
	most := *instances
	if testing.Short() {
		most = 1
	}
	total := make([]tally, len(classes))
	var mu sync.Mutex
	alarms := 0
	var wait sync.WaitGroup
	limit := make(chan bool, 2)
	for _, b := range all {
		wait.Add(1)
		limit <- true
		go func() {
			defer func() { <-limit; wait.Done() }()
			before := map[string]int{}
			f, findings := b.lint(b.src, nil)
			for _, d := range findings {
				before[d.Rule.Name+d.Message]++
				if d.Severity != diag.Note {
					mu.Lock()
					alarms++
					mu.Unlock()
					t.Errorf("false alarm: %s:%d: %s: %s", b.name, f.Source.Position(d.Range.Start).Line, d.Rule.Name, d.Message)
				}
			}
			for i, c := range classes {
				if !strings.Contains(c.name, *only) {
					continue
				}
				making.Lock()
				made := c.make(b)
				making.Unlock()
				made = slices.DeleteFunc(made, func(m mutant) bool { return m.src == b.src && m.specs == nil })
				for _, m := range pick(made, most) {
					var v verdict
					if m.skip == "" {
						v = b.judge(m, before)
					}
					mu.Lock()
					total[i].add(m, v)
					mu.Unlock()
					if m.skip == "" && !v.line || *verbose {
						t.Logf("%s: %s: %s (expected %s on line %v)\n    %s\n  found:\n    %s%s", c.name, b.name, m.what,
							strings.Join(m.rules, " or "), m.lines, strings.Join(difference(b.src, m.src), "\n    "), strings.Join(v.found, "\n    "), m.skip)
					}
				}
			}
		}()
	}
	wait.Wait()
	report(t, total)
	t.Logf("%d integrations, %d false alarms, %s", len(all), alarms, time.Since(began).Round(time.Second))
}

func (t *tally) add(m mutant, v verdict) {
	if m.skip != "" {
		if t.skipped == nil {
			t.skipped = map[string]int{}
		}
		t.skipped[m.skip]++
		return
	}
	t.mutants++
	t.findings += len(v.found)
	for _, c := range []struct {
		is bool
		n  *int
	}{{v.caught, &t.caught}, {v.rule, &t.rule}, {v.line, &t.line}} {
		if c.is {
			*c.n++
		}
	}
}

func report(t *testing.T, total []tally) {
	var out strings.Builder
	var sum tally
	row := func(name string, c tally) {
		fmt.Fprintf(&out, "%-52s %7d %6d %6d %6d   %.1f\n", name, c.mutants, c.caught, c.rule, c.line, float64(c.findings)/float64(max(1, c.mutants)))
	}
	fmt.Fprintf(&out, "\n%-52s %7s %6s %6s %6s   %s\n", "fault", "mutants", "caught", "rule", "line", "findings of each")
	for i, c := range classes {
		if total[i].mutants == 0 && len(total[i].skipped) == 0 {
			switch {
			case *only != "":
			case find("", "github.json") == "": // nor are the other documents that the repository does not have
				t.Logf("no mutants without the large documents: %s", c.name)
			default:
				t.Errorf("no mutants: %s", c.name)
			}
			continue
		}
		row(c.name, total[i])
		for why, n := range total[i].skipped {
			fmt.Fprintf(&out, "    %d left out: %s\n", n, why)
		}
		sum.mutants += total[i].mutants
		sum.caught += total[i].caught
		sum.rule += total[i].rule
		sum.line += total[i].line
		sum.findings += total[i].findings
	}
	row("all", sum)
	share := func(n int) float64 { return 100 * float64(n) / float64(max(1, sum.mutants)) }
	fmt.Fprintf(&out, "%d classes; caught %.1f %%, by the right rule %.1f %%, on the right line %.1f %%", len(classes), share(sum.caught), share(sum.rule), share(sum.line))
	t.Log(out.String())
	if share(sum.line) < 98 {
		t.Errorf("%.1f %% of the faults are found by the right rule on the right line: 98 %% is asked for", share(sum.line))
	}
}

// pick spreads over a list.
func pick(all []mutant, most int) []mutant {
	if len(all) <= most {
		return all
	}
	var out []mutant
	for i := range most {
		out = append(out, all[i*len(all)/most])
	}
	return out
}

// difference is the lines of b that a does not have.
func difference(a, b string) []string {
	has := map[string]int{}
	for _, l := range strings.Split(a, "\n") {
		has[l]++
	}
	var out []string
	for i, l := range strings.Split(b, "\n") {
		if has[l]--; has[l] < 0 {
			out = append(out, fmt.Sprintf("%d| %s", i+1, strings.TrimSpace(l)))
		}
	}
	return out
}
