package openapi

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/types"
)

// OperationName is how an operation can be named: by its operationId, where it has one, and always
// by method and path.
type OperationName struct {
	ID     string // operationId; may be ""
	Method string // in capitals
	Path   string // as in the document: "/orders/{id}"
}

// Key is "GET /orders/{id}", which names exactly one operation of a document.
func (n OperationName) Key() string { return n.Method + " " + n.Path }

// String is the operationId or, where there is none, the key.
func (n OperationName) String() string {
	if n.ID != "" {
		return n.ID
	}
	return n.Key()
}

// place is where an operation stands: its path item and itself, before any $ref of its own, and what
// is wrong about that.
type place struct {
	item, op node
	defects  []Defect
}

// key is what tells an operation from all others.
type key struct{ method, path string }

// UnknownOperation is the error for a name that no operation has.
type UnknownOperation struct {
	Name string
	Near string // the closest name that exists; may be ""
}

func (e *UnknownOperation) Error() string {
	msg := fmt.Sprintf("no operation is called %q", e.Name)
	if e.Near != "" {
		msg += fmt.Sprintf("; did you mean %q?", e.Near)
	}
	return msg
}

// AmbiguousOperation is the error for an operationId that several operations have.
type AmbiguousOperation struct {
	Name string
	Keys []string // how each can be named: "GET /orders"
}

func (e *AmbiguousOperation) Error() string {
	return fmt.Sprintf("%d operations have the operationId %q; name one by its method and path: %s",
		len(e.Keys), e.Name, strings.Join(e.Keys, ", "))
}

// Operations lists all operations in the order of the document. Nothing is decoded for it but what a
// path item in another file needs.
func (d *Document) Operations() []OperationName {
	d.listed.Do(d.list)
	return d.names
}

func (d *Document) list() {
	d.byKey = map[key]int{}
	if paths := d.main.entry("paths"); paths != nil {
		for i := range paths.sub {
			d.listPath(&paths.sub[i])
		}
	}
	d.byID = make(map[string][]int, len(d.names))
	for i, n := range d.names {
		if n.ID != "" {
			d.byID[n.ID] = append(d.byID[n.ID], i)
		}
	}
}

// entry returns a member of the document itself.
func (t *text) entry(name string) *entry { return t.member(t.top, name) }

func (t *text) node(e *entry, ptr string) node { return node{t, e.at, e.end, ptr} }

// listPath adds the operations of one path. Those of a path item that it refers to come after its own.
func (d *Document) listPath(e *entry) {
	t := d.main
	name := e.name(t.json)
	if isExtension(name) {
		return
	}
	item := t.node(e, "/paths/"+escape(name))
	var wrong []Defect
	if !strings.HasPrefix(name, "/") {
		wrong = append(wrong, Defect{item.origin(), "a path must start with a slash"})
		name = "/" + name
	}
	seen := map[string]bool{}
	entries := e.sub
	for hops := 0; ; hops++ {
		ref := node{}
		for i := range entries {
			e := &entries[i]
			switch member := e.name(item.t.json); {
			case member == "$ref":
				ref = item.t.node(e, item.ptr+"/$ref")
			case methods[member]:
				d.add(key{strings.ToUpper(member), name}, place{item, item.t.node(e, item.ptr+"/"+member), wrong}, e, seen)
			case member == "additionalOperations":
				for j := range e.sub {
					more := &e.sub[j]
					method := more.name(item.t.json)
					d.add(key{method, name}, place{item, item.t.node(more, item.ptr+"/additionalOperations/"+escape(method)), wrong}, more, seen)
				}
			}
		}
		if ref.lead() != '"' {
			return
		}
		next, err := d.resolve(item.t.name, ref.string())
		if err == nil && hops == maxRefHops {
			err = errors.New("it leads in a circle")
		}
		if err != nil {
			d.unread = append(d.unread, Defect{ref.origin(), fmt.Sprintf("$ref %q leads nowhere: %s; so the operations of %s are not known", ref.string(), err, name)})
			return
		}
		item = next
		if entries, _ = next.entries(itemLevel); entries == nil {
			d.unread = append(d.unread, Defect{item.origin(), "is no path item"})
		}
	}
}

