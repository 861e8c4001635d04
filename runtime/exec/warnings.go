package exec

import (
	"fmt"
	"slices"
	"sync"

	"tenon/runtime/event"
)

// maxWarnings bounds how many warnings a run's result holds.
const maxWarnings = 100

// warnings are what a run's result says besides its outcome. Of those that differ only in the item, as of
// a loop's, the first stands for all.
type warnings struct {
	mu   sync.Mutex
	kept []event.Warning
	more int // that were not kept
}

func (w *warnings) add(x event.Warning) {
	w.mu.Lock()
	defer w.mu.Unlock()
	same := func(y event.Warning) bool { return y.Step == x.Step && y.Message == x.Message && y.Range == x.Range }
	switch {
	case slices.ContainsFunc(w.kept, same):
	case len(w.kept) == maxWarnings:
		w.more++
	default:
		w.kept = append(w.kept, x)
	}
}

func (w *warnings) list() []event.Warning {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.more == 0 {
		return w.kept
	}
	return append(slices.Clip(w.kept), event.Warning{Message: fmt.Sprintf("there were %d more warnings", w.more)})
}
