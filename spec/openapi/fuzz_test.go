package openapi

import (
	"os"
	"path/filepath"
	"testing"

	"tenon/spec/types"
)

// walker looks at types the way a checker would, but everywhere, down to a depth and a number of types.
type walker struct {
	left int
	seen map[*types.Type]bool
}

func (w *walker) walk(t *types.Type, depth int) {
	if t == nil || depth == 0 || w.left == 0 || w.seen[t] {
		return
	}
	w.left--
	w.seen[t] = true
	s := t.Shape()
	for _, o := range s.Objects {
		for _, p := range o.Properties {
			w.walk(p.Type, depth-1)
		}
		w.walk(o.Additional, depth-1)
	}
	for _, l := range s.Arrays {
		for _, p := range l.Prefix {
			w.walk(p, depth-1)
		}
		w.walk(l.Items, depth-1)
	}
}

// look decodes an operation's types down to the depth.
func (w *walker) look(o *Operation, depth int) {
	for _, p := range o.Parameters {
		w.walk(p.Type, depth)
	}
	if o.Body != nil {
		for _, m := range o.Body.Content {
			w.walk(m.Type, depth)
		}
	}
	for _, r := range o.Responses {
		for _, h := range r.Headers {
			w.walk(h.Type, depth)
		}
		for _, m := range r.Content {
			w.walk(m.Type, depth)
		}
	}
}

func newWalker(n int) *walker { return &walker{n, map[*types.Type]bool{}} }

func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"*.yaml", "*.json", "multi/*.yaml", "multi/*/*.yaml"} {
		files, _ := filepath.Glob(filepath.Join("testdata", pattern))
		for _, name := range files {
			src, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src, filepath.Ext(name) == ".yaml")
		}
	}
	f.Add([]byte(tiny), false)
	f.Add([]byte("openapi: 3.1.0\npaths: {/a: {$ref: '#/paths/~1a'}}\n"), true)
	f.Add([]byte(`{"swagger":"2.0","paths":{"/{a}":{"get":{"parameters":[{"$ref":"#/parameters/a"}],"responses":{"200":{"schema":{"$ref":"#/definitions/A"}}}}}},"definitions":{"A":{"allOf":[{"$ref":"#/definitions/A"}]}}}`), false)
	f.Fuzz(func(t *testing.T, src []byte, yaml bool) {
		if len(src) > 1<<16 {
			return
		}
		name := "fuzz.json"
		if yaml {
			name = "fuzz.yaml"
		}
		cache := memory{}
		d, err := Load(name, src, Options{Cache: cache})
		if err != nil {
			return
		}
		w := newWalker(2000)
		for _, n := range d.Operations() {
			if op, err := d.Operation(n.Key()); err == nil {
				w.look(op, 6)
				inside(t, d, op.Origin)
			}
		}
		for _, name := range d.SchemaNames() {
			if s, ok := d.Schema(name, types.BothWays); ok {
				w.walk(s, 6)
			}
		}
		d.SecuritySchemes()
		d.Servers()
		for _, x := range d.Defects() {
			inside(t, d, x.Origin)
		}
	})
}

// inside checks that a place is one of the document's text.
func inside(t *testing.T, d *Document, o types.Origin) {
	t.Helper()
	r := d.Locate(o)
	if f := d.Files()[r.File]; f == nil || r.Start < 0 || r.Start > r.End || r.End > len(f.Src) {
		t.Fatalf("%+v is located at %+v", o, r)
	}
}
