package openapi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
)

// shared is where more documents may be: beside a checkout, or beside a directory of checkouts.
var shared = []string{"../../../shared/specs", "../../../../shared/specs"}

// corpus lists documents that providers publish: those in this repository and, where they are there,
// more of them beside it.
func corpus(t testing.TB) []string {
	var out []string
	dirs := []string{"../../testdata/specs"}
	if !testing.Short() {
		dirs = append(dirs, shared...)
	}
	for _, dir := range dirs {
		for _, pattern := range []string{"*.json", "*.yaml", "*.yml"} {
			files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), pattern))
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, files...)
		}
	}
	if len(out) == 0 {
		t.Fatal("there are no documents in testdata/specs")
	}
	return out
}

// Every operation of every real document decodes, and its types do, whatever else is wrong with it.
func TestCorpus(t *testing.T) {
	var table strings.Builder
	tab := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "document\tversion\toperations\tschemas\tdefects")
	for _, name := range corpus(t) {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d, err := Load(filepath.Base(name), src, Options{Name: "api"})
		if err != nil {
			t.Error(err)
			continue
		}
		for _, n := range d.Operations() {
			op, err := d.Operation(n.Key())
			if err != nil {
				t.Errorf("%s: %v", n, err)
				continue
			}
			newWalker(120).look(op, 5)
			if r := d.Locate(op.Origin); strings.Trim(d.Source().Text(r), `"'`) != strings.ToLower(op.Method) {
				t.Errorf("%s %s is located at %q", name, n.Key(), d.Source().Text(r))
			}
		}
		found := defects(d)
		fmt.Fprintf(tab, "%s\t%s\t%d\t%d\t%d\n", filepath.Base(name), d.Version, len(d.Operations()), len(d.SchemaNames()), len(found))
		for i, x := range found {
			if i == 4 {
				fmt.Fprintf(tab, "\t\t\t\t\t… %d more\n", len(found)-i)
				break
			}
			fmt.Fprintf(tab, "\t\t\t\t\t%.200s\n", x)
		}
	}
	tab.Flush()
	t.Log("\n" + table.String())
}
