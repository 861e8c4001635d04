package trigger

import (
	"container/list"
	"sync"
	"time"

	"tenon/spec/plan"
)

// maxClients bounds the clients that limits remember; of more, the one that asked longest ago is forgotten.
const maxClients = 10_000

// limits bound how often each client asks. It is safe for concurrent use.
type limits struct {
	plan    []*plan.Limit
	mu      sync.Mutex
	clients map[string]*list.Element // of *account
	recent  *list.List               // the latest first
}

// account is what one client has used: for each limit, when its bucket will be empty (GCRA), and what is under way.
type account struct {
	name   string
	empty  []time.Time
	active int
}

func newLimits(p []*plan.Limit) *limits {
	if len(p) == 0 {
		return nil
	}
	return &limits{plan: p, clients: map[string]*list.Element{}, recent: list.New()}
}

// take counts a request of a client. release, to be called when it is answered, is nil if it is one too many; wait is
// then when the next one may be made.
func (l *limits) take(client string, now time.Time) (release func(), wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.account(client)
	for i, p := range l.plan {
		if p.Concurrency > 0 && a.active >= p.Concurrency {
			return nil, max(wait, time.Second)
		}
		if p.Count == 0 {
			continue
		}
		every, burst := p.Per/time.Duration(p.Count), p.Burst
		if burst == 0 {
			burst = p.Count
		}
		if w := a.empty[i].Add(-every * time.Duration(burst-1)).Sub(now); w > 0 {
			wait = max(wait, w)
		}
	}
	if wait > 0 {
		return nil, wait
	}
	for i, p := range l.plan {
		if p.Count > 0 {
			if a.empty[i].Before(now) {
				a.empty[i] = now
			}
			a.empty[i] = a.empty[i].Add(p.Per / time.Duration(p.Count))
		}
	}
	a.active++
	return func() {
		l.mu.Lock()
		a.active--
		l.mu.Unlock()
	}, 0
}

// account finds a client's account, or opens one.
func (l *limits) account(client string) *account {
	if e := l.clients[client]; e != nil {
		l.recent.MoveToFront(e)
		return e.Value.(*account)
	}
	for e := l.recent.Back(); len(l.clients) >= maxClients && e != nil; {
		before := e.Prev()
		if old := e.Value.(*account); old.active == 0 {
			delete(l.clients, old.name)
			l.recent.Remove(e)
		}
		e = before
	}
	a := &account{name: client, empty: make([]time.Time, len(l.plan))}
	l.clients[client] = l.recent.PushFront(a)
	return a
}
