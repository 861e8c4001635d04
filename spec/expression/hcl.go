package expression

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// hclReader lowers HCL's syntax tree to expr-lang's. Nothing is evaluated and no name is resolved.
type hclReader struct {
	file  *source.File
	whole *syntax.Expr
	diags diag.List
	depth int
	splat []string // names of the elements of the splats around
	count int      // of names made up for splats
}

func (p *hclReader) rng(r hcl.Range) source.Range {
	return source.Range{File: p.file.Name, Start: r.Start.Byte, End: max(r.Start.Byte, r.End.Byte)}
}

func (p *hclReader) fail(r hcl.Range, format string, args ...any) ast.Node {
	p.diags.Add(syntax.Syntax, p.rng(r), format, args...)
	return invalid(r.Start.Byte, r.End.Byte)
}

func put[N ast.Node](n N, r hcl.Range) N { return at(n, r.Start.Byte, r.End.Byte) }

func (p *hclReader) readAll(es []hclsyntax.Expression) []ast.Node {
	out := make([]ast.Node, len(es))
	for i, e := range es {
		out[i] = p.read(e)
	}
	return out
}

func (p *hclReader) read(e hclsyntax.Expression) ast.Node {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxDepth {
		return p.fail(e.Range(), "This expression is nested too deeply; %d levels are read.", maxDepth)
	}
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return p.literal(e)
	case *hclsyntax.TemplateExpr:
		return p.template(e)
	case *hclsyntax.TemplateWrapExpr: // HCL makes "${x}" x itself; here what stands in quotes is text
		return p.call(callTemplate, e.SrcRange, p.read(e.Wrapped))
	case *hclsyntax.TemplateJoinExpr:
		return p.call(callJoin, e.Range(), p.read(e.Tuple))
	case *hclsyntax.ScopeTraversalExpr:
		root := e.Traversal[0].(hcl.TraverseRoot)
		return p.steps(put(&ast.IdentifierNode{Value: root.Name}, root.SrcRange), e.Traversal[1:])
	case *hclsyntax.RelativeTraversalExpr:
		return p.steps(p.read(e.Source), e.Traversal)
	case *hclsyntax.IndexExpr:
		return put(&ast.MemberNode{Node: p.read(e.Collection), Property: p.read(e.Key)}, e.SrcRange)
	case *hclsyntax.SplatExpr:
		return p.readSplat(e)
	case *hclsyntax.AnonSymbolExpr:
		if len(p.splat) == 0 {
			return p.fail(e.SrcRange, "A * is only understood as [*] after a list.")
		}
		return put(&ast.IdentifierNode{Value: p.splat[len(p.splat)-1]}, e.SrcRange)
	case *hclsyntax.ParenthesesExpr:
		return p.read(e.Expression)
	case *hclsyntax.FunctionCallExpr:
		return p.function(e)
	case *hclsyntax.ConditionalExpr:
		return put(&ast.ConditionalNode{Ternary: true, Cond: p.read(e.Condition), Exp1: p.read(e.TrueResult), Exp2: p.read(e.FalseResult)}, e.SrcRange)
	case *hclsyntax.TupleConsExpr:
		return put(&ast.ArrayNode{Nodes: p.readAll(e.Exprs)}, e.SrcRange)
	case *hclsyntax.ObjectConsExpr:
		return p.object(e)
	case *hclsyntax.ForExpr:
		return p.forExpr(e)
	case *hclsyntax.BinaryOpExpr:
		return put(&ast.BinaryNode{Operator: binaryOperators[e.Op], Left: p.read(e.LHS), Right: p.read(e.RHS)}, e.SrcRange)
	case *hclsyntax.UnaryOpExpr:
		op := "-"
		if e.Op == hclsyntax.OpLogicalNot {
			op = "!"
		}
		return put(&ast.UnaryNode{Operator: op, Node: p.read(e.Val)}, e.SrcRange)
	case *hclsyntax.ObjectConsKeyExpr:
		return p.read(e.Wrapped)
	}
	// hclsyntax.ExprSyntaxError, whose cause the parser has reported.
	return invalid(e.Range().Start.Byte, e.Range().End.Byte)
}

var binaryOperators = map[*hclsyntax.Operation]string{
	hclsyntax.OpLogicalOr: "||", hclsyntax.OpLogicalAnd: "&&",
	hclsyntax.OpEqual: "==", hclsyntax.OpNotEqual: "!=",
	hclsyntax.OpGreaterThan: ">", hclsyntax.OpGreaterThanOrEqual: ">=",
	hclsyntax.OpLessThan: "<", hclsyntax.OpLessThanOrEqual: "<=",
	hclsyntax.OpAdd: "+", hclsyntax.OpSubtract: "-", hclsyntax.OpMultiply: "*", hclsyntax.OpDivide: "/", hclsyntax.OpModulo: "%",
}

