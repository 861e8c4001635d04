//go:build linux

package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// What SQLite does to its files is recorded by putting functions of our own before those of its VFS. A power cut at any
// moment keeps what was synced by then and, of everything else, what chance decides, sector by sector.

// diskOp is a thing that was done to a file.
type diskOp struct {
	file string
	kind byte // 'w'rite, 't'runcate, 's'ync
	at   int64
	data []byte
}

var disk struct {
	mu    sync.Mutex
	dir   string // what is recorded
	ops   []diskOp
	files map[uintptr]string

	once    sync.Once
	open    func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	own     map[uintptr]*sqlite3.Tsqlite3_io_methods // by SQLite's table
	methods map[uintptr]*sqlite3.Tsqlite3_io_methods // SQLite's, by file
}

// function is a Go function as transpiled C points at it, and the other way round.
func function[F any](p *uintptr) *F { return (*F)(unsafe.Pointer(p)) }

// behind is what an address of the transpiled C leads to.
func behind[T any](p uintptr) *T { return *(**T)(unsafe.Pointer(&p)) }

type (
	openFunc  = func(*libc.TLS, uintptr, uintptr, uintptr, int32, uintptr) int32
	writeFunc = func(*libc.TLS, uintptr, uintptr, int32, int64) int32
	truncFunc = func(*libc.TLS, uintptr, int64) int32
	syncFunc  = func(*libc.TLS, uintptr, int32) int32
)

func watchDisk(dir string) {
	disk.once.Do(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		vfs := behind[sqlite3.Tsqlite3_vfs](sqlite3.Xsqlite3_vfs_find(tls, 0))
		disk.files, disk.own, disk.methods = map[uintptr]string{}, map[uintptr]*sqlite3.Tsqlite3_io_methods{}, map[uintptr]*sqlite3.Tsqlite3_io_methods{}
		disk.open = *function[openFunc](&vfs.FxOpen)
		*function[openFunc](&vfs.FxOpen) = diskOpen
	})
	disk.mu.Lock()
	defer disk.mu.Unlock()
	disk.dir, disk.ops = dir, nil
}

func diskOpen(tls *libc.TLS, vfs, name, file uintptr, flags int32, out uintptr) int32 {
	rc := disk.open(tls, vfs, name, file, flags, out)
	disk.mu.Lock()
	defer disk.mu.Unlock()
	delete(disk.files, file)
	if rc != sqlite3.SQLITE_OK || name == 0 || disk.dir == "" || !strings.HasPrefix(libc.GoString(name), disk.dir) {
		return rc
	}
	f := behind[sqlite3.Tsqlite3_file](file)
	theirs := behind[sqlite3.Tsqlite3_io_methods](f.FpMethods)
	ours := disk.own[f.FpMethods]
	if ours == nil {
		// C's memory, since C points into it.
		ours = behind[sqlite3.Tsqlite3_io_methods](libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*theirs))))
		*ours = *theirs
		*function[writeFunc](&ours.FxWrite) = diskWrite
		*function[truncFunc](&ours.FxTruncate) = diskTruncate
		*function[syncFunc](&ours.FxSync) = diskSync
		disk.own[f.FpMethods] = ours
	}
	disk.files[file], disk.methods[file] = filepath.Base(libc.GoString(name)), theirs
	f.FpMethods = uintptr(unsafe.Pointer(ours))
	return rc
}

// note records an op that succeeded, and returns SQLite's own table.
func note(file uintptr, op diskOp) {
	disk.mu.Lock()
	defer disk.mu.Unlock()
	op.file = disk.files[file]
	disk.ops = append(disk.ops, op)
}

func theirs(file uintptr) *sqlite3.Tsqlite3_io_methods {
	disk.mu.Lock()
	defer disk.mu.Unlock()
	return disk.methods[file]
}

func diskWrite(tls *libc.TLS, file, buf uintptr, n int32, at int64) int32 {
	m := theirs(file)
	note(file, diskOp{kind: 'w', at: at, data: slices.Clone(unsafe.Slice(behind[byte](buf), n))})
	return (*function[writeFunc](&m.FxWrite))(tls, file, buf, n, at)
}

func diskTruncate(tls *libc.TLS, file uintptr, size int64) int32 {
	m := theirs(file)
	note(file, diskOp{kind: 't', at: size})
	return (*function[truncFunc](&m.FxTruncate))(tls, file, size)
}

func diskSync(tls *libc.TLS, file uintptr, flags int32) int32 {
	m := theirs(file)
	rc := (*function[syncFunc](&m.FxSync))(tls, file, flags)
	note(file, diskOp{kind: 's'})
	return rc
}

// image is files as a power cut leaves them.
type image map[string][]byte

