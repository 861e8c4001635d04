package engine

import (
	"sync"

	"tenon/runtime/exec"
)

// beside is how many branches of a set may have begun beyond those that have places: what is begun in a loop and not
// over is bounded with it.
const beside = 128

// blindly is for how many a branch counts that has yielded its place before a blind write: it may end in doubt.
const blindly = 4

// branches are goroutines, at most limit of them at work; 0: any number. idle is called when those that have yielded
// their places are all that is left to do.
func branches(limit int, idle func()) exec.Branches {
	if limit <= 0 {
		return &free{idle: idle}
	}
	return &workers{idle: idle, places: limit, room: limit + beside, turn: make(chan struct{}, 1), work: make(chan func())}
}

type free struct {
	idle func()
	wg   sync.WaitGroup
}

func (b *free) Go(f func()) { b.wg.Go(f) }
func (b *free) Wait()       { b.wg.Wait() }

func (b *free) Yield(_ bool, wait func()) {
	b.idle()
	wait()
}

// workers are goroutines that are reused from one piece of work to the next, since growing a new goroutine's stack costs
// more than the work around a small request. What is new comes before what takes a place again: so there is always
// something that waits while something else is sent.
type workers struct {
	idle func()
	turn chan struct{} // of Go, which was given a place
	work chan func()
	wg   sync.WaitGroup

	mu       sync.Mutex
	places   int             // that nobody has
	room     int             // branches that may begin
	starting bool            // Go waits
	ready    []chan struct{} // those who want their places again, in turn
	away     int             // have yielded theirs and do not want one yet
	resting  int             // goroutines without work
}

func (b *workers) Go(f func()) {
	b.mu.Lock()
	if b.starting = b.places == 0 || b.room <= 0; b.starting {
		b.mu.Unlock()
		<-b.turn
		b.mu.Lock()
	} else {
		b.places--
		b.room--
	}
	rested := b.resting > 0
	if rested {
		b.resting--
	}
	b.mu.Unlock()
	if rested {
		b.work <- f
		return
	}
	b.wg.Go(func() {
		b.do(f)
		for f := range b.work {
			b.do(f)
		}
	})
}

func (b *workers) do(f func()) {
	f()
	b.mu.Lock()
	b.room++
	b.resting++
	b.give()
}

// give gives a place to who wants it. The lock is held, and given back.
func (b *workers) give() {
	switch {
	case b.starting && b.room > 0:
		b.starting = false
		b.room--
		b.turn <- struct{}{}
	case len(b.ready) > 0:
		b.ready[0] <- struct{}{}
		b.ready = b.ready[1:]
	default:
		if b.places++; b.away > 0 {
			b.mu.Unlock()
			b.idle()
			return
		}
	}
	b.mu.Unlock()
}

func (b *workers) Yield(blind bool, wait func()) {
	more := 0
	if blind {
		more = blindly - 1
	}
	b.mu.Lock()
	b.room -= more
	b.away++
	b.give()
	wait()
	b.mu.Lock()
	b.away--
	if b.places > 0 {
		b.places--
	} else {
		turn := make(chan struct{}, 1)
		b.ready = append(b.ready, turn)
		b.mu.Unlock()
		<-turn
		b.mu.Lock()
	}
	if b.room += more; b.starting && b.room > 0 && b.places > 0 {
		b.places--
		b.give()
		return
	}
	b.mu.Unlock()
}

func (b *workers) Wait() {
	close(b.work)
	b.wg.Wait()
}
