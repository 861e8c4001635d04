package main

import (
	"bytes"
	"io"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"tenon/cmd/tenon/internal/project"
	"tenon/spec/lang"
)

// TestFindingsAsShown shows every rule's bad example as its author would see it, in testdata/findings; so
// a change to any message can be read. -update rewrites them.
func TestFindingsAsShown(t *testing.T) {
	for _, r := range lang.Rules() {
		if r.Bad == "" || r.On != "" { // another command's
			continue
		}
		t.Run(r.Name, func(t *testing.T) {
			files := maps.Clone(lang.ExampleFiles())
			archive := txtar.Parse([]byte(r.Bad))
			if len(archive.Files) == 0 {
				files["main.hcl"] = r.Bad
			}
			for _, f := range archive.Files {
				files[f.Name] = string(f.Data)
			}
			var got, problems bytes.Buffer
			dir := writeProject(t, files)
			if _, ok := files[project.LockName]; !ok && r.Name != "spec-unlocked" {
				run(t.Context(), testEnv(t, dir, io.Discard, io.Discard, "lock")) // fails where a spec is missing
			}
			status := run(t.Context(), testEnv(t, dir, &got, &problems, "lint", "--notes"))
			if status > exitNotWell {
				t.Fatalf("exit status %d: %s", status, problems.String())
			}
			page := filepath.Join("testdata", "findings", r.Name+".txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(page), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(page, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("-want +got (go test ./cmd/tenon -run Findings -update, and read the diff):\n%s", d)
			}
		})
	}
}
