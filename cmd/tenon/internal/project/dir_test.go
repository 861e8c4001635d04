package project

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T) (*Dir, string) {
	t.Helper()
	parent := t.TempDir()
	location := filepath.Join(parent, "project")
	for name, text := range map[string]string{
		"secret.txt":               "TOP-SECRET",
		"project/main.hcl":         "a",
		"project/b.hcl":            "b",
		"project/b.test.hcl":       "",
		"project/.#main.hcl":       "",
		"project/tenon.lock.hcl":   "",
		"project/openapi/shop.yml": "shop",
	} {
		name = filepath.Join(parent, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"out.yml": "../secret.txt", "far.yml": "/etc/passwd", "up": "..", "in.yml": "openapi/shop.yml"} {
		if err := os.Symlink(to, filepath.Join(location, link)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(location, "pipe"), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := OpenDir(location, "project")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d, location
}

func TestReadStaysInside(t *testing.T) {
	d, location := open(t)
	for _, c := range []struct{ name, want, problem string }{
		{"main.hcl", "a", ""},
		{"openapi/shop.yml", "shop", ""},
		{"./openapi/../openapi/shop.yml", "shop", ""},
		{"in.yml", "shop", ""},
		{"openapi/shop.yaml", "", `the nearest is "openapi/shop.yml"`},
		{"nothing/at/all", "", "there is no such file"},
		{"openapi", "", "it is not a file"},
		{"pipe", "", "it is not a file"},
		{"../secret.txt", "", "outside the project"},
		{"openapi/../../secret.txt", "", "outside the project"},
		{"/etc/passwd", "", "outside the project"},
		{location + "/main.hcl", "", "outside the project"},
		{"out.yml", "", "outside the project"},
		{"far.yml", "", "outside the project"},
		{"up/secret.txt", "", "outside the project"},
		{"https://example.com/openapi.yml", "", "addresses are not read"},
		{"", "", "it is not a file"},
	} {
		got, err := d.ReadFile(c.name)
		switch {
		case c.problem == "" && (err != nil || string(got) != c.want):
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.want)
		case c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)):
			t.Errorf("%s: got %q, %v; want an error with %q", c.name, got, err, c.problem)
		}
	}
}

func TestHCLIsTheProjectsOwnFiles(t *testing.T) {
	d, _ := open(t)
	got, err := d.HCL()
	if want := "b.hcl main.hcl"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestWriteReplacesWholeAndStaysInside(t *testing.T) {
	d, location := open(t)
	if err := os.Chmod(filepath.Join(location, "main.hcl"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := d.Write("main.hcl", []byte("next")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(location, "main.hcl"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if got, _ := d.ReadFile("main.hcl"); string(got) != "next" {
		t.Errorf("got %q", got)
	}
	if err := d.Write("../secret.txt", []byte("x")); err == nil {
		t.Error("wrote outside the project")
	}
	if left, _ := fs.Glob(os.DirFS(location), ".*.tenon"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestCacheKeepsAndSweeps(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "not", "there", "yet")
	c := OpenCache(dir)
	if _, ok := c.Get("a"); ok {
		t.Error("an empty cache has something")
	}
	c.Put("a", []byte("one"))
	c.Put("a", []byte("two"))
	c.Put("b/../../c", []byte("three"))
	for key, want := range map[string]string{"a": "two", "b/../../c": "three"} {
		if got, ok := c.Get(key); !ok || string(got) != want {
			t.Errorf("%s: got %q, %v", key, got, ok)
		}
	}
	old := time.Now().Add(-2 * cacheAge)
	if err := os.Chtimes(c.file("a"), old, old); err != nil {
		t.Fatal(err)
	}
	c.Put("d", nil)
	if _, ok := c.Get("a"); ok {
		t.Error("what nobody reads is kept")
	}
	if _, ok := c.Get("b/../../c"); !ok {
		t.Error("what is fresh is gone")
	}
}

func TestCacheThatCannotBeWrittenIsFine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := OpenCache(filepath.Join(file, "cache"))
	c.Put("a", []byte("x"))
	if _, ok := c.Get("a"); ok {
		t.Error("it was kept")
	}
}
