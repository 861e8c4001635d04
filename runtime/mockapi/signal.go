package mockapi

import (
	"maps"
	"net/url"
	"strconv"
	"strings"

	"tenon/spec/types"
)

// signalKind is what a property of an answer tells about the pages.
type signalKind int

const (
	signalNone     signalKind = iota
	signalMore                // whether there are more pages
	signalLast                // whether this is the last one
	signalToken               // what to give as the cursor for the next page
	signalURL                 // where the next page is
	signalPrevious            // where the page before is
	signalTotal               // how many elements there are
	signalPages               // how many pages there are
	signalPage                // which page this is
	signalNext                // the number of the next page
	signalSize                // how many elements a page has
	signalOffset              // the index of the first element
	signalCount               // how many elements are on this page
)

// signalNames are the names that such properties have in real documents, without case and punctuation.
var signalNames = func() map[string]signalKind {
	out := map[string]signalKind{}
	for kind, list := range map[signalKind]string{
		signalMore:     "has_more has_next has_next_page more has_more_items more_available more_records incomplete_results",
		signalLast:     "is_last is_last_page last_page_reached end_of_records",
		signalToken:    "next_cursor next_page_token next_token end_cursor continue continuation_token next_marker next_page_key next_starting_after after next_key cursor page_token scroll_id",
		signalURL:      "next next_url next_link next_page_url next_page_link next_href odata_next_link",
		signalPrevious: "prev previous previous_url prev_url previous_link previous_page_url prev_page_url prev_cursor previous_cursor before previous_page_token",
		signalTotal:    "total total_count total_results total_items total_elements total_size total_records total_hits count result_count",
		signalPages:    "total_pages page_count pages num_pages number_of_pages last_page",
		signalPage:     "page current_page page_number page_num number page_index",
		signalNext:     "next_page next_page_number next_offset",
		signalSize:     "per_page page_size limit size items_per_page max_results results_per_page",
		signalOffset:   "offset skip start_at start_index start",
	} {
		for _, name := range strings.Fields(list) {
			out[plain(name)] = kind
		}
	}
	return out
}()

// envelopes are the properties under which such signals stand.
var envelopes = names("links _links paging pagination meta metadata page page_info response_metadata cursors cursor next result_info")

// signalOf is what a property tells, by its name and type.
func signalOf(name string, t *types.Type) signalKind {
	kind, scalar := signalNames[plain(name)], t.Without(types.Null|types.Absent)
	switch {
	case plain(name) == "href":
		return signalURL
	case kind == signalMore || kind == signalLast:
		return pick(scalar.May(types.Boolean), kind)
	case kind == signalURL && !scalar.May(types.String) && scalar.May(types.Integer):
		return signalNext
	case kind == signalURL || kind == signalToken || kind == signalPrevious:
		return pick(scalar.May(types.Scalar), kind)
	case kind == signalNext && !scalar.May(types.Integer):
		return pick(scalar.May(types.String), signalToken)
	}
	return pick(scalar.May(types.Integer), kind)
}

func pick(ok bool, kind signalKind) signalKind {
	if ok {
		return kind
	}
	return signalNone
}

// signals tells which signals the type of the answer has, apart from the elements.
func (l *list) signals() map[signalKind]bool {
	out := map[signalKind]bool{}
	var walk func(t *types.Type, depth int)
	walk = func(t *types.Type, depth int) {
		if !t.May(types.Object) || depth > 3 {
			return
		}
		for _, name := range t.PropertyNames() {
			f := t.Field(name)
			out[signalOf(name, f.Type)] = true
			if envelopes[plain(name)] {
				walk(f.Type, depth+1)
			}
		}
	}
	walk(l.t, 0)
	if len(l.at) > 1 {
		walk(l.t.Field(l.at[0]).Type, 1)
	}
	return out
}

// signal makes what an answer says about its pages true.
func (l *list) signal(v any, s span, last any) any { return l.signalIn(l.t, v, s, last, 0) }

