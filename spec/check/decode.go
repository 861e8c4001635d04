package check

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Decode reads what an author wrote by the vocabulary of spec/lang. The project holds whatever could
// be read; everything else is a finding, once. The order of files does not matter.
func Decode(files []*syntax.File) (*model.Project, diag.List) {
	files = slices.Clone(files)
	slices.SortStableFunc(files, func(a, b *syntax.File) int { return cmp.Compare(a.Source.Name, b.Source.Name) })

	d := &decoder{names: map[string]source.Range{}, defaults: map[*lang.Attr]any{}}
	root, tests := &node{decl: lang.File}, &node{decl: lang.TestFile}
	project := &model.Project{Files: source.Set{}, Syntax: files}
	for _, f := range files {
		project.Files[f.Source.Name] = f.Source
		d.file = f
		home := root
		if lang.FileOf(f.Source.Name) == lang.TestFile {
			home = tests
		}
		for _, a := range f.Body.Attributes {
			d.unknownAttribute(home.decl, a, f.Body)
		}
		d.children(home, f.Body)
	}
	d.project(project, root)
	d.tests(project, tests)
	return project, d.diags
}

// decoder reads blocks by their declarations. First every block is read generically into a node;
// then the model is filled from the nodes.
type decoder struct {
	diags    diag.List
	file     *syntax.File
	scopes   []string                // keys of the blocks around, outermost first
	names    map[string]source.Range // by unique key: where the name was first given
	defaults map[*lang.Attr]any
}

// node is a block whose vocabulary has been checked.
type node struct {
	decl   *lang.Block
	block  *syntax.Block
	attrs  map[string]*attribute // by declared name
	blocks []*node               // in source order
}

// attribute is one that the block takes. value is nil where its form was wrong.
type attribute struct {
	*syntax.Attribute
	decl  *lang.Attr
	value any
}

func (n *node) declared() model.Decl {
	d := model.Decl{NameRange: n.block.TypeRange, Range: n.block.Range, Header: n.block.HeaderRange, OpenBrace: n.block.OpenBrace}
	if l, ok := n.name(); ok {
		d.Name, d.NameRange = l.Text, l.Range
	}
	return d
}

// name is the label that names the block.
func (n *node) name() (syntax.Label, bool) {
	if i := n.decl.NameLabel(); i < len(n.block.Labels) {
		return n.block.Labels[i], true
	}
	return syntax.Label{}, false
}

// children reads the blocks of a body into parent.
func (d *decoder) children(parent *node, body *syntax.Body) {
	once := map[*lang.Block]source.Range{}
	for _, b := range body.Blocks {
		decl := parent.decl.Block(b.Type)
		if decl == nil {
			if decl = d.unknownBlock(parent.decl, b); decl == nil {
				continue
			}
		}
		if first, seen := once[decl]; seen && decl.Once {
			d.diags.Add(lang.DuplicateName, b.TypeRange, "Only one %q block can stand here.", decl.Name).Relate(first, "the first one")
			continue
		}
		once[decl] = b.TypeRange
		parent.blocks = append(parent.blocks, d.block(decl, b))
	}
}

func (d *decoder) block(decl *lang.Block, b *syntax.Block) *node {
	n := &node{decl: decl, block: b, attrs: map[string]*attribute{}}
	if d.labels(n) {
		d.unique(n)
	}
	d.scopes = append(d.scopes, d.scope(decl, b))
	d.attributes(n)
	d.children(n, b.Body)
	d.required(n)
	d.scopes = d.scopes[:len(d.scopes)-1]
	return n
}

// scope is a key for names that are unique in the block: different for every block.
func (d *decoder) scope(decl *lang.Block, b *syntax.Block) string {
	return decl.Name + "@" + b.Range.File + ":" + itoa(b.Range.Start)
}

// unique reports a name that is taken. A repeated block is still decoded: it may have findings of its own.
func (d *decoder) unique(n *node) {
	label, named := n.name()
	if n.decl.Unique == "" || !named {
		return
	}
	scope := "file"
	for i := len(d.scopes) - 1; i >= 0; i-- {
		if n.decl.Unique == lang.Parent || strings.HasPrefix(d.scopes[i], n.decl.Unique+"@") {
			scope = d.scopes[i]
			break
		}
	}
	key := scope + "\x00" + n.decl.Name + "\x00" + label.Text
	if first, taken := d.names[key]; taken {
		d.diags.Add(lang.DuplicateName, label.Range, "There is another %s called %q.", n.decl.Name, label.Text).Relate(first, "the first one")
		return
	}
	d.names[key] = label.Range
}

