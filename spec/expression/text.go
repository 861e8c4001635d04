package expression

import (
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// readText parses the text of an expr("…") whose argument stands at r. Locations in the result are
// byte offsets of the author's file.
func readText(f *source.File, r source.Range, text string) (ast.Node, diag.List) {
	var diags diag.List
	m := offsets(f.Text(r), r, text)
	fail := func(l file.Location, format string, args ...any) (ast.Node, diag.List) {
		diags.Add(syntax.Syntax, source.Range{File: f.Name, Start: m.at(l.From), End: max(m.at(l.From), m.at(l.To))}, format, args...)
		return invalid(r.Start, r.End), diags
	}
	if len(text) > maxText {
		return fail(file.Location{}, "The text of an expr has at most %d bytes.", maxText)
	}
	tokens, err := lexer.Lex(file.NewSource(text))
	if err != nil {
		l, message := parseError(err)
		return fail(l, "In expr: %s.", message)
	}
	if l, deep := tooNested(tokens); deep {
		return fail(l, "This expression is nested too deeply; %d levels are read.", syntax.MaxNesting)
	}
	text = joinNamespaces(text, tokens)
	tree, err := parser.ParseWithConfig(text, &conf.Config{MaxNodes: 20_000})
	if err != nil {
		l, message := parseError(err)
		return fail(l, "In expr: %s.", message)
	}
	w := &textReader{file: f, m: m, diags: &diags, shared: map[ast.Node]bool{}}
	w.places(tree.Node, 0)
	return tree.Node, diags
}

func parseError(err error) (file.Location, string) {
	var e *file.Error
	if !errors.As(err, &e) {
		return file.Location{}, err.Error()
	}
	message := tokenNames.ReplaceAllString(e.Message, "$2")
	message = strings.ReplaceAll(message, "unexpected token EOF", "it ends too early")
	if message == `unexpected token ":"` {
		message += "; an object that a closure gives stands in parentheses, map(xs, ({a: .b}))"
	}
	return e.Location, message
}

// tokenNames matches how expr-lang prints a token: Operator("|").
var tokenNames = regexp.MustCompile(`\b(Operator|Bracket|Identifier|Number|String)\(("(?:[^"\\]|\\.)*")\)`)

// tooNested bounds what the parser, which recurses without a bound, is given.
func tooNested(tokens []lexer.Token) (file.Location, bool) {
	depth := 0
	for _, t := range tokens {
		switch {
		case t.Kind != lexer.Bracket:
		case strings.ContainsAny(t.Value, "([{"):
			if depth++; depth > syntax.MaxNesting {
				return t.Location, true
			}
		default:
			depth--
		}
	}
	return file.Location{}, false
}

// joinNamespaces writes mapping::name as one identifier of the same length, since expr-lang has no namespaces.
func joinNamespaces(text string, tokens []lexer.Token) string {
	var runes []rune
	for i := 1; i+1 < len(tokens); i++ {
		t := tokens[i]
		if !t.Is(lexer.Operator, "::") || tokens[i-1].Kind != lexer.Identifier || tokens[i+1].Kind != lexer.Identifier {
			continue
		}
		if runes == nil {
			runes = []rune(text)
		}
		runes[t.From], runes[t.From+1] = '$', '$'
	}
	if runes == nil {
		return text
	}
	return string(runes)
}

// textReader moves the locations of a freshly parsed tree to the author's file, widens them from
// single tokens to whole expressions, and refuses what Tenon's expressions do not have.
type textReader struct {
	file   *source.File
	m      offsetMap
	diags  *diag.List
	shared map[ast.Node]bool // a < b < c makes expr-lang use one node twice
}

func (w *textReader) fail(n ast.Node, format string, args ...any) {
	l := n.Location()
	w.diags.Add(syntax.Syntax, source.Range{File: w.file.Name, Start: l.From, End: l.To}, format, args...)
}

func (w *textReader) places(n ast.Node, depth int) {
	if n == nil || w.shared[n] {
		return
	}
	w.shared[n] = true
	l := n.Location()
	n.SetLocation(file.Location{From: w.m.at(l.From), To: max(w.m.at(l.From), w.m.at(l.To))})
	if depth > maxDepth {
		w.fail(n, "This expression is nested too deeply; %d levels are read.", maxDepth)
		return
	}
	kids := children(n)
	for _, k := range kids {
		w.places(k, depth+1)
	}
	w.refuse(n)
	switch n := n.(type) {
	case *ast.IdentifierNode:
		n.Value = strings.Replace(n.Value, "$$", "::", 1)
	case *ast.CallNode, *ast.BuiltinNode, *ast.ArrayNode, *ast.MapNode, *ast.SliceNode, *ast.MemberNode:
		w.widen(n, kids, true)
	default:
		w.widen(n, kids, false)
	}
}

// widen makes n's range cover its children and, for what ends in a bracket, the bracket.
func (w *textReader) widen(n ast.Node, kids []ast.Node, bracketed bool) {
	l := n.Location()
	for _, k := range kids {
		if k == nil {
			continue
		}
		l.From, l.To = min(l.From, k.Location().From), max(l.To, k.Location().To)
	}
	if member, ok := n.(*ast.MemberNode); ok {
		if s, ok := member.Property.(*ast.StringNode); ok && l.To == s.Location().To && !strings.ContainsAny(w.tail(l.To-1, 1), `"'`) {
			bracketed = false
		}
	}
	if bracketed {
		rest := w.tail(l.To, 200)
		trimmed := strings.TrimLeftFunc(rest, func(r rune) bool { return unicode.IsSpace(r) || r == ',' || r == '(' })
		if trimmed != "" && strings.ContainsRune(")]}", rune(trimmed[0])) {
			l.To += len(rest) - len(trimmed) + 1
		}
	}
	n.SetLocation(l)
}

func (w *textReader) tail(from, most int) string {
	return w.file.Text(source.Range{File: w.file.Name, Start: from, End: min(from+most, w.m.end)})
}

func (w *textReader) refuse(n ast.Node) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		if strings.HasPrefix(n.Value, "$") {
			w.fail(n, "%s is not a name here.", n.Value)
		}
	case *ast.CallNode:
		if m, ok := n.Callee.(*ast.MemberNode); ok {
			name := ""
			if s, ok := m.Property.(*ast.StringNode); ok {
				name = s.Value
			}
			w.fail(m.Property, "Values have no methods. Call %s as a function, with the value as its first argument.", name)
		}
	case *ast.SequenceNode:
		w.fail(n, "Values before a \";\" are thrown away. Name them with let, or leave them out.")
	case *ast.PointerNode:
		if n.Name != "" && n.Name != "index" && n.Name != "acc" {
			w.fail(n, "#%s is not known; in a closure there are #, #index and, in reduce, #acc.", n.Name)
		}
	}
}

