package check

import (
	"bytes"
	"slices"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/source"
)

// firstOnly is a list of which only the first page is read, although all could be.
type firstOnly struct {
	note  *diag.Diagnostic
	stage *stage
	items []string // path of the items in the answer's body
}

// fixFirstOnly offers to read the whole list: a paginate block, and its items wherever the list of the
// first page is used. Where anything else of the first page's body is used there is no one way to do it.
func (f *flow) fixFirstOnly() {
	if len(f.firstOnly) == 0 || f.diags.HasErrors() {
		return
	}
	refs := map[string][]expression.Ref{}
	for at, t := range f.trees {
		if at.File != f.model.Range.File || at.Start < f.model.Range.Start || at.End > f.model.Range.End {
			continue
		}
		for _, r := range t.Refs() {
			if r.Root == "step" && len(r.Path) > 0 {
				refs[r.Path[0]] = append(refs[r.Path[0]], r)
			}
		}
	}
	for _, x := range f.firstOnly {
		block, ok := f.blockEdit(x.stage)
		uses, plain := f.pageUses(x, refs[x.stage.op.Name])
		if ok && plain {
			x.note.Fix = f.joined(append(uses, block))
		}
	}
}

// blockEdit puts an empty paginate block behind all else in a step.
func (f *flow) blockEdit(n *stage) (diag.Edit, bool) {
	r := n.step.Range
	file := f.files[r.File]
	if file == nil || r.End <= r.Start {
		return diag.Edit{}, false
	}
	brace := r.End - 1
	line := bytes.LastIndexByte(file.Src[:brace], '\n') + 1
	indent := file.Src[line:brace]
	if line <= r.Start || len(bytes.TrimLeft(indent, " \t")) > 0 {
		return diag.Edit{}, false // on one line: where it goes is a matter of taste
	}
	r.Start, r.End = line, line
	return diag.Edit{Range: r, New: string(indent) + "  paginate {}\n"}, true
}

// pageUses are the edits that replace the list of the first page by the items of all pages. It is false
// where more than that list is used of the step's body.
func (f *flow) pageUses(x firstOnly, refs []expression.Ref) (edits []diag.Edit, ok bool) {
	n := x.stage
	if len(n.step.Checks) > 0 || len(n.step.Catches) > 0 {
		return nil, false // they may look at the body
	}
	wanted := append([]string{n.op.Name, "body"}, x.items...)
	var loops []source.Range // of the for_each over the list
	for _, other := range f.nodes {
		if other.loop != nil && other.loop.In != nil && other.home == n.home {
			loops = append(loops, other.loop.In.Range)
		}
	}
	streams := 0
	for _, r := range refs {
		if len(r.Path) > 1 && (r.Path[1] == "status" || r.Path[1] == "headers" || r.Path[1] == "skipped") {
			continue
		}
		if len(r.Path) < len(wanted) || !slices.Equal(r.Path[:len(wanted)], wanted) {
			return nil, false
		}
		at := r.Range
		at.End = r.Ranges[len(wanted)].End
		if len(r.Path) == len(wanted) && slices.Contains(loops, r.Range) {
			streams++
		}
		edits = append(edits, diag.Edit{Range: at, New: "collect(step." + n.op.Name + ".items)"})
	}
	if len(edits) == 1 && streams == 1 {
		edits[0].New = "step." + n.op.Name + ".items" // read as it is gone through
	}
	return edits, true
}

// joined makes one edit of several in one file, by repeating what stands between them; nil if they are not in
// one file.
func (f *flow) joined(edits []diag.Edit) *diag.Edit {
	slices.SortFunc(edits, func(a, b diag.Edit) int { return a.Range.Start - b.Range.Start })
	out := edits[0]
	src := f.files[out.Range.File].Src
	for _, e := range edits[1:] {
		if e.Range.File != out.Range.File || e.Range.Start < out.Range.End {
			return nil
		}
		out.New += string(src[out.Range.End:e.Range.Start]) + e.New
		out.Range.End = e.Range.End
	}
	return &out
}