func (p *hclReader) call(name string, r hcl.Range, args ...ast.Node) ast.Node {
	return put(&ast.CallNode{Callee: put(&ast.IdentifierNode{Value: name}, r), Arguments: args}, r)
}

func (p *hclReader) literal(e *hclsyntax.LiteralValueExpr) ast.Node {
	v, r := e.Val, e.SrcRange
	switch {
	case v.IsNull():
		return put(&ast.NilNode{}, r)
	case !v.IsKnown():
		return invalid(r.Start.Byte, r.End.Byte)
	case v.Type() == cty.String:
		return put(&ast.StringNode{Value: v.AsString()}, r)
	case v.Type() == cty.Bool:
		return put(&ast.BoolNode{Value: v.True()}, r)
	case v.Type() == cty.Number:
		// The text is exact, hcl's 512 bit float is not.
		text := p.file.Text(p.rng(r))
		n, err := number(text)
		if err != nil {
			if n, err = number(v.AsBigFloat().Text('g', -1)); err != nil {
				return p.fail(r, "%s is not a number.", oneLine(text, 40))
			}
		}
		return put(&ast.ConstantNode{Value: n}, r)
	}
	return p.fail(r, "This literal is not understood.")
}

// number reads a number exactly: an int, a float64 that has the same value, or else a Num.
func number(text string) (any, error) {
	n, err := types.ParseNum(text)
	if err != nil {
		return nil, err
	}
	return settle(n), nil
}

func (p *hclReader) template(e *hclsyntax.TemplateExpr) ast.Node {
	if s, ok := literalText(e); ok {
		return put(&ast.StringNode{Value: s}, e.SrcRange)
	}
	return p.call(callTemplate, e.SrcRange, p.readAll(e.Parts)...)
}

// literalText returns the text of a template without interpolation.
func literalText(e hclsyntax.Expression) (string, bool) {
	t, ok := e.(*hclsyntax.TemplateExpr)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for _, part := range t.Parts {
		lit, ok := part.(*hclsyntax.LiteralValueExpr)
		if !ok || lit.Val.Type() != cty.String || lit.Val.IsNull() {
			return "", false
		}
		b.WriteString(lit.Val.AsString())
	}
	return b.String(), true
}

// steps adds the steps of a traversal to n. A member's property stands where its name does.
func (p *hclReader) steps(n ast.Node, steps hcl.Traversal) ast.Node {
	start := n.Location().From
	for _, s := range steps {
		r := s.SourceRange()
		m := &ast.MemberNode{Node: n}
		switch s := s.(type) {
		case hcl.TraverseAttr:
			m.Property = at(&ast.StringNode{Value: s.Name}, max(r.Start.Byte, r.End.Byte-len(s.Name)), r.End.Byte)
		case hcl.TraverseIndex:
			m.Property = p.constantKey(s.Key, r)
		default:
			return p.fail(r, "This way of reaching into a value is not understood.")
		}
		n = at(m, start, r.End.Byte)
	}
	return n
}

func (p *hclReader) constantKey(v cty.Value, r hcl.Range) ast.Node {
	switch {
	case v.IsNull() || !v.IsKnown():
	case v.Type() == cty.String:
		return put(&ast.StringNode{Value: v.AsString()}, r)
	case v.Type() == cty.Number:
		if n, err := number(v.AsBigFloat().Text('g', -1)); err == nil {
			return put(&ast.ConstantNode{Value: n}, r)
		}
	case v.Type() == cty.Bool:
		return put(&ast.BoolNode{Value: v.True()}, r)
	}
	return put(&ast.NilNode{}, r)
}

// readSplat lowers xs[*].a to [for x in xs : x.a], where the marker keeps what HCL adds: a missing
// list is an empty one, and a single value a list of one.
func (p *hclReader) readSplat(e *hclsyntax.SplatExpr) ast.Node {
	coll := p.read(e.Source)
	p.count++
	name := splatName(p.count)
	p.splat = append(p.splat, name)
	each := p.read(e.Each)
	p.splat = p.splat[:len(p.splat)-1]
	args := make([]ast.Node, forArgs)
	for i := range args {
		args[i] = put(&ast.NilNode{}, e.MarkerRange)
	}
	args[forColl], args[forValue] = coll, each
	args[forValueName] = put(&ast.StringNode{Value: name}, e.MarkerRange)
	args[forKeyName] = put(&ast.StringNode{}, e.MarkerRange)
	args[forGroup] = put(&ast.BoolNode{}, e.MarkerRange)
	return p.call(callFor, e.SrcRange, args...)
}

