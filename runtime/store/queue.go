package store

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
)

const (
	lazily  = 25 * time.Millisecond // after which what nobody waits for is written
	crowded = 4096                  // jobs in the queue at which Queue waits for room
)

// job is what happens as a whole.
type job struct {
	run     string
	changes []Change
	digests []string         // of payloads in files, by change; nil: none
	do      func(*txn) error // in place of changes
	urgent  bool
	done    chan struct{} // closed when it is over; nil: nobody waits
	err     error
}

// queue is what waits to be written, and the goroutine that writes it.
type queue struct {
	mu      sync.Mutex
	room    sync.Cond
	jobs    []*job
	marks   map[[2]string]pending // of jobs that are not committed
	failed  map[string]error      // by run
	wake    chan struct{}
	ended   chan struct{}
	stopped bool
	taken   int64 // jobs that were put here
	settled int64 // jobs that are over
}

type pending struct {
	mark Mark
	jobs int // that touch it
}

func (q *queue) start(s *SQLite) {
	q.marks, q.failed = map[[2]string]pending{}, map[string]error{}
	q.wake, q.ended = make(chan struct{}, 1), make(chan struct{})
	q.room.L = &q.mu
	go q.work(s)
}

// put adds a job. It reports whether it could.
func (q *queue) put(j *job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.jobs) >= crowded && !q.stopped {
		q.signal()
		q.room.Wait()
	}
	if q.stopped || q.wake == nil {
		return ErrClosed
	}
	if err := q.failed[j.run]; err != nil && j.run != "" {
		return err
	}
	q.jobs = append(q.jobs, j)
	q.taken++
	q.touch(j, 1)
	if j.urgent {
		q.signal()
	} else if len(q.jobs) == 1 {
		time.AfterFunc(lazily, q.signal)
	}
	return nil
}

// signal says that there is something to write now.
func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// touch notes the marks of a job that is not written, so that they are seen at once.
func (q *queue) touch(j *job, by int) {
	for _, c := range j.changes {
		var k [2]string
		var m Mark
		switch c := c.(type) {
		case Mark:
			k, m = [2]string{c.Scope, c.Key}, c
		case Unmark:
			k = [2]string{c.Scope, c.Key}
		default:
			continue
		}
		p := q.marks[k]
		if p.jobs += by; by > 0 {
			p.mark = m
		}
		if q.marks[k] = p; p.jobs == 0 {
			delete(q.marks, k)
		}
	}
}

// poison keeps later changes of a run from being made.
func (q *queue) poison(run string, err error) {
	if run == "" {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed[run] == nil {
		q.failed[run] = fmt.Errorf("the journal of run %s has ended: %w", run, err)
	}
}

// sound is jobs without those of runs that were poisoned after they had been put here. These have failed.
func (q *queue) sound(jobs []*job) []*job {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.failed) == 0 {
		return jobs
	}
	var out []*job
	for _, j := range jobs {
		if j.run != "" {
			j.err = q.failed[j.run]
		}
		if j.err == nil {
			out = append(out, j)
		}
	}
	return out
}

func (q *queue) poisoned(run string) error {
	if run == "" {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed[run]
}

// idle reports whether everything that was put here is over.
func (q *queue) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.settled == q.taken
}

func (q *queue) pendingMark(k [2]string) (Mark, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p, ok := q.marks[k]
	return p.mark, ok
}

// work writes what is in the queue, in groups, until there is nothing and never will be.
func (q *queue) work(s *SQLite) {
	defer close(q.ended)
	for range q.wake {
		for {
			runtime.Gosched() // whoever is about to put something here shares the sync
			q.mu.Lock()
			group := q.jobs
			q.jobs = nil
			stopped := q.stopped
			q.room.Broadcast()
			q.mu.Unlock()
			if len(group) == 0 {
				if stopped {
					return
				}
				break
			}
			s.group(group)
			q.mu.Lock()
			for _, j := range group {
				q.touch(j, -1)
			}
			q.settled += int64(len(group))
			q.mu.Unlock()
			for _, j := range group {
				if j.done != nil {
					close(j.done)
				} else if j.err != nil {
					q.poison(j.run, j.err)
				}
			}
		}
	}
}

// stop writes what is there and ends the goroutine.
func (q *queue) stop() error {
	if q.wake == nil {
		return nil
	}
	q.mu.Lock()
	already := q.stopped
	q.stopped = true
	q.room.Broadcast()
	q.signal()
	q.mu.Unlock()
	<-q.ended
	if already {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, err := range q.failed {
		return err
	}
	return nil
}

func (s *SQLite) Commit(ctx context.Context, run string, changes ...Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.wait(&job{run: run, changes: changes})
}

// wait puts a job and returns when it is over.
func (s *SQLite) wait(j *job) error {
	if err := s.prepare(j); err != nil {
		return err
	}
	j.urgent, j.done = true, make(chan struct{})
	if err := s.queue.put(j); err != nil {
		return err
	}
	<-j.done
	return j.err
}

func (s *SQLite) Queue(run string, changes ...Change) {
	j := &job{run: run, changes: changes}
	err := s.prepare(j)
	if err == nil {
		err = s.queue.put(j)
	}
	if err != nil {
		s.queue.poison(run, err)
	}
}

func (s *SQLite) Sync(ctx context.Context, run string) error { return s.Commit(ctx, run) }

// prepare puts large payloads into files, before the records that name them.
func (s *SQLite) prepare(j *job) error {
	for i, c := range j.changes {
		a, ok := c.(Append)
		if !ok || len(a.Record.Payload) <= InlineMax {
			continue
		}
		if j.digests == nil {
			j.digests = make([]string, len(j.changes))
		}
		var err error
		if j.digests[i], err = s.blobs.put(a.Run, a.Record.Payload); err != nil {
			return err
		}
	}
	return nil
}

// barrier waits until reads see everything that was queued.
func (s *SQLite) barrier(ctx context.Context) error {
	if s.conn == nil || s.queue.idle() {
		return nil
	}
	return s.Commit(ctx, "")
}
