//go:build e2e

package mutation

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

var operators = map[*hclsyntax.Operation]string{
	hclsyntax.OpLogicalOr: "||", hclsyntax.OpLogicalAnd: "&&", hclsyntax.OpEqual: "===", hclsyntax.OpNotEqual: "!==",
	hclsyntax.OpGreaterThan: ">", hclsyntax.OpGreaterThanOrEqual: ">=", hclsyntax.OpLessThan: "<", hclsyntax.OpLessThanOrEqual: "<=",
	hclsyntax.OpAdd: "+", hclsyntax.OpSubtract: "-", hclsyntax.OpMultiply: "*", hclsyntax.OpDivide: "/", hclsyntax.OpModulo: "%",
}

// expr writes an expression. Reaching through what may be missing is `?.`, as it is in the language.
func (t *translator) expr(e hclsyntax.Expression) string {
	switch e := e.(type) {
	case *hclsyntax.LiteralValueExpr:
		return constantText(e.Val)
	case *hclsyntax.TemplateExpr:
		return t.template(e)
	case *hclsyntax.TemplateWrapExpr:
		return "`${" + t.expr(e.Wrapped) + "}`"
	case *hclsyntax.ParenthesesExpr:
		return "(" + t.expr(e.Expression) + ")"
	case *hclsyntax.ScopeTraversalExpr:
		return t.traversal(e.Traversal)
	case *hclsyntax.RelativeTraversalExpr:
		return t.expr(e.Source) + steps(e.Traversal)
	case *hclsyntax.IndexExpr:
		return t.expr(e.Collection) + "?.[" + t.expr(e.Key) + "]"
	case *hclsyntax.SplatExpr:
		t.names = append(t.names, map[string]string{})
		defer func() { t.names = t.names[:len(t.names)-1] }()
		each, ok := e.Each.(*hclsyntax.RelativeTraversalExpr)
		if !ok {
			return "(null! as any)"
		}
		return fmt.Sprintf("list(%s).map((x) => x%s)", t.expr(e.Source), steps(each.Traversal))
	case *hclsyntax.ConditionalExpr:
		return fmt.Sprintf("(%s ? %s : %s)", t.expr(e.Condition), t.branch(e.TrueResult), t.branch(e.FalseResult))
	case *hclsyntax.BinaryOpExpr:
		op := operators[e.Op]
		left, right := t.expr(e.LHS), t.expr(e.RHS)
		if left == "null" || right == "null" { // true for null and for absent
			op = strings.TrimSuffix(op, "=")
		}
		return fmt.Sprintf("(%s %s %s)", left, op, right)
	case *hclsyntax.UnaryOpExpr:
		return map[bool]string{true: "!", false: "-"}[e.Op == hclsyntax.OpLogicalNot] + t.expr(e.Val)
	case *hclsyntax.TupleConsExpr:
		var out []string
		for _, x := range e.Exprs {
			out = append(out, t.expr(x))
		}
		return "[" + strings.Join(out, ", ") + "]"
	case *hclsyntax.ObjectConsExpr:
		var out []string
		for _, i := range e.Items {
			key := "[" + t.expr(i.KeyExpr) + "]"
			if k := keyOf(i); k != "" {
				key = quotedText(k)
			}
			out = append(out, key+": "+t.expr(i.ValueExpr))
		}
		return "{ " + strings.Join(out, ", ") + " }"
	case *hclsyntax.ObjectConsKeyExpr:
		return t.expr(e.Wrapped)
	case *hclsyntax.ForExpr:
		return t.forExpr(e)
	case *hclsyntax.FunctionCallExpr:
		return t.function(e)
	}
	return "(null! as any)"
}

// branch is one of two results; a null there leaves a property out.
func (t *translator) branch(e hclsyntax.Expression) string {
	if text := t.expr(e); text != "null" {
		return text
	}
	return "undefined"
}

func constantText(v cty.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.Type() == cty.String:
		return quotedText(v.AsString())
	case v.Type() == cty.Bool:
		return fmt.Sprint(v.True())
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('f', -1)
	}
	return "(null! as any)"
}

func (t *translator) template(e *hclsyntax.TemplateExpr) string {
	if s, ok := literal(e); ok {
		return quotedText(s)
	}
	var b strings.Builder
	for _, p := range e.Parts {
		if l, ok := p.(*hclsyntax.LiteralValueExpr); ok && l.Val.Type() == cty.String {
			b.WriteString(strings.NewReplacer("\\", "\\\\", "`", "\\`", "$", "\\$").Replace(l.Val.AsString()))
			continue
		}
		b.WriteString("${" + t.expr(p) + "}")
	}
	return "`" + b.String() + "`"
}

