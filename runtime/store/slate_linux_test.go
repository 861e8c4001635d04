package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"tenon/runtime/store"
)

// slated writes on a run's slate, and returns its file.
func slated(t *testing.T, dir string) (s *store.SQLite, file string) {
	t.Helper()
	s = open(t, dir, store.Shared)
	begin(t, s, "r1")
	x := slate(t, s)
	for slot, text := range map[int]string{0: "one", 1: strings.Repeat("two", 2000)} {
		if err := x.Write(slot, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	x.Close()
	return s, filepath.Join(dir, "slates", "rr1")
}

func slate(t *testing.T, s *store.SQLite) store.Slate {
	t.Helper()
	x, err := s.Slate("r1")
	if err != nil {
		t.Fatal(err)
	}
	if err := x.Wipe(); err != nil {
		t.Fatal(err)
	}
	return x
}

func left(t *testing.T, s *store.SQLite) [][]byte {
	t.Helper()
	x, err := s.Slate("r1")
	if err != nil {
		t.Fatal(err)
	}
	if x == nil {
		return nil
	}
	defer x.Close()
	return x.Left()
}

// A slate says nothing where it is not certain that it is what was written last.
func TestSlatesThatSayNothing(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, file string, data []byte) error{
		"another boot": func(t *testing.T, _ string, _ []byte) error {
			boot(t, "0d5fd18f-8a8b-4ad4-a6ed-0d1b4b8a4a9b")
			return nil
		},
		"no boot ID":          func(t *testing.T, _ string, _ []byte) error { boot(t, ""); return nil },
		"gone":                func(_ *testing.T, file string, _ []byte) error { return os.Remove(file) },
		"cut in its identity": func(_ *testing.T, file string, _ []byte) error { return os.Truncate(file, 20) },
		"other identity": func(_ *testing.T, file string, data []byte) error {
			data[bytes.Index(data, []byte("boot "))+7] ^= 1
			return os.WriteFile(file, data, 0o600)
		},
		"a copy": func(_ *testing.T, file string, data []byte) error {
			if err := os.WriteFile(file+".copy", data, 0o600); err != nil {
				return err
			}
			return os.Rename(file+".copy", file)
		},
		"put back": func(_ *testing.T, file string, data []byte) error { // on some systems with the same inode
			if err := os.Remove(file); err != nil {
				return err
			}
			return os.WriteFile(file, data, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, file := slated(t, t.TempDir())
			if got := left(t, s); got == nil || string(got[0]) != "one" {
				t.Fatalf("left is %.100q", got)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := change(t, file, data); err != nil {
				t.Fatal(err)
			}
			if got := left(t, s); got != nil {
				t.Errorf("left is %.100q", got)
			}
		})
	}
}

// boot makes the kernel another one.
func boot(t *testing.T, id string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "boot_id")
	if err := os.WriteFile(file, []byte(id), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.SetBootID(file))
}

// A slot that is not what was written is empty, and the others are as they were.
func TestDamagedSlots(t *testing.T) {
	for name, change := range map[string]func(file string, at int64) error{
		"cut": func(file string, at int64) error { return os.Truncate(file, at+100) },
		"changed": func(file string, at int64) error {
			f, err := os.OpenFile(file, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte("TWO"), at)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, file := slated(t, t.TempDir())
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := change(file, int64(bytes.Index(data, []byte("twotwo")))); err != nil {
				t.Fatal(err)
			}
			if got := left(t, s); got == nil || string(got[0]) != "one" || got[1] != nil {
				t.Errorf("left is %.100q", got)
			}
		})
	}
}

// Where a slate cannot be written, that is said.
func TestSlatesThatCannotBeWritten(t *testing.T) {
	dir := disk(t, "2m")
	s, _ := slated(t, dir)
	x := slate(t, s)
	defer x.Close()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=300k"); err != nil {
		t.Fatal(err)
	}
	var err error
	for slot := 0; err == nil && slot < store.Slots; slot++ {
		err = x.Write(slot, bytes.Repeat([]byte("x"), store.SlotSize))
	}
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("on a full disk: %v", err)
	}
	if err := x.Wipe(); err != nil {
		t.Errorf("wiped, there is room: %v", err)
	}
	dir = disk(t, "2m")
	s = open(t, dir, store.Shared)
	begin(t, s, "r1")
	if err := os.WriteFile(filepath.Join(dir, "slates"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Slate("r1"); err == nil || !strings.Contains(err.Error(), "what a run is about to send cannot be noted") || !strings.Contains(err.Error(), dir) {
		t.Errorf("where there can be none: %v", err)
	}
}

// What is left of runs that have ended is removed when it is old, and nothing else.
func TestSlatesThatAreLeft(t *testing.T) {
	dir := t.TempDir()
	s, running := slated(t, dir)
	if err := s.Commit(t.Context(), "r2", store.Begin{Run: store.Run{ID: "r2", Plan: "p", Started: time.Now()}}, store.End{Run: "r2", Status: "failed", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	file := func(run string, age time.Duration) string {
		name := filepath.Join(dir, "slates", "r"+run)
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	if err := os.Chtimes(running, time.Time{}, time.Now().Add(-48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for name, stays := range map[string]bool{running: true, file("r2", 2*time.Hour): false, file("other", 2*time.Hour): false, file("new", time.Minute): true} {
		if _, err := s.Prune(t.Context(), store.Keep{Now: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(name); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}
