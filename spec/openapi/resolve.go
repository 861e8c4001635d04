package openapi

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/types"
)

const (
	maxFiles   = 5_000 // that one document may be spread over
	maxRefHops = 32    // from one $ref to the next

	maxProposals = 100 // of names that may have been meant
)

// external is another file of the document: its text, or why it cannot be read.
type external struct {
	text   *text
	err    error
	digest string
}

// Resolve finds what a $ref refers to, seen from a place in the document: a JSON Pointer or an
// anchor, in this file or in another one of the project. Its result is that place and its JSON text,
// and the error says in a clause why the reference leads nowhere.
func (d *Document) Resolve(from types.Origin, ref string) (types.Origin, []byte, error) {
	n, err := d.resolve(from.Document, ref)
	if err != nil {
		return types.Origin{}, nil, err
	}
	return n.origin(), n.raw(), nil
}

func (d *Document) resolve(from, ref string) (node, error) { return d.resolveIn(from, ref, maxRefHops) }

// resolveIn follows a reference, and at most the given number of others that stand on its way.
func (d *Document) resolveIn(from, ref string, hops int) (node, error) {
	file, fragment, _ := strings.Cut(ref, "#")
	t, err := d.open(from, file)
	if err != nil {
		if n, ok := d.identified(from, ref); ok {
			return n, nil
		}
		return node{}, err
	}
	if plain, err := url.PathUnescape(fragment); err == nil {
		fragment = plain
	}
	if fragment != "" && fragment[0] != '/' {
		if at, ok := d.anchorsOf(t)["#"+fragment]; ok {
			return at.node, nil
		}
		return node{}, errors.New("no such anchor exists")
	}
	at, ok := t.find(fragment)
	if ok {
		return at.node, nil
	}
	rest := strings.TrimPrefix(fragment, at.ptr)
	if at.ptr == "" { // the document itself is no $ref, and big
		return node{}, errors.New("there is no such place" + d.proposal(rest, t.topFields))
	}
	if through := at.ref(); through != "" && hops > 0 { // the pointer leads through another $ref
		if file, inner, ok := strings.Cut(through, "#"); ok && (inner == "" || inner[0] == '/') {
			return d.resolveIn(t.name, file+"#"+inner+rest, hops-1)
		}
	}
	return node{}, errors.New("there is no such place" + at.near(rest))
}

// ref is the $ref that stands in the place of n; "" if there is none.
func (n node) ref() string {
	return n.member("$ref").plain()
}

// member is a member of n if n is an object; asking is no defect if it is none.
func (n node) member(name string) node {
	if n.lead() != '{' {
		return node{}
	}
	return n.object().get(name)
}

// near proposes the name that may have been meant where the rest of a pointer leads nowhere from f.
func (f found) near(rest string) string {
	if f.lead() != '{' {
		return ""
	}
	return f.t.doc.proposal(rest, f.object)
}

