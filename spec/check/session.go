package check

import (
	"bytes"
	"io/fs"
	"runtime"
	"slices"
	"sync"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// LockName is the file of a project that pins its documents.
const LockName = "tenon.lock.hcl"

// Session checks a project again and again, as an editor needs it. It keeps the documents with all that
// was read of them, and what each file of the project gives by itself; the rest is done anew each
// time, which is cheap, so that what it says is what a new session would say. It is for one goroutine.
type Session struct {
	specs   *directory
	version string
	files   map[string]*checkedFile
	// Unformatted says that nothing is to be noted about the form of files, which takes as long as to check them. It is
	// set before the first Check.
	Unformatted bool
}

// Checked is a project as a session found it.
type Checked struct {
	*Result
	Model    *model.Project
	Parsed   []*syntax.File // without the lock, sorted by name
	Findings diag.List      // sorted; they are the caller's to change
}

// checkedFile is a file of the project and what it gives by itself.
type checkedFile struct {
	src    []byte
	parsed *syntax.File // nil for the lock
	lock   *Lock
	text   *source.File
	found  diag.List // what is wrong with its form
	format diag.List
}

// NewSession returns a session for a project whose documents lie in a directory. The cache may be nil;
// version is of the tool, for the plans.
func NewSession(project fs.FS, cache openapi.Cache, version string) *Session {
	return &Session{specs: newDirectory(project, cache), version: version, files: map[string]*checkedFile{}}
}

// Specs are the session's documents.
func (s *Session) Specs() Specs { return s.specs }

// Check checks the project that consists of these files, by name: its *.hcl files, tests among them, and the lock, if any.
func (s *Session) Check(files map[string][]byte) *Checked {
	s.read(files)
	c := &Checked{}
	var format diag.List
	lock, unread := new(Lock), false
	for _, name := range keys(s.files) {
		f := s.files[name]
		c.Findings.Append(copied(f.found))
		if f.parsed == nil {
			lock = f.lock
			continue
		}
		unread = unread || f.found.HasErrors() && lang.FileOf(name) != lang.TestFile // which defines nothing
		c.Parsed = append(c.Parsed, f.parsed)
		format.Append(copied(f.format))
	}
	var found diag.List
	c.Model, found = Decode(c.Parsed)
	c.Findings.Append(found)
	c.Result = &Result{Files: c.Model.Files}
	if !unread { // else names that stand in what could not be read would be reported as unknown
		s.specs.renew()
		c.Result, found = Build(c.Model, s.specs, Options{Version: s.version, Lock: lock})
		c.Findings.Append(found)
	}
	c.Findings.Append(format)
	c.Findings = Ignore(c.Parsed, c.Findings)
	c.Findings.Sort()
	if f := s.files[LockName]; f != nil {
		c.Files[LockName] = f.text
	}
	return c
}

// read parses the files that are not as they were, at the same time.
func (s *Session) read(files map[string][]byte) {
	for name := range s.files {
		if _, ok := files[name]; !ok {
			delete(s.files, name)
		}
	}
	var wg sync.WaitGroup
	room := make(chan struct{}, runtime.GOMAXPROCS(0)) // a file takes much memory while it is read
	for name, src := range files {
		if old := s.files[name]; old != nil && bytes.Equal(old.src, src) {
			continue
		}
		f := &checkedFile{src: slices.Clone(src)}
		s.files[name] = f
		room <- struct{}{}
		wg.Go(func() {
			f.read(name, !s.Unformatted)
			<-room
		})
	}
	wg.Wait()
}

// read fills in what the file gives by itself.
func (f *checkedFile) read(name string, formatted bool) {
	if name == LockName {
		f.text = source.NewFile(name, f.src)
		f.lock, f.found = ParseLock(name, f.src)
		return
	}
	f.parsed, f.found = syntax.Parse(name, f.src)
	if formatted {
		f.format = Formatting([]*syntax.File{f.parsed})
	}
}

// Changed says that a file which is not among those given to Check is no longer as it was: a document,
// or a part of one.
func (s *Session) Changed(name string) { s.specs.forget(name) }

func copied(list diag.List) diag.List {
	out := make(diag.List, len(list))
	for i, d := range list {
		c := *d
		out[i] = &c
	}
	return out
}
