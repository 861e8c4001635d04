package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tenon/cmd/tenon/internal/add"
	"tenon/cmd/tenon/internal/project"
	"tenon/integrations"
	"tenon/spec/diag"
	"tenon/spec/openapi"
)

// documents lists the real documents at hand: those of the repository, and those beside it, where they are.
func documents(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, dir := range []string{"../../testdata/specs", "../../../shared/specs"} {
		entries, err := os.ReadDir(dir)
		if err != nil && dir == "../../testdata/specs" {
			t.Fatal(err)
		}
		for _, e := range entries {
			switch filepath.Ext(e.Name()) {
			case ".json", ".yaml", ".yml":
				out = append(out, filepath.Join(dir, e.Name()))
			}
		}
	}
	if len(out) < 6 {
		t.Fatalf("only %d documents", len(out))
	}
	return out
}

// TestAddRealDocuments: whatever real document is added, a project with one step that reads lints without
// an error, and its files are as they should be.
func TestAddRealDocuments(t *testing.T) {
	added := 0
	for _, file := range documents(t) {
		if strings.HasPrefix(filepath.Base(file), "arazzo") {
			continue // workflows
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			dir := t.TempDir()
			location, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			e := &env{Args: []string{"add", "api", location}, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: dir,
				LookupEnv: func(string) (string, bool) { return "", false }}
			if code := run(context.Background(), e); code != exitDone {
				t.Fatalf("exit status %d: %s", code, stderr.String())
			}
			call := reading(t, dir)
			if call == "" {
				return // the document has no operation that can be called without knowing anything
			}
			text := fmt.Sprintf("integration \"look\" {\n  step \"it\" {\n    call = api[%q]\n  }\n  output \"it\" {\n    value = step.it.status\n  }\n}\n", call)
			if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			opened, err := project.OpenDir(dir, dir)
			if err != nil {
				t.Fatal(err)
			}
			defer opened.Close()
			p, err := project.Load(opened, project.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range p.Findings {
				if d.Severity == diag.Error || d.Rule.Name == "format" || d.Rule.Name == "spec-unlocked" || strings.HasPrefix(d.Rule.Name, "overlay") {
					t.Errorf("%s: %s", d.Rule.Name, d.Message)
				}
			}
			if p.Plans["look"] == nil {
				t.Error("no plan")
			}
			added++
		})
	}
	if added < 5 { // as many come with the repository
		t.Errorf("only %d documents were added", added)
	}
}

// reading finds an operation of the document that was added which reads and needs no parameters.
func reading(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "openapi", "api.*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	src, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi.Load(filepath.Base(files[0]), src, openapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
next:
	for _, n := range doc.Operations() {
		if n.Method != "GET" {
			continue
		}
		op, err := doc.Operation(n.Key())
		if err != nil || len(op.Responses) == 0 {
			continue
		}
		for _, p := range op.Parameters {
			if p.Required {
				continue next
			}
		}
		return n.Key()
	}
	return ""
}

// TestShippedOverlays: the overlays that ship apply to the documents that they are for, with every target
// in place, and what they say is understood.
func TestShippedOverlays(t *testing.T) {
	for _, o := range integrations.Overlays {
		src, ok := integrations.OverlayFor([]string{"other.example.com", o.Host})
		if !ok {
			t.Fatalf("no overlay for %s", o.Host)
		}
		name := strings.TrimSuffix(o.File, ".yaml")
		document := filepath.Join("../../../shared/specs", name+".json")
		raw, err := os.ReadFile(document)
		if err != nil {
			t.Logf("left out: %s, since it is not there", document)
			continue
		}
		doc, err := openapi.Load(name+".json", raw, openapi.Options{Overlays: []openapi.OverlayFile{{Name: o.File, Src: src}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range doc.Overlays()[0].Problems {
			t.Errorf("%s: %s", o.File, p.Message)
		}
		for _, n := range doc.Operations() {
			if _, err := doc.Operation(n.Key()); err != nil {
				t.Errorf("%s: %s: %v", o.File, n, err)
			}
		}
		if doc.RateLimit() == nil {
			t.Errorf("%s says no rate", o.File)
		}
		for _, d := range doc.Defects() {
			if doc.Locate(d.Origin).File == o.File {
				t.Errorf("%s: %s: %s", o.File, d.Origin.Pointer, d.Message)
			}
		}
	}
}

// TestAddBounds: what is fetched is bounded, and neither a redirect nor a reference leads elsewhere.
func TestAddBounds(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked for", r.URL) }))
	defer elsewhere.Close()
	hops := 0
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/refs/root.json":
			io.WriteString(w, `{"openapi": "3.0.3", "info": {}, "paths": {"/a": {"$ref": "`+elsewhere.URL+`/a.json"}, "/b": {"$ref": "/etc/b.json"}, "/c": {"$ref": "../c.json"}, "/d": {"$ref": "d.json"}}}`)
		case "/refs/d.json":
			http.Redirect(w, r, elsewhere.URL+"/d.json", http.StatusFound)
		case "/loop":
			hops++
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/out":
			http.Redirect(w, r, "http://192.0.2.1/openapi.json", http.StatusFound)
		case "/large":
			w.Header().Set("Content-Length", strconv.Itoa(100<<20))
			io.Copy(w, io.LimitReader(zeros{}, 100<<20))
		case "/binary":
			w.Write([]byte("\x1f\x8b\x08\x00"))
		case "/secret":
			io.WriteString(w, "nothing")
		default:
			t.Errorf("%s was asked for", r.URL)
		}
	}))
	defer site.Close()
	s, err := add.Read(context.Background(), site.URL+"/refs/root.json", ".")
	if err != nil || len(s.Files) != 1 || len(s.Missing) != 4 {
		t.Errorf("references: %+v, %v", s, err)
	}
	for path, want := range map[string]string{
		"/loop": "redirects", "/out": "which is not https", "/large": "more than 64 MB", "/binary": "is a compressed archive",
	} {
		if _, err := add.Read(context.Background(), site.URL+path, "."); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
	if hops > 10 {
		t.Errorf("followed %d redirects", hops)
	}
	secret := strings.Replace(site.URL, "http://", "http://user:pass@", 1) + "/secret"
	if _, err := add.Read(context.Background(), secret, "."); err == nil || strings.Contains(err.Error(), "pass@") {
		t.Errorf("a password is shown: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
