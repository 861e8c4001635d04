package expression

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"tenon/spec/source"
	"tenon/spec/types"
)

// Limits bound one run, so that hostile data can neither hang nor exhaust the process. Zero fields
// mean the defaults.
type Limits struct {
	Turns  int             // turns of all loops together; default 20 million
	Bytes  int             // text made, all strings together; default 256 MB
	Values int             // elements of lists made; default 20 million
	Done   <-chan struct{} // closed when the run is to stop, as by context.Context.Done; nil: never
}

// Runtime answers what is not a pure function of the environment. The value under [HostKey] in an
// environment implements it.
type Runtime interface {
	Now() time.Time
	UUID() string
}

// HostKey is the name under which the environment holds a [Runtime].
const HostKey = "\x00host"

// RunError says why an expression has no value, and which part of it failed.
type RunError struct {
	Range   source.Range
	Message string // in the author's names; never a value, only its shape
	Bug     bool   // a broken invariant of Tenon, not of the data
}

func (e *RunError) Error() string { return e.Message }

// fault is what functions panic with; the VM's own recovery adds the place.
type fault struct{ message string }

func (f *fault) Error() string { return f.message }

func fail(format string, args ...any) { panic(&fault{fmt.Sprintf(format, args...)}) }

// frame is one run as the functions of a program see it.
type frame struct {
	slots  []any
	env    map[string]any
	limits Limits
	turns  int
	bytes  int
	values int
}

func (f *frame) poll() {
	select {
	case <-f.limits.Done:
		fail("the run was stopped while this was computed")
	default:
	}
}

// made accounts for text that a function has made or is about to make.
func (f *frame) made(bytes int) {
	if bytes > 64 {
		f.bytes += bytes
		if f.bytes > f.limits.Bytes || f.bytes < 0 {
			fail("the expression makes more than %d MB of text", f.limits.Bytes>>20)
		}
	}
}

// text accounts for s and returns it.
func (f *frame) text(s string) any {
	f.made(len(s))
	return s
}

// cells accounts for elements of lists that a function is about to make.
func (f *frame) cells(n int) {
	f.values += n
	if n < 0 || f.values > f.limits.Values {
		fail("the expression makes lists of more than %d elements together", f.limits.Values)
	}
}

// work accounts for n steps of work that no loop of the program sees.
func (f *frame) work(n int) {
	f.turns += n
	if f.turns > f.limits.Turns || f.turns < 0 {
		fail("the expression takes more than %d steps", f.limits.Turns)
	}
	f.poll()
}

// turn passes on the value of one turn of a loop.
func turn(fr, v any) any {
	f := fr.(*frame)
	f.work(1)
	return v
}

func (f *frame) host() Runtime {
	h, ok := f.env[HostKey].(Runtime)
	if !ok {
		fail("the time and new identifiers are not available here")
	}
	return h
}

type machine struct {
	vm    vm.VM
	frame frame
}

var machines = sync.Pool{New: func() any { return new(machine) }}

// Run computes the expression's value in env, which is read only and may be shared. The error is a *RunError.
func (p *Program) Run(env map[string]any, lim Limits) (any, error) {
	m := machines.Get().(*machine)
	m.frame.start(env, lim, p.keys)
	m.vm.MemoryBudget = uint(m.frame.limits.Values)
	v, err := m.vm.Run(p.vm, &m.frame)
	most := m.frame.limits.Values
	m.reset()
	if err != nil {
		return nil, p.failure(err)
	}
	// Parts may be shared, so a value can be larger than what making it took.
	if weigh(v, most) >= most {
		return nil, &RunError{Range: p.whole, Message: fmt.Sprintf("the value has more than %d parts", most)}
	}
	return v, nil
}

func (f *frame) start(env map[string]any, lim Limits, keys []string) {
	if lim.Turns <= 0 {
		lim.Turns = 20_000_000
	}
	if lim.Bytes <= 0 {
		lim.Bytes = 256 << 20
	}
	if lim.Values <= 0 {
		lim.Values = 20_000_000
	}
	f.env, f.limits, f.turns, f.bytes, f.values = env, lim, 0, 0, 0
	f.slots = f.slots[:0]
	for _, k := range keys {
		v, ok := env[k]
		if !ok {
			v = types.Missing
		}
		f.slots = append(f.slots, v)
	}
}

// reset lets go of the run's values and returns the machine.
func (m *machine) reset() {
	clear(m.frame.slots)
	m.frame.env = nil
	m.frame.limits.Done = nil
	clear(m.vm.Variables)
	clear(m.vm.Stack[:cap(m.vm.Stack)])
	if cap(m.vm.Stack) < 1<<14 {
		machines.Put(m)
	}
}

func (p *Program) failure(err error) *RunError {
	out := &RunError{Range: p.whole, Message: err.Error()}
	var f *file.Error
	if errors.As(err, &f) {
		out.Message = f.Message
		if i := f.Location.From; i >= 0 && i < len(p.places) && !p.places[i].IsZero() {
			out.Range = p.places[i]
		}
	}
	var own *fault
	var broken runtime.Error
	switch {
	case errors.As(err, &own):
		out.Message = own.message
	case out.Message == "memory budget exceeded":
		out.Message = "the expression makes lists of too many elements"
	case errors.As(err, &broken):
		out.Message, out.Bug = "computing this failed: "+broken.Error()+"; this is a bug in Tenon", true
	}
	return out
}
