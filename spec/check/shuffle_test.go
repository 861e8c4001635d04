package check

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pgregory.net/rapid"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/syntax"
)

// TestShuffledProjects moves the top-level blocks of projects around: block order means nothing there, so
// the findings stay the same.
func TestShuffledProjects(t *testing.T) {
	type project struct {
		dir    fstest.MapFS
		blocks []string
		want   []string
	}
	projects := map[string]project{}
	names := slices.Concat(archives(t, "testdata/build"), archives(t, "testdata/plan"))
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		dir := files(string(src))
		_, _, diags := build(t, dir)
		projects[name] = project{dir, topBlocks(string(dir["main.hcl"].Data)), described(dir, diags)}
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := projects[rapid.SampledFrom(names).Draw(rt, "project")]
		moved := rapid.Permutation(p.blocks).Draw(rt, "blocks")
		again := maps.Clone(p.dir)
		again["main.hcl"] = &fstest.MapFile{Data: []byte(strings.Join(moved, "\n"))}
		_, _, diags := build(t, again)
		if got := described(again, diags); !slices.Equal(got, p.want) {
			rt.Errorf("findings change with the order of blocks:\n%s\nwere:\n%s", strings.Join(got, "\n"), strings.Join(p.want, "\n"))
		}
	})
}

// topBlocks splits a file into its blocks.
func topBlocks(src string) []string {
	f, _ := syntax.Parse("main.hcl", []byte(src))
	var out []string
	for _, b := range f.Body.Blocks {
		out = append(out, src[b.Range.Start:b.Range.End]+"\n")
	}
	return out
}

// described tells findings by what they say and what they stand at, not by where that is.
func described(dir fstest.MapFS, diags diag.List) []string {
	var out []string
	for _, d := range diags {
		at := ""
		if f := dir[d.Range.File]; f != nil {
			at = string(f.Data[d.Range.Start:d.Range.End])
		}
		if d.Rule == lang.PathConflict {
			out = append(out, "which of two is told is a matter of their order: "+d.Rule.Name)
			continue
		}
		out = append(out, fmt.Sprintf("%s %s %q: %s %s", d.Severity, d.Rule.Name, at, d.Message, d.Detail))
	}
	slices.Sort(out)
	return out
}