// entries indexes the members of a value that the index of its text does not cover.
func (n node) entries(l *level) ([]entry, *fault) {
	if n.lead() != '{' || !n.walk() {
		return nil, nil
	}
	s := &scanner{b: n.t.json[:n.end]}
	list, _ := s.entries(n.at, l)
	return list, s.fault
}

func (d *Document) add(k key, at place, e *entry, seen map[string]bool) {
	if seen[k.method] || len(d.names) == maxEntries {
		return
	}
	seen[k.method] = true
	op := at.op
	id := ""
	for i := range e.sub {
		sub := &e.sub[i]
		value := op.t.node(sub, "").plain()
		switch {
		case same(op.t.json[sub.key:sub.keyEnd], "operationId"):
			id = value
		case value != "" && id == "": // OpenAPI has no $ref here, but multi-file documents do
			if next, err := d.resolve(op.t.name, value); err == nil {
				id = next.member("operationId").plain()
			}
		}
	}
	name := OperationName{strings.TrimSpace(id), k.method, k.path}
	if i, ok := d.byKey[k]; ok {
		at.defects = append(slices.Clip(at.defects), Defect{op.origin(), name.Key() + " is declared twice; the last one counts"})
		d.names[i], d.places[i] = name, at
		return
	}
	d.byKey[k] = len(d.names)
	d.names = append(d.names, name)
	d.places = append(d.places, at)
}

// Operation decodes one operation, named by its operationId or as "GET /orders". What it consists of
// is decoded, its schemas are not, until they are looked at. The error is an [*UnknownOperation], an
// [*AmbiguousOperation], or a [*LoadError] if its place does not hold an operation.
func (d *Document) Operation(name string) (*Operation, error) {
	i, err := d.find(name)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	op := d.operations[i]
	d.mu.Unlock()
	if op != nil {
		return op, nil
	}
	if op, err = d.operation(d.names[i], d.places[i]); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if first := d.operations[i]; first != nil {
		return first, nil
	}
	d.operations[i] = op
	return op, nil
}

// find gives the index of an operation in names.
func (d *Document) find(name string) (int, error) {
	d.listed.Do(d.list)
	switch at := d.byID[name]; len(at) {
	case 0:
	case 1:
		return at[0], nil
	default:
		e := &AmbiguousOperation{Name: name}
		for _, i := range at {
			e.Keys = append(e.Keys, d.names[i].Key())
		}
		return 0, e
	}
	method, path, _ := strings.Cut(strings.TrimSpace(name), " ")
	if i, ok := d.byKey[key{strings.ToUpper(method), strings.TrimSpace(path)}]; ok {
		return i, nil
	}
	for _, x := range d.unread { // it may be among these
		d.note(x)
	}
	return 0, &UnknownOperation{name, d.nearOperation(name)}
}

// maxNear bounds how many names are compared for a proposal.
const maxNear = 50_000

func (d *Document) nearOperation(name string) string {
	if len(d.names) > maxNear {
		return ""
	}
	var all []string
	byKey := strings.Contains(strings.TrimSpace(name), " ")
	for _, n := range d.names {
		if byKey || n.ID == "" {
			all = append(all, n.Key())
		}
		if n.ID != "" && !byKey {
			all = append(all, n.ID)
		}
	}
	return diag.Nearest(name, all)
}

// SchemaNames lists the named schemas: #/components/schemas, and #/definitions of version 2.0.
func (d *Document) SchemaNames() []string {
	list, _ := d.schemaEntries()
	var names []string
	for i := range list {
		names = append(names, list[i].name(d.main.json))
	}
	sort.Strings(names)
	return names
}

func (d *Document) schemaEntries() (list []entry, pointer string) {
	if d.v2() {
		if e := d.main.entry("definitions"); e != nil {
			return e.sub, "/definitions"
		}
		return nil, ""
	}
	if c := d.main.entry("components"); c != nil {
		if e := d.main.member(c.sub, "schemas"); e != nil {
			return e.sub, "/components/schemas"
		}
	}
	return nil, ""
}

// Schema returns the type of a named schema as it is in requests, in responses, or in neither in
// particular, and whether there is one.
func (d *Document) Schema(name string, dir types.Direction) (*types.Type, bool) {
	list, pointer := d.schemaEntries()
	e := d.main.member(list, name)
	if e == nil {
		return nil, false
	}
	return d.schema(d.main.node(e, pointer+"/"+escape(name)), dir), true
}
