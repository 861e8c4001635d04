package paging

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/types"
)

// Infer finds out how an operation pages.
func Infer(q Question) *Finding {
	i := &inference{Question: q, f: &Finding{}}
	i.asked = Parameters(q.Operation, q.Body, q.Notes)
	i.link = linkHeader(q.Operation)
	switch {
	case q.ItemsGiven:
		i.f.Items, i.f.HasItems = q.Items, true
	default:
		var several []string
		i.f.Items, _, several, i.f.HasItems = Items(q.Answer, q.Operation.Path)
		if several != nil {
			i.several = several
		}
	}
	i.signals = signals(q.Answer, i.f.Items)
	i.f.asked, i.f.signals, i.f.answer = i.asked, i.signals, q.Answer
	i.collect()
	i.decide()
	return i.f
}

// inference is the state of one Infer.
type inference struct {
	Question
	f       *Finding
	asked   *Asked
	link    *openapi.Header
	signals []*signal
	several []string // lists that may be the items
}

// linkHeader is the declared Link header of a success.
func linkHeader(op *openapi.Operation) *openapi.Header {
	for _, r := range op.Responses {
		for _, h := range r.Headers {
			if strings.HasPrefix(r.Status, "2") && strings.EqualFold(h.Name, "Link") {
				return h
			}
		}
	}
	return nil
}

// collect notes the facts that point to pages.
func (i *inference) collect() {
	found := func(at types.Origin, format string, args ...any) {
		i.f.Found = append(i.f.Found, Evidence{fmt.Sprintf(format, args...), at})
	}
	if i.link != nil {
		found(i.link.Origin, "the answer has a Link header")
	}
	for _, s := range i.signals {
		switch s.kind {
		case More, Last, Token, URL, Next:
			if s.kind != Token || s.clear || len(i.asked.Cursors) > 0 {
				found(s.origin, "the answer has %s", dotted(s.path))
			}
		}
	}
	for _, p := range i.asked.Cursors {
		found(p.Origin, "it takes %s", p)
	}
	for _, p := range []*Place{i.asked.Page, i.asked.Offset} {
		if p != nil {
			found(p.Origin, "it takes %s", p)
		}
	}
}

func dotted(path []string) string { return strings.Join(path, ".") }

// decide takes the first rule that fits.
func (i *inference) decide() {
	if !i.f.HasItems {
		switch {
		case i.several != nil:
			i.f.Lacks = fmt.Sprintf("Which of its lists holds the items cannot be told: %s.", strings.Join(i.several, ", "))
		default:
			i.f.Lacks = "The spec declares no list in its answer."
		}
		i.f.guess = i.scheme()
		return
	}
	s := i.scheme()
	if s == nil {
		return
	}
	s.Items, s.answer = i.f.Items, i.Answer
	if s.Size = i.asked.Size; s.Size != nil {
		s.Most = most(s.Size.Type)
	}
	if s.Rule == ByKey && s.id == "" {
		return
	}
	i.f.Scheme = s
}

// scheme tries the rules in order; where none fits, it says what lacks.
func (i *inference) scheme() *Scheme {
	rules := []func() *Scheme{i.byLink, i.byURL, i.byToken, i.byKey, i.byCount}
	if i.Operation.Method != "GET" { // a URL says nothing of a body
		rules = []func() *Scheme{i.byLink, i.byToken, i.byKey, i.byCount, i.byURL}
	}
	for _, rule := range rules {
		if s := rule(); s != nil {
			return s
		}
	}
	if s := i.byStyle(); s != nil {
		return s
	}
	if i.f.Lacks == "" {
		i.f.Lacks = i.lacking()
	}
	return nil
}

func (i *inference) byLink() *Scheme {
	if i.link == nil {
		return nil
	}
	return &Scheme{Rule: ByLink, Evidence: []Evidence{{"the answer has a Link header", i.link.Origin}}}
}

// byStyle takes what the operation lacks from the API's other lists: a Link header that it does not declare.
func (i *inference) byStyle() *Scheme {
	if i.Style == nil || !i.asked.Any() || len(i.asked.Cursors) == 0 && i.asked.Size == nil || i.Style().Rule != ByLink {
		return nil
	}
	return &Scheme{Rule: ByLink, Evidence: []Evidence{{"most lists of this API declare a Link header", types.Origin{}}}}
}