// children returns the nodes directly below n; some may be nil.
func children(n ast.Node) []ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		return []ast.Node{n.Node}
	case *ast.BinaryNode:
		return []ast.Node{n.Left, n.Right}
	case *ast.ChainNode:
		return []ast.Node{n.Node}
	case *ast.MemberNode:
		return []ast.Node{n.Node, n.Property}
	case *ast.SliceNode:
		return []ast.Node{n.Node, n.From, n.To}
	case *ast.CallNode:
		return append([]ast.Node{n.Callee}, n.Arguments...)
	case *ast.BuiltinNode:
		return n.Arguments
	case *ast.PredicateNode:
		return []ast.Node{n.Node}
	case *ast.VariableDeclaratorNode:
		return []ast.Node{n.Value, n.Expr}
	case *ast.SequenceNode:
		return n.Nodes
	case *ast.ConditionalNode:
		return []ast.Node{n.Cond, n.Exp1, n.Exp2}
	case *ast.ArrayNode:
		return n.Nodes
	case *ast.MapNode:
		return n.Pairs
	case *ast.PairNode:
		return []ast.Node{n.Key, n.Value}
	}
	return nil
}

// offsetMap maps rune offsets of a decoded HCL literal to byte offsets of the file.
type offsetMap struct {
	bytes []int // for each rune, and for the end
	start int
	end   int
}

