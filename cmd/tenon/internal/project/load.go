package project

import (
	"errors"
	"fmt"
	"io/fs"
	"sort"

	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
)

// Project is a directory that has been read and checked.
type Project struct {
	Dir      *Dir
	Model    *model.Project
	Plans    map[string]*plan.Plan // by integration; those with errors are not there
	Tests    []*plan.Test          // those without errors, if Options ask for them
	Findings diag.List             // sorted
	Files    source.Set            // the author's files and the documents that findings point into
	Names    []string              // of all integrations, sorted
	// Operations are those that api blocks declare themselves, by api.
	Operations map[string][]*openapi.Operation
	documents  map[string]*openapi.Document
	specs      check.Specs
	parsed     map[string]bool // the project's own HCL files
}

// Options say how a project is checked.
type Options struct {
	Version string // of this tool, for the plans
	Cache   *Cache // may be nil
	// Tests says that the files of tests are read, too. Without it, what is wrong in them is not found.
	Tests bool
	// Edited has HCL files that count as having this content instead of what is on disk.
	Edited map[string][]byte
	// Unformatted says that nothing is to be noted about the form of files.
	Unformatted bool
}

// cache is nil where there is none: a nil *Cache in the interface would not be.
func (o Options) cache() openapi.Cache {
	if o.Cache == nil {
		return nil
	}
	return o.Cache
}

// Load reads and checks the project in dir. What its author can mend is in Findings; an error means
// that there is nothing to check.
func Load(dir *Dir, o Options) (*Project, error) {
	files, err := read(dir, o)
	if err != nil {
		return nil, err
	}
	session := check.NewSession(dir, o.cache(), o.Version)
	session.Unformatted = o.Unformatted
	checked := session.Check(files)
	p := &Project{
		Dir: dir, Model: checked.Model, Plans: checked.Plans, Tests: checked.Tests, Findings: checked.Findings, Files: checked.Files,
		Operations: checked.Operations, documents: checked.Documents,
		specs: session.Specs(), parsed: map[string]bool{},
	}
	for _, f := range checked.Parsed {
		p.parsed[f.Source.Name] = true
	}
	for _, i := range checked.Model.Integrations {
		p.Names = append(p.Names, i.Name)
	}
	sort.Strings(p.Names)
	return p, nil
}

// Document returns the document of one of the project's apis; an empty one if it has no spec.
func (p *Project) Document(a *model.API) (*openapi.Document, error) {
	if doc := p.documents[a.Name]; doc != nil && !a.Spec.Set {
		return doc, nil
	}
	return p.specs.Document(a.Name, a.Spec.Value, check.OverlayNames(a)...)
}

// read returns the project's HCL files and its lock, where there is one.
func read(dir *Dir, o Options) (map[string][]byte, error) {
	names, err := dir.HCL()
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("there are no *.hcl files in %s; `tenon init` makes a project", dir.Name)
	}
	if o.Tests {
		tests, err := dir.Tests()
		if err != nil {
			return nil, err
		}
		names = append(names, tests...)
	}
	if _, err := dir.root.Stat(LockName); !errors.Is(err, fs.ErrNotExist) {
		names = append(names, LockName)
	}
	files := map[string][]byte{}
	for _, name := range names {
		content, ok := o.Edited[name]
		if !ok {
			if content, err = dir.ReadFile(name); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		files[name] = content
	}
	return files, nil
}
