package types

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// lenient: duplicate names do not make a schema unreadable; the first counts.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// parseNode reads the members of the schema raw, one level deep. A schema that is no object has none.
func parseNode(o Origin, raw []byte) (*node, error) {
	n := &node{origin: o}
	members, err := parseMembers(raw)
	if errors.Is(err, errNoObject) {
		return n, nil
	}
	if err != nil {
		return nil, fmt.Errorf("the schema can't be read: %v", err)
	}
	n.members = members
	slices.SortStableFunc(n.members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return n, nil
}

var errNoObject = errors.New("not an object")

// parseMembers reads the members of a JSON object in their order.
func parseMembers(raw []byte) ([]member, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw), lenient...)
	if d.PeekKind() != '{' {
		return nil, errNoObject
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	out := []member{}
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		name := t.String()
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		end := d.InputOffset()
		out = append(out, member{name, raw[end-int64(len(v)) : end : end]})
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	return out, nil
}

// parseElements reads the elements of a JSON array.
func parseElements(raw []byte) ([][]byte, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw), lenient...)
	if d.PeekKind() != '[' {
		return nil, errors.New("must be a list")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	out := [][]byte{}
	for d.PeekKind() != ']' {
		v, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		end := d.InputOffset()
		out = append(out, raw[end-int64(len(v)):end:end])
	}
	return out, nil
}

func readString(raw []byte) (string, bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	b, err := jsontext.AppendUnquote(nil, raw)
	return string(b), err == nil
}

func readTrue(raw []byte) bool { return string(raw) == "true" }

// readStrings reads a list of strings; ok is false if it is none. Elements of other kinds are left out.
func readStrings(raw []byte) (out []string, ok bool) {
	elements, err := parseElements(raw)
	if err != nil {
		return nil, false
	}
	ok = true
	for _, e := range elements {
		if s, isString := readString(e); isString {
			out = append(out, s)
		} else {
			ok = false
		}
	}
	return out, ok
}

// readNum reads a number.
func readNum(raw []byte) (*Num, bool) {
	n, err := ParseNum(string(raw))
	return &n, err == nil
}
