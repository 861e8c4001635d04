package syntax

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// level is one open bracket, block, string or template while tokens are counted.
type level struct {
	operators int
	lines     bool // a line's end ends an expression here
}

// tooDeep says where and why tokens would make too deep a tree, or returns no message. It counts
// rather too much than too little: what recurses is nesting, and within one expression prefix
// operators, conditionals, chains of indexes and template directives.
func tooDeep(tokens hclsyntax.Tokens) (hcl.Range, string) {
	levels := []level{{lines: true}}
	operators := 0 // over all levels
	reset := func() {
		top := &levels[len(levels)-1]
		operators -= top.operators
		top.operators = 0
	}
	for i, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenComma:
			reset()
		case hclsyntax.TokenNewline:
			if levels[len(levels)-1].lines {
				reset()
			}
		default:
			// Literals, names and the marks of templates: only some of them make the tree deeper,
			// and those are counted below.
		}
		if operator(t.Type) {
			levels[len(levels)-1].operators++
			operators++
		}
		if opens(t.Type) {
			levels = append(levels, level{lines: t.Type == hclsyntax.TokenOBrace && !isFor(tokens, i+1)})
		}
		if closes(t.Type) && len(levels) > 1 {
			reset()
			levels = levels[:len(levels)-1]
		}
		if len(levels) > MaxNesting {
			return t.Range, fmt.Sprintf("This is nested more than %d levels deep.", MaxNesting)
		}
		if operators > MaxOperators {
			return t.Range, fmt.Sprintf("This expression has more than %d operators.", MaxOperators)
		}
	}
	return hcl.Range{}, ""
}

// isFor reports whether tokens[i:] starts `for` after any line ends.
func isFor(tokens hclsyntax.Tokens, i int) bool {
	for i < len(tokens) && (tokens[i].Type == hclsyntax.TokenNewline || tokens[i].Type == hclsyntax.TokenComment) {
		i++
	}
	return i < len(tokens) && tokens[i].Type == hclsyntax.TokenIdent && string(tokens[i].Bytes) == "for"
}

func opens(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
		hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return true
	}
	return false
}

func closes(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
		hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
		return true
	}
	return false
}

func operator(t hclsyntax.TokenType) bool {
	switch t {
	case hclsyntax.TokenPlus, hclsyntax.TokenMinus, hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent,
		hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq,
		hclsyntax.TokenGreaterThan, hclsyntax.TokenGreaterThanEq, hclsyntax.TokenAnd, hclsyntax.TokenOr, hclsyntax.TokenBang,
		hclsyntax.TokenQuestion, hclsyntax.TokenColon, hclsyntax.TokenDot,
		hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateControl, hclsyntax.TokenTemplateInterp:
		return true
	}
	return false
}