// proposal proposes the one of the members that the first name of a pointer may have meant.
func (d *Document) proposal(pointer string, members func() fields) string {
	if d.proposed.Add(1) > maxProposals {
		return ""
	}
	token, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	if near := diag.Nearest(unescape(token), members().names()); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// open returns the file that a reference made in file from names.
func (d *Document) open(from, ref string) (*text, error) {
	name := from
	if ref != "" {
		if u, err := url.Parse(ref); err != nil || u.Scheme != "" || u.Host != "" {
			return nil, errors.New("only files of the project are read; download it and refer to the file")
		}
		if plain, err := url.PathUnescape(ref); err == nil {
			ref = plain
		}
		if strings.HasPrefix(ref, "/") || strings.Contains(ref, `\`) {
			return nil, errors.New("a file is referred to by its path from this one, with forward slashes")
		}
		name = path.Join(path.Dir(from), ref)
	}
	if name == d.main.name {
		return d.main, nil
	}
	if name == ".." || strings.HasPrefix(name, "../") {
		return nil, errors.New("it lies outside the project")
	}
	d.fileMu.Lock()
	defer d.fileMu.Unlock()
	x := d.files[name]
	if x == nil {
		x = &external{}
		x.text, x.digest, x.err = d.readFile(name)
		d.files[name] = x
	}
	return x.text, x.err
}

func (d *Document) readFile(name string) (t *text, digest string, err error) {
	if d.opt.ReadFile == nil {
		return nil, "", errors.New("other files are not read here")
	}
	if len(d.files) >= maxFiles {
		return nil, "", fmt.Errorf("more than %d files are not read", maxFiles)
	}
	raw, err := d.opt.ReadFile(name)
	if err != nil {
		return nil, "", fmt.Errorf("%s cannot be read: %w", name, err)
	}
	if d.read += len(raw); d.read > maxSize {
		return nil, "", fmt.Errorf("more than %d MB of other files are not read", maxSize>>20)
	}
	digest = Digest(raw)
	t, err = d.parse(name, raw, digest)
	return t, digest, err
}

// Parts are the other files that were read for the document so far, by name, with their digests.
func (d *Document) Parts() map[string]string {
	out := map[string]string{}
	d.fileMu.Lock()
	defer d.fileMu.Unlock()
	for name, x := range d.files {
		if x.text != nil {
			out[name] = x.digest
		}
	}
	return out
}

// anchorsOf finds every $anchor ("#name") and $id of a text, by one walk, where it has any.
func (d *Document) anchorsOf(t *text) map[string]found {
	d.anchorMu.Lock()
	defer d.anchorMu.Unlock()
	m, ok := d.anchors[t]
	if !ok {
		m = map[string]found{}
		if bytes.Contains(t.json, []byte(`"$anchor"`)) || bytes.Contains(t.json, []byte(`"$dynamicAnchor"`)) || bytes.Contains(t.json, []byte(`"$id"`)) {
			s := &scanner{b: t.json[:t.root.end]}
			s.anchors(t.root, m)
		}
		d.anchors[t] = m
	}
	return m
}

func (s *scanner) anchors(n node, m map[string]found) int {
	b := s.b
	switch n.lead() {
	case '[':
		return s.array(n.at, func(i, at int) int {
			return s.anchors(node{n.t, at, len(b), n.ptr + "/" + strconv.Itoa(i)}, m)
		})
	case '{':
		var names []string
		end := s.object(n.at, func(key, keyEnd, at int) int {
			name := keyText(b[key:keyEnd])
			if (name == "$anchor" || name == "$dynamicAnchor" || name == "$id") && at < len(b) && b[at] == '"' {
				end := s.text(at)
				if s.fault == nil {
					value := unquote(b[at:end])
					if name != "$id" {
						value = "#" + value
					}
					names = append(names, value)
				}
				return end
			}
			return s.anchors(node{n.t, at, len(b), n.ptr + "/" + escape(name)}, m)
		})
		for _, name := range names {
			m[name] = found{node: node{n.t, n.at, end, n.ptr}}
		}
		return end
	}
	return s.value(n.at)
}

// identified finds the schema whose $id is ref, in the file from.
func (d *Document) identified(from, ref string) (node, bool) {
	t, err := d.open(from, "")
	if err != nil {
		return node{}, false
	}
	at, ok := d.anchorsOf(t)[strings.TrimSuffix(ref, "#")]
	return at.node, ok
}

// follow reads an object through the $refs that stand in its place.
func (n node) follow() (fields, bool) {
	f := n.object()
	for hops := 0; ; hops++ {
		ref := f.get("$ref")
		if ref.lead() != '"' {
			return f, f.n.lead() == '{'
		}
		if hops == maxRefHops {
			n.defect("its $ref leads in a circle")
			return fields{}, false
		}
		next, err := n.t.doc.resolve(f.n.t.name, ref.string())
		if err != nil {
			ref.defect("$ref %q leads nowhere: %s", ref.string(), err)
			return fields{}, false
		}
		f = next.object()
	}
}
