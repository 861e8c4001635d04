package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"tenon/spec/diag"
)

// realSpecs finds the directory of providers' own documents, which are too big for the repository;
// tests that need it are skipped where it is not there.
func realSpecs(t testing.TB) string {
	t.Helper()
	dir := realSpecsOrNone()
	if dir == "" {
		t.Skip("no shared/specs beside the repository")
	}
	return dir
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func realProject(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	archive, err := os.ReadFile(filepath.Join("testdata", "real", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	spec, err := os.ReadFile(filepath.Join(realSpecs(t), name+".json"))
	if err != nil {
		t.Skip(err)
	}
	dir := files(string(archive))
	dir[name+".json"] = &fstest.MapFile{Data: spec}
	return dir
}

// TestRealSpecs builds projects against providers' own documents.
func TestRealSpecs(t *testing.T) {
	for _, name := range archives(t, "testdata/real") {
		name := strings.TrimSuffix(filepath.Base(name), ".txtar")
		t.Run(name, func(t *testing.T) {
			r, _, diags := build(t, realProject(t, name))
			for _, d := range diags {
				if d.Severity != diag.Note {
					t.Errorf("%s: %s", d.Rule.Name, d.Message)
				}
			}
			for _, p := range r.Plans {
				survives(t, p)
			}
			if len(r.Plans) != 1 || testing.Verbose() {
				show(t, diags)
			}
		})
	}
}

// BenchmarkBuild lints a project of five steps against the 13 MB of GitHub's document, and one
// against Stripe's, from bytes, with nothing cached.
func BenchmarkBuild(b *testing.B) {
	for _, name := range []string{"github", "stripe"} {
		b.Run(name, func(b *testing.B) {
			dir := realProject(b, name)
			for b.Loop() {
				build(b, dir)
			}
		})
	}
}
