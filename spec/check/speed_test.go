package check

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"tenon/spec/check/checktest"
	"tenon/spec/diag"
)

// measured lists the projects by which speed is measured.
func measured() []checktest.Project {
	list := []checktest.Project{checktest.Generated()}
	p, ok := checktest.Real(func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(realSpecsOrNone(), name)) })
	if ok {
		list = append(list, p)
	}
	return list
}

func mapFS(files map[string][]byte) fstest.MapFS {
	dir := fstest.MapFS{}
	for name, src := range files {
		dir[name] = &fstest.MapFile{Data: src}
	}
	return dir
}

// TestMeasuredProjects: what is measured is a project as it should be.
func TestMeasuredProjects(t *testing.T) {
	for _, p := range measured() {
		t.Run(p.Name, func(t *testing.T) {
			r, _, diags := build(t, mapFS(p.Files))
			for _, d := range diags {
				if d.Severity != diag.Note {
					t.Errorf("%s: %s", d.Rule.Name, d.Message)
				}
			}
			if len(r.Plans) < 4 {
				t.Errorf("%d plans", len(r.Plans))
			}
		})
	}
}

// BenchmarkThirtySteps lints a whole project from bytes, with nothing cached.
func BenchmarkThirtySteps(b *testing.B) {
	for _, p := range measured() {
		b.Run(p.Name, func(b *testing.B) {
			dir := mapFS(p.Files)
			for b.Loop() {
				build(b, dir)
			}
		})
	}
}

// BenchmarkRebuild is BenchmarkThirtySteps in a process that has the documents already.
func BenchmarkRebuild(b *testing.B) {
	for _, p := range measured() {
		b.Run(p.Name, func(b *testing.B) {
			dir := mapFS(p.Files)
			specs := NewSpecs(dir, nil)
			buildWith(b, dir, specs)
			for b.Loop() {
				buildWith(b, dir, specs)
			}
		})
	}
}
