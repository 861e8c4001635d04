package project

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// maxRounds bounds how often a project is checked again because a fix brought something new to light.
const maxRounds = 10

// Fixed is one fix that was applied, in the text as it was then.
type Fixed struct {
	Finding *diag.Diagnostic
	Files   source.Set // that Finding points into
}

// Fix applies the fix of every finding that has one to the project's HCL files, again and again until
// there is nothing left to fix, and writes the files that changed. A fix after which a file would not
// parse as well as before is not applied. It returns the project as it is then and what was done.
func Fix(dir *Dir, o Options) (*Project, []Fixed, error) {
	f := fixer{original: map[string][]byte{}, edited: map[string][]byte{}, refused: map[diag.Edit]bool{}}
	for range maxRounds {
		o.Edited = f.edited
		p, err := Load(dir, o)
		if err != nil {
			return nil, nil, err
		}
		if !f.round(p) {
			return p, f.done, f.write(dir)
		}
	}
	p, err := Load(dir, o)
	if err != nil {
		return nil, nil, err
	}
	return p, f.done, f.write(dir)
}

type fixer struct {
	original map[string][]byte // as the edited files are on disk
	edited   map[string][]byte
	refused  map[diag.Edit]bool
	done     []Fixed
}

// round applies what it can of one check's fixes, errors first, and reports whether anything changed.
func (f *fixer) round(p *Project) bool {
	byFile := map[string][]*diag.Diagnostic{}
	for _, d := range p.Findings {
		if d.Fix != nil && p.parsed[d.Fix.Range.File] && !f.refused[*d.Fix] {
			byFile[d.Fix.Range.File] = append(byFile[d.Fix.Range.File], d)
		}
	}
	changed := false
	for _, name := range slices.Sorted(maps.Keys(byFile)) {
		changed = f.file(p, name, byFile[name]) || changed
	}
	return changed
}

func (f *fixer) file(p *Project, name string, findings []*diag.Diagnostic) bool {
	slices.SortStableFunc(findings, func(a, b *diag.Diagnostic) int { return int(a.Severity) - int(b.Severity) })
	src := p.Files[name].Src
	by := map[*diag.Edit]*diag.Diagnostic{}
	var edits []*diag.Edit
	for _, d := range findings {
		e := &diag.Edit{Range: d.Fix.Range, New: d.Fix.New}
		if syntax.EndsCRLF(src) {
			e.New = string(bytes.ReplaceAll(bytes.ReplaceAll([]byte(e.New), []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")))
		}
		by[e], edits = d, append(edits, e)
	}
	text, made := diag.Apply(src, edits)
	if !noWorse(name, src, text) {
		text, made = f.oneByOne(name, src, edits, by)
	}
	if bytes.Equal(text, src) {
		return false
	}
	if f.original[name] == nil {
		f.original[name] = src
	}
	f.edited[name] = text
	for _, e := range made {
		f.done = append(f.done, Fixed{by[e], p.Files})
	}
	return true
}

// oneByOne applies those edits that each leave the file well formed, and remembers the others.
func (f *fixer) oneByOne(name string, src []byte, edits []*diag.Edit, by map[*diag.Edit]*diag.Diagnostic) (text []byte, made []*diag.Edit) {
	var good []*diag.Edit
	for _, e := range edits {
		next, _ := diag.Apply(src, append(slices.Clone(good), e))
		if !noWorse(name, src, next) {
			f.refused[*by[e].Fix] = true
			continue
		}
		good = append(good, e)
	}
	return diag.Apply(src, good)
}

// noWorse reports whether a new text of a file can be parsed as well as the old one.
func noWorse(name string, before, after []byte) bool {
	_, problems := syntax.Parse(name, after)
	if len(problems) == 0 {
		return true
	}
	_, had := syntax.Parse(name, before)
	return len(problems) <= len(had)
}

// write writes the edited files, provided that nobody else has changed one meanwhile.
func (f *fixer) write(dir *Dir) error {
	for _, name := range slices.Sorted(maps.Keys(f.edited)) {
		now, err := dir.ReadFile(name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if !bytes.Equal(now, f.original[name]) {
			return fmt.Errorf("%s was changed while it was checked; nothing is written to it", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.edited)) {
		if bytes.Equal(f.edited[name], f.original[name]) {
			continue
		}
		if err := dir.Write(name, f.edited[name]); err != nil {
			return err
		}
	}
	return nil
}
