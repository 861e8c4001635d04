package mockapi

import (
	"maps"
	"strconv"
	"strings"

	"tenon/spec/types"
)

// element makes the i-th element of a list, counted from 0: the same one whatever page it is asked for on.
func (l *list) element(i int) (any, error) {
	paging := map[string]bool{}
	for _, p := range []*spot{l.size, l.page, l.offset, l.cursor} {
		if p != nil && p.In != "body" {
			paging[p.Name()] = true
		}
	}
	t := l.items.Elem()
	v, err := types.Generate(t, l.random("element "+strconv.Itoa(i), paging), types.GenerateOptions{})
	object, isObject := v.(map[string]any)
	if err != nil || !isObject {
		return v, err
	}
	return l.filtered(t, numbered(t, object, i), paging), nil
}

// numbered gives an element an id of its own.
func numbered(t *types.Type, object map[string]any, i int) map[string]any {
	for _, name := range []string{"id", "uuid", "key"} {
		switch id := object[name].(type) {
		case int:
			return set(t, object, name, i+1)
		case string:
			return set(t, object, name, numberedText(id, i))
		}
	}
	return object
}

// numberedText is text that ends in a number of its own: "cus_123" is "cus_8" for the eighth. What
// would not fit its schema any more is not taken over by set.
func numberedText(s string, i int) string {
	const uuid = "00000000-0000-4000-8000-000000000000"
	n := strconv.Itoa(i + 1)
	if len(s) == len(uuid) && strings.Count(s, "-") == 4 {
		return s[:len(s)-len(n)] + n
	}
	head := strings.TrimRight(s, "0123456789")
	if strings.Contains(head, " ") { // words
		head, _, _ = strings.Cut(head, " ")
		head += "_"
	}
	if digits := len(s) - len(head); len(n) < digits {
		n = strings.Repeat("0", digits-len(n)) + n
	}
	return head + n
}

// filtered makes an element agree with the query: what is asked for by ?status=paid is paid, and what
// is below /orders/{order_id} belongs to that order.
func (l *list) filtered(t *types.Type, object map[string]any, paging map[string]bool) map[string]any {
	wanted := map[string]any{}
	for i, p := range l.op.Parameters {
		if p.In == "query" && !paging[p.Name] && !types.IsMissing(l.params[i]) {
			wanted[p.Name] = l.params[i]
		}
	}
	maps.Copy(wanted, l.identity(t))
	delete(wanted, "id")
	delete(wanted, "uuid")
	return setAll(t, object, wanted)
}

// indexAfter is the index behind the element with an id; 0 if there is none.
func (l *list) indexAfter(id any, total int) int {
	has := func(i int) bool {
		e, err := l.element(i)
		return err == nil && types.Equal(idOf(e), id)
	}
	if i := trailingNumber(id) - 1; i >= 0 && i < total && has(i) {
		return i + 1
	}
	for i := range total {
		if has(i) {
			return i + 1
		}
	}
	return 0
}

// idOf is what an element is known by; Missing if it has no id.
func idOf(element any) any {
	for _, name := range []string{"id", "uuid", "key", "name"} {
		if v := types.Get(element, name); !types.IsMissing(v) && v != nil {
			return v
		}
	}
	return types.Missing
}

// trailingNumber is the number that a text ends in, or the number itself; 0 if there is none.
func trailingNumber(v any) int {
	switch x := v.(type) {
	case int:
		return x
	case string:
		digits := x[len(strings.TrimRight(x, "0123456789")):]
		for len(digits) > 0 {
			n, err := strconv.Atoi(digits)
			if err == nil {
				return n
			}
			digits = digits[1:]
		}
	}
	return 0
}
