package syntax

import (
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"tenon/spec/source"
	"tenon/spec/types"
)

// unwrap drops parentheses and the marks that hcl puts around object keys.
func unwrap(n hclsyntax.Expression) hclsyntax.Expression {
	for {
		switch x := n.(type) {
		case *hclsyntax.ParenthesesExpr:
			n = x.Expression
		case *hclsyntax.ObjectConsKeyExpr:
			n = x.Wrapped
		default:
			return n
		}
	}
}

// Literal returns the value of a constant: a string without interpolation, a number (int, float64 or
// [types.Num]), a boolean, null (nil), and lists ([]any) and objects (map[string]any) of constants.
func (e *Expr) Literal() (any, bool) { return e.literal(e.node) }

func (e *Expr) literal(n hclsyntax.Expression) (any, bool) {
	switch n := unwrap(n).(type) {
	case *hclsyntax.LiteralValueExpr:
		return e.scalar(n)
	case *hclsyntax.TemplateExpr:
		return e.text(n)
	case *hclsyntax.UnaryOpExpr:
		if lit, ok := unwrap(n.Val).(*hclsyntax.LiteralValueExpr); ok && n.Op == hclsyntax.OpNegate && isNumber(lit) {
			return number("-" + e.source(lit))
		}
	case *hclsyntax.TupleConsExpr:
		out := make([]any, 0, len(n.Exprs))
		for _, x := range n.Exprs {
			v, ok := e.literal(x)
			if !ok {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	case *hclsyntax.ObjectConsExpr:
		return e.object(n)
	}
	return nil, false
}

func (e *Expr) source(n hclsyntax.Expression) string { return e.file.Text(rangeOf(e.file, n.Range())) }

func isNumber(n *hclsyntax.LiteralValueExpr) bool { return n.Val.Type() == cty.Number }

func (e *Expr) scalar(n *hclsyntax.LiteralValueExpr) (any, bool) {
	switch {
	case !n.Val.IsKnown():
		return nil, false // the parser's stand-in for what it could not read
	case n.Val.IsNull():
		return nil, true
	case n.Val.Type() == cty.Bool:
		return n.Val.True(), true
	case isNumber(n):
		return number(e.source(n))
	case n.Val.Type() == cty.String:
		return n.Val.AsString(), true
	}
	return nil, false
}

// number reads a number of HCL exactly.
func number(text string) (any, bool) {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return int(i), true
	}
	exact, err := types.ParseNum(text)
	if err != nil {
		return nil, false
	}
	return exact, true
}

// text joins a template of nothing but text; a heredoc has one part per line.
func (e *Expr) text(n *hclsyntax.TemplateExpr) (any, bool) {
	var b strings.Builder
	for _, p := range n.Parts {
		lit, ok := p.(*hclsyntax.LiteralValueExpr)
		if !ok || !lit.Val.IsKnown() || lit.Val.IsNull() || lit.Val.Type() != cty.String {
			return nil, false
		}
		b.WriteString(lit.Val.AsString())
	}
	return b.String(), true
}

func (e *Expr) object(n *hclsyntax.ObjectConsExpr) (any, bool) {
	out := make(map[string]any, len(n.Items))
	for _, item := range n.Items {
		k, ok := e.key(item.KeyExpr)
		if !ok {
			return nil, false
		}
		v, ok := e.literal(item.ValueExpr)
		if !ok {
			return nil, false
		}
		out[k] = v
	}
	return out, true
}

// key returns the name in front of = in an object: a bare word or a constant string or number.
func (e *Expr) key(n hclsyntax.Expression) (string, bool) {
	if k, ok := n.(*hclsyntax.ObjectConsKeyExpr); ok {
		if word := hcl.ExprAsKeyword(k.Wrapped); word != "" && !k.ForceNonLiteral {
			return word, true
		}
		if k.ForceNonLiteral {
			n = unwrap(k.Wrapped)
		}
	}
	switch v, _ := e.literal(n); v := v.(type) {
	case string:
		return v, true
	case int:
		return strconv.Itoa(v), true
	}
	return "", false
}

// Keyword returns a bare word, such as a type's name.
func (e *Expr) Keyword() (string, bool) {
	word := hcl.ExprAsKeyword(unwrap(e.node))
	return word, word != ""
}

// Step is one part of a [Expr.Traversal]. Range is the name, or what stands between the brackets.
type Step struct {
	Name  string // of a name or an index that is a string
	Index any    // of an index: a string or a number as in [Expr.Literal]; nil for a name
	Range source.Range
}

// Traversal returns the parts of a dotted name such as shop.listOrders or shop["GET /orders"]:
// a name, then names and constant indexes.
func (e *Expr) Traversal() ([]Step, bool) {
	t, ok := unwrap(e.node).(*hclsyntax.ScopeTraversalExpr)
	if !ok {
		return nil, false
	}
	var out []Step
	for _, part := range t.Traversal {
		switch part := part.(type) {
		case hcl.TraverseRoot:
			out = append(out, Step{Name: part.Name, Range: rangeOf(e.file, part.SrcRange)})
		case hcl.TraverseAttr:
			r := rangeOf(e.file, part.SrcRange)
			r.Start = max(r.Start, r.End-len(part.Name))
			out = append(out, Step{Name: part.Name, Range: r})
		case hcl.TraverseIndex:
			step, ok := e.index(part)
			if !ok {
				return nil, false
			}
			out = append(out, step)
		default:
			return nil, false
		}
	}
	return out, true
}

func (e *Expr) index(part hcl.TraverseIndex) (Step, bool) {
	r := rangeOf(e.file, part.SrcRange)
	text := e.file.Text(r)
	inner := strings.Trim(text, "[] \t\r\n")
	if i := strings.Index(text, inner); i > 0 {
		r.Start += i
		r.End = r.Start + len(inner)
	}
	switch {
	case !part.Key.IsKnown() || part.Key.IsNull():
		return Step{}, false
	case part.Key.Type() == cty.String:
		return Step{Name: part.Key.AsString(), Index: part.Key.AsString(), Range: r}, true
	case part.Key.Type() == cty.Number:
		v, ok := number(strings.TrimPrefix(inner, "."))
		return Step{Index: v, Range: r}, ok
	}
	return Step{}, false
}

// Call returns the parts of a function call, such as object({…}), list(string) or enum("a").
// A call whose last argument is expanded (f(xs...)) is none.
func (e *Expr) Call() (name string, nameRange source.Range, args []*Expr, ok bool) {
	c, ok := unwrap(e.node).(*hclsyntax.FunctionCallExpr)
	if !ok || c.ExpandFinal {
		return "", source.Range{}, nil, false
	}
	for _, a := range c.Args {
		args = append(args, e.of(a))
	}
	return c.Name, rangeOf(e.file, c.NameRange), args, true
}

// Item is one `key = value` of an object. Key is "" and KeyExpr set when the key is computed.
type Item struct {
	Key      string
	KeyRange source.Range
	KeyExpr  *Expr
	Value    *Expr
}

// Object returns the items of {…} in source order, and its opening brace.
func (e *Expr) Object() (items []Item, openBrace source.Range, ok bool) {
	o, ok := unwrap(e.node).(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil, source.Range{}, false
	}
	for _, i := range o.Items {
		item := Item{KeyRange: rangeOf(e.file, i.KeyExpr.Range()), Value: e.of(i.ValueExpr)}
		if key, ok := e.key(i.KeyExpr); ok {
			item.Key = key
		} else {
			item.KeyExpr = e.of(i.KeyExpr)
		}
		items = append(items, item)
	}
	return items, rangeOf(e.file, o.OpenRange), true
}

// List returns the elements of […].
func (e *Expr) List() ([]*Expr, bool) {
	t, ok := unwrap(e.node).(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil, false
	}
	out := make([]*Expr, 0, len(t.Exprs))
	for _, x := range t.Exprs {
		out = append(out, e.of(x))
	}
	return out, true
}
