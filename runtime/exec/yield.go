package exec

// Design: a host that keeps a journal waits before each write until what will be sent is on disk. If the item kept its
// place meanwhile, no more items than a loop's concurrency could share such a wait, and no request would be under way
// during it. So an item may give its place up before its first write, and takes one again to send it.
//
// What concurrency bounds stays bounded: requests under way, and items that have changed something and are not over.
// An item that has changed nothing may therefore be given up when its loop has stopped in the meantime, as if it had
// never begun. Blind writes that are waited for so may be in doubt after a crash; so they are fewer.

// seat is an item's place among those that its loop works on at once.
type seat struct {
	x     *iteration
	set   Branches
	wrote bool // the item may have changed something
}

// yield returns what the host may do with the item's place before it sends a write of this scope, blind or not: nothing, if
// it is nil.
func (s *scope) yield(blind bool) func(wait func()) bool {
	at := s.seat
	if at == nil || at.wrote {
		return nil
	}
	at.wrote = true
	if at.x.loop.lock != nil { // who waits for the lock has the place that would be missing
		return nil
	}
	return func(wait func()) bool {
		at.set.Yield(blind, wait)
		return !at.x.stopping() || s.over()
	}
}
