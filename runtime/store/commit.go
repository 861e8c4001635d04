package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// txn is a transaction under way. Only the committer has one.
type txn struct {
	s *SQLite
	// after is done once it is committed.
	after []func()
	begun []string // runs whose numbers hold only if it is
}

var forever = context.Background() // a transaction is not interrupted

// group writes jobs in one transaction. If one of them is impossible, each gets its own, so that it is
// the only one to fail.
func (s *SQLite) group(jobs []*job) {
	if jobs = s.queue.sound(jobs); len(jobs) == 0 {
		return
	}
	failed, err := s.transact(jobs)
	if err == nil {
		return
	}
	if len(jobs) == 1 || failed == nil {
		for _, j := range jobs {
			j.err = s.explain(err)
		}
		return
	}
	for i := range jobs {
		if jobs[i].err = s.queue.poisoned(jobs[i].run); jobs[i].err != nil {
			continue
		}
		if _, err := s.transact(jobs[i : i+1]); err != nil {
			if jobs[i].err = s.explain(err); jobs[i].done == nil {
				s.queue.poison(jobs[i].run, jobs[i].err) // before later jobs of this group
			}
		}
	}
}

// transact writes jobs in one transaction. failed is the one that could not be, if it was one.
func (s *SQLite) transact(jobs []*job) (failed *job, err error) {
	t := &txn{s: s}
	if err := t.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	for _, j := range jobs {
		if err = t.job(j); err != nil {
			failed = j
			break
		}
	}
	if err == nil {
		err = t.exec("COMMIT")
	}
	if err != nil {
		t.exec("ROLLBACK")
		for _, run := range t.begun {
			delete(s.nums, run)
		}
		return failed, err
	}
	for _, f := range t.after {
		f()
	}
	return nil, nil
}

func (t *txn) job(j *job) error {
	if j.do != nil {
		return j.do(t)
	}
	for i, c := range j.changes {
		digest := ""
		if j.digests != nil {
			digest = j.digests[i]
		}
		if err := t.apply(c, digest); err != nil {
			return err
		}
	}
	return nil
}

func (t *txn) stmt(text string) (*sql.Stmt, error) {
	st := t.s.stmts[text]
	if st == nil {
		var err error
		if st, err = t.s.conn.PrepareContext(forever, text); err != nil {
			return nil, err
		}
		t.s.stmts[text] = st
	}
	return st, nil
}

func (t *txn) exec(text string, args ...any) error {
	_, err := t.change(text, args...)
	return err
}

// change carries a statement out and returns how many rows it touched.
func (t *txn) change(text string, args ...any) (int64, error) {
	st, err := t.stmt(text)
	if err != nil {
		return 0, err
	}
	r, err := st.ExecContext(forever, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (t *txn) row(text string, args ...any) (*sql.Row, error) {
	st, err := t.stmt(text)
	if err != nil {
		return nil, err
	}
	return st.QueryRowContext(forever, args...), nil
}

// num is a run's number in the database.
func (t *txn) num(run string) (int64, error) {
	if n, ok := t.s.nums[run]; ok {
		return n, nil
	}
	row, err := t.row("SELECT num FROM run WHERE id = ?", run)
	if err != nil {
		return 0, err
	}
	var n int64
	if err := row.Scan(&n); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			err = fmt.Errorf("run %s: %w", run, ErrNotFound)
		}
		return 0, err
	}
	t.s.nums[run] = n
	t.begun = append(t.begun, run)
	return n, nil
}

// existing changes a row of a run that must be there.
func (t *txn) existing(run, text string, args ...any) error {
	n, err := t.change(text, append(args, run)...)
	if err == nil && n == 0 {
		err = fmt.Errorf("run %s: %w", run, ErrNotFound)
	}
	return err
}

