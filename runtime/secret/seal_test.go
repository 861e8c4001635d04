package secret

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSeal(t *testing.T) {
	s, err := NewSealer([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	a, b := s.Seal([]byte("hello"), "x"), s.Seal([]byte("hello"), "x")
	if string(a) == string(b) {
		t.Error("the same text is sealed alike twice")
	}
	if got, err := s.Open(a, "x"); string(got) != "hello" || err != nil {
		t.Errorf("Open: %q, %v", got, err)
	}
	changed := append([]byte(nil), a...)
	changed[len(changed)-1] ^= 1
	for what, data := range map[string][]byte{"x": changed, "y": a, "z": []byte("hello"), "": nil} {
		if got, err := s.Open(data, what); err == nil {
			t.Errorf("Open(%q) = %q", what, got)
		}
	}
	if _, err := NewSealer([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}

func TestKeys(t *testing.T) {
	none := func(string) string { return "" }
	dir := filepath.Join(t.TempDir(), "tenon")
	sealers := make([]*Sealer, 8)
	var wg sync.WaitGroup
	for i := range sealers {
		wg.Go(func() {
			var err error
			if sealers[i], err = OpenKey(none, dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, s := range sealers {
		if _, err := s.Open(sealers[0].Seal([]byte("x"), ""), ""); err != nil {
			t.Fatal("processes that begin at the same time made different keys")
		}
	}
	info, err := os.Stat(filepath.Join(dir, "key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	os.Chmod(filepath.Join(dir, "key"), 0o644)
	if _, err := OpenKey(none, dir); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
	for text, good := range map[string]bool{
		strings.Repeat("ab", 32): true, "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=": true, "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s": true, "correct horse": false,
	} {
		if _, err := OpenKey(func(string) string { return text }, ""); (err == nil) != good {
			t.Errorf("TENON_KEY=%s: %v", text, err)
		}
	}
	if _, err := OpenKey(none, ""); err == nil || !strings.Contains(err.Error(), "TENON_KEY") {
		t.Errorf("nowhere to keep a key: %v", err)
	}
}
