package daemon

import "sync"

// waiting is a delivery that no run has taken on, or a run of an earlier process that is to go on.
type waiting struct {
	id          int64
	integration string
	trigger     string
	resume      string // ID of the run to resume; "" for a delivery
}

// queue says which delivery is next: integrations take turns, so that one with much to do does not keep others
// waiting, and each has its deliveries in order.
type queue struct {
	mu      sync.Mutex
	bound   int // how many may wait
	total   int // that wait, or are about to
	ready   chan struct{}
	order   []string // integrations that have something waiting, the next one first
	waiting map[string][]waiting
	running map[string]int
}

func newQueue(bound int) *queue {
	return &queue{bound: bound, ready: make(chan struct{}, 1), waiting: map[string][]waiting{}, running: map[string]int{}}
}

// reserve takes a place for a delivery that is about to be stored; false if there is none.
func (q *queue) reserve() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.total >= q.bound {
		return false
	}
	q.total++
	return true
}

// cancel gives a reserved place back.
func (q *queue) cancel() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total--
}

// add puts a delivery into its reserved place.
func (q *queue) add(w waiting) {
	q.mu.Lock()
	q.put(w)
	q.mu.Unlock()
	q.signal()
}

// restore puts what an earlier process left, whatever the bound.
func (q *queue) restore(w waiting) {
	q.mu.Lock()
	q.total++
	q.put(w)
	q.mu.Unlock()
	q.signal()
}

func (q *queue) put(w waiting) {
	if len(q.waiting[w.integration]) == 0 {
		q.order = append(q.order, w.integration)
	}
	q.waiting[w.integration] = append(q.waiting[w.integration], w)
}

func (q *queue) signal() {
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// next takes what may start now; ok is false if nothing may. may says whether an integration takes another run
// beside those that are under way.
func (q *queue) next(may func(w waiting, running int) bool) (w waiting, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, name := range q.order {
		list := q.waiting[name]
		if !may(list[0], q.running[name]) {
			continue
		}
		w, list = list[0], list[1:]
		q.order = append(q.order[:i], q.order[i+1:]...)
		if len(list) > 0 {
			q.waiting[name] = list
			q.order = append(q.order, name)
		} else {
			delete(q.waiting, name)
		}
		q.total--
		q.running[name]++
		return w, true
	}
	return waiting{}, false
}

// done says that a run of an integration is over.
func (q *queue) done(integration string) {
	q.mu.Lock()
	if q.running[integration]--; q.running[integration] == 0 {
		delete(q.running, integration)
	}
	q.mu.Unlock()
	q.signal()
}

// lengths are how many deliveries wait, and how many runs are under way.
func (q *queue) lengths() (waiting, running int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, n := range q.running {
		running += n
	}
	return q.total, running
}

// others reports whether an integration has more than one run under way.
func (q *queue) others(integration string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running[integration] > 1
}

// active is how many runs of an integration are under way.
func (q *queue) active(integration string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running[integration]
}
