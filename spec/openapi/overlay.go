package openapi

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/theory/jsonpath"
	"tenon/spec/diag"
	"tenon/spec/source"
)

// OverlayFile is an overlay as it lies in the project.
type OverlayFile struct {
	Name string // relative to the project
	Src  []byte
	Err  error // why there is no Src; nil if there is
}

// Overlay is an OpenAPI Overlay document (version 1.0 or 1.1) that was laid over a document.
type Overlay struct {
	Name     string
	Digest   string // of its bytes, as [Digest] gives it
	Err      error  // why it could not be read at all
	Problems []OverlayProblem

	text    *text
	version string
	actions []*action
}

// OverlayProblem is something in an overlay that is wrong or of no effect. The action that it is about
// is left out, or done as far as it goes.
type OverlayProblem struct {
	Range   source.Range // in the overlay
	Message string       // a sentence without its full stop
	// Unmatched says that nothing is wrong with the action, but that its target selects nothing.
	Unmatched bool
}

// action is one change that an overlay makes. Exactly one of remove, update and copy is set.
type action struct {
	target node
	path   *jsonpath.Path
	remove bool
	update node
	copy   *jsonpath.Path
	from   node // where copy stands
}

// maxActions bounds the actions of an overlay; maxPath the length of a JSONPath, in bytes.
const (
	maxActions = 20_000
	maxPath    = 4096
)

var oddName = regexp.MustCompile(`\.[A-Za-z0-9_]*[-/{$]`)

var overlayVersion = regexp.MustCompile(`^1\.[01]\.\d+$`)

// overlay reads an overlay. What is wrong with it is among its problems.
func (d *Document) overlay(f OverlayFile) *Overlay {
	o := &Overlay{Name: f.Name, Digest: Digest(f.Src)}
	o.text = &text{doc: d, name: f.Name, src: decodeText(f.Src), json: []byte("{}")}
	if f.Err != nil {
		o.Err = f.Err
		return o
	}
	t, err := d.parse(f.Name, f.Src, o.Digest)
	if err != nil {
		e, _ := err.(*LoadError)
		if e == nil {
			e = &LoadError{source.Range{File: f.Name}, err.Error()}
		}
		o.Problems = append(o.Problems, OverlayProblem{Range: e.Range, Message: "The overlay " + strings.Replace(e.Message, "OpenAPI document", "overlay", 1)})
		return o
	}
	t.top = nil // its members are found by walking
	o.text = t
	t.doc = newDocument(o.Digest, Options{}) // so that what is met while reading is no defect of the document
	t.doc.main = t
	(&overlayReader{o}).root()
	for _, x := range t.doc.Defects() {
		o.problem(t.placeOf(x.Origin.Pointer), "This %s", x.Message)
	}
	return o
}

func (o *Overlay) problem(at source.Range, format string, args ...any) {
	if len(o.Problems) < 1000 {
		o.Problems = append(o.Problems, OverlayProblem{Range: at, Message: fmt.Sprintf(format, args...)})
	}
}

// range_ finds a place of the text as its author has it.
func (t *text) placeOf(pointer string) source.Range {
	f, _ := t.find(pointer)
	return t.locate(f)
}

// overlayReader reads what stands in an overlay's text.
type overlayReader struct{ *Overlay }

func (r *overlayReader) wrong(n node, format string, args ...any) {
	r.problem(r.text.placeOf(n.ptr), format, args...)
}

var (
	overlayMembers = []string{"overlay", "info", "extends", "actions"}
	actionMembers  = []string{"target", "description", "update", "remove", "copy"}
)

