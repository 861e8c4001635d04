package codec

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"tenon/spec/types"
)

// separator is what stands between the elements of a list or object written as one text.
func separator(style string, esc escaper) string {
	switch style {
	case "spaceDelimited":
		return esc.space
	case "pipeDelimited":
		return esc.text("|")
	}
	return ","
}

// pairs writes v as name=value pairs, as queries, forms and cookies hold them. A list or object without
// elements gives none (RFC 6570 §2.3).
func pairs(name, style string, explode bool, v any, esc escaper) ([]string, error) {
	if style == "deepObject" {
		return deepPairs(nil, name, v, esc)
	}
	switch x := v.(type) {
	case []any:
		return listPairs(name, style, explode, x, esc)
	case map[string]any:
		return objectPairs(name, style, explode, x, esc)
	}
	s, ok := text(v)
	if !ok {
		return nil, unwritable(name, v)
	}
	return []string{esc.text(name) + "=" + esc.text(s)}, nil
}

func listPairs(name, style string, explode bool, list []any, esc escaper) ([]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	if explode {
		out := make([]string, len(list))
		for i, item := range list {
			s, ok := text(item)
			if !ok {
				return nil, nested(name, strconv.Itoa(i), item)
			}
			out[i] = esc.text(name) + "=" + esc.text(s)
		}
		return out, nil
	}
	s, err := joinList(name, list, separator(style, esc), esc)
	return []string{esc.text(name) + "=" + s}, err
}

func objectPairs(name, style string, explode bool, object map[string]any, esc escaper) ([]string, error) {
	if len(object) == 0 {
		return nil, nil
	}
	if explode {
		var out []string
		for _, key := range slices.Sorted(maps.Keys(object)) {
			s, ok := text(object[key])
			if !ok {
				return nil, nested(name, key, object[key])
			}
			out = append(out, esc.text(key)+"="+esc.text(s))
		}
		return out, nil
	}
	sep := separator(style, esc)
	s, err := joinObject(name, object, sep, sep, esc)
	return []string{esc.text(name) + "=" + s}, err
}

// deepPairs writes v in brackets, to any depth: name[property][0]. OpenAPI defines one level; more of
// it, and lists by index, are as Stripe, Rails and PHP read them.
func deepPairs(out []string, name string, v any, esc escaper) ([]string, error) {
	var err error
	switch x := v.(type) {
	case []any:
		for i, item := range x {
			if out, err = deepPairs(out, name+"["+strconv.Itoa(i)+"]", item, esc); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(x)) {
			if strings.ContainsAny(key, "[]") {
				return nil, errorf(Unwritable, "%q has a property whose name contains a bracket, which cannot be told from nesting here", name)
			}
			if out, err = deepPairs(out, name+"["+key+"]", x[key], esc); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	s, ok := text(v)
	if !ok {
		return nil, unwritable(name, v)
	}
	return append(out, esc.text(name)+"="+esc.text(s)), nil
}

// joinList writes the elements of a list as one text.
func joinList(name string, list []any, sep string, esc escaper) (string, error) {
	parts := make([]string, len(list))
	for i, item := range list {
		s, ok := text(item)
		if !ok {
			return "", nested(name, strconv.Itoa(i), item)
		}
		if parts[i] = esc.text(s); strings.Contains(parts[i], sep) {
			return "", holdsSeparator(name)
		}
	}
	return strings.Join(parts, sep), nil
}

// joinObject writes the properties of an object as one text: keys and values with between, properties
// with sep between them.
func joinObject(name string, object map[string]any, sep, between string, esc escaper) (string, error) {
	parts := make([]string, 0, len(object))
	for _, key := range slices.Sorted(maps.Keys(object)) {
		s, ok := text(object[key])
		if !ok {
			return "", nested(name, key, object[key])
		}
		k, s := esc.text(key), esc.text(s)
		if strings.Contains(k, sep) || strings.Contains(s, sep) || strings.Contains(k, between) {
			return "", holdsSeparator(name)
		}
		parts = append(parts, k+between+s)
	}
	return strings.Join(parts, sep), nil
}

// join writes a list or object as one text with the separator sep, other values as they are. Exploded
// objects are key=value (RFC 6570 §3.2.2).
func join(name string, v any, sep string, explode bool, esc escaper) (string, error) {
	switch x := v.(type) {
	case []any:
		return joinList(name, x, sep, esc)
	case map[string]any:
		between := sep
		if explode {
			between = "="
		}
		return joinObject(name, x, sep, between, esc)
	}
	s, ok := text(v)
	if !ok {
		return "", unwritable(name, v)
	}
	return esc.text(s), nil
}

func holdsSeparator(name string) *Error {
	return errorf(Unwritable, "%q has an element that contains the character that separates elements here", name)
}

func nested(name, part string, v any) *Error {
	return errorf(Unwritable, "%q can hold single values only, but its element %q is %s", name, part, types.Shapeof(v))
}

func unwritable(name string, v any) *Error {
	return errorf(Unwritable, "%q cannot be written: it is %s", name, types.Shapeof(v))
}
