package exec

// Design: a host that keeps a journal waits before each write until what will be sent is on disk. If the item kept its
// place meanwhile, no more items than a loop's concurrency could share such a wait, and no request would be under way
// during it. So an item may give its place up before its first write, and takes one again to send it.
//
// What concurrency bounds stays bounded: requests under way, and items that have changed something and are not over.
// An item that has changed nothing may therefore be given up when its loop has stopped in the meantime, as if it had
// never begun. Only writes that can be sent again, or found out about, are waited for so: of those that cannot, one
// that is on disk and was never sent would be in doubt after a crash, and there must not be more of them than places.

// seat is an item's place among those that its loop works on at once.
type seat struct {
	x     *iteration
	set   Branches
	wrote bool // the item may have changed something
}

// yield returns what the host may do with the item's place before it sends a write of this scope: nothing, if it is nil.
// again says that it does no harm if it is sent after a crash, too.
func (s *scope) yield(again bool) func(wait func()) bool {
	at := s.seat
	if at == nil || at.wrote {
		return nil
	}
	at.wrote = true
	if !again || at.x.loop.lock != nil { // who waits for the lock has the place that would be missing
		return nil
	}
	return func(wait func()) bool {
		at.set.Yield(wait)
		return !at.x.stopping() || s.over()
	}
}
