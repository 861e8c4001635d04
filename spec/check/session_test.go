package check

import (
	"bytes"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tenon/spec/diag"
)

// own are the files of a project that a session is given; the rest are documents.
func own(dir fstest.MapFS) map[string][]byte {
	out := map[string][]byte{}
	for name, f := range dir {
		if strings.HasSuffix(name, ".hcl") {
			out[name] = f.Data
		}
	}
	return out
}

// said is everything that a check says, in order.
func said(c *Checked) (findings diag.List, digests map[string]string) {
	digests = map[string]string{}
	for name, p := range c.Plans {
		var err error
		if digests[name], err = p.Digest(); err != nil {
			digests[name] = err.Error()
		}
	}
	return c.Findings, digests
}

// TestSessionSaysWhatANewOneWould edits projects at random, file by file and back, their documents too: the
// session that has seen it all finds the same as one that has seen nothing.
func TestSessionSaysWhatANewOneWould(t *testing.T) {
	var projects []fstest.MapFS
	for _, name := range slices.Concat(archives(t, "testdata/build"), archives(t, "testdata/plan")) {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		projects = append(projects, files(string(src)))
	}
	projects = append(projects, files(brokenInPlaces))
	rapid.Check(t, func(rt *rapid.T) {
		dir := maps.Clone(rapid.SampledFrom(projects).Draw(rt, "project"))
		first := maps.Clone(dir)
		session := NewSession(dir, nil, "test")
		for range rapid.IntRange(1, 6).Draw(rt, "edits") {
			name := rapid.SampledFrom(slices.Sorted(maps.Keys(dir))).Draw(rt, "file")
			if rapid.IntRange(0, 3).Draw(rt, "back") == 0 {
				dir[name] = first[name]
			} else {
				dir[name] = &fstest.MapFile{Data: edited(rt, dir[name].Data)}
			}
			session.Changed(name)
			got, gotPlans := said(session.Check(own(dir)))
			want, wantPlans := said(NewSession(dir, nil, "test").Check(own(dir)))
			if diff := cmp.Diff(want, got); diff != "" {
				rt.Fatalf("findings after editing %s (-new session +this session):\n%s", name, diff)
			}
			if diff := cmp.Diff(wantPlans, gotPlans); diff != "" {
				rt.Fatalf("plans after editing %s (-new session +this session):\n%s", name, diff)
			}
		}
	})
}

// edited is a text as after a keystroke or two: a line is gone, twice there, or a word is another.
func edited(rt *rapid.T, src []byte) []byte {
	lines := bytes.SplitAfter(src, []byte("\n"))
	i := rapid.IntRange(0, len(lines)-1).Draw(rt, "line")
	switch rapid.IntRange(0, 2).Draw(rt, "kind") {
	case 0:
		lines = slices.Delete(slices.Clone(lines), i, i+1)
	case 1:
		lines = slices.Insert(slices.Clone(lines), i, lines[i])
	default:
		words := bytes.Fields(src)
		if len(words) == 0 {
			return src
		}
		from, to := rapid.SampledFrom(words).Draw(rt, "from"), rapid.SampledFrom(words).Draw(rt, "to")
		lines = slices.Clone(lines)
		lines[i] = bytes.ReplaceAll(lines[i], from, to)
	}
	return bytes.Join(lines, nil)
}

// brokenInPlaces is a project over a document whose operations have defects: those of what is not used (any
// more) are not told.
const brokenInPlaces = `
-- main.hcl --
api "a" {
  spec = "openapi/broken.json"
}
integration "i" {
  step "one" {
    call = a.one
  }
  output "o" {
    value = step.one.body.x
  }
}
-- two.hcl --
integration "j" {
  step "two" {
    call = a.two
  }
  output "o" {
    value = step.two.body.x
  }
}
-- openapi/broken.json --
{"openapi": "3.0.0", "info": {"title": "A", "version": "1"}, "servers": [{"url": "https://a.example.com"}],
  "paths": {
    "/one": {"get": {"operationId": "one", "responses": {"200": {"description": "", "content": {"application/json": {"schema":
      {"type": "object", "properties": {"x": {"$ref": "#/components/schemas/none"}}}}}}}}},
    "/two": {"get": {"operationId": "two", "responses": {"200": {"description": "", "content": {"application/json": {"schema":
      {"type": "object", "properties": {"x": {"type": "strin"}}}}}}}}}
  }
}
`

// TestSessionForgetsDefects: what a document has wrong is told as long as the project uses it.
func TestSessionForgetsDefects(t *testing.T) {
	dir := files(brokenInPlaces)
	session := NewSession(dir, nil, "test")
	count := func(files map[string][]byte) int {
		n := 0
		for _, d := range session.Check(files).Findings {
			if d.Rule.Name == "spec-invalid" {
				n++
			}
		}
		return n
	}
	both := own(dir)
	one := maps.Clone(both)
	delete(one, "two.hcl")
	if a, b, c := count(both), count(one), count(both); a != 2 || b != 1 || c != 2 {
		t.Errorf("%d, %d, %d findings, want 2, 1, 2", a, b, c)
	}
}

// BenchmarkKeystroke checks a project anew after each change of one of its files. docs/performance.md
// says how fast that has to be.
func BenchmarkKeystroke(b *testing.B) {
	for _, p := range measured() {
		b.Run(p.Name, func(b *testing.B) {
			dir := mapFS(p.Files)
			files := own(dir)
			var name string
			for _, n := range slices.Sorted(maps.Keys(files)) {
				if len(files[n]) > len(files[name]) {
					name = n // the longest
				}
			}
			versions := [][]byte{files[name], bytes.Replace(files[name], []byte("_id"), []byte("_idx"), 1), append(slices.Clone(files[name]), "# x\n"...)}
			session := NewSession(dir, nil, "test")
			session.Check(files)
			for i := 0; b.Loop(); i++ {
				files[name] = versions[i%len(versions)]
				session.Check(files)
			}
		})
	}
}
