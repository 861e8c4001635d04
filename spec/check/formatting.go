package check

import (
	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Formatting notes the files that are not in canonical form, at the first line that differs. The fix
// formats the file.
func Formatting(files []*syntax.File) diag.List {
	var diags diag.List
	for _, f := range files {
		src := f.Source.Src
		canonical, problems := syntax.Format(f.Source.Name, src)
		if len(problems) > 0 || string(canonical) == string(src) {
			continue
		}
		start, behind := difference(src, canonical)
		line, lineStart := f.Source.Line(f.Source.Position(start).Line)
		at := source.Range{File: f.Source.Name, Start: lineStart, End: lineStart + len(line)}
		diags.Add(lang.Formatting, at, "The file is not in canonical form from here on. `tenon fmt` formats it.").
			Fix = &diag.Edit{
			Range: source.Range{File: f.Source.Name, Start: start, End: len(src) - behind},
			New:   string(canonical[start : len(canonical)-behind]),
		}
	}
	return diags
}

// difference returns how many bytes a and b have in common at the start, and behind that at the end.
func difference(a, b []byte) (start, behind int) {
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	for behind < len(a)-start && behind < len(b)-start && a[len(a)-1-behind] == b[len(b)-1-behind] {
		behind++
	}
	return start, behind
}
