package paging

import (
	"slices"
	"strings"

	"tenon/spec/types"
)

// Kind is what a parameter asks for, or what a property of an answer tells, about the pages of a list.
type Kind uint8

// The kinds. The first four are of parameters, the others of properties of answers.
const (
	None     Kind = iota
	Size          // how many items a page has
	Page          // the number of a page
	Offset        // the index of the first item
	Cursor        // where to go on, in words of the server
	More          // whether there are more pages
	Last          // whether this is the last one
	Token         // what to give as the cursor for the next page
	URL           // where the next page is
	Previous      // where the page before is
	Total         // how many items there are
	Pages         // how many pages there are
	Next          // the number or index of the next page
	Count         // how many items are on this page
	LastID        // the id of the last item on this page
)

// The names of parameters in real documents, without case and punctuation.
var parameterNames = table(map[Kind]string{
	Size:   "per_page page_size limit size count max_results top first take rows page_limit page_len results_per_page items_per_page max_items max max_records num_results max_keys",
	Page:   "page page_number page_num page_no p current_page page_index",
	Offset: "offset skip start_at start_index start page_offset from start_position first_result",
	Cursor: "cursor after starting_after page_token next_token next_page_token continuation_token continue marker start_cursor after_cursor page_cursor page_after " +
		"next_cursor scroll_id pagination_token next_page next_marker page_key starting_token after_id start_after",
})

// The names of such properties of answers.
var propertyNames = table(map[Kind]string{
	More:     "has_more has_next has_next_page more has_more_items more_available more_records has_more_results has_additional_results is_truncated",
	Last:     "is_last is_last_page last_page_reached end_of_records end_of_list is_last_batch",
	Token:    "next_cursor next_page_token next_token end_cursor continue continuation_token next_marker next_page_key next_starting_after after next_key cursor page_token scroll_id next_page_cursor after_cursor next_continuation_token",
	URL:      "next next_url next_link next_page_url next_page_link next_href odata_next_link next_page_uri next_uri",
	Previous: "prev previous previous_url prev_url previous_link previous_page_url prev_page_url prev_cursor previous_cursor before previous_page_token previous_page_uri previous_uri",
	Total:    "total total_count total_results total_items items_total total_elements total_size total_records total_hits count result_count total_entries total_set_size num_results",
	Pages:    "total_pages pages_total page_count pages num_pages number_of_pages",
	Page:     "page current_page page_number page_num number page_index",
	Next:     "next_page next_page_number next_offset next_start",
	Size:     "per_page page_size limit size page_len items_per_page max_results results_per_page",
	Offset:   "offset skip start_at start_index start",
	LastID:   "last_id last",
})

// The properties under which such signals stand.
var envelopes = words("links _links paging pagination meta metadata page page_info response_metadata cursors cursor next next_page result_info page_context pageable page_meta list_metadata")

// Within what stands for the next page, short names say enough.
var ofNext = table(map[Kind]string{
	URL:   "url uri href link",
	Token: "after cursor token page_token offset starting_after marker key",
	Next:  "page number",
})

func table(of map[Kind]string) map[string]Kind {
	out := map[string]Kind{}
	for kind, list := range of {
		for name := range words(list) {
			out[name] = kind
		}
	}
	return out
}

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, name := range strings.Fields(list) {
		out[Plain(name)] = true
	}
	return out
}

// Plain is a name without case and punctuation: "page[size]" and "pageSize" are "pagesize".
func Plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			return r
		}
		return -1
	}, name)
}

// Envelope reports whether signals may stand below a property of this name.
func Envelope(name string) bool { return envelopes[Plain(name)] }

// Property is what a property of an answer tells by its name and type; parent is the name of what it
// stands in, "" for the answer itself.
func Property(parent, name string, t *types.Type) Kind {
	n, scalar := Plain(name), t.Without(types.Null|types.Absent)
	if p := Plain(parent); p == "next" || p == "nextpage" {
		if kind := ofNext[n]; kind != None {
			return fitting(kind, scalar)
		}
	}
	if n == "href" || n == "last" && parent != "" {
		return None
	}
	return fitting(propertyNames[n], scalar)
}

// fitting is the kind as far as the type allows it, or what it is then.
func fitting(kind Kind, t *types.Type) Kind {
	text, whole, truth := t.May(types.String), t.May(types.Integer), t.May(types.Boolean)
	if t.May(types.Array) || t.May(types.Object) && !t.Shape().Untyped {
		return None
	}
	switch kind {
	case More, Last:
		return only(truth, kind)
	case URL:
		switch {
		case text:
			return URL
		case whole:
			return Next
		}
		return None
	case Token, Previous, LastID:
		return only(text || whole, kind)
	case Next:
		switch {
		case whole && !text:
			return Next
		case text && uriFormat(t):
			return URL
		case text:
			return Token
		}
		return None
	case Offset, Page:
		return only(whole, kind)
	}
	return only(whole || text && kind == Total, kind)
}

func only(ok bool, kind Kind) Kind {
	if ok {
		return kind
	}
	return None
}

func uriFormat(t *types.Type) bool { return hasFormat(t, "uri", "url", "iri") }

func hasFormat(t *types.Type, prefixes ...string) bool {
	return slices.ContainsFunc(t.Shape().Strings, func(s *types.Text) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s.Format, p) })
	})
}

// isTime reports whether values are times: then a name like "after" filters and does not page.
func isTime(t *types.Type) bool {
	return t.May(types.Time) || hasFormat(t, "date", "time")
}
