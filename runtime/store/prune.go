package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ended are runs that nothing needs any more.
const ended = "ended IS NOT NULL AND status NOT IN ('running', 'interrupted', 'in_doubt')"

func (s *SQLite) Prune(ctx context.Context, keep Keep) (Pruned, error) {
	var p Pruned
	before, err := s.Size(ctx)
	if err != nil {
		return p, err
	}
	if err := s.pruneRuns(ctx, keep, &p); err != nil {
		return p, err
	}
	if err := s.pruneRest(ctx, keep, &p); err != nil {
		return p, err
	}
	if err := s.shrink(ctx); err != nil {
		return p, err
	}
	for keep.Bytes > 0 {
		size, err := s.Size(ctx)
		if err != nil || size <= keep.Bytes {
			break
		}
		n, err := s.removeRuns(ctx, "SELECT id FROM run WHERE "+ended+" ORDER BY started, id LIMIT 20")
		if err != nil {
			return p, err
		}
		if p.Runs += n; n == 0 {
			break
		}
		if err := s.shrink(ctx); err != nil {
			return p, err
		}
	}
	after, err := s.Size(ctx)
	p.Bytes = before - after
	return p, err
}

func (s *SQLite) pruneRuns(ctx context.Context, keep Keep, p *Pruned) error {
	if keep.Age > 0 {
		n, err := s.removeRuns(ctx, "SELECT id FROM run WHERE "+ended+" AND ended < ?", since(keep).UnixNano())
		if p.Runs += n; err != nil {
			return err
		}
	}
	if keep.Runs > 0 {
		n, err := s.removeRuns(ctx, "SELECT id FROM run WHERE "+ended+" ORDER BY started DESC, id DESC LIMIT -1 OFFSET ?", keep.Runs)
		if p.Runs += n; err != nil {
			return err
		}
	}
	return nil
}

// removeRuns removes those that a query names, a run in each transaction: others want to write, too.
func (s *SQLite) removeRuns(ctx context.Context, query string, args ...any) (int, error) {
	if err := s.barrier(ctx); err != nil {
		return 0, err
	}
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return 0, s.explain(err)
	}
	var ids []string
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			rows.Close()
			return 0, s.explain(err)
		}
		ids = append(ids, id)
	}
	rows.Close()
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return i, err
		}
		if err := s.wait(&job{do: func(t *txn) error { return t.removeRun(id) }}); err != nil {
			return i, err
		}
	}
	return len(ids), rows.Err()
}

func (t *txn) removeRun(id string) error {
	n, err := t.num(id)
	if err != nil {
		return err
	}
	for _, table := range []string{"record", "fact"} {
		if err := t.exec("DELETE FROM "+table+" WHERE run = ?", n); err != nil {
			return err
		}
	}
	for _, q := range []string{"DELETE FROM held WHERE run = ?", "DELETE FROM doubt WHERE run = ?", "DELETE FROM run WHERE id = ?"} {
		if err := t.exec(q, id); err != nil {
			return err
		}
	}
	t.after = append(t.after, func() {
		delete(t.s.nums, id)
		t.s.blobs.removeRun(id)
	})
	return nil
}

func (s *SQLite) pruneRest(ctx context.Context, keep Keep, p *Pruned) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.wait(&job{do: func(t *txn) error {
		if err := t.exec("DELETE FROM plan WHERE digest NOT IN (SELECT plan FROM run)"); err != nil {
			return err
		}
		n, err := t.change("DELETE FROM seen WHERE until < ?", keep.Now.UnixNano())
		if p.Keys = int(n); err != nil || keep.Age == 0 {
			return err
		}
		n, err = t.change("DELETE FROM delivery WHERE run IS NOT NULL AND at < ?", since(keep).UnixNano())
		p.Deliveries = int(n)
		return err
	}})
	if err != nil {
		return err
	}
	return s.sweep(ctx)
}

// abandoned is the age from which a payload that no record names was left by a killed process.
const abandoned = time.Hour

// sweep removes payloads whose records were never written or are gone: of a process that was killed in between.
func (s *SQLite) sweep(ctx context.Context) error {
	runs, err := os.ReadDir(s.blobs.dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	ids, err := s.Runs(ctx, Filter{})
	if err != nil {
		return err
	}
	byFile := map[string]string{}
	for _, r := range ids {
		byFile[fileName(r.ID)] = r.ID
	}
	for _, dir := range runs {
		id, known := byFile[dir.Name()]
		path := filepath.Join(s.blobs.dir, dir.Name())
		if !known {
			if old(dir) {
				os.RemoveAll(path)
			}
			continue
		}
		if err := s.sweepRun(ctx, id, path); err != nil {
			return err
		}
	}
	return nil
}

func old(d os.DirEntry) bool {
	info, err := d.Info()
	return err == nil && time.Since(info.ModTime()) > abandoned
}

func (s *SQLite) sweepRun(ctx context.Context, id, path string) error {
	files, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, f := range files {
		if !old(f) {
			continue
		}
		var n int
		err := s.one(ctx, f.Name(), "SELECT count(*) FROM record WHERE run = (SELECT num FROM run WHERE id = ?) AND digest = ?", []any{id, f.Name()}, &n)
		if err != nil {
			return err
		}
		if n == 0 {
			os.Remove(filepath.Join(path, f.Name()))
		}
	}
	return nil
}

// shrink gives the room of what was removed back to the disk.
func (s *SQLite) shrink(ctx context.Context) error {
	for _, q := range []string{"PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.outside(q); err != nil {
			return fmt.Errorf("the store %s cannot be made smaller: %w", s.path(), err)
		}
	}
	return nil
}

// outside carries out, in the committer, what does not go into a transaction. A checkpoint that a reader holds up is
// no error; a later one is made.
func (s *SQLite) outside(query string) (err error) {
	waited := s.wait(&job{do: func(t *txn) error {
		t.after = append(t.after, func() {
			var rows *sql.Rows
			if rows, err = s.conn.QueryContext(forever, query); err != nil {
				return
			}
			defer rows.Close()
			for rows.Next() {
			}
			err = rows.Err()
		})
		return nil
	}})
	return errors.Join(waited, s.explain(err))
}
