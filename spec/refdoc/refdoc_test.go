package refdoc

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite docs/reference")

// TestReference keeps docs/reference what the declarations say; -update rewrites it.
func TestReference(t *testing.T) {
	for _, page := range Reference() {
		name := filepath.Join("..", "..", "docs", "reference", page.Name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(page.Text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(got), page.Text); d != "" {
			t.Errorf("%s is not what the declarations say; go test ./spec/refdoc -update (-file +declarations):\n%s", name, d)
		}
	}
}
