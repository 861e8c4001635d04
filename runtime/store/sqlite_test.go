package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"tenon/runtime/store"
	"tenon/runtime/store/storetest"
)

func TestMemory(t *testing.T) {
	storetest.Run(t, storetest.Options{New: func(*testing.T) store.Store { return store.NewMemory() }})
}

func TestSQLite(t *testing.T) {
	dirs := map[store.Store]string{}
	var mu sync.Mutex
	at := func(t *testing.T, dir string) store.Store {
		s := open(t, dir, store.Exclusive)
		mu.Lock()
		defer mu.Unlock()
		dirs[s] = dir
		return s
	}
	storetest.Run(t, storetest.Options{
		NoSlates: runtime.GOOS != "linux",
		New:      func(t *testing.T) store.Store { return at(t, filepath.Join(t.TempDir(), "with space?#%")) },
		Reopen: func(t *testing.T, s store.Store) store.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return at(t, dirs[s])
		},
	})
}

func open(t testing.TB, dir string, mode store.Mode) *store.SQLite {
	t.Helper()
	s, err := store.Open(t.Context(), dir, mode, "tenon test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func begin(t testing.TB, s store.Store, id string) {
	t.Helper()
	err := s.Commit(t.Context(), id, store.PutPlan{Digest: "p", Data: func() ([]byte, error) { return []byte("{}"), nil }},
		store.Begin{Run: store.Run{ID: id, Integration: "i", Plan: "p", Status: store.Running, Started: time.Now()}})
	if err != nil {
		t.Fatal(err)
	}
}

func record(run string, seq int64, payload string) store.Append {
	return store.Append{Run: run, Record: store.Record{Seq: seq, Kind: "answer", Key: "step.a", Data: []byte(`{}`), Payload: []byte(payload)}}
}

func TestASecondDaemonIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, store.Exclusive)
	for _, mode := range []store.Mode{store.Exclusive, store.Shared} {
		_, err := store.Open(t.Context(), dir, mode, "another")
		if !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("tenon test (process %d)", os.Getpid())) {
			t.Errorf("mode %d: %v", mode, err)
		}
	}
	open(t, dir, store.ReadOnly)
}

func TestSharedStoresSeeEachOther(t *testing.T) {
	dir := t.TempDir()
	a, b := open(t, dir, store.Shared), open(t, dir, store.Shared)
	begin(t, a, "r1")
	begin(t, b, "r2")
	var wg sync.WaitGroup
	for i, s := range []*store.SQLite{a, b} {
		id := fmt.Sprintf("r%d", i+1)
		wg.Go(func() {
			for n := int64(1); n <= 50; n++ {
				if err := s.Commit(t.Context(), id, record(id, n, "")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if runs, err := a.Runs(t.Context(), store.Filter{}); err != nil || len(runs) != 2 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
	release, err := a.Own("r1", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Own("r1", ""); !errors.Is(err, store.ErrInUse) {
		t.Errorf("owned by another: %v", err)
	}
	release()
	if release, err = b.Own("r1", ""); err != nil {
		t.Fatal(err)
	}
	release()
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	if _, err := store.Open(t.Context(), dir, store.ReadOnly, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of none: %v", err)
	}
	w := open(t, dir, store.Shared)
	begin(t, w, "r1")
	r := open(t, dir, store.ReadOnly)
	if _, err := r.Run(t.Context(), "r1"); err != nil {
		t.Error(err)
	}
	if err := r.Commit(t.Context(), "r1", store.Cancel{Run: "r1"}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("written: %v", err)
	}
}

// Damage of every kind is told as such, and nothing is written over.
func TestDamage(t *testing.T) {
	build := func(t *testing.T) (dir, file string) {
		dir = t.TempDir()
		s := open(t, dir, store.Shared)
		begin(t, s, "r1")
		for i := int64(1); i <= 300; i++ {
			s.Queue("r1", record("r1", i, strings.Repeat("x", 500)))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return dir, filepath.Join(dir, store.File)
	}
	for name, harm := range map[string]func(file string, size int64) error{
		"Emptied":   func(f string, _ int64) error { return os.Truncate(f, 0) },
		"Truncated": func(f string, n int64) error { return os.Truncate(f, n/2/4096*4096) },
		"CutShort":  func(f string, n int64) error { return os.Truncate(f, n-100) },
		"NotOurs": func(f string, _ int64) error {
			return os.WriteFile(f, []byte(strings.Repeat("no database ", 1000)), 0o600)
		},
		"Header": func(f string, _ int64) error { return overwrite(f, 0, 100) },
		"Pages":  func(f string, n int64) error { return overwrite(f, 8192, n-8192) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, file := build(t)
			info, err := os.Stat(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := harm(file, info.Size()); err != nil {
				t.Fatal(err)
			}
			before, _ := os.ReadFile(file)
			s, err := store.Open(t.Context(), dir, store.Shared, "")
			if err == nil {
				s.Close()
				t.Fatal("it was opened")
			}
			if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), file) {
				t.Errorf("err = %v", err)
			}
			if after, _ := os.ReadFile(file); string(after) != string(before) {
				t.Error("it was written")
			}
		})
	}
}

func overwrite(file string, at, n int64) error {
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt([]byte(strings.Repeat("\xa5", int(n))), at)
	return err
}

func TestDamagedRecordsAndPayloads(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Shared)
	begin(t, s, "r1")
	if err := s.Commit(t.Context(), "r1", record("r1", 1, ""), record("r1", 2, strings.Repeat("x", store.InlineMax+1))); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", filepath.Join(dir, store.File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE record SET key = 'step.b' WHERE seq = 1"); err != nil {
		t.Fatal(err)
	}
	var got error
	for _, err := range s.Records(t.Context(), "r1", 0) {
		got = err
	}
	if !errors.Is(got, store.ErrDamaged) || !strings.Contains(got.Error(), "record 1") {
		t.Errorf("a changed record: %v", got)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "blobs", "*", "*"))
	if len(files) != 1 {
		t.Fatalf("payloads in files: %v", files)
	}
	if err := overwrite(files[0], 5, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Payload(t.Context(), "r1", 2); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a changed payload: %v", err)
	}
	os.Remove(files[0])
	if _, err := s.Payload(t.Context(), "r1", 2); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a missing payload: %v", err)
	}
}

func TestLaterVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, store.Shared).Close()
	db, err := sql.Open("sqlite", filepath.Join(dir, store.File))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []store.Mode{store.Shared, store.ReadOnly} {
		if _, err := store.Open(t.Context(), dir, mode, ""); !errors.Is(err, store.ErrNewer) {
			t.Errorf("mode %d: %v", mode, err)
		}
	}
}

