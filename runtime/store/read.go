package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
)

// one reads a single row; none is ErrNotFound.
func (s *SQLite) one(ctx context.Context, what, query string, args []any, to ...any) error {
	if err := s.barrier(ctx); err != nil {
		return err
	}
	err := s.read.QueryRowContext(ctx, query, args...).Scan(to...)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, ErrNotFound)
	}
	return s.explain(err)
}

// all reads rows; each is scanned by f.
func (s *SQLite) all(ctx context.Context, query string, args []any, f func(*sql.Rows) (again bool, err error)) error {
	if err := s.barrier(ctx); err != nil {
		return err
	}
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return s.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		if again, err := f(rows); err != nil || !again {
			return s.explain(err)
		}
	}
	return s.explain(rows.Err())
}

func (s *SQLite) Plan(ctx context.Context, digest string) (data []byte, err error) {
	err = s.one(ctx, "plan "+digest, "SELECT data FROM plan WHERE digest = ?", []any{digest}, &data)
	return data, err
}

const runColumns = "id, integration, plan, status, started, ended, inputs, outputs, error, writes, cause, resumed, cancel"

func scanRun(scan func(...any) error) (*Run, error) {
	r := &Run{}
	var started, ended sql.NullInt64
	var inputs, outputs, why sql.NullString
	if err := scan(&r.ID, &r.Integration, &r.Plan, &r.Status, &started, &ended, &inputs, &outputs, &why, &r.Writes, &r.Cause, &r.Resumed, &r.Cancel); err != nil {
		return nil, err
	}
	r.Started, r.Ended = fromNanos(started), fromNanos(ended)
	r.Inputs, r.Outputs, r.Error = raw(inputs), raw(outputs), raw(why)
	return r, nil
}

func raw(s sql.NullString) json.RawMessage {
	if !s.Valid {
		return nil
	}
	return json.RawMessage(s.String)
}

func (s *SQLite) Run(ctx context.Context, id string) (*Run, error) {
	return scanRun(func(to ...any) error {
		return s.one(ctx, "run "+id, "SELECT "+runColumns+" FROM run WHERE id = ?", []any{id}, to...)
	})
}

func (s *SQLite) Runs(ctx context.Context, f Filter) ([]*Run, error) {
	where, args := []string{"1"}, []any{}
	if f.Integration != "" {
		where, args = append(where, "integration = ?"), append(args, f.Integration)
	}
	if len(f.Status) > 0 {
		where = append(where, "status IN (?"+strings.Repeat(", ?", len(f.Status)-1)+")")
		for _, st := range f.Status {
			args = append(args, st)
		}
	}
	if f.Before != "" {
		before, err := s.Run(ctx, f.Before)
		if err != nil {
			return nil, err
		}
		where, args = append(where, "(started, id) < (?, ?)"), append(args, before.Started.UnixNano(), f.Before)
	}
	query := "SELECT " + runColumns + " FROM run WHERE " + strings.Join(where, " AND ") + " ORDER BY started DESC, id DESC"
	if f.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, f.Limit)
	}
	var out []*Run
	err := s.all(ctx, query, args, func(rows *sql.Rows) (bool, error) {
		r, err := scanRun(rows.Scan)
		out = append(out, r)
		return true, err
	})
	return out, err
}

func (s *SQLite) Records(ctx context.Context, run string, from int64) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		err := s.all(ctx, "SELECT seq, kind, key, data, digest, size, crc FROM record WHERE run = (SELECT num FROM run WHERE id = ?) AND seq >= ? ORDER BY seq",
			[]any{run, from}, func(rows *sql.Rows) (bool, error) {
				var r Record
				var digest sql.NullString
				var crc int64
				if err := rows.Scan(&r.Seq, &r.Kind, &r.Key, &r.Data, &digest, &r.Size, &crc); err != nil {
					return false, err
				}
				if checksum(&r, digest.String) != crc {
					return false, fmt.Errorf("the journal of run %s is %w: record %d is not what was written", run, ErrDamaged, r.Seq)
				}
				return yield(r, nil), nil
			})
		if err != nil {
			yield(Record{}, err)
		}
	}
}

func (s *SQLite) Payload(ctx context.Context, run string, seq int64) ([]byte, error) {
	var payload []byte
	var digest sql.NullString
	err := s.one(ctx, fmt.Sprintf("record %d of run %s", seq, run),
		"SELECT payload, digest FROM record WHERE run = (SELECT num FROM run WHERE id = ?) AND seq = ?", []any{run, seq}, &payload, &digest)
	if err != nil || !digest.Valid {
		return payload, err
	}
	return s.blobs.get(run, digest.String)
}