// traversal writes a path of names; those of the language are variables of the program.
func (t *translator) traversal(path hcl.Traversal) string {
	root, rest := path.RootName(), path[1:]
	for i := len(t.names) - 1; i >= 0; i-- {
		if as, ok := t.names[i][root]; ok {
			return as + steps(rest)
		}
	}
	name := ""
	if len(rest) > 0 {
		if a, ok := rest[0].(hcl.TraverseAttr); ok {
			name = unsafe.ReplaceAllString(a.Name, "_")
		}
	}
	switch root {
	case "step":
		if len(rest) > 1 {
			if a, ok := rest[1].(hcl.TraverseAttr); ok && a.Name == "items" {
				return "s_" + name + "_items" + steps(rest[2:])
			}
		}
		return "s_" + name + steps(rest[min(1, len(rest)):])
	case "for_each":
		return "f_" + name + steps(rest[min(1, len(rest)):])
	case "input":
		return "inputs" + steps(rest)
	case "var":
		return "variables" + steps(rest)
	case "secret":
		return "secrets" + steps(rest)
	case "response":
		return t.response + steps(rest)
	case "error":
		return "error" + steps(rest)
	}
	return safe(root) + steps(rest)
}

// steps writes the rest of a path.
func steps(path hcl.Traversal) string {
	var b strings.Builder
	for _, p := range path {
		switch p := p.(type) {
		case hcl.TraverseAttr:
			b.WriteString("?.[" + quotedText(p.Name) + "]")
		case hcl.TraverseIndex:
			b.WriteString("?.[" + constantText(p.Key) + "]")
		}
	}
	return b.String()
}

func (t *translator) forExpr(e *hclsyntax.ForExpr) string {
	of := t.expr(e.CollExpr)
	names := map[string]string{e.ValVar: safe(e.ValVar)}
	args := safe(e.ValVar)
	if e.KeyVar != "" {
		names[e.KeyVar] = safe(e.KeyVar)
		args += ", " + safe(e.KeyVar)
	}
	t.names = append(t.names, names)
	defer func() { t.names = t.names[:len(t.names)-1] }()
	text := "list(" + of + ")"
	if e.CondExpr != nil {
		text += fmt.Sprintf(".filter((%s) => %s)", args, t.expr(e.CondExpr))
	}
	value := t.expr(e.ValExpr)
	if strings.HasPrefix(value, "{") {
		value = "(" + value + ")"
	}
	if e.KeyExpr == nil {
		return text + fmt.Sprintf(".map((%s) => %s)", args, value)
	}
	return fmt.Sprintf("Object.fromEntries(%s.map((%s) => [%s, %s] as const))", text, args, t.expr(e.KeyExpr), value)
}

// function writes a call; the functions with an operator of their own in TypeScript are written by it.
func (t *translator) function(e *hclsyntax.FunctionCallExpr) string {
	if name, ok := strings.CutPrefix(e.Name, "mapping::"); ok {
		return t.mapped(name, e.Args)
	}
	args := make([]string, len(e.Args))
	for i, a := range e.Args {
		args[i] = t.expr(a)
	}
	switch {
	case e.Name == "expr":
		return "(null! as any)"
	case e.Name == "coalesce" && len(args) > 0:
		return "(" + strings.Join(args, " ?? ") + ")"
	case e.Name == "must" && len(args) > 0:
		return "(" + args[0] + ")!"
	case e.Name == "match" && len(args) == 2:
		return fmt.Sprintf("(%s as const)[%s]", args[1], args[0])
	case e.Name == "match" && len(args) == 3:
		return fmt.Sprintf("(pick(%s as const, %s) ?? %s)", args[1], args[0], args[2])
	}
	return "fn_" + safe(e.Name) + "(" + strings.Join(args, ", ") + ")"
}

// mapped writes the value of a mapping where it is called, so that it is held against what the place wants.
func (t *translator) mapped(name string, args []hclsyntax.Expression) string {
	k := t.mappings[name]
	if k == nil || k.Body.Attributes["value"] == nil || k.Body.Attributes["from"] == nil || t.depth > 5 {
		return "no_mapping_" + safe(name)
	}
	from, ok := k.Body.Attributes["from"].Expr.(*hclsyntax.ObjectConsExpr)
	if !ok || len(from.Items) != len(args) {
		return "no_mapping_" + safe(name)
	}
	names := map[string]string{}
	for i, item := range from.Items {
		names[keyOf(item)] = "(" + t.expr(args[i]) + ")"
	}
	outer := t.names
	t.names = []map[string]string{names}
	t.depth++
	defer func() { t.names = outer; t.depth-- }()
	return t.expr(k.Body.Attributes["value"].Expr)
}