// A write that the disk does not take is refused with a reason, and what was committed before stays.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, store.Shared)
	begin(t, s, "r1")
	var others []string
	for i := range 300 {
		others = append(others, fmt.Sprintf("s%d", i))
		begin(t, s, others[i])
	}
	if err := store.LimitPages(s, 100); err != nil {
		t.Fatal(err)
	}
	done := int64(0)
	var failed error
	for i := int64(1); failed == nil && i < 1000; i++ {
		if failed = s.Commit(t.Context(), "r1", record("r1", i, strings.Repeat("x", 2000))); failed == nil {
			done = i
		}
	}
	if failed == nil || !strings.Contains(failed.Error(), "the disk is full") {
		t.Fatalf("err = %v", failed)
	}
	s.Queue("r1", record("r1", 2000, strings.Repeat("x", 2000)))
	if err := s.Sync(t.Context(), "r1"); err == nil {
		t.Error("a queued record was lost silently")
	}
	for i, run := range others { // whether it is lost before, while or after somebody asks
		s.Queue(run, record(run, 1, strings.Repeat("x", 2000)))
		for range i % 50 {
			runtime.Gosched()
		}
		if err := s.Sync(t.Context(), run); err == nil {
			t.Fatalf("%s: a queued record was lost silently", run)
		}
	}
	s.Close()
	s = open(t, dir, store.Shared)
	n := int64(0)
	for r, err := range s.Records(t.Context(), "r1", 0) {
		if n++; err != nil || r.Seq != n {
			t.Fatalf("record %d, %v", r.Seq, err)
		}
	}
	if n != done {
		t.Errorf("%d records of %d are left", n, done)
	}
}

func TestDirectoryThatCannotBeWritten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), filepath.Join(file, "state"), store.Shared, ""); err == nil || !strings.Contains(err.Error(), "cannot be made") {
		t.Errorf("err = %v", err)
	}
}

// What is on disk is for its owner only: it holds the data of runs.
func TestFilesAreTheOwnersOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	s := open(t, dir, store.Shared)
	begin(t, s, "r1")
	if err := s.Commit(t.Context(), "r1", record("r1", 1, strings.Repeat("x", store.InlineMax+1))); err != nil {
		t.Fatal(err)
	}
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSizeIsGivenBack(t *testing.T) {
	s := open(t, t.TempDir(), store.Shared)
	for i := range 8 {
		id := fmt.Sprintf("r%d", i)
		begin(t, s, id)
		if err := s.Commit(t.Context(), id, record(id, 1, strings.Repeat("x", 60<<10)), record(id, 2, strings.Repeat("y", 300<<10)),
			store.End{Run: id, Status: "succeeded", At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	p, err := s.Prune(t.Context(), store.Keep{Now: time.Now(), Bytes: 1 << 20})
	size, _ := s.Size(context.Background())
	if err != nil || p.Runs == 0 || size > 1<<20 {
		t.Errorf("pruned %+v, %v; %d bytes are left", p, err, size)
	}
}

func BenchmarkCommit(b *testing.B) {
	for _, clients := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := open(b, b.TempDir(), store.Shared)
			for w := range clients {
				begin(b, s, fmt.Sprintf("r%d", w))
			}
			b.ResetTimer()
			var wg sync.WaitGroup
			for w := range clients {
				id := fmt.Sprintf("r%d", w)
				wg.Go(func() {
					for i := 1 + w; i <= b.N; i += clients {
						if err := s.Commit(b.Context(), id, record(id, int64(i), strings.Repeat("x", 200))); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
	b.Run("queued", func(b *testing.B) {
		s := open(b, b.TempDir(), store.Shared)
		begin(b, s, "r")
		b.ResetTimer()
		for i := range b.N {
			s.Queue("r", record("r", int64(i+1), strings.Repeat("x", 200)))
		}
		if err := s.Sync(b.Context(), "r"); err != nil {
			b.Fatal(err)
		}
	})
}
