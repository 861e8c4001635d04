package store_test

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"tenon/runtime/store"
)

// disk mounts a file system of its own, of a size as tmpfs takes it.
func disk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("a disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

func readOnly(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}

// A store on a disk that cannot be written is not opened to be written, and can be read.
func TestReadOnlyDisk(t *testing.T) {
	dir := disk(t, "16m")
	s := open(t, dir, store.Shared)
	begin(t, s, "r1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	readOnly(t, dir)
	if _, err := store.Open(t.Context(), dir, store.Shared, ""); err == nil || !strings.Contains(err.Error(), "read-only file system") || !strings.Contains(err.Error(), dir) {
		t.Errorf("to be written: %v", err)
	}
	s = open(t, dir, store.ReadOnly)
	if run, err := s.Run(t.Context(), "r1"); err != nil || run.ID != "r1" {
		t.Errorf("%+v, %v", run, err)
	}
}

// What a process that was killed left is in a log that cannot be read without writing: it is not passed over.
func TestReadOnlyDiskAfterAKill(t *testing.T) {
	dir, alive := disk(t, "16m"), t.TempDir()
	begin(t, open(t, alive, store.Shared), "r1")
	if err := os.CopyFS(dir, os.DirFS(alive)); err != nil { // with the log as it is
		t.Fatal(err)
	}
	readOnly(t, dir)
	if r, err := store.Open(t.Context(), dir, store.ReadOnly, ""); err == nil {
		run, err := r.Run(t.Context(), "r1")
		r.Close()
		if err != nil {
			t.Errorf("the run is passed over: %+v, %v", run, err)
		}
	} else if !strings.Contains(err.Error(), "must be readable and writable") {
		t.Error(err)
	}
}

func TestFullDisk(t *testing.T) {
	dir := disk(t, "64k")
	_, err := store.Open(t.Context(), dir, store.Shared, "")
	if err == nil || !strings.Contains(err.Error(), "the disk is full") || !strings.Contains(err.Error(), dir) {
		t.Errorf("to be made: %v", err)
	}
	for size := 100; size < 300; size += 20 { // of which something fits, and something does not
		dir := disk(t, "2m")
		s := open(t, dir, store.Shared)
		begin(t, s, "r1")
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=300k"); err != nil {
			t.Fatal(err)
		}
		var failed error
		for i := int64(1); failed == nil && i < 1000; i++ {
			failed = s.Commit(t.Context(), "r1", record("r1", i, strings.Repeat("x", size*20)))
		}
		if failed == nil || !strings.Contains(failed.Error(), "the disk is full") {
			t.Errorf("records of %d bytes: %v", size*20, failed)
		}
		s.Close()
	}
}