func (t *txn) apply(c Change, digest string) error {
	switch c := c.(type) {
	case PutPlan:
		return t.putPlan(c)
	case Begin:
		return t.begin(&c.Run)
	case Reopen:
		return t.existing(c.Run, "UPDATE run SET status = 'running', ended = NULL, outputs = NULL, error = NULL, cancel = 0, resumed = resumed + 1 WHERE id = ?")
	case End:
		return t.end(c)
	case Cancel:
		return t.existing(c.Run, "UPDATE run SET cancel = 1 WHERE id = ?")
	case Append:
		return t.append(c, digest)
	case Trim:
		return t.trim(c)
	case PutUndo:
		n, err := t.num(c.Run)
		if err != nil {
			return err
		}
		return t.exec("INSERT OR REPLACE INTO undo (run, loop, item, data, crc) VALUES (?, ?, ?, ?, ?)", n, c.Loop, c.Undo.Item, c.Undo.Data, c.Undo.checksum(c.Loop))
	case DropUndos:
		n, err := t.num(c.Run)
		if err != nil {
			return err
		}
		return t.exec("DELETE FROM undo WHERE run = ? AND loop = ? AND item BETWEEN ? AND ?", n, c.Loop, c.From, c.To)
	case Fact:
		n, err := t.num(c.Run)
		if err != nil {
			return err
		}
		return t.exec("INSERT INTO fact (run, seq, data) VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM fact WHERE run = ?1), ?2)", n, string(c.Data))
	case SetState:
		for name, v := range c.Values {
			if err := t.exec("INSERT OR REPLACE INTO state (integration, name, value) VALUES (?, ?, ?)", c.Integration, name, string(v)); err != nil {
				return err
			}
		}
		return nil
	case Mark:
		return t.exec("INSERT OR REPLACE INTO seen (scope, key, at, until, by, done) VALUES (?, ?, ?, ?, ?, ?)",
			c.Scope, c.Key, c.At.UnixNano(), nanos(c.Until), c.By, c.Done)
	case Unmark:
		return t.exec("DELETE FROM seen WHERE scope = ? AND key = ?", c.Scope, c.Key)
	case Release:
		return t.exec("DELETE FROM held WHERE name = ? AND run = ?", c.Name, c.Run)
	case Park:
		d := c.Doubt
		return t.exec("INSERT OR REPLACE INTO doubt (run, key, at, reason, request) VALUES (?, ?, ?, ?, ?)", d.Run, d.Key, d.At.UnixNano(), d.Reason, text(d.Request))
	case Settle:
		return t.exec("DELETE FROM doubt WHERE run = ? AND key = ?", c.Run, c.Key)
	case Taken:
		return t.exec("UPDATE delivery SET run = ?, payload = NULL WHERE id = ?", c.Run, c.Delivery)
	}
	return fmt.Errorf("a change of type %T; this is a bug in Tenon", c)
}

func (t *txn) putPlan(c PutPlan) error {
	row, err := t.row("SELECT count(*) FROM plan WHERE digest = ?", c.Digest)
	if err != nil {
		return err
	}
	var there int
	if err := row.Scan(&there); err != nil || there > 0 {
		return err
	}
	data, err := c.Data()
	if err != nil {
		return err
	}
	return t.exec("INSERT INTO plan (digest, data) VALUES (?, ?)", c.Digest, string(data))
}

// text is JSON as SQLite keeps it; NULL where there is none.
func text(data []byte) any {
	if data == nil {
		return nil
	}
	return string(data)
}