var (
	aboutURL  = regexp.MustCompile(`(?i)\b(ur[li]s?|links?|path|href|hyperlink|endpoint)\b`)
	aboutNext = regexp.MustCompile(`(?i)(\bnext\b|subsequent|further|following|continu|\bmore\b|remaining|\bpaginat)`)
)

func (i *inference) describe(o types.Origin) string {
	if i.Notes == nil {
		return ""
	}
	return i.Notes.Describe(o)
}

// byURL looks for the URL of the next page.
func (i *inference) byURL() *Scheme {
	for _, s := range i.signals {
		if (s.kind == URL || s.kind == Token && Plain(s.name()) == "nextpage") && i.isURL(s) {
			return &Scheme{Rule: ByURL, next: s.path, Evidence: []Evidence{{"the answer has " + dotted(s.path), s.origin}}}
		}
	}
	return nil
}

// isURL reports whether a property called next, or the like, is a URL and not a token.
func (i *inference) isURL(s *signal) bool {
	n := Plain(s.name())
	for _, part := range []string{"url", "uri", "link", "href"} {
		if strings.Contains(n, part) {
			return true
		}
	}
	if parent := s.path[:len(s.path)-1]; slices.ContainsFunc(parent, func(p string) bool { return strings.Contains(Plain(p), "link") }) {
		return true
	}
	text := i.describe(s.origin)
	switch {
	case uriFormat(s.typ) || aboutURL.MatchString(text):
		return true
	case n != "next" || strings.Contains(strings.ToLower(text), "token") || strings.Contains(strings.ToLower(text), "cursor"):
		return false
	}
	return len(i.asked.Cursors) == 0
}

// byToken looks for a token in the answer and the parameter that takes it.
func (i *inference) byToken() *Scheme {
	var best *Scheme
	score := 0
	for _, s := range i.signals {
		for _, p := range slices.Concat(i.asked.Cursors, i.asked.vague) {
			if n := i.pair(s, p); n > score {
				best, score = &Scheme{Rule: ByToken, Param: p, next: s.path, more: find(i.signals, More)}, n
				best.Evidence = []Evidence{{fmt.Sprintf("it takes %s", p), p.Origin}, {"the answer has " + dotted(s.path), s.origin}}
			}
		}
	}
	if best != nil && best.more != nil {
		best.Evidence = append(best.Evidence, Evidence{"the answer has " + dotted(best.more.path), best.more.origin})
	}
	return best
}

// pair says how well a signal and a parameter go together; 0: not at all.
func (i *inference) pair(s *signal, p *Place) int {
	if !sameScalar(s.typ, p.Type) {
		return 0
	}
	token, param := Plain(s.name()), Plain(p.Name())
	bare := strings.TrimPrefix(token, "next")
	if p.In == "body" && param == "token" {
		param = bare
	}
	fits := bare == param || token == param || "end"+strings.TrimSuffix(param, "after") == token
	switch {
	case slices.Contains(i.asked.vague, p):
		if text := i.describe(s.origin); (s.kind == Next || s.kind == Token) && described(text) && regexp.MustCompile(`\b`+regexp.QuoteMeta(p.Name())+`\b`).MatchString(text) {
			return 1
		}
		return 0
	case s.kind == LastID:
		if text := i.describe(p.Origin); find(i.signals, More) == nil || !keyLike(p, text) && !aboutCursor.MatchString(text) {
			return 0
		}
		return 2
	case s.kind == URL && token == "next" && !i.isURL(s), s.kind == Token && s.clear:
		if fits {
			return 4
		}
		return 3
	case s.kind == Token && fits && i.forward(s):
		return 3
	case s.kind == Offset && fits && s.clear:
		return 3
	case s.kind == Token && (ofCursors(s) || described(i.describe(s.origin))):
		return 2
	}
	return 0
}

// forward reports whether a token whose name does not say so leads to the next page, and is not the one
// of this page sent back.
func (i *inference) forward(s *signal) bool {
	return s.clear || ofCursors(s) || described(i.describe(s.origin))
}

