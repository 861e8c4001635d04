package expression

import (
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
)

// Text that its author means to be computed: a name of the project written in quotes, alone or in the
// brackets of another tool's templates.

var (
	// otherTemplate finds {{ input.x }}, {input.x}, #{input.x}, %input.x%, $input.x and <%= input.x %>.
	otherTemplate = regexp.MustCompile(`(?:\{\{=?-?\s*\$?|#\{\s*|\{\s*|%|\$|<%=\s*)((?:input|var|step|secret|for_each)\.[A-Za-z_][\w-]*[\w.\[\]"'-]*)\s*(?:\}\}|\}|%>|%)?`)
	// wholeName is nothing but such a name.
	wholeName = regexp.MustCompile(`^(?:input|var|step|secret|for_each)\.[A-Za-z_][\w-]*[\w.\[\]-]*$`)
	// n8n finds what only n8n computes.
	n8n = regexp.MustCompile(`\{\{\s*\$(?:json|node|input|env|vars|now|item|items|workflow|execution|\()`)
	// plainBraces finds the name in {{ name }}, as mustache, Jinja and Zapier have it.
	plainBraces = regexp.MustCompile(`\{\{\s*([A-Za-z_]\w*)((?:\.\w+)*)\s*(?:\|[^}]*)?\}\}`)
)

// quoted warns of a text that reads like an expression. It says so only where the name in it is one that
// the expression could have referred to, since some APIs take templates of their own.
func (c *checker) quoted(n *ast.StringNode) {
	s := n.Value
	if len(s) > 10_000 || !strings.ContainsAny(s, ".{$%") {
		return
	}
	if strings.Contains(c.tree.file.Text(c.place(n)), "$${") {
		return // written on purpose
	}
	if wholeName.MatchString(s) && c.defined(s) {
		d := c.report(LiteralTemplate, n, "The text %q is not computed: it is sent as it stands here.", s)
		d.Explain("Without quotes it is the value of %s.", s)
		if text := c.tree.file.Text(c.place(n)); text == `"`+s+`"` {
			d.Fix = &diag.Edit{Range: d.Range, New: s}
		}
		return
	}
	for _, m := range otherTemplate.FindAllStringSubmatch(s, -1) {
		if c.defined(m[1]) {
			c.otherTool(n, m[0], m[1])
			return
		}
	}
	if m := n8n.FindString(s); m != "" {
		c.report(LiteralTemplate, n, "%s … is not computed: it is sent as it stands here.", m).
			Explain("What is computed stands in ${…}: \"${input.name}\", \"${step.order.body.id}\".")
		return
	}
	for _, m := range plainBraces.FindAllStringSubmatch(s, -1) {
		for _, root := range []string{"input", "var"} {
			if m[2] == "" && c.defined(root+"."+m[1]) {
				c.otherTool(n, m[0], root+"."+m[1])
				return
			}
		}
		if name := c.scope.Lookup(m[1]); m[2] != "" && name != nil && name.Members == nil {
			c.otherTool(n, m[0], m[1]+m[2])
			return
		}
	}
}

func (c *checker) otherTool(n ast.Node, written, meant string) {
	c.report(LiteralTemplate, n, "%q in this text is not computed: it is sent as it stands here.", strings.TrimSpace(written)).
		Explain("What is computed stands in ${…}: write ${%s}. If it is meant for the other side: # tenon:ignore literal-template and why.", meant)
}

// defined reports whether a text such as input.name names a member of something that is in reach.
func (c *checker) defined(text string) bool {
	root, rest, _ := strings.Cut(text, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r == '.' || r == '[' || r == '"' || r == '\'' })
	if end >= 0 {
		rest = rest[:end]
	}
	name := c.scope.Lookup(root)
	switch {
	case name == nil:
		return false
	case name.Members != nil:
		return name.Members[rest] != nil
	}
	return name.Type != nil && name.Type.Field(rest).Property != nil
}
