package paging

import (
	"regexp"
	"slices"
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/types"
)

// Place is where a request says something: a parameter, or a property of its body.
type Place struct {
	In     string   // query, header, path, cookie, or body
	Path   []string // the name of a parameter, or the path to a property
	Type   *types.Type
	Origin types.Origin
	Text   bool // it takes a number as text
}

// Name is the last name in its path.
func (p *Place) Name() string { return p.Path[len(p.Path)-1] }

// String is how people call it: "page", "body.options.offset".
func (p *Place) String() string {
	if p.In == "body" {
		return "body." + strings.Join(p.Path, ".")
	}
	return p.Name()
}

// Notes is what a document says in words, by examples and in defaults; [openapi.Document] is one.
type Notes interface {
	Describe(types.Origin) string
	Default(types.Origin) (any, bool)
	Example(types.Origin) (any, bool)
}

// Asked is what a request can say about the pages that it wants; nil where it cannot.
type Asked struct {
	Size, Page, Offset *Place
	// Cursors are the places that may take the token of a page, in the order of the document.
	Cursors []*Place

	vague []*Place // start, from: what they take only the answer's own words can say
}

// Any reports whether anything is there.
func (a *Asked) Any() bool {
	return a.Size != nil || a.Page != nil || a.Offset != nil || len(a.Cursors) > 0
}

// Parameters tells which parts of a request are about pages; body is the type of the request's body,
// nil if there is none.
func Parameters(op *openapi.Operation, body *types.Type, notes Notes) *Asked {
	a := &Asked{}
	for _, p := range op.Parameters {
		if p.In == "query" || p.In == "header" {
			text := p.Description
			if text == "" && notes != nil {
				text = notes.Describe(p.Origin)
			}
			a.add(&Place{In: p.In, Path: []string{p.Name}, Type: p.Type, Origin: p.Origin}, text, notes)
		}
	}
	if body != nil {
		a.inBody(body, nil, notes)
	}
	return a
}

// bodyWrappers are the properties of a body in which it may say which page it wants.
var bodyWrappers = words("pagination paging page options query meta")

func (a *Asked) inBody(t *types.Type, path []string, notes Notes) {
	if !t.May(types.Object) || t.Shape().Untyped || len(path) > 1 {
		return
	}
	for _, name := range t.PropertyNames() {
		f := t.Field(name)
		if f.Property == nil || f.Property.ReadOnly {
			continue
		}
		own := append(slices.Clone(path), name)
		if f.Type.May(types.Object) {
			if bodyWrappers[Plain(name)] {
				a.inBody(f.Type, own, notes)
			}
			continue
		}
		if parameterNames[Plain(name)] == None && !(len(path) > 0 && Plain(name) == "token") {
			continue
		}
		text := ""
		if notes != nil {
			text = notes.Describe(f.Property.Origin)
		}
		a.add(&Place{In: "body", Path: own, Type: f.Type, Origin: f.Property.Origin}, text, notes)
	}
}

// Words that say what a name leaves open.
var (
	aboutTime  = regexp.MustCompile(`(?i)\b(time|timestamp|date|dates|datetime|unix|seconds|iso ?8601|rfc ?3339|day|days|epoch)\b`)
	aboutIndex = regexp.MustCompile(`(?i)\b(index|offset|position|skip|number of|starting point|starting value|paginat\w*|first (item|element|result|record|entry))\b`)
	aboutPages = regexp.MustCompile(`(?i)\b(pages?|paginat\w*|cursor|token|list|next|results?)\b`)
)

// add gives a place its role, if it has one.
func (a *Asked) add(p *Place, text string, notes Notes) {
	t, name := p.Type.Without(types.Null|types.Absent), Plain(p.Name())
	if t.May(types.Object) && !t.Shape().Untyped || t.Is(types.Array) || isTime(t) {
		return
	}
	whole := t.May(types.Number) && (!t.May(types.String) || t.Shape().Untyped)
	kind := parameterNames[name]
	if kind == None && p.In == "body" && name == "token" { // in what is about pages
		kind = Cursor
	}
	if (kind == Page || kind == Offset) && !whole && numericText(p, notes) {
		p.Text, whole = true, true
	}
	switch kind {
	case Size:
		set(&a.Size, p, whole)
	case Page:
		if whole {
			set(&a.Page, p, true)
			return
		}
		a.cursor(p, t)
	case Offset:
		switch vague := name == "start" || name == "from"; {
		case whole && vague && !aboutTime.MatchString(text):
			if set(&a.Offset, p, aboutIndex.MatchString(text)); a.Offset != p {
				a.vague = append(a.vague, p)
			}
		case whole && vague:
		case whole:
			set(&a.Offset, p, !aboutTime.MatchString(text) || aboutIndex.MatchString(text))
		case vague || name == "skip":
		default:
			a.cursor(p, t)
		}
	case Cursor:
		if aboutTime.MatchString(text) && !aboutPages.MatchString(text) {
			return
		}
		a.cursor(p, t)
	}
}

// numericText reports whether what is typed as text is a number all the same, as its default shows.
func numericText(p *Place, notes Notes) bool {
	if notes == nil {
		return false
	}
	v, ok := notes.Default(p.Origin)
	s, isText := v.(string)
	return ok && isText && s != "" && strings.Trim(s, "0123456789") == ""
}

func (a *Asked) cursor(p *Place, t *types.Type) {
	if t.May(types.String | types.Integer) {
		a.Cursors = append(a.Cursors, p)
	}
}

// set fills a role, once: what the document declares first.
func set(role **Place, p *Place, ok bool) {
	if ok && *role == nil {
		*role = p
	}
}