// ofCursors reports whether a signal is the one of two cursors that leads on, the other leading back.
func ofCursors(s *signal) bool {
	if len(s.path) < 2 || Plain(s.name()) != "after" {
		return false
	}
	parent := Plain(s.path[len(s.path)-2])
	return parent == "cursors" || parent == "cursor"
}

func described(text string) bool { return aboutNext.MatchString(text) }

// sameScalar reports whether what the one type has, the other may take.
func sameScalar(from, to *types.Type) bool {
	kinds := from.Kinds() & types.Scalar
	return kinds != 0 && (to.Kinds().Has(kinds) || to.May(types.String))
}

// keyLike reports whether a cursor is the id of an item.
func keyLike(p *Place, text string) bool {
	switch Plain(p.Name()) {
	case "startingafter", "afterid", "startafter":
		if text == "" {
			return true
		}
	}
	return aboutID.MatchString(text)
}

var (
	aboutID     = regexp.MustCompile(`(?i)(\bids?\b|identifier|\blast (item|object|element|record)\b)`)
	aboutCursor = regexp.MustCompile(`(?i)\bcursor\b`)
)

// byKey looks for a cursor that is the id of the last item, which only has_more makes safe.
func (i *inference) byKey() *Scheme {
	more := find(i.signals, More)
	if more == nil || len(i.asked.Cursors) == 0 || !i.f.HasItems {
		return nil
	}
	item := at(i.Answer, i.f.Items).Elem()
	for _, p := range i.asked.Cursors {
		if !keyLike(p, i.describe(p.Origin)) {
			continue
		}
		id := item.Field("id")
		switch {
		case !item.May(types.Object) || id.Property == nil:
			i.f.Lacks = fmt.Sprintf("%s takes the id of the last item, and the items have no id.", p)
			continue
		case !sameScalar(id.Type, p.Type):
			i.f.Lacks = fmt.Sprintf("%s takes the id of the last item, but it is %s, and the id is %s.", p, p.Type.Without(types.Absent|types.Null).Phrase(), id.Type.Without(types.Absent|types.Null).Phrase())
			continue
		}
		return &Scheme{Rule: ByKey, Param: p, more: more, id: "id", Evidence: []Evidence{
			{fmt.Sprintf("it takes %s, the id of the last item", p), p.Origin}, {"the answer has " + dotted(more.path), more.origin}}}
	}
	return nil
}

// byCount looks for a page number or an offset.
func (i *inference) byCount() *Scheme {
	page, offset := i.asked.Page, i.asked.Offset
	if page != nil && offset != nil { // an offset goes on where the items end, however many there were
		page = nil
	}
	s := &Scheme{Rule: ByPage, Param: page}
	if page == nil {
		s.Rule, s.Param = ByOffset, offset
	}
	if s.Param == nil {
		return nil
	}
	s.Evidence = []Evidence{{fmt.Sprintf("it takes %s", s.Param), s.Param.Origin}}
	i.ends(s)
	if s.Rule == ByPage {
		s.First = FirstPage(s.Param, i.Notes, i.Style)
		s.Say = onlyIfAsked.MatchString(i.describe(s.Param.Origin))
	}
	return s
}

// onlyIfAsked is said of a parameter without which there are no pages.
var onlyIfAsked = regexp.MustCompile(`(?i)(without pag|no pagination|returns? (all|every)\b)`)

// ends finds what tells the end of a list that the client counts through.
func (i *inference) ends(s *Scheme) {
	for _, x := range i.signals {
		switch {
		case x.kind == More && s.more == nil:
			s.more = x
		case x.kind == Last && s.last == nil:
			s.last = x
		case x.kind == Next && s.next == nil && strings.Contains(Plain(x.name()), "offset") == (s.Rule == ByOffset) && sameScalar(x.typ, s.Param.Type):
			s.next = x.path
			s.Evidence = append(s.Evidence, Evidence{"the answer has " + dotted(x.path), x.origin})
			return
		case x.kind == Pages && s.pages == nil && s.Rule == ByPage && !x.typ.May(types.String):
			s.pages = x
		case x.kind == Total && s.total == nil && s.Rule == ByOffset && i.isTotal(x):
			s.total = x
		}
	}
	switch {
	case s.more != nil:
		s.last, s.total, s.pages = nil, nil, nil
	case s.last != nil:
		s.total, s.pages = nil, nil
	}
	for _, x := range []*signal{s.more, s.last, s.total, s.pages} {
		if x != nil {
			s.Evidence = append(s.Evidence, Evidence{"the answer has " + dotted(x.path), x.origin})
			return
		}
	}
	s.Evidence = append(s.Evidence, Evidence{"a page without items is taken to be behind the last one", types.Origin{}})
}