// fewUndos bounds how much is read of what undoes items.
const fewUndos = 256 << 10

func (s *SQLite) Undos(ctx context.Context, run, loop string, before int64) (out []Undo, err error) {
	size := 0
	err = s.all(ctx, "SELECT item, data, crc FROM undo WHERE run = (SELECT num FROM run WHERE id = ?) AND loop = ? AND item < ? ORDER BY item DESC",
		[]any{run, loop, before}, func(rows *sql.Rows) (bool, error) {
			var u Undo
			var crc int64
			if err := rows.Scan(&u.Item, &u.Data, &crc); err != nil {
				return false, err
			}
			if u.checksum(loop) != crc {
				return false, fmt.Errorf("the journal of run %s is %w: what undoes item %d of %s is not what was written", run, ErrDamaged, u.Item, loop)
			}
			out = append(out, u)
			size += len(u.Data)
			return size < fewUndos, nil
		})
	return out, err
}

func (s *SQLite) Facts(ctx context.Context, run string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		err := s.all(ctx, "SELECT data FROM fact WHERE run = (SELECT num FROM run WHERE id = ?) ORDER BY seq", []any{run}, func(rows *sql.Rows) (bool, error) {
			var data string
			err := rows.Scan(&data)
			return err == nil && yield(json.RawMessage(data), nil), err
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

func (s *SQLite) State(ctx context.Context, integration string) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	err := s.all(ctx, "SELECT name, value FROM state WHERE integration = ?", []any{integration}, func(rows *sql.Rows) (bool, error) {
		var name, value string
		err := rows.Scan(&name, &value)
		out[name] = json.RawMessage(value)
		return true, err
	})
	return out, err
}

// Seen does not wait for what is queued, since loops ask for every item: marks that are not written are known.
func (s *SQLite) Seen(ctx context.Context, scope, key string) (Mark, error) {
	if m, ok := s.queue.pendingMark([2]string{scope, key}); ok {
		return m, nil
	}
	m := Mark{Scope: scope, Key: key}
	var at, until sql.NullInt64
	err := s.read.QueryRowContext(ctx, "SELECT at, until, by, done FROM seen WHERE scope = ? AND key = ?", scope, key).Scan(&at, &until, &m.By, &m.Done)
	if errors.Is(err, sql.ErrNoRows) {
		return Mark{}, nil
	}
	m.At, m.Until = fromNanos(at), fromNanos(until)
	return m, s.explain(err)
}

func (s *SQLite) Doubts(ctx context.Context, run string) ([]Doubt, error) {
	var out []Doubt
	err := s.all(ctx, "SELECT run, key, at, reason, request FROM doubt WHERE ?1 = '' OR run = ?1 ORDER BY at, run, key", []any{run}, func(rows *sql.Rows) (bool, error) {
		var d Doubt
		var at sql.NullInt64
		var request sql.NullString
		err := rows.Scan(&d.Run, &d.Key, &at, &d.Reason, &request)
		d.At, d.Request = fromNanos(at), raw(request)
		out = append(out, d)
		return true, err
	})
	return out, err
}

func (s *SQLite) Delivery(ctx context.Context, id int64) (d Delivery, err error) {
	var key, data sql.NullString
	var at sql.NullInt64
	err = s.one(ctx, "delivery", "SELECT id, hook, key, at, data, payload FROM delivery WHERE id = ?", []any{id}, &d.ID, &d.Hook, &key, &at, &data, &d.Payload)
	d.Key, d.At, d.Data = key.String, fromNanos(at), raw(data)
	return d, err
}

func (s *SQLite) Deliveries(ctx context.Context, limit int) ([]Delivery, error) {
	var out []Delivery
	err := s.all(ctx, "SELECT id, hook, key, at FROM delivery WHERE run IS NULL ORDER BY id LIMIT ?", []any{limit}, func(rows *sql.Rows) (bool, error) {
		var d Delivery
		var key sql.NullString
		var at sql.NullInt64
		err := rows.Scan(&d.ID, &d.Hook, &key, &at)
		d.Key, d.At = key.String, fromNanos(at)
		out = append(out, d)
		return true, err
	})
	return out, err
}