func (l *list) signalIn(t *types.Type, v any, s span, last any, depth int) any {
	object, ok := v.(map[string]any)
	if !ok || depth > 3 {
		return v
	}
	object = maps.Clone(object)
	for _, name := range t.PropertyNames() {
		f := t.Field(name)
		if f.Property == nil || depth == 0 && name == l.at[0] && len(l.at) == 1 {
			continue
		}
		inner := depth < len(l.at)-1 && name == l.at[depth]
		if (inner || envelopes[plain(name)]) && f.Type.May(types.Object) {
			l.envelope(object, name, f.Type, s, last, depth)
			continue
		}
		if wanted := l.wanted(signalOf(name, f.Type), s, last); wanted != nil {
			put(object, name, f.Type, wanted)
		}
	}
	return object
}

// envelope fills in an object that holds signals. A link to a page that does not exist is left out.
func (l *list) envelope(object map[string]any, name string, t *types.Type, s span, last any, depth int) {
	if plain(name) == "next" && !s.more() {
		put(object, name, t, []any{types.Missing, nil})
		return
	}
	t = t.Only(types.Object)
	inner, ok := object[name].(map[string]any)
	if !ok {
		made, err := l.generate(t, "envelope "+name)
		if err != nil {
			return
		}
		inner, _ = made.(map[string]any)
	}
	put(object, name, t, []any{l.signalIn(t, inner, s, last, depth+1)})
}

// put sets a property to the first of the values that fits; Missing takes it away, if it may be.
func put(object map[string]any, name string, t *types.Type, values []any) {
	for _, v := range values {
		if types.IsMissing(v) && t.May(types.Absent) {
			delete(object, name)
			return
		}
		if !types.IsMissing(v) && t.Contains(v) {
			object[name] = v
			return
		}
	}
}

// wanted lists the values that a signal should have, the best first; nil if it does not matter.
func (l *list) wanted(kind signalKind, s span, last any) []any {
	none := []any{nil, types.Missing, ""}
	page := 1
	if l.page >= 0 {
		page = s.from/max(1, s.size) + l.firstPage()
	}
	switch kind {
	case signalMore:
		return []any{s.more()}
	case signalLast:
		return []any{!s.more()}
	case signalToken:
		if !s.more() {
			return none
		}
		return []any{token(s.to), s.to}
	case signalURL:
		if !s.more() {
			return none
		}
		if l.cursor >= 0 && l.page < 0 && l.offset < 0 {
			return []any{token(s.to), l.nextURL(s, last)}
		}
		return []any{l.nextURL(s, last), token(s.to)}
	case signalPrevious:
		return none
	case signalTotal:
		return []any{s.total}
	case signalPages:
		return []any{(s.total + s.size - 1) / max(1, s.size)}
	case signalPage:
		return []any{page}
	case signalNext:
		if !s.more() {
			return none
		}
		if l.page >= 0 {
			return []any{page + 1}
		}
		return []any{s.to}
	case signalSize:
		return []any{s.size}
	case signalOffset:
		return []any{s.from}
	}
	return nil
}

const (
	tokenPrefix = "after-"
	ownCursor   = "after"
)

// token is the cursor behind the n-th element.
func token(n int) string { return tokenPrefix + strconv.Itoa(n) }

// tokenIndex reads a token; 0 for anything else.
func tokenIndex(v any) int {
	switch x := v.(type) {
	case int:
		return x
	case string:
		if n, err := strconv.Atoi(strings.TrimPrefix(x, tokenPrefix)); err == nil {
			return n
		}
	}
	return 0
}

// nextURL is the request's own URL, but for the page behind s.
func (l *list) nextURL(s span, last any) string {
	u := url.URL{Scheme: "http", Host: l.r.Host, Path: l.r.URL.Path, RawPath: l.r.URL.RawPath}
	if l.r.TLS != nil {
		u.Scheme = "https"
	}
	query := l.r.URL.Query()
	query.Set(l.next(s, last))
	u.RawQuery = query.Encode()
	return u.String()
}

// next is the parameter that leads to the page behind s.
func (l *list) next(s span, last any) (name, value string) {
	params := l.op.Parameters
	switch {
	case l.page >= 0:
		return params[l.page].Name, strconv.Itoa(s.to/max(1, s.size) + l.firstPage())
	case l.offset >= 0:
		return params[l.offset].Name, strconv.Itoa(s.to)
	case l.cursor >= 0 && l.keyed:
		id, _ := idOf(last).(string)
		return params[l.cursor].Name, id
	case l.cursor >= 0:
		return params[l.cursor].Name, token(s.to)
	}
	return ownCursor, token(s.to)
}
