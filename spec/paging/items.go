package paging

import (
	"slices"
	"strings"

	"tenon/spec/types"
)

// The names that lists of items usually have, the likeliest first, and those of lists that are about
// the items or the request.
var (
	usual = []string{"data", "items", "results", "values", "records", "entries", "elements", "value", "list", "result", "resources", "objects", "rows", "hits", "content", "contents", "nodes", "documents"}
	aside = words("errors warnings links included facets sort order sort_by notices deprecations tags expand meta fields schemas filters status messages error includes expandable corrections")
)

// besideMessages are properties that show messages to be about the request.
var besideMessages = []string{"errors", "error", "warnings", "result", "results", "data", "success", "status"}

// wrappers are objects that hold nothing but what is asked for, so that other objects beside them do not
// matter.
var wrappers = []string{"data", "result", "results", "response", "_embedded", "embedded", "payload"}

// Items finds the list that an answer is about: the answer itself (an empty path), a property, or one of
// an object in it. The path of the operation helps to tell several lists apart. Where that fails, ok is
// false and several lists the candidates.
func Items(answer *types.Type, path string) (at []string, list *types.Type, several []string, ok bool) {
	if !answer.May(types.Object) {
		return nil, answer, nil, answer.May(types.Array)
	}
	name, several := listIn(answer, path)
	if name != "" {
		return []string{name}, answer.Field(name).Type, nil, true
	}
	if several != nil || isThing(answer.PropertyNames()) {
		return nil, nil, several, false
	}
	var inner []string // wrappers in which lists stand
	for _, wrapper := range candidates(answer) {
		t := answer.Field(wrapper).Type
		found, more := listIn(t, path)
		switch {
		case found != "":
			if at == nil {
				at, list = []string{wrapper, found}, t.Field(found).Type
			}
			inner = append(inner, wrapper+"."+found)
		case more != nil:
			inner = append(inner, wrapper)
			several = append(several, more...)
		}
	}
	if len(inner) == 1 && at != nil {
		return at, list, nil, true
	}
	if len(inner) > 1 {
		several = inner
	}
	return nil, nil, several, false
}

// candidates are the objects of an answer in which its list may stand.
func candidates(t *types.Type) []string {
	var out []string
	names := t.PropertyNames()
	for _, name := range names {
		f := t.Field(name)
		if f.Type.May(types.Object) && !f.Type.Shape().Untyped && !f.Type.May(types.Array) && f.Property != nil {
			out = append(out, name)
		}
	}
	for _, w := range wrappers {
		if slices.Contains(out, w) {
			return []string{w}
		}
	}
	if len(out) > 8 {
		return nil // an object of its own, not a wrapper
	}
	return out
}

// listIn is the property of an object that holds the items; several are those it cannot choose from.
func listIn(t *types.Type, path string) (name string, several []string) {
	var lists, objects []string
	names := t.PropertyNames()
	for _, name := range names {
		f := t.Field(name)
		if f.Property == nil || !f.Type.May(types.Array) || f.Type.May(types.Object) && !f.Type.Shape().Untyped {
			continue
		}
		if Envelope(name) && Plain(name) != "page" {
			continue
		}
		lists = append(lists, name)
		if e := f.Type.Elem(); e.May(types.Object) && !e.Shape().Untyped && !aside[Plain(name)] {
			objects = append(objects, name)
		}
	}
	if len(lists) == 0 {
		return "", nil
	}
	if single(t, names, lists, path) {
		return "", nil
	}
	for _, u := range usual {
		for _, name := range lists {
			if Plain(name) == u {
				return name, nil
			}
		}
	}
	if n := named(lists, path); n != "" {
		return n, nil
	}
	switch {
	case len(objects) == 1:
		return objects[0], nil
	case len(objects) > 1:
		return "", objects
	}
	lists = slices.DeleteFunc(lists, func(name string) bool { return aside[Plain(name)] })
	if len(lists) == 1 {
		return lists[0], nil
	}
	if len(lists) == 0 { // "messages" of a mailbox are the items, where there is nothing else
		if t.Field("messages").Property != nil && !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(besideMessages, n) }) {
			return "messages", nil
		}
		return "", nil
	}
	return "", lists
}

// single reports whether an answer is about one thing, of which its lists are parts: it has an id, and
// what it is called does not promise a list.
func single(t *types.Type, names, lists []string, path string) bool {
	return isThing(names) && named(lists, path) == "" && !slices.ContainsFunc(lists, func(l string) bool { return slices.Contains(usual[:8], Plain(l)) })
}

// deeds are the segments of paths that say what is done with what is named before them.
var deeds = words("search list query find filter all")

// isThing reports whether what has these properties is one thing, and no envelope of several.
func isThing(names []string) bool { return len(names) >= 4 && slices.Contains(names, "id") }

// named is the list that the path names: of /users/{id}/repos the list "repos" or "repository".
func named(lists []string, path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	for i := len(segments) - 1; i >= 0; i-- {
		s := segments[i]
		if strings.HasPrefix(s, "{") {
			continue
		}
		if head, _, ok := strings.Cut(s, "."); ok { // conversations.list, Calls.json
			s = head
		}
		for _, l := range lists {
			if stem(l) == stem(s) {
				return l
			}
		}
		if !deeds[Plain(s)] {
			break
		}
	}
	return ""
}

// stem is a name without its plural.
func stem(name string) string {
	n := Plain(name)
	switch {
	case strings.HasSuffix(n, "ies"):
		return n[:len(n)-3] + "y"
	case strings.HasSuffix(n, "s"):
		return strings.TrimSuffix(n, "s")
	}
	return n
}

// at follows a path from a type.
func at(t *types.Type, path []string) *types.Type {
	for _, name := range path {
		t = t.Field(name).Type
	}
	return t
}