func splatName(n int) string { return "*" + strings.Repeat("'", n) }

func isSplatName(s string) bool { return strings.HasPrefix(s, "*") }

func (p *hclReader) object(e *hclsyntax.ObjectConsExpr) ast.Node {
	n := &ast.MapNode{}
	for _, item := range e.Items {
		key := p.objectKey(item.KeyExpr)
		value := p.read(item.ValueExpr)
		n.Pairs = append(n.Pairs, at(&ast.PairNode{Key: key, Value: value}, key.Location().From, value.Location().To))
	}
	return put(n, e.SrcRange)
}

func (p *hclReader) objectKey(e hclsyntax.Expression) ast.Node {
	k, ok := e.(*hclsyntax.ObjectConsKeyExpr)
	if !ok || k.ForceNonLiteral {
		return p.read(e)
	}
	if name := hcl.ExprAsKeyword(k.Wrapped); name != "" {
		return put(&ast.StringNode{Value: name}, k.Wrapped.Range())
	}
	if _, ok := k.Wrapped.(*hclsyntax.ScopeTraversalExpr); ok {
		text := p.file.Text(p.rng(k.Wrapped.Range()))
		return p.fail(k.Wrapped.Range(), "%s is not a key. For the value of an expression write (%s), for a literal key %q.", text, text, text)
	}
	n := p.read(k.Wrapped)
	if lit, ok := k.Wrapped.(*hclsyntax.LiteralValueExpr); ok && lit.Val.Type() == cty.Number && !lit.Val.IsNull() {
		return put(&ast.StringNode{Value: p.file.Text(p.rng(lit.SrcRange))}, lit.SrcRange) // as HCL has it: match(n, { 1 = "a" })
	}
	return n
}

func (p *hclReader) forExpr(e *hclsyntax.ForExpr) ast.Node {
	none := func() ast.Node { return put(&ast.NilNode{}, e.SrcRange) }
	args := make([]ast.Node, forArgs)
	args[forColl] = p.read(e.CollExpr)
	args[forKeyName] = put(&ast.StringNode{Value: e.KeyVar}, e.OpenRange)
	args[forValueName] = put(&ast.StringNode{Value: e.ValVar}, e.OpenRange)
	args[forCond], args[forKey] = none(), none()
	if e.CondExpr != nil {
		args[forCond] = p.read(e.CondExpr)
	}
	if e.KeyExpr != nil {
		args[forKey] = p.read(e.KeyExpr)
	}
	args[forValue] = p.read(e.ValExpr)
	args[forGroup] = put(&ast.BoolNode{Value: e.Group}, e.SrcRange)
	return p.call(callFor, e.SrcRange, args...)
}

func (p *hclReader) function(e *hclsyntax.FunctionCallExpr) ast.Node {
	r := e.Range()
	if e.Name == "expr" {
		return p.exprText(e)
	}
	if e.ExpandFinal {
		return p.fail(r, "A list cannot be spread over a function's parameters with \"...\". Pass its elements one by one, or use a function that takes a list.")
	}
	callee := put(&ast.IdentifierNode{Value: e.Name}, e.NameRange)
	if e.Name == "assert_type" && len(e.Args) == 2 {
		// A type is written in a notation of its own, which the scope can read.
		typ := put(&ast.ConstantNode{Value: p.whole.Of(e.Args[1])}, e.Args[1].Range())
		return put(&ast.CallNode{Callee: callee, Arguments: []ast.Node{p.read(e.Args[0]), typ}}, r)
	}
	return put(&ast.CallNode{Callee: callee, Arguments: p.readAll(e.Args)}, r)
}

func (p *hclReader) exprText(e *hclsyntax.FunctionCallExpr) ast.Node {
	if len(e.Args) != 1 {
		return p.fail(e.Range(), "expr takes one argument, the text of an expression: expr(\"a ?? b\").")
	}
	arg := e.Args[0]
	text, ok := literalText(arg)
	if !ok {
		return p.fail(arg.Range(), "The argument of expr is a literal text, not a template or a computed value. Names can be used inside it directly.")
	}
	n, diags := readText(p.file, p.rng(arg.Range()), text)
	p.diags.Append(diags)
	return n
}