var aboutPage = regexp.MustCompile(`(?i)(returned|this page|current page|in (the|this) (response|result)|on (the|this) page|maximum|limit|per page|greater than the offset)`)

// isTotal reports whether a count is surely that of the whole list: stopping at a wrong one would lose
// items without a word.
func (i *inference) isTotal(s *signal) bool {
	switch Plain(s.name()) {
	case "count", "resultcount", "numresults", "totalsize":
		return false
	}
	return s.typ.May(types.Integer) && !s.typ.May(types.String) && !aboutPage.MatchString(i.describe(s.origin))
}

var fromOne = regexp.MustCompile("(?i)(one[- ](based|index)|1[- ](based|index)|(starts?|starting|begins?|beginning|counts?) (at|from|with) (page )?`?(1|one)\\b|first page is (1|one)|`?(1|one)`? (being|is) the first|\\(1-|default(s to|:| is)? *`?(1|one)\\b)")

var fromZero = regexp.MustCompile("(?i)(zero[- ](based|index)|0[- ](based|index)|(starts?|starting|begins?|beginning|counts?) (at|from|with) (0|zero)\\b|first page is (0|zero)|`?(0|zero)`? (being|is) the first|\\(0-|0\\.\\.|default(s to|:| is)? *(0|zero)\\b)")

// FirstPage is the number of the first page that a parameter takes: what the document says, by a default, a
// bound, in words or by an example, else what the API's style is, else 1. notes and style may be nil.
func FirstPage(p *Place, notes Notes, style func() Style) int {
	text := ""
	if notes != nil {
		if v, ok := notes.Default(p.Origin); ok {
			return zeroOr1(v)
		}
		text = notes.Describe(p.Origin)
	}
	n, ok := least(p.Type)
	switch {
	case fromOne.MatchString(text):
		return 1
	case ok && n == 0, fromZero.MatchString(text):
		return 0
	case ok:
		return 1
	}
	if notes != nil {
		if v, ok := notes.Example(p.Origin); ok && zeroOr1(v) == 0 {
			return 0
		}
	}
	if style != nil && style().FromZero {
		return 0
	}
	return 1
}

func zeroOr1(v any) int {
	if v == 0.0 || v == "0" {
		return 0
	}
	return 1
}

func least(t *types.Type) (int, bool) {
	for _, n := range t.Shape().Numbers {
		if n.Min != nil {
			if v, ok := n.Min.Int(); ok && v >= 0 {
				return v, true
			}
		}
	}
	return 0, false
}

// most is the largest value that a type allows, if it is one that a person chose.
func most(t *types.Type) int {
	for _, n := range t.Shape().Numbers {
		if n.Max != nil {
			if v, ok := n.Max.Int(); ok && v > 0 && v < 1<<31-1 {
				return v
			}
		}
	}
	return 0
}

// lacking says what a scheme would need.
func (i *inference) lacking() string {
	token := find(i.signals, Token)
	switch {
	case len(i.asked.Cursors) > 0 && find(i.signals, More) != nil:
		return fmt.Sprintf("What %s takes is not known: the answer has no token for the next page, and the spec does not say that it is the id of the last item.", i.asked.Cursors[0])
	case len(i.asked.Cursors) > 0:
		return fmt.Sprintf("The answer declares nothing that could be given in %s.", i.asked.Cursors[0])
	case token != nil || find(i.signals, Next) != nil || find(i.signals, More) != nil:
		return "It takes no parameter that asks for a further page."
	case i.asked.Size != nil:
		return fmt.Sprintf("It takes %s, which says how many items are wanted, but nothing that asks for the next ones.", i.asked.Size)
	}
	return "Neither its parameters nor its answer say anything about further pages."
}