// attributes reads the attributes of a block. A misspelt one counts as the one it is close to.
func (d *decoder) attributes(n *node) {
	for _, a := range n.block.Body.Attributes {
		decl := n.decl.Attr(a.Name)
		if decl == nil {
			decl = d.unknownAttribute(n.decl, a, n.block.Body)
		}
		if decl != nil {
			n.attrs[decl.Name] = &attribute{a, decl, d.value(n.decl, decl, a.Expr)}
		}
	}
}

// required reports what the block lacks, and what does not go together.
func (d *decoder) required(n *node) {
	if d.file.Broken(n.block.Range) {
		return
	}
	for _, a := range n.decl.Attrs {
		if a.Required && n.attrs[a.Name] == nil && (a.Unless == "" || n.one(a.Unless) == nil) {
			d.missing(n, "%s needs %q: %s.", capital(article(n.decl.Name)), a.Name, a.Kind.Phrase()).Detail = a.Doc
		}
	}
	if one := n.decl.ExactlyOne; len(one) > 0 {
		d.exactlyOne(n, one)
	}
	if some := n.decl.AtLeastOne; len(some) > 0 && len(n.written(some)) == 0 {
		d.missing(n, "%s needs %s.", capital(article(n.decl.Name)), alternatives(some))
	}
	d.needs(n)
}

func (d *decoder) missing(n *node, format string, args ...any) *diag.Diagnostic {
	return d.diags.Add(lang.MissingAttribute, n.block.OpenBrace, format, args...)
}

func (d *decoder) exactlyOne(n *node, names []string) {
	written := n.written(names)
	switch {
	case len(written) == 0:
		d.missing(n, "%s needs %s.", capital(article(n.decl.Name)), alternatives(names))
	case len(written) > 1:
		for _, a := range written[1:] {
			d.diags.Add(lang.AttributeValue, a.NameRange, "%q and %q do not go together: %s takes only one of %s.",
				written[0].decl.Name, a.decl.Name, article(n.decl.Name), alternatives(names)).Relate(written[0].NameRange, "the first one")
		}
	}
}

// written returns those of the named attributes that the author wrote, in source order.
func (n *node) written(names []string) []*attribute {
	var out []*attribute
	for _, name := range names {
		if a := n.attrs[name]; a != nil {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *attribute) int { return cmp.Compare(a.Range.Start, b.Range.Start) })
	return out
}

// needs reports attributes and blocks that mean nothing without an attribute that is not there.
// Where that attribute has already been called missing, nothing is said.
func (d *decoder) needs(n *node) {
	report := func(name, needs string, at source.Range) {
		if n.decl.Attr(needs) == nil || n.attrs[needs] != nil {
			return
		}
		if slices.Contains(n.decl.ExactlyOne, needs) && len(n.written(n.decl.ExactlyOne)) == 0 {
			return
		}
		d.diags.Add(lang.AttributeValue, at, "%q means something only together with %q, which this %s does not have.", name, needs, n.decl.Name)
	}
	for _, decl := range n.decl.Attrs {
		if a := n.attrs[decl.Name]; a != nil {
			report(decl.Name, decl.Needs, a.NameRange)
			d.only(n, a)
		}
	}
	for _, b := range n.blocks {
		report(b.decl.Name, b.decl.Needs, b.block.TypeRange)
	}
}

// only reports an attribute that means nothing in a block with this first label.
func (d *decoder) only(n *node, a *attribute) {
	if a.decl.Only == nil || len(n.block.Labels) == 0 {
		return
	}
	first := n.block.Labels[0].Text
	if slices.Contains(a.decl.Only, first) || !slices.Contains(n.decl.Labels[0].Choices, first) {
		return
	}
	f := d.diags.Add(lang.UnknownAttribute, a.NameRange, "%q is not an attribute of a %s %q.", a.decl.Name, n.decl.Name, first)
	f.Explain("Only %s takes it. %s takes %s.", alternatives(a.decl.Only), strconv.Quote(first), alternativesAnd(n.decl.AttrsOf(first)))
}