func (r *overlayReader) root() {
	root := r.text.root
	f := root.object()
	version := f.get("overlay")
	if !version.given() {
		what := "it does not say overlay: 1.0.0 at its top"
		if f.get("openapi").given() || f.get("swagger").given() {
			what = "it is an OpenAPI document; that belongs to spec"
		}
		r.wrong(root, "This is no OpenAPI Overlay: %s", what)
		return
	}
	if r.version = version.string(); !overlayVersion.MatchString(r.version) {
		r.wrong(version, "The overlay is of version %q; versions 1.0 and 1.1 are read", r.version)
		return
	}
	r.members(f, overlayMembers, "an overlay")
	info := f.get("info").object()
	for _, name := range []string{"title", "version"} {
		if info.get(name).string() == "" {
			r.wrong(f.get("info"), "The overlay's info needs a %s", name)
		}
	}
	actions := f.get("actions").elements()
	switch {
	case len(actions) == 0:
		r.wrong(f.get("actions"), "The overlay needs actions, a list with one at least")
	case len(actions) > maxActions:
		r.wrong(f.get("actions"), "The overlay has more than %d actions", maxActions)
		return
	}
	for _, n := range actions {
		if a := r.action(n); a != nil {
			r.actions = append(r.actions, a)
		}
	}
}

// members reports the members of an object that it cannot have, and whether there are none.
func (r *overlayReader) members(f fields, known []string, what string) (right bool) {
	right = true
	for _, m := range f.list {
		if slices.Contains(known, m.name) || isExtension(m.name) {
			continue
		}
		near := diag.Nearest(m.name, known)
		if near != "" {
			near = "; did it mean " + near + "?"
		}
		r.wrong(f.node(m), "%q is no member of %s%s", m.name, what, near)
		right = false
	}
	return right
}

func (r *overlayReader) action(n node) *action {
	f := n.object()
	if n.lead() != '{' {
		return nil
	}
	right := r.members(f, actionMembers, "an action")
	a := &action{target: f.get("target"), remove: f.get("remove").bool(), update: f.get("update")}
	if a.target.string() == "" {
		if !right {
			return nil
		}
		r.wrong(n, `The action needs a target: a JSONPath such as $.paths["/orders"].get`)
		return nil
	}
	if a.path = r.path(a.target); a.path == nil {
		return nil
	}
	if copied := f.get("copy"); copied.given() && !a.remove {
		switch {
		case strings.HasPrefix(r.version, "1.0"):
			r.wrong(copied, "Actions can copy since version 1.1: write overlay: 1.1.0")
			return nil
		case a.update.exists():
			r.wrong(copied, "An action has update or copy, not both")
			return nil
		}
		a.from = copied
		if a.copy = r.path(copied); a.copy == nil {
			return nil
		}
	}
	if !a.remove && a.copy == nil && !a.update.exists() {
		if !right {
			return nil
		}
		r.wrong(n, "The action does nothing: it has neither update nor remove")
		return nil
	}
	if !a.remove && a.update.exists() && bytes.Contains(a.update.raw(), []byte(extensionPrefix)) {
		r.extensions(a.update, 0)
	}
	return a
}

// path parses a JSONPath (RFC 9535).
func (r *overlayReader) path(n node) *jsonpath.Path {
	s := n.string()
	if len(s) > maxPath {
		r.wrong(n, "The path is longer than %d bytes", maxPath)
		return nil
	}
	p, err := parsePath(s)
	if err != nil {
		hint := ""
		if oddName.MatchString(s) {
			hint = `; a name with other characters than letters, digits and _ is written ["x-name"]`
		}
		r.wrong(n, "%q is no JSONPath as RFC 9535 has it: %s%s", s, strings.TrimPrefix(err.Error(), "jsonpath: "), hint)
		return nil
	}
	return p
}

func parsePath(s string) (p *jsonpath.Path, err error) {
	defer func() {
		if x := recover(); x != nil {
			p, err = nil, fmt.Errorf("the parser gave up: %v", x)
		}
	}()
	return jsonpath.Parse(s)
}

// extensions reports names in what is put into the document that only look like ours.
func (r *overlayReader) extensions(n node, depth int) {
	switch {
	case depth > maxDepth:
	case n.lead() == '[':
		for _, e := range n.elements() {
			r.extensions(e, depth+1)
		}
	case n.lead() == '{':
		n.object().each(func(name string, m node) {
			if strings.HasPrefix(name, extensionPrefix) && !slices.Contains(Extensions, name) {
				r.wrong(m, "%s", unknownExtension(name))
			}
			r.extensions(m, depth+1)
		})
	}
}