func (m offsetMap) at(rune int) int {
	if m.bytes == nil {
		return m.start
	}
	return m.bytes[max(0, min(rune, len(m.bytes)-1))]
}

// offsets finds out where each rune of the decoded text stands in the literal raw, which is at r. It
// decodes as HCL does (HCL native syntax specification, Template Expressions) and checks its own
// work against hcl's: where they differ, everything is placed at the literal's start.
func offsets(raw string, r source.Range, text string) offsetMap {
	m := offsetMap{start: r.Start, end: r.End}
	d := &literalDecoder{raw: raw}
	if strings.HasPrefix(raw, "<<") {
		d.heredoc()
	} else {
		d.quoted()
	}
	if d.text.String() != text {
		return m
	}
	m.bytes = make([]int, 0, len(d.at)+1)
	for _, o := range d.at {
		m.bytes = append(m.bytes, r.Start+o)
	}
	m.bytes = append(m.bytes, r.Start+d.end)
	return m
}

type literalDecoder struct {
	raw  string
	text strings.Builder
	at   []int // offset in raw of each rune of text
	end  int
}

func (d *literalDecoder) emit(r rune, at int) {
	d.text.WriteRune(r)
	d.at = append(d.at, at)
}

func (d *literalDecoder) quoted() {
	i := 1
	for i < len(d.raw) && d.raw[i] != '"' {
		if d.raw[i] == '\\' && i+1 < len(d.raw) {
			i += d.escape(i)
			continue
		}
		i += d.plain(i)
	}
	d.end = i
}

// plain decodes one rune at i, or one of the doubled template markers.
func (d *literalDecoder) plain(i int) int {
	if s := d.raw[i:]; strings.HasPrefix(s, "$${") || strings.HasPrefix(s, "%%{") {
		d.emit(rune(s[0]), i)
		d.emit('{', i+2)
		return 3
	}
	r, n := utf8.DecodeRuneInString(d.raw[i:])
	d.emit(r, i)
	return n
}

func (d *literalDecoder) escape(i int) int {
	hex := func(n int) int {
		v := rune(0)
		for _, c := range d.raw[min(i+2, len(d.raw)):min(i+2+n, len(d.raw))] {
			v = v<<4 | rune(strings.IndexRune("0123456789abcdef", unicode.ToLower(c)))
		}
		d.emit(v, i)
		return 2 + n
	}
	switch c := d.raw[i+1]; c {
	case 'n':
		d.emit('\n', i)
	case 'r':
		d.emit('\r', i)
	case 't':
		d.emit('\t', i)
	case 'u':
		return hex(4)
	case 'U':
		return hex(8)
	default:
		d.emit(rune(c), i)
	}
	return 2
}

func (d *literalDecoder) heredoc() {
	nl := strings.IndexByte(d.raw, '\n')
	if nl < 0 {
		return
	}
	marker := strings.TrimSpace(d.raw[2:nl])
	flush := strings.HasPrefix(marker, "-")
	marker = strings.TrimPrefix(marker, "-")
	type line struct{ start, end int }
	var lines []line
	for i := nl + 1; i < len(d.raw); {
		end := strings.IndexByte(d.raw[i:], '\n')
		if end < 0 {
			end = len(d.raw) - i - 1
		}
		l := line{i, i + end + 1}
		if strings.TrimSpace(d.raw[l.start:l.end]) == marker {
			break
		}
		lines = append(lines, l)
		i = l.end
	}
	indent := 0
	if flush {
		indent = 1 << 30
		for _, l := range lines {
			s := d.raw[l.start:l.end]
			if t := strings.TrimLeftFunc(s, unicode.IsSpace); t != "" {
				indent = min(indent, utf8.RuneCountInString(s[:len(s)-len(t)]))
			}
		}
	}
	d.end = nl + 1
	for _, l := range lines {
		i := l.start
		blank := strings.TrimSpace(d.raw[l.start:l.end]) == ""
		for n := 0; n < indent && !blank && i < l.end; n++ {
			_, size := utf8.DecodeRuneInString(d.raw[i:])
			i += size
		}
		for i < l.end {
			i += d.plain(i)
		}
		d.end = l.end
	}
}