func (t *txn) begin(r *Run) error {
	err := t.exec("INSERT INTO run (id, integration, plan, status, started, ended, inputs, cause) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		r.ID, r.Integration, r.Plan, r.Status, r.Started.UnixNano(), nanos(r.Ended), text(r.Inputs), r.Cause)
	if isUnique(err) {
		err = fmt.Errorf("run %s: %w", r.ID, ErrExists)
	}
	return err
}

func isUnique(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}

func (t *txn) end(c End) error {
	err := t.existing(c.Run, "UPDATE run SET status = ?, ended = ?, outputs = ?, error = ?, writes = ? WHERE id = ?",
		c.Status, nanos(c.At), text(c.Outputs), text(c.Error), c.Writes)
	t.after = append(t.after, func() { os.Remove(t.s.slateName(c.Run)) })
	if err == nil && c.Status != Interrupted && c.Status != InDoubt {
		err = t.exec("DELETE FROM held WHERE run = ?", c.Run)
	}
	t.after = append(t.after, func() { // nothing more is written about it, and there may be many in a process
		delete(t.s.nums, c.Run)
		t.s.blobs.rest(c.Run)
	})
	return err
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum covers what a record says. A payload in a file has its digest for that.
func checksum(r *Record, digest string) int64 {
	h := crc32.Update(0, castagnoli, []byte(r.Kind))
	h = crc32.Update(h, castagnoli, []byte(r.Key))
	h = crc32.Update(h, castagnoli, r.Data)
	h = crc32.Update(h, castagnoli, []byte(digest))
	return int64(crc32.Update(h, castagnoli, []byte{byte(r.Seq), byte(r.Seq >> 8), byte(r.Seq >> 16), byte(r.Seq >> 24)}))
}

func (u *Undo) checksum(loop string) int64 {
	return checksum(&Record{Seq: u.Item, Key: loop, Data: u.Data}, "")
}

func (t *txn) append(c Append, digest string) error {
	n, err := t.num(c.Run)
	if err != nil {
		return err
	}
	r := &c.Record
	var payload, sum any
	if digest != "" {
		sum = digest
	} else if len(r.Payload) > 0 {
		payload = r.Payload
	}
	err = t.exec("INSERT INTO record (run, seq, kind, key, data, payload, digest, size, crc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		n, r.Seq, r.Kind, r.Key, text(r.Data), payload, sum, len(r.Payload), checksum(r, digest))
	if isUnique(err) {
		err = fmt.Errorf("record %d of run %s: %w", r.Seq, c.Run, ErrExists)
	}
	return err
}

func (t *txn) trim(c Trim) error {
	n, err := t.num(c.Run)
	if err != nil {
		return err
	}
	var digests []string
	if t.s.blobs.has(c.Run) {
		if digests, err = t.digests(n, c.From, c.To); err != nil {
			return err
		}
	}
	from := c.From
	for _, keep := range append(c.Except, c.To+1) { // Except is sorted
		if from < keep {
			if err := t.exec("DELETE FROM record WHERE run = ? AND seq BETWEEN ? AND ?", n, from, keep-1); err != nil {
				return err
			}
		}
		from = keep + 1
	}
	for _, d := range digests {
		row, err := t.row("SELECT count(*) FROM record WHERE run = ? AND digest = ?", n, d)
		if err != nil {
			return err
		}
		var still int
		if err := row.Scan(&still); err != nil {
			return err
		}
		if still == 0 {
			t.after = append(t.after, func() { t.s.blobs.remove(c.Run, d) })
		}
	}
	return nil
}

func (t *txn) digests(run, from, to int64) ([]string, error) {
	st, err := t.stmt("SELECT DISTINCT digest FROM record WHERE run = ? AND digest IS NOT NULL AND seq BETWEEN ? AND ?")
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(forever, run, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var d string
		if err := rows.Scan(&d); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, rows.Err()
}

func (s *SQLite) Deliver(ctx context.Context, d Delivery) (stored Delivery, fresh bool, err error) {
	if err := ctx.Err(); err != nil {
		return d, false, err
	}
	err = s.wait(&job{do: func(t *txn) error {
		fresh = false // it may be tried again
		var key any
		if d.Key != "" {
			key = d.Key
		}
		st, err := t.stmt("INSERT INTO delivery (hook, key, at, data, payload) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
		if err != nil {
			return err
		}
		r, err := st.ExecContext(forever, d.Hook, key, d.At.UnixNano(), text(d.Data), d.Payload)
		if err != nil {
			return err
		}
		stored = d
		if n, _ := r.RowsAffected(); n > 0 {
			fresh = true
			stored.ID, err = r.LastInsertId()
			return err
		}
		row, err := t.row("SELECT id, at, data FROM delivery WHERE hook = ? AND key = ?", d.Hook, d.Key)
		if err != nil {
			return err
		}
		var at sql.NullInt64
		var data sql.NullString
		err = row.Scan(&stored.ID, &at, &data)
		stored.At, stored.Data, stored.Payload = fromNanos(at), raw(data), nil
		return err
	}})
	return stored, fresh && err == nil, err
}

func (s *SQLite) Hold(ctx context.Context, name, run string) (held string, err error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	err = s.wait(&job{run: run, do: func(t *txn) error {
		if err := t.exec("INSERT OR IGNORE INTO held (name, run) VALUES (?, ?)", name, run); err != nil {
			return err
		}
		row, err := t.row("SELECT run FROM held WHERE name = ?", name)
		if err != nil {
			return err
		}
		return row.Scan(&held)
	}})
	if held == run {
		held = ""
	}
	return held, err
}

// since is the time before which something is too old; the zero time: nothing is.
func since(k Keep) time.Time {
	if k.Age == 0 {
		return time.Time{}
	}
	return k.Now.Add(-k.Age)
}
