package trigger

import (
	"container/list"
	"sync"
	"time"

	"tenon/runtime/exec"
)

// Bounds of the answers that are kept.
const (
	maxKept   = 16 << 20 // bytes, all together
	maxAnswer = 1 << 20  // bytes of one that is kept
)

// answers keeps answers for as long as their triggers say. What was asked for longest ago goes first. It is safe for
// concurrent use.
type answers struct {
	mu     sync.Mutex
	kept   map[string]*list.Element // of *keptAnswer
	recent *list.List               // the latest first
	bytes  int
}

type keptAnswer struct {
	key    string
	answer *exec.Answer
	until  time.Time
	size   int
}

func newAnswers() *answers { return &answers{kept: map[string]*list.Element{}, recent: list.New()} }

// get returns what is kept for a key; nil if nothing is, or not any more.
func (a *answers) get(key string, now time.Time) *exec.Answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.kept[key]
	if e == nil {
		return nil
	}
	k := e.Value.(*keptAnswer)
	if !now.Before(k.until) {
		a.drop(e)
		return nil
	}
	a.recent.MoveToFront(e)
	return k.answer
}

// put keeps an answer, which is not changed any more.
func (a *answers) put(key string, answer *exec.Answer, until time.Time) {
	size := len(key) + len(answer.Body) + 512
	for name, values := range answer.Header {
		for _, v := range values {
			size += len(name) + len(v)
		}
	}
	if size > maxAnswer {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.kept[key]; e != nil {
		a.drop(e)
	}
	a.kept[key] = a.recent.PushFront(&keptAnswer{key, answer, until, size})
	a.bytes += size
	for a.bytes > maxKept {
		a.drop(a.recent.Back())
	}
}

func (a *answers) drop(e *list.Element) {
	k := e.Value.(*keptAnswer)
	delete(a.kept, k.key)
	a.recent.Remove(e)
	a.bytes -= k.size
}
