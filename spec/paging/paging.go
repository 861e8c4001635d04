// Package paging finds out how an operation hands out a long list in parts: from its parameters, from
// what its answer declares, and from the words beside them. What it finds can be written down as the
// expressions that an author would have written, with the evidence for each; what it cannot find it says,
// and it does not guess. It knows OpenAPI and types, but nothing of HCL or of requests.
package paging

import (
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// Rule is how the next page is found. Rules are tried in this order; the first that fits is taken.
type Rule string

const (
	ByLink   Rule = "link"     // a Link header with rel="next" (RFC 8288)
	ByURL    Rule = "next-url" // a URL in the body
	ByToken  Rule = "cursor"   // a token in the body, to be given in a parameter
	ByKey    Rule = "last-id"  // the id of the last item, to be given in a parameter, while there are more
	ByPage   Rule = "page"     // the page's number counts up
	ByOffset Rule = "offset"   // the index of the first item grows by the number of items
)

// Rules lists all rules, in order.
var Rules = []Rule{ByLink, ByURL, ByToken, ByKey, ByPage, ByOffset}

// Counts reports whether the client counts by itself, so that nothing but the answer's items, or what it
// says of the whole list, tells where the end is.
func (r Rule) Counts() bool { return r == ByPage || r == ByOffset }

// Question is one operation as it is called.
type Question struct {
	Operation *openapi.Operation
	Answer    *types.Type // of a success's body
	Body      *types.Type // of the request's body; nil: none is sent
	Notes     Notes       // may be nil
	// Items is where the items are, if the author says so: a path in the answer's body. ItemsGiven says
	// that he does; an empty path is the body itself.
	Items      []string
	ItemsGiven bool
	// Style is how most lists of the API page. It is asked only where the operation by itself leaves a
	// choice; nil is never asked.
	Style func() Style
}

// Style is how most lists of an API page.
type Style struct {
	Rule     Rule // "" if none stands out
	FromZero bool // some list counts its pages from 0
}

// Scheme is how an operation pages.
type Scheme struct {
	Rule  Rule
	Items []string // path of the list in the answer's body; empty: the body itself
	Param *Place   // what asks for the next page: nil for ByLink and ByURL
	Size  *Place   // what asks for a page size; may be nil
	Most  int      // the largest page size that the document allows; 0: it does not say
	First int      // of ByPage: the first page
	// Say means that the first request must name the first page: without it, the server does not page.
	Say bool

	next   []string // path of the next URL, token or number; nil: none
	more   *signal  // whether there are more
	last   *signal  // whether this was the last page
	total  *signal  // how many items there are
	pages  *signal  // how many pages there are
	id     string   // of ByKey: the property of an item
	answer *types.Type

	Evidence []Evidence
}

// Blind reports whether nothing in an answer tells that it is the last page: only a further one, without items, does.
func (s *Scheme) Blind() bool {
	return s.Rule.Counts() && s.next == nil && s.more == nil && s.last == nil && s.pages == nil && s.total == nil
}

// Evidence is one fact of the document that a scheme rests on.
type Evidence struct {
	Text   string       // a clause: "the answer has next_cursor"
	Origin types.Origin // where the document says so; may be zero
}

// Finding is what could be found out about an operation.
type Finding struct {
	// Scheme is nil where the pages cannot be inferred.
	Scheme *Scheme
	// Items is where the items are, as far as that is known without a scheme; HasItems says that it is.
	Items    []string
	HasItems bool
	// Found are the facts that point to pages; Lacks says what is missing for a scheme, as a full sentence.
	Found []Evidence
	Lacks string

	guess   *Scheme // as far as it goes, for a proposal
	asked   *Asked
	signals []*signal
	answer  *types.Type
}

// Asked is what the operation's requests can say about pages.
func (f *Finding) Asked() *Asked { return f.asked }

// Paged reports whether anything at all points to pages.
func (f *Finding) Paged() bool { return f.Scheme != nil || len(f.Found) > 0 }
