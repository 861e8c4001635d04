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
	if err := s.forgetEnded(ctx); err != nil {
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
	ids, err := s.ids(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		if err := ctx.Err(); err != nil {
			return i, err
		}
		if err := s.wait(&job{do: func(t *txn) error { return t.removeRun(id) }}); err != nil {
			return i, err
		}
	}
	return len(ids), nil
}

// ids are those of the runs that a query names.
func (s *SQLite) ids(ctx context.Context, query string, args ...any) (ids []string, err error) {
	err = s.all(ctx, query, args, func(rows *sql.Rows) (bool, error) {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return true, err
	})
	return ids, err
}

func (t *txn) removeRun(id string) error {
	n, err := t.num(id)
	if err != nil {
		return err
	}
	for _, table := range []string{"record", "undo", "fact"} {
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

// fewRows is how many are removed in one transaction, where others want to write, too.
const fewRows = 5000

func (s *SQLite) Forget(ctx context.Context, run string) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		var left int64
		err := s.wait(&job{do: func(t *txn) (err error) {
			left, err = t.change("DELETE FROM undo WHERE (run, loop, item) IN (SELECT run, loop, item FROM undo WHERE run = (SELECT num FROM run WHERE id = ?) LIMIT ?)", run, fewRows)
			return err
		}})
		if err != nil || left < fewRows {
			return err
		}
	}
}

// forgetEnded does so for runs whose processes were killed when they had ended.
func (s *SQLite) forgetEnded(ctx context.Context) error {
	ids, err := s.ids(ctx, "SELECT id FROM run WHERE "+ended+" AND EXISTS (SELECT 1 FROM undo WHERE undo.run = run.num)")
	for _, id := range ids {
		if err := s.Forget(ctx, id); err != nil {
			return err
		}
	}
	return err
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
	if err := s.sweepSlates(ctx); err != nil {
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
	byFile := map[string]string{} // IDs of the runs that have a directory, which few have
	for _, dir := range runs {
		byFile[dir.Name()] = ""
	}
	err = s.all(ctx, "SELECT id FROM run", nil, func(rows *sql.Rows) (bool, error) {
		var id string
		err := rows.Scan(&id)
		if _, there := byFile[fileName(id)]; there {
			byFile[fileName(id)] = id
		}
		return true, err
	})
	if err != nil {
		return err
	}
	for _, dir := range runs {
		id := byFile[dir.Name()]
		path := filepath.Join(s.blobs.dir, dir.Name())
		if id == "" {
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

// sweepSlates removes the slates of runs that have ended, which a process leaves that is killed just then.
func (s *SQLite) sweepSlates(ctx context.Context) error {
	files, err := os.ReadDir(s.slates())
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	runs, err := s.Runs(ctx, Filter{Status: []Status{Running, Interrupted}})
	if err != nil {
		return err
	}
	needed := map[string]bool{}
	for _, r := range runs {
		needed[fileName(r.ID)] = true
	}
	for _, f := range files {
		if !needed[f.Name()] && old(f) {
			os.Remove(filepath.Join(s.slates(), f.Name()))
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
