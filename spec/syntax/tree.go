// Package syntax turns HCL text into a tree with byte ranges and formats it. With spec/expression it
// is the only importer of hcl. It knows what HCL means, but no word of Tenon's vocabulary.
package syntax

import (
	"sort"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"tenon/spec/source"
)

// File is a parsed file. Where the text could not be understood, the tree holds what could.
// It is immutable and safe for concurrent use.
type File struct {
	Source   *source.File
	Body     *Body
	Comments []Comment // in source order

	wrong  bool           // something could not be read
	broken []source.Range // where; sorted, apart from each other
}

// Broken reports whether something within r, or just after it, could not be read, so that what seems
// to be missing there may not be.
func (f *File) Broken(r source.Range) bool {
	i := sort.Search(len(f.broken), func(i int) bool { return f.broken[i].End >= r.Start })
	return i < len(f.broken) && f.broken[i].Start <= r.End
}

// Comment is one comment with its markers: "# text", "// text" or "/* text */". Range does not
// include the line's end.
type Comment struct {
	Text  string
	Range source.Range
}

// Body is what stands between a block's braces, or a whole file, in source order. No attribute name
// stands in it twice: Parse reports the second one and leaves it out.
type Body struct {
	Attributes []*Attribute
	Blocks     []*Block
	Range      source.Range
	EndRange   source.Range // empty, at the end

	byName map[string]*Attribute
}

// Attribute is `name = expression`.
type Attribute struct {
	Name      string
	Range     source.Range
	NameRange source.Range
	Expr      *Expr
}

// Block is `type label "label" { … }`.
type Block struct {
	Type        string
	Labels      []Label
	Body        *Body
	Range       source.Range // all of it
	HeaderRange source.Range // type and labels
	TypeRange   source.Range
	OpenBrace   source.Range
}

// Label is one label of a block. Range includes the quotes, if any.
type Label struct {
	Text   string
	Range  source.Range
	Quoted bool
}

// Attribute returns the attribute called name, or nil.
func (b *Body) Attribute(name string) *Attribute { return b.byName[name] }

// Expr is an expression as written. What it computes is spec/expression's business; the methods here
// read the forms that mean something to the vocabulary without being evaluated.
type Expr struct {
	Range source.Range

	node   hclsyntax.Expression
	file   *source.File
	broken bool
}

// Node returns the HCL expression. It is for spec/expression alone.
func (e *Expr) Node() hclsyntax.Expression { return e.node }

// File returns the file that e stands in.
func (e *Expr) File() *source.File { return e.file }

// Text returns e as written.
func (e *Expr) Text() string { return e.file.Text(e.Range) }

// Of returns a part of e as an expression of its own. It is for spec/expression alone.
func (e *Expr) Of(n hclsyntax.Expression) *Expr { return e.of(n) }

func (e *Expr) of(n hclsyntax.Expression) *Expr { return newExpr(e.file, n) }

func newExpr(f *source.File, n hclsyntax.Expression) *Expr {
	return &Expr{Range: rangeOf(f, n.Range()), node: n, file: f}
}

// rangeOf converts hcl's range to ours, kept inside the file.
func rangeOf(f *source.File, r hcl.Range) source.Range {
	start := max(0, min(r.Start.Byte, len(f.Src)))
	return source.Range{File: f.Name, Start: start, End: max(start, min(r.End.Byte, len(f.Src)))}
}

// Broken reports whether e, or a part of it, stands for text that could not be read. That has been reported.
func (e *Expr) Broken() bool { return e.broken }
