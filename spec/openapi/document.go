package openapi

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"tenon/spec/source"
	"tenon/spec/types"
)

// Cache keeps what is expensive to make of a document, by content. It may forget or corrupt
// anything: entries are checked when they are read. Keys are short, and safe as file names.
// Implementations are safe for concurrent use.
type Cache interface {
	Get(key string) ([]byte, bool)
	Put(key string, data []byte)
}

// Options say how a document is read. The zero Options read a document in one file without a cache.
type Options struct {
	// Name is what the project calls the API; it leads the names of types: "stripe.schemas.customer".
	Name string
	// Cache may be nil.
	Cache Cache
	// ReadFile reads other files that the document refers to, by their names relative to the
	// project. It refuses names outside the project. Nil refuses all.
	ReadFile func(name string) ([]byte, error)
	// Overlays are laid over the document, in this order.
	Overlays []OverlayFile
}

// Document is an OpenAPI description. Loading one finds out where things stand; operations and
// schemas are decoded when they are asked for, and only they. It is safe for concurrent use.
type Document struct {
	Digest  string // "sha256:…" of the file's bytes
	Version string // as written: "2.0", "3.0.3", "3.1.0", …
	Title   string

	opt     Options
	dialect types.Dialect
	main    *text
	root    fields

	overlays []*Overlay

	listed sync.Once
	names  []OperationName
	places []place          // of the operations in names
	unread []Defect         // why operations may be missing from names
	byID   map[string][]int // indexes of names
	byKey  map[key]int

	schemeOnce sync.Once
	schemeList []declaredScheme

	work     atomic.Int64 // bytes walked over
	proposed atomic.Int32 // names for broken references

	fileMu sync.Mutex
	files  map[string]*external
	read   int // bytes of other files

	anchorMu sync.Mutex
	anchors  map[*text]map[string]found

	mu         sync.Mutex
	defects    []Defect
	known      map[Defect]bool
	operations map[int]*Operation
	schemas    map[schemaKey]*types.Type
	typed      types.Cache

	derived sync.Map // see [Derived]
}

// LoadError says why a document, or an operation of it, cannot be read, and where. Range.Start counts
// bytes of the file as UTF-8.
type LoadError struct {
	Range   source.Range
	Message string // a clause that continues the file's name: "is an HTML page, …"
}

func (e *LoadError) Error() string { return e.Range.File + " " + e.Message }

// Defect is something in a document that is not as the specification wants it, met on the way to
// what was asked for. What it spoils is left out or typed as well as can be.
type Defect struct {
	Origin  types.Origin
	Message string // a clause about the thing at Origin, in plain words
}

// Digest names a file's content: "sha256:" and 64 hexadecimal digits.
func Digest(src []byte) string {
	sum := sha256.Sum256(src)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Load reads an OpenAPI document of version 2.0, 3.0, 3.1 or 3.2, as JSON or YAML, in UTF-8 or UTF-16.
// file is its name relative to the project. src must not be changed afterwards. What is wrong inside
// shows when it is used ([Document.Defects]); the error, a [*LoadError], says that the file as a whole
// cannot be read.
func Load(file string, src []byte, o Options) (*Document, error) {
	d := newDocument(Digest(src), o)
	t, err := d.parse(file, src, d.Digest)
	if err != nil {
		return nil, err
	}
	if len(o.Overlays) > 0 {
		t = d.lay(t)
	}
	d.main = t
	d.root = t.topFields()
	if err := d.identify(); err != nil {
		return nil, err
	}
	d.Title = d.root.get("info").member("title").plain()
	return d, nil
}

// Renew returns a document that has met no defect yet, and otherwise knows all that d knows: d itself,
// where it has met none, else its text alone. d is not to be used any more.
func (d *Document) Renew() *Document {
	d.work.Store(0)
	if len(d.Defects()) == 0 {
		return d
	}
	return d.Apart()
}

// Apart returns the same document as one of which nothing has been looked at yet: what is found wrong with it when it is
// looked at is not found in d, and what is made of it can be forgotten.
func (d *Document) Apart() *Document {
	t := &text{name: d.main.name, src: d.main.src, json: d.main.json, yaml: d.main.yaml, oneSided: d.main.oneSided, top: d.main.top, pieces: d.main.pieces, parts: d.main.parts}
	t.root = node{t: t, at: d.main.root.at, end: d.main.root.end}
	next := newDocument(d.Digest, d.opt)
	next.Version, next.Title, next.dialect, next.main, t.doc = d.Version, d.Title, d.dialect, t, next
	next.overlays = d.overlays
	next.root = t.topFields()
	return next
}

func newDocument(digest string, o Options) *Document {
	return &Document{
		Digest: digest, opt: o,
		files: map[string]*external{}, known: map[Defect]bool{}, operations: map[int]*Operation{},
		schemas: map[schemaKey]*types.Type{}, anchors: map[*text]map[string]found{},
	}
}

// topFields are the members of the document, from its index.
func (t *text) topFields() fields {
	f := fields{n: t.root}
	for i := range t.top {
		e := &t.top[i]
		f.list = append(f.list, field{e.name(t.json), e.at, e.end})
	}
	return f
}

// identify reads the version.
func (d *Document) identify() error {
	v := d.root.get("openapi")
	if !v.given() {
		v = d.root.get("swagger")
	}
	if !v.given() {
		return d.main.fail(0, unlike(d.root))
	}
	d.Version = strings.TrimSpace(v.string())
	switch {
	case d.Version == "2.0" || d.Version == "2":
		d.Version, d.dialect = "2.0", types.OpenAPI20
	case strings.HasPrefix(d.Version, "3.0"):
		d.dialect = types.OpenAPI30
	case d.Version == "3" || strings.HasPrefix(d.Version, "3."):
		d.dialect = types.OpenAPI31
	default:
		return &LoadError{d.Locate(v.origin()), fmt.Sprintf("is of version %q; versions 2.0, 3.0, 3.1 and 3.2 are read", d.Version)}
	}
	return nil
}

// v2 reports whether the document is Swagger 2.0.
func (d *Document) v2() bool { return d.Version == "2.0" }

// Source is the document as its author has it.
func (d *Document) Source() *source.File { return d.main.source() }

// Files are the document, its overlays and the other files that were read for it, by name.
func (d *Document) Files() source.Set {
	set := source.Set{d.main.name: d.main.source()}
	for _, o := range d.overlays {
		set[o.Name] = o.text.source()
	}
	d.fileMu.Lock()
	defer d.fileMu.Unlock()
	for name, x := range d.files {
		if x.text != nil {
			set[name] = x.text.source()
		}
	}
	return set
}

// Defects are those met so far, by place.
func (d *Document) Defects() []Defect {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := append([]Defect(nil), d.defects...)
	sort.SliceStable(out, func(i, j int) bool {
		if a, b := out[i].Origin, out[j].Origin; a != b {
			return a.Document < b.Document || a.Document == b.Document && a.Pointer < b.Pointer
		}
		return out[i].Message < out[j].Message
	})
	return out
}

func (d *Document) defect(at types.Origin, format string, args ...any) {
	d.note(Defect{at, fmt.Sprintf(format, args...)})
}

func (d *Document) note(x Defect) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.known[x] && len(d.defects) < maxDefects {
		d.known[x] = true
		d.defects = append(d.defects, x)
	}
}

// maxDefects bounds what is kept of a document that is wrong everywhere.
const maxDefects = 10_000
