package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/syntax"
)

func itoa(n int) string { return strconv.Itoa(n) }

// article returns a block's type with an article: `an "api" block`.
func article(block string) string {
	a := "a"
	if strings.ContainsAny(block[:1], "aeiou") {
		a = "an"
	}
	return fmt.Sprintf("%s %q block", a, block)
}

// capital makes the first letter of a sentence large.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// alternatives joins quoted names: `"a", "b" or "c"`.
func alternatives(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = strconv.Quote(n)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

const later = "This version of Tenon does not have %q yet."

// unknownBlock reports a block that parent does not take. It returns what the author most likely
// meant, so that the block is read as that, or nil.
func (d *decoder) unknownBlock(parent *lang.Block, b *syntax.Block) *lang.Block {
	if slices.Contains(lang.Later[parent.Name], b.Type) {
		d.diags.Add(lang.UnknownBlock, b.TypeRange, later, b.Type)
		return nil
	}
	if d.file.Broken(b.HeaderRange) {
		return nil // it may be no block at all; whatever it is, it has been reported
	}
	if a := parent.Attr(b.Type); a != nil {
		f := d.diags.Add(lang.UnknownBlock, b.TypeRange, "%q is an attribute, not a block: write %s = ….", a.Name, a.Name)
		if len(b.Labels) == 0 {
			f.Message = fmt.Sprintf("%q is an attribute, not a block: write %s = { … }.", a.Name, a.Name)
			f.Fix = &diag.Edit{Range: b.HeaderRange, New: a.Name + " ="}
		}
		return nil
	}
	if misplaced(parent, b.Type) {
		d.misplacedTest(parent, b)
		return nil
	}
	near := meant(b.Type, parent.BlockNames())
	f := d.diags.Add(lang.UnknownBlock, b.TypeRange, "%q is not a block %s.", b.Type, where(parent)).Suggest(near, near)
	if near != "" {
		return parent.Block(near)
	}
	if home := home(b.Type); home != "" {
		f.Explain("%s", home)
	} else {
		f.Explain("%s takes %s.", capital(takes(parent)), blocks(parent))
	}
	return nil
}

// unknownAttribute reports an attribute that owner does not take, and returns the one most likely
// meant, or nil.
func (d *decoder) unknownAttribute(owner *lang.Block, a *syntax.Attribute, body *syntax.Body) *lang.Attr {
	if slices.Contains(lang.Later[owner.Name], a.Name) {
		d.diags.Add(lang.UnknownAttribute, a.NameRange, later, a.Name)
		return nil
	}
	if b := owner.Block(a.Name); b != nil {
		f := d.diags.Add(lang.UnknownAttribute, a.NameRange, "%q is a block, not an attribute: write %s { … } without =.", b.Name, b.Name)
		if _, _, ok := a.Expr.Object(); ok && len(b.Labels) == 0 {
			r := a.Range
			r.End = a.Expr.Range.Start
			f.Fix = &diag.Edit{Range: r, New: b.Name + " "}
		}
		return nil
	}
	var free []string // names that are not there already
	for _, name := range owner.AttrNames() {
		if body.Attribute(name) == nil {
			free = append(free, name)
		}
	}
	near := meant(a.Name, free)
	f := d.diags.Add(lang.UnknownAttribute, a.NameRange, "%q is not an attribute of %s.", a.Name, takes(owner)).Suggest(near, near)
	if near != "" {
		return owner.Attr(near)
	}
	if home := home(a.Name); home != "" {
		f.Explain("%s", home)
	} else if len(owner.Attrs) > 0 {
		f.Explain("%s takes %s.", capital(takes(owner)), alternativesAnd(owner.AttrNames()))
	}
	return nil
}

// meant returns the name among choices that an author most likely had in mind, or "".
func meant(name string, choices []string) string {
	for _, s := range lang.Synonyms[name] {
		if slices.Contains(choices, s) {
			return s
		}
	}
	return diag.Nearest(name, choices)
}

// home tells where a word of the vocabulary belongs, for an author who put it elsewhere.
func home(name string) string {
	if p := parents(func(p *lang.Block) bool { return p.Attr(name) != nil }); p != "" {
		return "It is an attribute of " + p + "."
	}
	if p := parents(func(p *lang.Block) bool { return p.Block(name) != nil }); p != "" {
		return "It is a block that stands in " + p + "."
	}
	return ""
}

// where completes "is not a block …".
func where(b *lang.Block) string { return "that stands in " + takes(b) }

// takes names a block, or a file, with an article.
func takes(b *lang.Block) string {
	switch b {
	case lang.File:
		return "a file"
	case lang.LockFile:
		return "a lock"
	case lang.TestFile:
		return "a file of tests"
	}
	return article(b.Name)
}

func blocks(b *lang.Block) string {
	if len(b.Blocks) == 0 {
		return "no blocks"
	}
	return "the blocks " + alternativesAnd(b.BlockNames())
}

func alternativesAnd(names []string) string {
	s := alternatives(names)
	if i := strings.LastIndex(s, " or "); i >= 0 {
		s = s[:i] + " and " + s[i+len(" or "):]
	}
	return s
}

// parents names the blocks that have something.
func parents(has func(*lang.Block) bool) string {
	var out []string
	if has(lang.File) {
		return "a file, outside of all blocks"
	}
	if has(lang.TestFile) {
		return "a file of tests, whose name ends in " + lang.TestSuffix
	}
	for _, b := range lang.Blocks() {
		if has(b) {
			out = append(out, b.Name)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return alternativesAnd(out) + " blocks"
}
