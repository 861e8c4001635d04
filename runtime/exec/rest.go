package exec

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/klauspost/compress/flate"

	"tenon/spec/plan"
)

// Program is a plan made ready to run. It never changes; many runs may share it.
//
// A program that is not needed for a while may [Program.Rest]. Then it is its plan, packed, and holds nothing of what it
// was checked against. Whoever needs it makes it ready again, which takes about a millisecond. Runs that are under way
// keep what they have.
type Program struct {
	digest  string
	outline *plan.Plan
	files   []*plan.File // the plan's: long texts, which the plans of a project share

	ready atomic.Pointer[prepared] // nil: it rests
	used  atomic.Bool              // since Idle was called last

	mu     sync.Mutex
	packed []byte // the plan but for its files, compressed; nil before it rests
	before weak.Pointer[prepared]
}

// Plan returns the plan that p was made from.
func (p *Program) Plan() *plan.Plan { return p.awake().plan }

// Outline returns what is known of the plan without waking p: its name, description, lock or overlap, the names of its
// APIs, variables and secrets, and its triggers without types, and without expressions but those that a webhook's sender
// is known by.
func (p *Program) Outline() *plan.Plan { return p.outline }

// Digest names the plan by its content.
func (p *Program) Digest() string { return p.digest }

// Idle reports whether nobody has needed p since Idle was called last.
func (p *Program) Idle() bool { return !p.used.Swap(false) }

// Rest lets the memory of p go, until somebody needs it.
func (p *Program) Rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	ready := p.ready.Load()
	if ready == nil {
		return
	}
	if p.packed == nil {
		text, _, err := ready.plan.Bare()
		if err != nil {
			panic("this is a bug in Tenon: " + err.Error())
		}
		p.packed = pack(text)
	}
	p.before = weak.Make(ready)
	p.ready.Store(nil)
}

// Copy lets p rest and returns another program like it that shares no memory with p, except for the texts of files. What
// was made beside much that is let go keeps the pages that it lies on; copies that are made afterwards lie close together.
func (p *Program) Copy() *Program {
	p.Rest()
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := json.Marshal(p.outline)
	out := &Program{digest: strings.Clone(p.digest), outline: new(plan.Plan), files: slices.Clone(p.files), packed: bytes.Clone(p.packed)}
	if err == nil {
		err = json.Unmarshal(text, out.outline)
	}
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return out
}

// awake returns what a run needs.
func (p *Program) awake() *prepared {
	p.used.Store(true)
	if ready := p.ready.Load(); ready != nil {
		return ready
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if ready := p.ready.Load(); ready != nil {
		return ready
	}
	ready := p.before.Value() // some run may still have it
	if ready == nil {
		ready = unpack(p.packed, p.files)
	}
	p.ready.Store(ready)
	return ready
}

// packers are writers: making one takes longer than to pack with it.
var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.DefaultCompression)
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return w
}}

// pack compresses what rests in memory.
func pack(text []byte) []byte {
	var b bytes.Buffer
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(&b)
	_, err := w.Write(text)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic("this is a bug in Tenon: what is to rest cannot be packed: " + err.Error())
	}
	return bytes.Clone(b.Bytes())
}

// unpack makes a plan ready that was ready before.
func unpack(packed []byte, files []*plan.File) *prepared {
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err == nil {
		var p *plan.Plan
		if p, err = plan.Decode(text); err == nil {
			p.Files = files
			var ready *prepared
			if ready, err = prepare(p); err == nil {
				return ready
			}
		}
	}
	panic("this is a bug in Tenon: a plan that was compiled cannot be compiled again: " + err.Error())
}

// outline copies what is small of a plan. It must hold nothing of the rest.
func outline(p *plan.Plan) *plan.Plan {
	out := &plan.Plan{Version: p.Version, Integration: p.Integration, Description: p.Description, Overlap: p.Overlap, APIs: map[string]*plan.API{}}
	for name := range maps.Keys(p.APIs) {
		out.APIs[name] = nil
	}
	for _, v := range p.Variables {
		out.Variables = append(out.Variables, &plan.Input{Name: v.Name})
	}
	for _, x := range p.Secrets {
		out.Secrets = append(out.Secrets, &plan.Secret{Name: x.Name})
	}
	for _, t := range p.Triggers {
		x := &plan.Trigger{Kind: t.Kind, Name: t.Name, Schedule: t.Schedule, Completion: t.Completion, Range: t.Range}
		if w := t.Webhook; w != nil {
			x.Webhook = &plan.Webhook{Path: w.Path, Verify: w.Verify, Challenge: w.Challenge}
		}
		if o := t.Operation; o != nil {
			x.Operation = &plan.Operation{API: o.API, Name: o.Name, Method: o.Method, Path: o.Path, Bases: o.Bases}
		}
		out.Triggers = append(out.Triggers, x)
	}
	return out
}
