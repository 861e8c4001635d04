package soundness

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tenon/spec/diag"
)

// corpus is where integrations stand as their authors write them: one file in a directory each.
var corpus = filepath.Join("..", "..", "..", "testdata", "corpus")

// project is one of them.
type project struct {
	name, src string
	specs     []string
	tested    bool // by tests beside it, with the inputs that it must be given
}

var specAttribute = regexp.MustCompile(`(?m)^\s*spec\s*=\s*"([^"]+)"`)

// projects are those whose documents are there; it logs which are not.
func projects(t *testing.T) []project {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(corpus, "*", "main.hcl"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no projects in %s: %v", corpus, err)
	}
	more, err := filepath.Glob(filepath.Join("..", "mutation", "testdata", "authors", "*.hcl"))
	if err != nil || len(more) == 0 {
		t.Fatalf("no projects of authors: %v", err)
	}
	names = append(names, more...)
	var out []project
	for _, name := range names {
		if strings.HasSuffix(name, ".test.hcl") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		p := project{name: filepath.Base(filepath.Dir(name)), src: string(src)}
		if p.name == "authors" {
			p.name = strings.TrimSuffix(filepath.Base(name), ".hcl")
			p.tested = slices.Contains(names, strings.TrimSuffix(name, ".hcl")+".test.hcl")
		}
		for _, m := range specAttribute.FindAllStringSubmatch(p.src, -1) {
			p.specs = append(p.specs, m[1])
		}
		missing := slices.DeleteFunc(slices.Clone(p.specs), func(s string) bool { return find(s) != "" })
		if len(missing) > 0 {
			t.Logf("left out: %s, since there is no %s", p.name, strings.Join(missing, ", "))
			continue
		}
		out = append(out, p)
	}
	return out
}

// Lint has nothing against integrations that work.
func TestCorpusLintsClean(t *testing.T) {
	documents := map[string]bool{}
	alarms, notes, linted := 0, 0, 0
	for _, p := range projects(t) {
		linted++
		for _, s := range p.specs {
			documents[s] = true
		}
		t.Run(p.name, func(t *testing.T) {
			_, f, findings := lint(p.src)
			for _, d := range findings {
				switch {
				case d.Rule.Name == "spec-unlocked":
				case d.Severity == diag.Note:
					notes++
					t.Log(shown(f, d))
				default:
					alarms++
					t.Error(shown(f, d))
				}
			}
		})
	}
	t.Logf("%d projects over %d documents: %d errors and warnings, %d notes", linted, len(documents), alarms, notes)
}

// mockData is why runs against mocks fail though nothing is wrong with the integration, by its name: a
// part of the failure's message. The mocks' data keep to the documents, but mean nothing.
var mockData = map[string]string{
	"paypal-checkout": "does not match the pattern ^[A-Z0-9]+$", // identifiers in answers have no pattern, in paths they have
	"plaid-search":    "is one that was read before",            // has_more at random, where the cursor travels in the body
	"square-paylinks": "is one that was read before",
}

// Whatever they send is what the documents ask for.
func TestCorpusRequestsAreAccepted(t *testing.T) {
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	runs, judged, unjudged, excused, refused := 0, 0, 0, 0, 0
	for _, p := range projects(t) {
		if p.tested {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			r, _, _ := lint(p.src)
			for name, plan := range r.Plans {
				for seed := range seeds {
					result, c := carryOut(t, r, plan, seed+1, nil)
					runs++
					judged += c.judged
					unjudged += c.unjudged
					excused += c.excused
					refused += len(c.refusals)
					for _, why := range c.refusals {
						t.Errorf("seed %d: refused: %s", seed+1, why)
					}
					why, known := mockData[p.name]
					if known && result.Error != nil && strings.Contains(result.Error.Message, why) {
						continue
					}
					if result.Error != nil {
						t.Errorf("seed %d: %s: %s\n%s\n%s", seed+1, name, result.Error, result.Error.Detail, lineAt(p.src, result.Error.Range.Start))
					}
					if c.judged == 0 {
						t.Errorf("seed %d: %s sends nothing", seed+1, name)
					}
				}
			}
		})
	}
	t.Logf("%d runs, %d requests judged (%d of operations that the judge cannot read, %d excused), %d refused", runs, judged, unjudged, excused, refused)
}

func lineAt(src string, at int) string {
	from := strings.LastIndexByte(src[:min(at, len(src))], '\n') + 1
	line, _, _ := strings.Cut(src[from:], "\n")
	return strings.TrimSpace(line)
}
