package mockapi

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"tenon/spec/paging"
	"tenon/spec/types"
)

// signal makes what an answer says about its pages true.
func (l *list) signal(v any, s span, last any) any { return l.signalIn(l.t, "", v, s, last, 0) }

func (l *list) signalIn(t *types.Type, parent string, v any, s span, last any, depth int) any {
	object, ok := v.(map[string]any)
	if !ok || depth > 3 {
		return v
	}
	object = maps.Clone(object)
	for _, name := range t.PropertyNames() {
		f := t.Field(name)
		if f.Property == nil || depth == 0 && len(l.at) == 1 && name == l.at[0] {
			continue
		}
		inner := depth < len(l.at)-1 && name == l.at[depth]
		if (inner || paging.Envelope(name)) && f.Type.May(types.Object) {
			l.envelope(object, name, f.Type, s, last, depth)
			continue
		}
		if wanted := l.wanted(paging.Property(parent, name, f.Type), s, last); wanted != nil {
			put(object, name, f.Type, wanted)
		}
	}
	return object
}

// envelope fills in an object that holds signals. A link to a page that does not exist is left out.
func (l *list) envelope(object map[string]any, name string, t *types.Type, s span, last any, depth int) {
	if n := paging.Plain(name); (n == "next" || n == "nextpage") && !s.more() {
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
	put(object, name, t, []any{l.signalIn(t, name, inner, s, last, depth+1)})
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
func (l *list) wanted(kind paging.Kind, s span, last any) []any {
	none := []any{nil, types.Missing, ""}
	page := 1
	if l.page != nil {
		page = s.from/max(1, s.size) + l.first
	}
	switch kind {
	case paging.More:
		return []any{s.more()}
	case paging.Last:
		return []any{!s.more()}
	case paging.Token:
		if !s.more() {
			return none
		}
		if l.rule == paging.ByURL {
			return []any{l.nextURL(s, last), token(s.to), s.to}
		}
		return []any{token(s.to), s.to}
	case paging.URL:
		if !s.more() {
			return none
		}
		if l.rule == paging.ByToken || l.cursor != nil && l.page == nil && l.offset == nil && l.rule != paging.ByURL {
			return []any{token(s.to), l.nextURL(s, last)}
		}
		return []any{l.nextURL(s, last), token(s.to)}
	case paging.Previous:
		return none
	case paging.Total:
		return []any{s.total, strconv.Itoa(s.total)}
	case paging.Pages:
		return []any{(s.total + s.size - 1) / max(1, s.size)}
	case paging.Page:
		return []any{page}
	case paging.Next:
		if !s.more() {
			return none
		}
		if l.page != nil {
			return []any{page + 1}
		}
		return []any{s.to}
	case paging.Size:
		return []any{s.size}
	case paging.Offset:
		if l.rule == paging.ByToken { // an opaque one
			if !s.more() {
				return none
			}
			return []any{token(s.to), s.to}
		}
		return []any{s.from}
	case paging.LastID:
		if l.rule == paging.ByToken && !l.keyed {
			return []any{token(s.to), s.to}
		}
		return []any{idOf(last)}
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

// nextURL is the request's own URL, but for the page behind s. What else was asked for stays as it was written: a comma
// between values is not one within a value.
func (l *list) nextURL(s span, last any) string {
	u := url.URL{Scheme: "http", Host: l.r.Host, Path: l.r.URL.Path, RawPath: l.r.URL.RawPath}
	if l.r.TLS != nil {
		u.Scheme = "https"
	}
	name, value := l.next(s, last)
	parts := slices.DeleteFunc(strings.Split(l.r.URL.RawQuery, "&"), func(part string) bool {
		key, _, _ := strings.Cut(part, "=")
		key, err := url.QueryUnescape(key)
		return part == "" || err == nil && key == name
	})
	u.RawQuery = strings.Join(append(parts, url.QueryEscape(name)+"="+url.QueryEscape(value)), "&")
	return u.String()
}

// next is the parameter that leads to the page behind s.
func (l *list) next(s span, last any) (name, value string) {
	switch inQuery := func(p *spot) bool { return p != nil && p.In == "query" }; {
	case inQuery(l.page):
		return l.page.Name(), strconv.Itoa(s.to/max(1, s.size) + l.first)
	case inQuery(l.offset):
		return l.offset.Name(), strconv.Itoa(s.to)
	case inQuery(l.cursor) && l.keyed:
		id, _ := idOf(last).(string)
		return l.cursor.Name(), id
	case inQuery(l.cursor):
		return l.cursor.Name(), token(s.to)
	}
	return ownCursor, token(s.to)
}
