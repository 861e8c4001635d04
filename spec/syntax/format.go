package syntax

import (
	"bytes"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"tenon/spec/diag"
	"tenon/spec/source"
)

// Format returns src in canonical form: two spaces for each level, = aligned on consecutive lines,
// single spaces between words, no blank lines at the edges of brackets, never two in a row, one
// between the blocks of a file. Nothing but space changes; heredocs keep theirs. Lines end as the
// first one of src does, in \n or \r\n, and a byte order mark stays: both are matters of the system
// that a file is edited on. Formatting again changes nothing. A file that cannot be parsed comes back
// as it is, with the findings.
func Format(name string, src []byte) ([]byte, diag.List) {
	f, diags := Parse(name, src)
	return f.Canonical(), diags
}

// Canonical is the file's text as [Format] gives it.
func (f *File) Canonical() []byte {
	src := f.Source.Src
	if f.wrong {
		return src
	}
	out := withoutBOM(src)
	for range 3 { // what the first pass moves, the second one may align anew
		next := spaceLines(hclwrite.Format(out))
		if bytes.Equal(next, out) {
			return settled(f.Source, likeLines(src, out))
		}
		out = next
	}
	return src // it does not settle: it stays as its author wrote it
}

// settled returns out, if it means what f does; else f's own text, rather than damage it.
func settled(f *source.File, out []byte) []byte {
	if bytes.Equal(out, f.Src) || sameTokens(tokensOf(f.Src), tokensOf(out)) {
		return out
	}
	return f.Src
}

var byteOrderMark = []byte("\ufeff")

func withoutBOM(src []byte) []byte { return bytes.TrimPrefix(src, byteOrderMark) }

// likeLines gives text the byte order mark and the line ends of src.
func likeLines(src, text []byte) []byte {
	if EndsCRLF(src) {
		text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	if bytes.HasPrefix(src, byteOrderMark) {
		text = append(slices.Clone(byteOrderMark), text...)
	}
	return text
}

// EndsCRLF reports whether the lines of a text end in \r\n: whether the first one does.
func EndsCRLF(src []byte) bool {
	end := bytes.IndexByte(src, '\n')
	return end > 0 && src[end-1] == '\r'
}

func tokensOf(src []byte) hclsyntax.Tokens {
	tokens, _ := hclsyntax.LexConfig(src, "", hcl.InitialPos)
	return tokens
}

// sameTokens reports whether two files differ in nothing but space between tokens. Where lines end is
// compared too: it separates attributes, and a blank line is the only thing that may come or go.
func sameTokens(a, b hclsyntax.Tokens) bool {
	a, b = significant(a), significant(b)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Type != b[i].Type || !bytes.Equal(plainText(a[i]), plainText(b[i])) {
			return false
		}
	}
	return true
}

// significant drops repeated line ends and those at the start and the end.
func significant(tokens hclsyntax.Tokens) hclsyntax.Tokens {
	var out hclsyntax.Tokens
	ended := true
	for _, t := range tokens {
		if t.Type == hclsyntax.TokenEOF || t.Type == hclsyntax.TokenNewline && ended {
			continue
		}
		ended = endsLine(t)
		out = append(out, t)
	}
	for len(out) > 0 && out[len(out)-1].Type == hclsyntax.TokenNewline {
		out = out[:len(out)-1]
	}
	return out
}

func endsLine(t hclsyntax.Token) bool {
	return t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComment && bytes.HasSuffix(t.Bytes, []byte("\n"))
}

// plainText is what of a token means something: how its line ends does not, except in a heredoc.
func plainText(t hclsyntax.Token) []byte {
	switch t.Type {
	case hclsyntax.TokenNewline:
		return nil
	case hclsyntax.TokenComment, hclsyntax.TokenCHeredoc, hclsyntax.TokenOHeredoc:
		return bytes.TrimSpace(t.Bytes)
	}
	return t.Bytes
}

// spaceLines writes src with the blank lines it should have.
func spaceLines(src []byte) []byte {
	s := &spacer{src: source.NewFile("", src)}
	for _, t := range tokensOf(src) {
		s.token(t)
	}
	if len(s.out) > 0 {
		s.out = append(bytes.TrimRight(s.out, "\n"), '\n')
	}
	return s.out
}

// spacer copies tokens and decides how many lines end between them.
type spacer struct {
	src      *source.File
	out      []byte
	offset   int // in src, up to where everything is copied
	newlines int // line ends since the last token
	depth    int
	last     hclsyntax.TokenType
}

func (s *spacer) token(t hclsyntax.Token) {
	start, end := t.Range.Start.Byte, t.Range.End.Byte
	if t.Type == hclsyntax.TokenNewline {
		s.newlines++
		s.offset = end
		return
	}
	if closes(t.Type) {
		s.depth--
	}
	if t.Type != hclsyntax.TokenEOF {
		s.endLines(t.Type)
		s.out = append(s.out, s.src.Src[s.offset:start]...) // the space in front
	}
	text := s.src.Src[start:end]
	if endsLine(t) {
		text = bytes.TrimRight(text, " \t\r\n")
		s.newlines = 1
	}
	s.out = append(s.out, text...)
	s.offset, s.last = end, t.Type
	if opens(t.Type) {
		s.depth++
	}
}

// endLines ends as many lines as should end before a token.
func (s *spacer) endLines(next hclsyntax.TokenType) {
	n := min(s.newlines, 2)
	s.newlines = 0
	switch {
	case len(s.out) == 0:
		n = 0
	case n > 0 && (opens(s.last) || closes(next)):
		n = 1
	case n > 0 && s.depth == 0 && s.last == hclsyntax.TokenCBrace:
		n = 2
	}
	s.out = append(s.out, "\n\n"[:n]...)
}
