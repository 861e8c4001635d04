package soundness

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"tenon/runtime/event"
	"tenon/spec/diag"
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// generatedProjects is how many projects are written; TENON_SOUNDNESS sets another number.
const generatedProjects = 300

// stock is a document with operations to write projects of: those that answer with JSON, and all that
// the judge can read.
type stock struct {
	file, api string
	doc       *openapi.Document
	readers   []*openapi.Operation
	all       []*openapi.Operation
}

// gather picks operations of all documents, about the same number of each.
func gather(t *testing.T, each int) []*stock {
	t.Helper()
	files := map[string]bool{}
	for _, dir := range []string{filepath.Join("..", "..", "..", "testdata", "specs"), filepath.Dir(find("github.json"))} {
		for _, ext := range []string{"json", "yaml", "yml"} {
			names, _ := filepath.Glob(filepath.Join(dir, "*."+ext))
			for _, n := range names {
				files[filepath.Base(n)] = true
			}
		}
	}
	if find("github.json") == "" {
		t.Log("left out: the documents of ../shared/specs, since they are not there")
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	var out []*stock
	for i, name := range names {
		s := &stock{file: name, api: "api" + strconv.Itoa(i)}
		var err error
		if s.doc, err = shelf.Document(s.api, name); err != nil {
			continue
		}
		r := rand.New(rand.NewPCG(uint64(i), 7))
		ops := slices.Clone(s.doc.Operations())
		r.Shuffle(len(ops), func(i, j int) { ops[i], ops[j] = ops[j], ops[i] })
		for _, n := range ops {
			if len(s.all) >= each && len(s.readers) >= each {
				break
			}
			op, err := s.doc.Operation(n.Key())
			if err != nil || strings.Contains(n.Path, "#") { // to a server, and to the mock, all of a path are one
				continue
			}
			reads := op.Method == "GET" && answer(op) != nil
			if reads && len(s.readers) < each {
				s.readers = append(s.readers, op)
			}
			if len(s.all) < each && (op.Body == nil || written(op) != nil) && (op.Body != nil || len(op.Parameters) > 0) {
				s.all = append(s.all, op)
			}
		}
		if len(s.readers) > 0 && len(s.all) > 0 {
			out = append(out, s)
		}
	}
	return out
}

// apiBlock declares the API of a stock with all credentials that its document knows.
func (s *stock) apiBlock() string {
	var b strings.Builder
	fmt.Fprintf(&b, "api %q {\nspec = %q\nserver = \"https://%s.example.com\"\n", s.api, s.file, s.api)
	schemes := s.doc.SecuritySchemes()
	for _, x := range schemes {
		attrs := "token = secret.s"
		switch x.Type {
		case "api_key":
			attrs = "value = secret.s"
		case "basic", "digest":
			attrs = "username = \"u\"\npassword = secret.s"
		case "mutual_tls":
			continue
		}
		fmt.Fprintf(&b, "auth %s {\n%s\n}\n", quote(x.Name), attrs)
	}
	return b.String() + "}\n"
}

// write makes a project: something is read, and what it answered goes into another operation.
func write(r *rand.Rand, stocks []*stock) string {
	from := stocks[r.IntN(len(stocks))]
	to := from
	if r.IntN(4) == 0 {
		to = stocks[r.IntN(len(stocks))]
	}
	var b strings.Builder
	b.WriteString(from.apiBlock())
	if to != from {
		b.WriteString(to.apiBlock())
	}
	b.WriteString("secret \"s\" {\nenv = \"S\"\n}\n")
	source := from.readers[r.IntN(len(from.readers))]
	target := to.all[r.IntN(len(to.all))]
	first := &author{r: r, left: 20}
	read := first.call(from.api, source)

	a := &author{r: r, left: 40}
	a.reach("step.source.body", answer(source), 4)
	switch list, ok := a.of(types.Array); {
	case ok && r.IntN(4) == 0:
		a.sources = nil
		a.reach("it", list.typ.Only(types.Array).Elem(), 3)
		where := ""
		if r.IntN(3) == 0 {
			where = "where = " + a.condition() + "\n"
		}
		fmt.Fprintf(&b, "integration \"i\" {\nstep \"source\" {\n%s}\nfor_each \"it\" {\nin = coalesce(%s, [])\n%sstep \"target\" {\n%s}\n}\n}\n",
			read, list.text, where, a.call(to.api, target))
		return b.String()
	case r.IntN(5) == 0 && identifier.MatchString(source.ID) && written(target) != nil:
		m := &author{r: r, left: 40}
		m.reach("a", answer(source), 4)
		fmt.Fprintf(&b, "mapping \"m\" {\nfrom = { a = %s.operations.%s.responses[\"200\"] }\nvalue = %s\n}\n", from.api, source.ID, m.value(written(target).Type, 5))
		call := a.call(to.api, target)
		if i := strings.Index(call, "body = "); i >= 0 {
			call = call[:i] + "body = mapping::m(step.source.body)\n"
		}
		fmt.Fprintf(&b, "integration \"i\" {\nstep \"source\" {\n%s}\nstep \"target\" {\n%s}\n}\n", read, call)
		return b.String()
	}
	if answer(target) != nil && writes(target) && r.IntN(2) == 0 {
		fmt.Fprintf(&b, "integration \"i\" {\nstep \"source\" {\n%s}\n%s}\n", read, a.afterwards(from, to, target))
		return b.String()
	}
	when := ""
	if r.IntN(5) == 0 {
		when = "when = " + a.condition() + "\n"
	}
	fmt.Fprintf(&b, "integration \"i\" {\nstep \"source\" {\n%s}\nstep \"target\" {\n%s%s}\n}\n", read, a.call(to.api, target), when)
	return b.String()
}

// vouched is why authors say must(…).
const vouched = "it is there"

// tally is what became of generated projects.
type tally struct {
	written, broken, run, clean        int
	judged, unjudged, excused, refused int
	lost, undone                       int
	failures                           map[event.Cause]int
	rules                              map[string]int
}

// What lint accepts, kin-openapi accepts; and where lint finds nothing that may go wrong, nothing does.
func TestGenerated(t *testing.T) {
	n, each := generatedProjects, 6
	if testing.Short() {
		n = 150
	}
	if s := os.Getenv("TENON_SOUNDNESS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
		each = 40
	}
	first := uint64(0)
	if s := os.Getenv("TENON_SOUNDNESS_FROM"); s != "" {
		first, _ = strconv.ParseUint(s, 10, 64)
	}
	stocks := gather(t, each)
	c := tally{failures: map[event.Cause]int{}, rules: map[string]int{}}
	began := time.Now()
	for seed := range uint64(n) {
		c.project(t, stocks, first+seed)
		if t.Failed() && os.Getenv("TENON_SOUNDNESS") == "" {
			break
		}
	}
	t.Logf("%d documents; %d projects written, %d with errors, %d run (%d of them without any finding) in %s; %d requests judged (%d of operations that the judge cannot read, %d excused), %d refused; %d answers lost, %d writes undone; failures: %v",
		len(stocks), c.written, c.broken, c.run, c.clean, time.Since(began).Round(time.Millisecond), c.judged, c.unjudged, c.excused, c.refused, c.lost, c.undone, c.failures)
	if testing.Verbose() {
		t.Logf("errors: %v", c.rules)
	}
	if c.run*5 < c.written {
		t.Errorf("of %d projects only %d were run", c.written, c.run)
	}
}

func (c *tally) project(t *testing.T, stocks []*stock, seed uint64) {
	src := write(rand.New(rand.NewPCG(seed, 1)), stocks)
	c.written++
	r, f, findings := lint(src)
	p := r.Plans["i"]
	if findings.HasErrors() || p == nil {
		c.broken++
		for _, d := range findings {
			if d.Severity == diag.Error {
				c.rules[d.Rule.Name]++
				if d.Rule.Name == "syntax" {
					t.Errorf("seed %d: this is no HCL: %s\n%s", seed, shown(f, d), src)
				}
				break
			}
		}
		return
	}
	doubts := slices.DeleteFunc(slices.Clone(findings), func(d *diag.Diagnostic) bool {
		return slices.Contains([]string{"spec-unlocked", "format", "unused", "deprecated-operation", "condition-constant"}, d.Rule.Name)
	})
	c.run++
	result, court := carryOut(t, r, p, seed, nil)
	c.judged += court.judged
	c.unjudged += court.unjudged
	c.excused += court.excused
	c.refused += len(court.refusals)
	c.lost += court.lost
	if result.Undone != nil {
		c.undone += result.Undone.Done
	}
	for _, why := range court.refusals {
		t.Errorf("seed %d: refused: %s\n%s", seed, why, src)
	}
	if len(doubts) == 0 {
		c.clean++
	}
	if e := result.Error; e != nil {
		c.failures[e.Kind]++
		switch {
		case e.Message == vouched || strings.Contains(e.Message, `check "end"`) || strings.Contains(e.Message, "so the path would name something else"):
			// The author was wrong about it; the type of a parameter in the path allows the empty text, the path does not.
		case e.Kind == event.Internal:
			t.Errorf("seed %d: %s\n%s\n%s", seed, e, e.Detail, src)
		case court.lost > 0 && e.InDoubt:
			// What should have been found was computed, and that failed.
		case len(doubts) == 0 && e.Kind != event.BadStatus || e.Kind == event.InvalidResponse || e.Kind == event.Network:
			t.Errorf("seed %d: lint has no doubts, but: %s: %s\n%s\n%s\n%s", seed, e.Kind, e, e.Detail, lineAt(src, e.Range.Start), src)
		}
	}
}
