package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// File is the database's name in the directory of a store.
const File = "tenon.db"

// Mode is how a store is opened.
type Mode uint8

const (
	Shared    Mode = iota // other processes may open it too, for runs of their own
	Exclusive             // no other process writes: a daemon's
	ReadOnly              // nothing is written; a daemon may be at work
)

// SQLite is a store in a directory.
type SQLite struct {
	dir    string
	write  *sql.DB // one connection, which only the committer uses
	conn   *sql.Conn
	read   *sql.DB
	stmts  map[string]*sql.Stmt
	nums   map[string]int64 // of runs, in the database
	lock   *os.File
	active *owners
	blobs  *blobs
	queue  queue
}

// Open opens the store in dir, and makes one if there is none and mode is not [ReadOnly]. who says what this process
// is, for the message that another one gets ("tenon serve").
func Open(ctx context.Context, dir string, mode Mode, who string) (*SQLite, error) {
	s := &SQLite{dir: dir, stmts: map[string]*sql.Stmt{}, nums: map[string]int64{}, active: newOwners(dir), blobs: &blobs{dir: filepath.Join(dir, "blobs")}}
	if mode == ReadOnly {
		if _, err := os.Stat(s.path()); err != nil {
			return nil, fmt.Errorf("there is no store in %s: %w", dir, notFound(err))
		}
	} else {
		if err := s.own(mode, who); err != nil {
			return nil, err
		}
	}
	if err := s.open(ctx, mode); err != nil {
		s.Close()
		return nil, s.explain(err)
	}
	return s, nil
}

func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return err
}

func (s *SQLite) path() string { return filepath.Join(s.dir, File) }

// own makes the directory and takes the process's lock on it.
func (s *SQLite) own(mode Mode, who string) (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("the store cannot be made: %w", err)
	}
	if s.lock, err = lockFile(filepath.Join(s.dir, "tenon.lock"), mode == Exclusive, who); err != nil {
		return fmt.Errorf("the store in %s: %w", s.dir, err)
	}
	return nil
}

func (s *SQLite) open(ctx context.Context, mode Mode) error {
	if err := s.whole(); err != nil {
		return err
	}
	if mode != ReadOnly {
		if err := s.openWriter(ctx); err != nil {
			return err
		}
		s.queue.start(s)
	}
	s.read = s.reader("&_pragma=query_only(1)")
	s.read.SetMaxOpenConns(4)
	if mode == ReadOnly {
		return s.compatible(ctx, s.read)
	}
	return nil
}

// still reports whether the database is on a disk that nobody can write to, and was closed in good order: then SQLite can
// read it without the index that it has beside it otherwise.
func (s *SQLite) still() bool {
	info, err := os.Stat(s.path() + "-wal")
	if err == nil && info.Size() > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	f, err := os.OpenFile(s.path(), os.O_RDWR, 0)
	if err == nil {
		f.Close()
	}
	return errors.Is(err, syscall.EROFS)
}

// reader connects for reading.
func (s *SQLite) reader(options string) *sql.DB {
	if s.still() {
		options += "&immutable=1"
	}
	return s.connect(s.path(), "mode=ro&_pragma=busy_timeout(10000)"+options)
}

func (s *SQLite) connect(name, options string) *sql.DB {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: name, RawQuery: options}).String())
	if err != nil {
		panic(err) // only an unknown driver
	}
	return db
}

// pragmas of the writer. A checkpoint waits for 4,000 pages in the log, 16 MB: it copies each page once, and those of an index
// that many commits touch are many of them.
const pragmas = "_pragma=busy_timeout(10000)&_pragma=synchronous(full)&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(4000)&_pragma=journal_size_limit(67108864)"

func (s *SQLite) openWriter(ctx context.Context) (err error) {
	if err := s.create(ctx); err != nil {
		return err
	}
	sqlite.Fdatasync(true) // as SQLite does itself where it is built for a system that has it; elsewhere it stays as it is
	s.write = s.connect(s.path(), pragmas)
	s.write.SetMaxOpenConns(1)
	if s.conn, err = s.write.Conn(ctx); err != nil {
		return err
	}
	return s.migrate(ctx)
}

