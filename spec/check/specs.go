package check

import (
	"io/fs"
	"path"
	"sync"

	"tenon/spec/openapi"
)

// Specs gives Build the documents that a project names. It is called from several goroutines at once.
type Specs interface {
	// Document returns the OpenAPI document at path, a slash-separated name in the project, for the api
	// called name. An *openapi.LoadError says what is wrong with a document that was found.
	Document(name, path string) (*openapi.Document, error)
	// ReadFile returns a file of the project.
	ReadFile(path string) ([]byte, error)
}

// NewSpecs reads documents from a project's directory, each at most once. The cache may be nil.
func NewSpecs(project fs.FS, cache openapi.Cache) Specs {
	return &directory{fs: project, cache: cache, documents: map[string]func() (*openapi.Document, error){}}
}

type directory struct {
	fs    fs.FS
	cache openapi.Cache

	mu        sync.Mutex
	documents map[string]func() (*openapi.Document, error)
}

func (d *directory) ReadFile(name string) ([]byte, error) { return fs.ReadFile(d.fs, path.Clean(name)) }

// Document loads per api and not per path, since the api's name is part of the names of its types.
func (d *directory) Document(name, file string) (*openapi.Document, error) {
	d.mu.Lock()
	load, ok := d.documents[name+"\x00"+file]
	if !ok {
		load = sync.OnceValues(func() (*openapi.Document, error) { return d.load(name, file) })
		d.documents[name+"\x00"+file] = load
	}
	d.mu.Unlock()
	return load()
}

func (d *directory) load(name, file string) (*openapi.Document, error) {
	src, err := d.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return openapi.Load(path.Clean(file), src, openapi.Options{Cache: d.cache, Name: name, ReadFile: d.ReadFile})
}