// apply does an op to a file; part decides about each sector of a write.
func (m image) apply(op diskOp, part func() bool) {
	f := m[op.file]
	switch op.kind {
	case 't':
		if op.at <= int64(len(f)) {
			m[op.file] = f[:op.at]
		}
	case 'w':
		if end := op.at + int64(len(op.data)); end > int64(len(f)) {
			f = append(f, make([]byte, end-int64(len(f)))...)
		}
		for i := 0; i < len(op.data); i += 512 {
			if part() {
				copy(f[op.at+int64(i):], op.data[i:min(i+512, len(op.data))])
			}
		}
		m[op.file] = f
	}
}

func always() bool { return true }

// cut is the image after n ops.
func cut(base image, ops []diskOp) image {
	out := image{}
	for name, data := range base {
		out[name] = slices.Clone(data)
	}
	synced := map[string]int{}
	for i, op := range ops {
		if op.kind == 's' {
			synced[op.file] = i
		}
	}
	luck := rand.IntN(3) // 0: nothing that was not synced is there; 1: all; 2: some
	for i, op := range ops {
		switch last, ok := synced[op.file]; {
		case ok && i <= last || luck == 1:
			out.apply(op, always)
		case luck == 2 && rand.IntN(2) == 0:
			out.apply(op, func() bool { return rand.IntN(4) > 0 })
		}
	}
	return out
}

// TestPowerCut holds that whatever moment the power fails at, every commit that returned before is there, the journals
// have no holes, and nothing is half there.
func TestPowerCut(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(t.Context(), dir, Shared, "test")
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	base := image{}
	data, err := os.ReadFile(filepath.Join(dir, File))
	if err != nil {
		t.Fatal(err)
	}
	base[File] = data

	watchDisk(dir)
	defer watchDisk("")
	if s, err = Open(t.Context(), dir, Shared, "test"); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	type ack struct{ ops, done int }
	acks := map[string][]ack{}
	var mu sync.Mutex
	acked := func(run string, n int) {
		mu.Lock()
		defer mu.Unlock()
		disk.mu.Lock()
		defer disk.mu.Unlock()
		acks[run] = append(acks[run], ack{len(disk.ops), n})
	}
	var wg sync.WaitGroup
	const runs, each = 3, 120
	for r := range runs {
		id := fmt.Sprintf("r%d", r)
		if err := s.Commit(t.Context(), id, Begin{Run: Run{ID: id, Plan: "p", Status: Running, Started: time.Unix(1, 0)}}); err != nil {
			t.Fatal(err)
		}
		acked(id, 0)
		wg.Go(func() {
			for i := 1; i <= each; i++ {
				rec := Append{Run: id, Record: Record{Seq: int64(2*i - 1), Kind: "k", Key: "x", Data: []byte(`{}`), Payload: []byte(strings.Repeat("p", 3000))}}
				s.Queue(id, rec)
				rec.Record.Seq++
				// A key that is seen and its record are there together or not at all.
				if err := s.Commit(t.Context(), id, rec, Mark{Scope: id, Key: fmt.Sprint(2 * i), At: time.Unix(1, 0)}); err != nil {
					t.Error(err)
					return
				}
				acked(id, 2*i)
				if i%50 == 0 && r == 0 {
					if err := s.shrink(context.Background()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	wg.Wait()
	disk.mu.Lock()
	ops := slices.Clone(disk.ops)
	disk.mu.Unlock()
	syncs := 0
	for _, op := range ops {
		if op.kind == 's' {
			syncs++
		}
	}
	if len(ops) < 1000 || syncs < 100 {
		t.Fatalf("only %d things were seen to be done to the files, %d of them syncs", len(ops), syncs)
	}
	tries := 150
	if testing.Short() {
		tries = 30
	}
	for range tries {
		n := rand.IntN(len(ops) + 1)
		after := t.TempDir()
		for name, data := range cut(base, ops[:n]) {
			if err := os.WriteFile(filepath.Join(after, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		again, err := Open(t.Context(), after, Shared, "test")
		if err != nil {
			t.Fatalf("after op %d of %d: %v", n, len(ops), err)
		}
		for id, list := range acks {
			want := -1
			for _, a := range list {
				if a.ops <= n {
					want = max(want, a.done)
				}
			}
			got := 0
			for rec, err := range again.Records(t.Context(), id, 0) {
				if got++; err != nil || rec.Seq != int64(got) {
					t.Fatalf("after op %d: record %d of %s is %d, %v", n, got, id, rec.Seq, err)
				}
			}
			if got < want {
				t.Fatalf("after op %d of %d: %s has %d records, and %d were committed", n, len(ops), id, got, want)
			}
			for i := 2; i <= 2*each; i += 2 {
				m, err := again.Seen(t.Context(), id, fmt.Sprint(i))
				if err != nil || m.At.IsZero() != (i > got) {
					t.Fatalf("after op %d: %s has %d records, and key %d is seen: %v, %v", n, id, got, i, !m.At.IsZero(), err)
				}
			}
		}
		again.Close()
	}
	t.Logf("%d cuts among %d things done to the files, %d of them syncs", tries, len(ops), syncs)
}