// create makes the database if there is none. It is made under another name, so that a process that is killed leaves
// no half of one, and its owner is the only one who may read it and what SQLite puts beside it.
func (s *SQLite) create(ctx context.Context) error {
	if _, err := os.Stat(s.path()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	one, err := waitFor(ctx, filepath.Join(s.dir, "create.lock"))
	if err != nil {
		return err
	}
	defer one.Close()
	if _, err := os.Stat(s.path()); !errors.Is(err, fs.ErrNotExist) {
		return err // another process was quicker
	}
	name := s.path() + ".new"
	for _, left := range []string{"", "-wal", "-shm", "-journal"} {
		os.Remove(name + left)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	db := s.connect(name, "_pragma=auto_vacuum(2)&_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	_, err = db.ExecContext(ctx, "PRAGMA application_id = 0x54454e4f") // "TENO"
	if err = errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Rename(name, s.path()); err != nil {
		return err
	}
	return syncDir(s.dir)
}

// quickCheck is the size up to which a store is looked through when it is opened.
const quickCheck = 64 << 20

// whole finds out whether the file is the one that was written, as far as that is quick. An empty one
// is not: a store is never empty, and SQLite would take it for a new one.
func (s *SQLite) whole() error {
	info, err := os.Stat(s.path())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	wal, _ := os.Stat(s.path() + "-wal")
	if info.Size() == 0 && (wal == nil || wal.Size() == 0) {
		return s.damaged("the file is empty")
	}
	if wal == nil || wal.Size() == 0 {
		if err := s.length(info.Size()); err != nil {
			return err
		}
	}
	if info.Size() > quickCheck {
		return nil
	}
	db := s.reader("")
	defer db.Close()
	var found string
	if err := db.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil {
		return err
	}
	if found != "ok" {
		return s.damaged(strings.TrimSpace(strings.ReplaceAll(found, "\n", " ")))
	}
	return nil
}

// length holds the file to the number of pages that its header says (sqlite.org/fileformat2.html §1.3).
func (s *SQLite) length(size int64) error {
	f, err := os.Open(s.path())
	if err != nil {
		return err
	}
	defer f.Close()
	var head [100]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return s.damaged("it is too short")
	}
	page, pages := int64(binary.BigEndian.Uint16(head[16:])), int64(binary.BigEndian.Uint32(head[28:]))
	if page == 1 {
		page = 1 << 16
	}
	if string(head[:15]) == "SQLite format 3" && size < page*pages {
		return s.damaged(fmt.Sprintf("it was cut to %d bytes of %d", size, page*pages))
	}
	return nil
}

func (s *SQLite) damaged(why string) error {
	return fmt.Errorf("the store %s is %w: %s. Nothing was changed in it. Put a copy of it back, or move it away to begin with an empty one; "+
		"what its runs had done is not known then", s.path(), ErrDamaged, why)
}

// explain says what an error of SQLite means for the store.
func (s *SQLite) explain(err error) error {
	var e *sqlite.Error
	if err == nil || errors.Is(err, ErrDamaged) || !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return s.damaged(plain(e))
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the store %s cannot grow, the disk is full: what was to be kept is not, and nothing that depends on it was begun", s.path())
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fmt.Errorf("the store %s cannot be written: %s", s.path(), plain(e))
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("the store %s cannot be opened: %s. It, and the directory that it is in, must be readable and writable, and there must be room on the disk", s.path(), plain(e))
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("the store %s: %w: it was not free for 10s", s.path(), ErrInUse)
	case sqlite3.SQLITE_IOERR:
		if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE {
			return fmt.Errorf("the store %s cannot be opened: there is no room for its index beside it, the disk is full", s.path())
		}
		return fmt.Errorf("the store %s: reading or writing it failed: %s", s.path(), plain(e))
	}
	return fmt.Errorf("the store %s: %w", s.path(), err)
}

func plain(e *sqlite.Error) string { return strings.TrimSpace(e.Error()) }

// Close writes what is queued, and closes the store. It may be called twice.
func (s *SQLite) Close() error {
	err := s.queue.stop()
	if s.read != nil {
		s.read.Close() // before the writer, who is the one that can put the log away
	}
	if s.conn != nil {
		if err == nil {
			_, err = s.conn.ExecContext(context.Background(), "PRAGMA optimize")
			err = s.explain(err)
		}
		for _, st := range s.stmts {
			st.Close()
		}
		s.conn.Close()
		s.conn = nil
	}
	if s.write != nil {
		s.write.Close()
	}
	if s.lock != nil {
		s.lock.Close() // which ends the kernel's lock
		s.lock = nil
	}
	return err
}

// Size is that of the database, its log and the payloads beside it.
func (s *SQLite) Size(context.Context) (int64, error) {
	var total int64
	err := filepath.WalkDir(s.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // gone in between
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total, err
}

func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

func fromNanos(n sql.NullInt64) time.Time {
	if !n.Valid {
		return time.Time{}
	}
	return time.Unix(0, n.Int64).UTC()
}

func (s *SQLite) migrate(ctx context.Context) error {
	var have int
	if err := s.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	if have > len(migrations) {
		return s.newer(have)
	}
	if have == len(migrations) {
		return nil
	}
	if _, err := s.conn.ExecContext(ctx, "BEGIN EXCLUSIVE"); err != nil {
		return err
	}
	defer s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // of nothing, once it is committed
	// Another process may have done it while this one waited.
	if err := s.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	for i := have; i < len(migrations); i++ {
		if _, err := s.conn.ExecContext(ctx, migrations[i]); err != nil {
			return fmt.Errorf("migration %d: %w", i+1, err)
		}
	}
	if _, err := s.conn.ExecContext(ctx, "PRAGMA user_version = "+strconv.Itoa(len(migrations))); err != nil {
		return err
	}
	_, err := s.conn.ExecContext(ctx, "COMMIT")
	return err
}

func (s *SQLite) newer(have int) error {
	return fmt.Errorf("the store %s is %w: it has version %d, and this one knows versions up to %d", s.path(), ErrNewer, have, len(migrations))
}

func (s *SQLite) compatible(ctx context.Context, db *sql.DB) error {
	var have int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return err
	}
	switch {
	case have > len(migrations):
		return s.newer(have)
	case have < len(migrations):
		return fmt.Errorf("the store %s has version %d, and this version of tenon needs %d; the next run brings it there", s.path(), have, len(migrations))
	}
	return nil
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

var _ Store = (*SQLite)(nil)
