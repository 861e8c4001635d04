package syntax

import (
	"bytes"
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"tenon/spec/diag"
	"tenon/spec/source"
)

// Bounds on what is parsed. They are far beyond what a person writes.
const (
	MaxSize      = 1 << 20 // bytes of a file
	MaxNesting   = 200     // brackets, blocks and templates inside each other
	MaxOperators = 2000    // operators in one expression, and in those around it
	MaxFindings  = 50      // findings for one file
)

// Parse reads a file. The File is always usable; it holds what could be understood. Everything that
// could not is a finding of the rule `syntax`.
func Parse(name string, src []byte) (*File, diag.List) {
	f := &File{Source: source.NewFile(name, src)}
	f.Body = emptyBody(f.Source)

	tokens, diags := lex(f.Source)
	if diags.HasErrors() {
		f.wrong = true
		return f, diags
	}
	f.Comments = comments(f.Source, tokens)
	parsed, problems := hclsyntax.ParseConfig(src, name, hcl.InitialPos)
	if body, ok := parsed.Body.(*hclsyntax.Body); ok {
		f.Body = newBody(f.Source, body)
	}
	if len(problems) > 0 {
		f.wrong = true
		f.broken = places(f.Source, problems)
		f.markBroken(f.Body)
	}
	return f, rewrite(f.Source, problems)
}

// places returns where the problems are, sorted, overlapping ones joined.
func places(f *source.File, problems hcl.Diagnostics) []source.Range {
	all := make([]source.Range, 0, len(problems))
	for _, p := range problems {
		if p.Subject != nil {
			all = append(all, rangeOf(f, *p.Subject))
		}
	}
	slices.SortFunc(all, func(a, b source.Range) int { return cmp.Compare(a.Start, b.Start) })
	var out []source.Range
	for _, r := range all {
		if last := len(out) - 1; last >= 0 && r.Start <= out[last].End {
			out[last] = out[last].Join(r)
			continue
		}
		out = append(out, r)
	}
	return out
}

// markBroken marks the expressions in b that problems touch.
func (f *File) markBroken(b *Body) {
	for _, a := range b.Attributes {
		a.Expr.broken = f.Broken(a.Expr.Range)
	}
	for _, x := range b.Blocks {
		f.markBroken(x.Body)
	}
}

// lex splits a file into tokens, once it is known that this, and parsing them, will end well:
// hclsyntax recurses without a bound.
func lex(f *source.File) (hclsyntax.Tokens, diag.List) {
	var diags diag.List
	if len(f.Src) > MaxSize {
		diags.Add(Syntax, at(f, 0, 0), "The file has %d bytes; at most %d are read.", len(f.Src), MaxSize)
		return nil, diags
	}
	if i := bytes.IndexByte(f.Src, 0); i >= 0 {
		diags.Add(Syntax, at(f, i, i+1), "The file contains a NUL byte, so it is not text.")
		return nil, diags
	}
	if i := invalidUTF8(f.Src); i >= 0 {
		diags.Add(Syntax, at(f, i, i+1), "The file is not valid UTF-8 here. Save it as UTF-8.")
		return nil, diags
	}
	// What is wrong with the tokens themselves, the parser will say.
	tokens, _ := hclsyntax.LexConfig(f.Src, f.Name, hcl.InitialPos)
	if place, message := tooDeep(tokens); message != "" {
		diags.Add(Syntax, rangeOf(f, place), "%s", message)
		return nil, diags
	}
	return tokens, nil
}

func at(f *source.File, start, end int) source.Range {
	return source.Range{File: f.Name, Start: start, End: end}
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(src []byte) int {
	if utf8.Valid(src) {
		return -1
	}
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
	return -1
}

func comments(f *source.File, tokens hclsyntax.Tokens) []Comment {
	var out []Comment
	for _, t := range tokens {
		if t.Type != hclsyntax.TokenComment {
			continue
		}
		r := rangeOf(f, t.Range)
		text := bytes.TrimRight(f.Src[r.Start:r.End], "\r\n")
		r.End = r.Start + len(text)
		out = append(out, Comment{Text: string(text), Range: r})
	}
	return out
}

func emptyBody(f *source.File) *Body {
	end := len(f.Src)
	return &Body{Range: at(f, 0, end), EndRange: at(f, end, end)}
}

func newBody(f *source.File, b *hclsyntax.Body) *Body {
	out := &Body{Range: rangeOf(f, b.SrcRange), EndRange: rangeOf(f, b.EndRange)}
	for _, a := range b.Attributes {
		if a == nil || a.Expr == nil {
			continue // the parser gave up here, and has said so
		}
		out.Attributes = append(out.Attributes, &Attribute{
			Name: a.Name, Range: rangeOf(f, a.SrcRange), NameRange: rangeOf(f, a.NameRange), Expr: newExpr(f, a.Expr),
		})
	}
	out.byName = make(map[string]*Attribute, len(out.Attributes))
	for _, a := range out.Attributes {
		out.byName[a.Name] = a
	}
	slices.SortFunc(out.Attributes, func(a, b *Attribute) int { return cmp.Compare(a.Range.Start, b.Range.Start) })
	for _, b := range b.Blocks {
		out.Blocks = append(out.Blocks, newBlock(f, b))
	}
	return out
}

func newBlock(f *source.File, b *hclsyntax.Block) *Block {
	out := &Block{
		Type: b.Type, Body: newBody(f, b.Body), Range: rangeOf(f, b.Range()),
		HeaderRange: rangeOf(f, b.DefRange()), TypeRange: rangeOf(f, b.TypeRange), OpenBrace: rangeOf(f, b.OpenBraceRange),
	}
	out.Range = out.Range.Join(rangeOf(f, b.CloseBraceRange))
	for i, text := range b.Labels {
		r := rangeOf(f, b.LabelRanges[i])
		out.Labels = append(out.Labels, Label{Text: text, Range: r, Quoted: r.End > r.Start && f.Src[r.Start] == '"'})
	}
	return out
}
