package daemon

import "sync"

// waiting is a delivery that no run has taken on, a request whose client waits, or a run of an earlier process that is to go on.
type waiting struct {
	id          int64
	integration string
	trigger     string
	resume      string   // ID of the run to resume; "" for a delivery
	shares      []string // what it counts towards while it runs
	failed      int      // how often it could not be started
	call        *call    // whose client waits, in place of a delivery
}

// queue says which delivery is next: integrations take turns, so that one with much to do does not keep others
// waiting, and each has its deliveries in order.
//
// Places, to wait and to run, are shared by a dynamic threshold (Choudhury and Hahne, 1998): nobody takes another one
// who has as many as are free. So one integration fills half of them alone, and two a third each; there is
// always room for one that has none, and nobody needs to say how much is whose.
type queue struct {
	mu      sync.Mutex
	bound   int            // how many may wait
	total   int            // that wait, or are about to
	placed  map[string]int // the same, by integration
	slots   int            // how many may run
	active  int            // that do
	running map[string]int // the same, by integration
	sharing map[string]int // the same, by what they count towards
	ready   chan struct{}
	order   []string // integrations that have something waiting, the next one first
	waiting map[string][]waiting
}

func newQueue(bound, slots int) *queue {
	return &queue{
		bound: bound, placed: map[string]int{}, slots: slots, running: map[string]int{}, sharing: map[string]int{},
		ready: make(chan struct{}, 1), waiting: map[string][]waiting{},
	}
}

// reserve takes a place for a delivery that is about to be stored; false if there is none.
func (q *queue) reserve(integration string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.placed[integration] >= q.bound-q.total {
		return false
	}
	q.place(integration)
	return true
}

// insist takes a place whatever the bound.
func (q *queue) insist(integration string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.place(integration)
}

func (q *queue) place(integration string) {
	q.total++
	q.placed[integration]++
}

// cancel gives a reserved place back.
func (q *queue) cancel(integration string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.leave(integration)
}

func (q *queue) leave(integration string) {
	q.total--
	less(q.placed, integration)
}

// less counts one down.
func less(counts map[string]int, name string) {
	if counts[name]--; counts[name] == 0 {
		delete(counts, name)
	}
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
	q.insist(w.integration)
	q.add(w)
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
// beside those that are under way; shares, what a run of it counts towards.
func (q *queue) next(may func(w waiting, running int) bool, shares func(integration string) []string) (w waiting, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.active >= q.slots {
		return waiting{}, false
	}
	for i, name := range q.order {
		list := q.waiting[name]
		if !may(list[0], q.running[name]) {
			continue
		}
		counts := shares(name)
		if q.full(counts) {
			continue
		}
		w, list = list[0], list[1:]
		w.shares = counts
		q.order = append(q.order[:i], q.order[i+1:]...)
		if len(list) > 0 {
			q.waiting[name] = list
			q.order = append(q.order, name)
		} else {
			delete(q.waiting, name)
		}
		q.leave(name)
		q.active++
		q.running[name]++
		for _, s := range counts {
			q.sharing[s]++
		}
		return w, true
	}
	return waiting{}, false
}

// full reports whether one of these has as many runs under way as there is room for.
func (q *queue) full(shares []string) bool {
	for _, s := range shares {
		if q.sharing[s] >= q.slots-q.active {
			return true
		}
	}
	return false
}

// done says that a run is over.
func (q *queue) done(w waiting) {
	q.mu.Lock()
	q.active--
	less(q.running, w.integration)
	for _, s := range w.shares {
		less(q.sharing, s)
	}
	q.mu.Unlock()
	q.signal()
}

// lengths are how many deliveries wait, and how many runs are under way.
func (q *queue) lengths() (waiting, running int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total, q.active
}

// others reports whether an integration has more than one run under way.
func (q *queue) others(integration string) bool { return q.under(integration) > 1 }

// under is how many runs of an integration are under way.
func (q *queue) under(integration string) int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running[integration]
}
