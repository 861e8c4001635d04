package check

import (
	"io/fs"
	"path"
	"strings"
	"sync"

	"tenon/spec/model"
	"tenon/spec/openapi"
)

// Specs gives Build the documents that a project names. It is called from several goroutines at once.
type Specs interface {
	// Document returns the OpenAPI document at path, a slash-separated name in the project, for the api
	// called name, with the overlays at the other paths laid over it. An *openapi.LoadError says what is
	// wrong with a document that was found; what is wrong with overlays, the document tells.
	Document(name, path string, overlays ...string) (*openapi.Document, error)
	// ReadFile returns a file of the project.
	ReadFile(path string) ([]byte, error)
}

// NewSpecs reads documents from a project's directory, each at most once. The cache may be nil.
func NewSpecs(project fs.FS, cache openapi.Cache) Specs { return newDirectory(project, cache) }

func newDirectory(project fs.FS, cache openapi.Cache) *directory {
	return &directory{fs: project, cache: cache, documents: map[docKey]*document{}}
}

type directory struct {
	fs    fs.FS
	cache openapi.Cache

	mu        sync.Mutex
	documents map[docKey]*document
}

// docKey names a document per api and not by its path alone, since the api's name is part of the names
// of its types. Overlays are joined by zero bytes.
type docKey struct{ api, file, overlays string }

type document struct {
	once sync.Once
	doc  *openapi.Document
	err  error
}

func (d *directory) ReadFile(name string) ([]byte, error) { return fs.ReadFile(d.fs, path.Clean(name)) }

func (d *directory) Document(name, file string, overlays ...string) (*openapi.Document, error) {
	key := docKey{name, file, strings.Join(overlays, "\x00")}
	d.mu.Lock()
	x := d.documents[key]
	if x == nil {
		x = &document{}
		d.documents[key] = x
	}
	d.mu.Unlock()
	x.once.Do(func() { x.doc, x.err = d.load(name, file, overlays) })
	return x.doc, x.err
}

func (d *directory) load(name, file string, overlays []string) (*openapi.Document, error) {
	src, err := d.ReadFile(file)
	if err != nil {
		return nil, err
	}
	o := openapi.Options{Cache: d.cache, Name: name, ReadFile: d.ReadFile}
	for _, overlay := range overlays {
		src, err := d.ReadFile(overlay)
		o.Overlays = append(o.Overlays, openapi.OverlayFile{Name: path.Clean(overlay), Src: src, Err: err})
	}
	return openapi.Load(path.Clean(file), src, o)
}

// OverlayNames are the overlays of an api, as it names them.
func OverlayNames(a *model.API) []string {
	var out []string
	for _, o := range a.Overlays.Value {
		out = append(out, o.Value)
	}
	return out
}

// renew makes documents say what they would say in a new process: they tell their defects as far as
// they were used. Files that could not be read are tried again. No document may be in use.
func (d *directory) renew() {
	for key, x := range d.documents {
		if x.doc == nil {
			delete(d.documents, key)
		} else {
			x.doc = x.doc.Renew()
		}
	}
}

// forget drops the documents that a file is part of.
func (d *directory) forget(name string) {
	name = path.Clean(name)
	for key, x := range d.documents {
		if path.Clean(key.file) == name || x.doc != nil && x.doc.Files()[name] != nil {
			delete(d.documents, key)
		}
	}
}
