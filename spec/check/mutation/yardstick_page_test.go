package mutation

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// comparisonFile is what the last run with -update-yardstick found. The page is made of it.
var comparisonFile = filepath.Join("testdata", "typescript", "comparison.json")

// comparison is what lint and the TypeScript compiler find of the same faults.
type comparison struct {
	Integrations int        `json:"integrations"` // that were translated
	Refused      int        `json:"refused"`      // of these, by the compiler as they are
	Errors       int        `json:"errors"`       // of the compiler, in these
	Faults       []compared `json:"faults"`       // those with a counterpart, in the order of the classes
	Without      []string   `json:"without"`      // those that have none, sorted
}

// compared is what is found of a class of faults.
type compared struct {
	Fault    string `json:"fault"`
	Mutants  int    `json:"mutants"`
	Lint     int    `json:"lint"`
	Compiler int    `json:"compiler"`
}

func (c *comparison) all() compared {
	sum := compared{Fault: "all"}
	for _, f := range c.Faults {
		sum.Mutants, sum.Lint, sum.Compiler = sum.Mutants+f.Mutants, sum.Lint+f.Lint, sum.Compiler+f.Compiler
	}
	return sum
}

// table compares class by class.
func (c *comparison) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-72s %7s %6s %6s\n", "fault", "mutants", "lint", "tsc")
	for _, f := range c.Faults {
		fmt.Fprintf(&b, "%-72s %7d %5d%% %5d%%\n", f.Fault, f.Mutants, 100*f.Lint/f.Mutants, 100*f.Compiler/f.Mutants)
	}
	all := c.all()
	share := func(n int) float64 { return 100 * float64(n) / float64(max(1, all.Mutants)) }
	fmt.Fprintf(&b, "%-72s %7d %5.1f%% %5.1f%%\n\n", all.Fault, all.Mutants, share(all.Lint), share(all.Compiler))
	fmt.Fprintf(&b, "%d integrations as they are: lint finds no errors and warnings; tsc refuses %d of the programs, with %d errors.\n", c.Integrations, c.Refused, c.Errors)
	fmt.Fprintf(&b, "\nFaults that have no counterpart in the program:\n")
	for _, name := range c.Without {
		fmt.Fprintf(&b, "  %s\n", name)
	}
	return b.String()
}

// page is docs/typescript.md.
func (c *comparison) page(t *testing.T) string {
	return fmt.Sprintf(yardstickPage, authorMistakes(t)) + "\n```\n" + c.table() + "```\n"
}

var pageFile = filepath.Join("..", "..", "..", "docs", "typescript.md")

func (c *comparison) write(t *testing.T) {
	if err := os.WriteFile(pageFile, []byte(c.page(t)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// authorMistakes is how many there are.
func authorMistakes(t *testing.T) int {
	lists, err := filepath.Glob(filepath.Join("testdata", "authors", "*.mistakes"))
	if err != nil || len(lists) == 0 {
		t.Fatalf("no mistakes: %v", err)
	}
	n := 0
	for _, name := range lists {
		n += len(mistakes(t, name))
	}
	return n
}

// The page says what was compared, of the faults that there are.
func TestTypeScriptPage(t *testing.T) {
	src, err := os.ReadFile(comparisonFile)
	if err != nil {
		t.Fatal(err)
	}
	var c comparison
	if err := json.Unmarshal(src, &c); err != nil {
		t.Fatal(err)
	}
	var names, found []string
	for _, k := range classes {
		names = append(names, k.name)
	}
	for _, f := range c.Faults {
		found = append(found, f.Fault)
	}
	slices.Sort(names)
	found = slices.Sorted(slices.Values(append(found, c.Without...)))
	if !slices.Equal(found, names) {
		t.Errorf("%s is not about the faults that there are: compare again (-tags e2e -run TypeScript -update-yardstick)\n%s",
			comparisonFile, strings.Join(append(difference(strings.Join(found, "\n"), strings.Join(names, "\n")), difference(strings.Join(names, "\n"), strings.Join(found, "\n"))...), "\n"))
	}
	if *update {
		c.write(t)
	}
	got, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	if want := c.page(t); string(got) != want {
		t.Errorf("%s is not what is made of %s; -update rewrites it:\n%s", pageFile, comparisonFile, strings.Join(difference(string(got), want), "\n"))
	}
}

const yardstickPage = `# Lint beside the TypeScript compiler

The mutation benchmark (` + "`go test -run Mutation -v ./spec/check/mutation`" + `) breaks integrations that work in every way
that its authors could think of. Here the same integrations, and the same faults in them, are also written
in TypeScript, over clients of openapi-fetch whose types openapi-typescript makes of the same documents, and
checked by the compiler with ` + "`strict`" + `:

` + "```" + `
go test -tags e2e -run TypeScript -v ./spec/check/mutation -update-yardstick
` + "```" + `

What the numbers mean: a fault is found if there is an error (or, by lint, a warning) that the integration
as it is does not have. The translation is made by the test; it gives the compiler every advantage that it
can: documents are cut down to what is used, where null is meant beside a reference it is said, and every
step to a field that may be missing is written ` + "`?.`" + `. What the language has and TypeScript does not
(credentials, retries, pagination, the host of a server) is left out; such faults are listed below the table
and not counted. That so few undeclared parameters and properties are found is openapi-fetch's doing: its methods
are generic in what they are given, and the compiler looks for excess properties only where it is told a type;
it finds them where nothing at all of what is expected is there. Errors of the compiler in programs as they are come mostly of fields that the documents do
not require, which lint tells as notes and checks while running.

Beside the faults that the benchmark makes there are mistakes as authors make them, over documents that
nothing else is made of (` + "`" + `go test -run AuthorMistakes -v ./spec/check/mutation` + "`" + `). They were written down before
anybody saw what lint says. Of 104 in eight projects lint caught 101 at the first try, 100 by the right rule on the right
line. Of 137 more in four projects with tests, triggers and served operations it caught 129, 125 of them so; of the other 12, lint
was right and the expectation was not in 4, 2 are told as notes, 3 cannot be told (of objects that are said to have any
fields, for instance), and 3 it missed. What was missed is mended: lint finds all %d that are in the lists now.
`
