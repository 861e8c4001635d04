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
	"tenon/spec/syntax"
)

// Project is a directory that has been read and checked.
type Project struct {
	Dir      *Dir
	Model    *model.Project
	Plans    map[string]*plan.Plan // by integration; those with errors are not there
	Findings diag.List             // sorted
	Files    source.Set            // the author's files and the documents that findings point into
	Names    []string              // of all integrations, sorted
	specs    check.Specs
	parsed   map[string]bool // the project's own HCL files
}

// Options say how a project is checked.
type Options struct {
	Version string // of this tool, for the plans
	Cache   *Cache // may be nil
	// Edited has HCL files that count as having this content instead of what is on disk.
	Edited map[string][]byte
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
	files, findings, err := parse(dir, o.Edited)
	if err != nil {
		return nil, err
	}
	unread := findings.HasErrors()
	lock, lockFile, diags, err := readLock(dir)
	if err != nil {
		return nil, err
	}
	findings.Append(diags)
	decoded, diags := check.Decode(files)
	findings.Append(diags)
	specs := check.NewSpecs(dir, o.cache())
	built := &check.Result{Files: decoded.Files}
	if !unread { // else names that stand in what could not be read would be reported as unknown
		built, diags = check.Build(decoded, specs, check.Options{Version: o.Version, Lock: lock})
		findings.Append(diags)
	}
	findings.Append(check.Formatting(files))
	findings = check.Ignore(files, findings)
	findings.Sort()
	p := &Project{Dir: dir, Model: decoded, Plans: built.Plans, Findings: findings, Files: built.Files, specs: specs, parsed: map[string]bool{}}
	for _, f := range files {
		p.parsed[f.Source.Name] = true
	}
	if lockFile != nil {
		p.Files[LockName] = lockFile
	}
	for _, i := range decoded.Integrations {
		p.Names = append(p.Names, i.Name)
	}
	sort.Strings(p.Names)
	return p, nil
}

// Document returns the document of one of the project's apis.
func (p *Project) Document(a *model.API) (*openapi.Document, error) {
	return p.specs.Document(a.Name, a.Spec.Value)
}

func parse(dir *Dir, edited map[string][]byte) ([]*syntax.File, diag.List, error) {
	names, err := dir.HCL()
	if err != nil {
		return nil, nil, err
	}
	if len(names) == 0 {
		return nil, nil, fmt.Errorf("there are no *.hcl files in %s; `tenon init` makes a project", dir.Name)
	}
	var files []*syntax.File
	var findings diag.List
	for _, name := range names {
		content, ok := edited[name]
		if !ok {
			if content, err = dir.ReadFile(name); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", name, err)
			}
		}
		f, diags := syntax.Parse(name, content)
		files = append(files, f)
		findings.Append(diags)
	}
	return files, findings, nil
}

// readLock reads the project's lock, which pins nothing when there is none.
func readLock(dir *Dir) (*check.Lock, *source.File, diag.List, error) {
	if _, err := dir.root.Stat(LockName); errors.Is(err, fs.ErrNotExist) {
		return new(check.Lock), nil, nil, nil
	}
	content, err := dir.ReadFile(LockName)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", LockName, err)
	}
	lock, diags := check.ParseLock(LockName, content)
	return lock, source.NewFile(LockName, content), diags, nil
}
