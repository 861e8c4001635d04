package mutation

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

// object is a JSON object.
type object = map[string]any

// document is an API description as plain JSON.
type document struct {
	name string // as `spec` has it
	src  []byte
	root object
}

var (
	documentsMu sync.Mutex
	documents   = map[string]*document{}
)

// read reads a document once.
func read(t testing.TB, name, path string) *document {
	documentsMu.Lock()
	defer documentsMu.Unlock()
	if d := documents[path]; d != nil {
		return d
	}
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := &document{name: name, src: src}
	if strings.HasSuffix(path, ".json") {
		err = json.Unmarshal(src, &d.root)
	} else {
		err = yaml.Unmarshal(src, &d.root)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	documents[path] = d
	return d
}

// find is where the document of that name lies, for a project in dir; "" if it is not there.
func find(dir, name string) string {
	root := filepath.Join("..", "..", "..")
	places := []string{
		filepath.Join(dir, name),
		filepath.Join(root, "testdata", "specs", name),
		filepath.Join(root, "spec", "lang", "examples", "openapi", name),
	}
	for up := filepath.Join(root, ".."); len(up) < 30; up = filepath.Join(up, "..") {
		places = append(places, filepath.Join(up, "shared", "specs", name))
	}
	for _, p := range places {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

// follow is v without references; nil if it is no object.
func (d *document) follow(v any) object {
	for range 20 {
		o, _ := v.(object)
		ref, ok := o["$ref"].(string)
		if !ok {
			return o
		}
		v = any(d.root)
		for _, part := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
			o, _ := v.(object)
			v = o[part]
		}
	}
	return nil
}

// operation is one of a document's.
type operation struct {
	doc          *document
	id           string
	method, path string
	node, item   object // its description, and that of its path
	params       []parameter
	body         any // schema; nil: none is taken
	bodyRequired bool
	success      any // schema of the answer; nil: none
	failures     []any
	answers      map[string]any // schemas by status; nil for one without a body
}

type parameter struct {
	name, in string
	required bool
	schema   any
}

// operation finds one by operationId or as "GET /orders".
func (d *document) operation(name string) *operation {
	paths, _ := d.root["paths"].(object)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := d.follow(paths[path])
		for _, method := range []string{"get", "put", "post", "delete", "patch"} {
			node, _ := item[method].(object)
			if node == nil || node["operationId"] != name && strings.ToUpper(method)+" "+path != name {
				continue
			}
			o := &operation{doc: d, id: name, method: method, path: path, node: node, item: item}
			o.decode()
			return o
		}
	}
	return nil
}

func (o *operation) decode() {
	d := o.doc
	form := object{"type": "object", "properties": object{}}
	for _, list := range []any{o.item["parameters"], o.node["parameters"]} {
		for _, p := range anys(list) {
			p := d.follow(p)
			name, _ := p["name"].(string)
			in, _ := p["in"].(string)
			required, _ := p["required"].(bool)
			schema, ok := p["schema"]
			if !ok {
				schema = p // version 2.0
			}
			switch in {
			case "body":
				o.body, o.bodyRequired = schema, required
			case "formData":
				form["properties"].(object)[name] = p
				if required {
					form["required"] = append(anys(form["required"]), name)
				}
				o.body = form
			default:
				o.params = append(o.params, parameter{name, in, required, schema})
			}
		}
	}
	if body := d.follow(o.node["requestBody"]); body != nil {
		o.bodyRequired, _ = body["required"].(bool)
		o.body = d.content(body)
	}
	o.answers = map[string]any{}
	responses, _ := o.node["responses"].(object)
	for _, status := range slices.Sorted(maps.Keys(responses)) {
		answer := d.follow(responses[status])
		schema, ok := answer["schema"]
		if !ok {
			schema = d.content(answer)
		}
		o.answers[strings.ToUpper(status)] = schema
		switch {
		case schema == nil:
		case status[0] == '2' && o.success == nil:
			o.success = schema
		case status[0] == '4' || status[0] == '5':
			o.failures = append(o.failures, schema)
		}
	}
}

// content is the schema of what is sent: as JSON, else as the first media type.
func (d *document) content(o object) any {
	content, _ := o["content"].(object)
	types := slices.Sorted(maps.Keys(content))
	for _, t := range types {
		if strings.Contains(t, "json") {
			return d.follow(content[t])["schema"]
		}
	}
	if len(types) > 0 {
		return d.follow(content[types[0]])["schema"]
	}
	return nil
}

// takes reports whether the body may be of a media type.
func (o *operation) takes(media string) bool {
	consumes, ok := o.node["consumes"]
	if !ok {
		consumes = o.doc.root["consumes"]
	}
	names := anys(consumes)
	content, _ := o.doc.follow(o.node["requestBody"])["content"].(object)
	for name := range content {
		names = append(names, name)
	}
	return slices.Contains(names, any(media)) || slices.Contains(names, any("*/*"))
}

func (o *operation) parameter(name string) (parameter, bool) {
	_, bare, ok := strings.Cut(name, ":")
	for _, p := range o.params {
		if p.name == name || ok && p.name == bare {
			return p, true
		}
	}
	return parameter{}, false
}

// shape is what a schema says, with allOf flattened.
type shape struct {
	node       object // without references; where allOf is not flattened, what it stands in
	kind       string // "" if there are several or it does not say
	nullable   bool
	properties map[string]property
	required   map[string]bool
	asked      map[string]int // how many parts of an allOf require it
	additional any            // of additionalProperties; nil if it does not say
	items      any
	enum       []string
	says       object // the other keywords
	clear      bool   // no alternatives: what is here is all there is
}

type property struct {
	schema any
	owner  object // the schema whose `properties` has it
	twice  bool   // so does another part of an allOf
}

// shape reads a schema.
func (d *document) shape(schema any) *shape {
	s := &shape{properties: map[string]property{}, required: map[string]bool{}, asked: map[string]int{}, says: object{}, clear: schema != nil}
	s.node = d.follow(schema)
	if beside, _ := schema.(object); beside["nullable"] == true || beside["x-nullable"] == true {
		s.nullable = true // beside a reference it is meant, too
	}
	if s.node == nil {
		s.clear = false
		return s
	}
	d.flatten(s, s.node, 0)
	if s.kind == "" && len(s.properties) > 0 {
		s.kind = "object"
	}
	return s
}

func (d *document) flatten(s *shape, node object, depth int) {
	if depth > 10 {
		s.clear = false
		return
	}
	for _, key := range slices.Sorted(maps.Keys(node)) {
		v := node[key]
		switch key {
		case "type":
			switch v := v.(type) {
			case string:
				s.kind = v
			case []any:
				for _, k := range v {
					if k == "null" {
						s.nullable = true
					} else if s.kind == "" {
						s.kind, _ = k.(string)
					} else {
						s.clear = false
					}
				}
			}
		case "nullable":
			if v == true {
				s.nullable = true
			}
		case "properties":
			properties, _ := v.(object)
			for name, p := range properties {
				s.properties[name] = property{p, node, s.properties[name].owner != nil}
			}
		case "required":
			for _, name := range anys(v) {
				if name, ok := name.(string); ok {
					s.required[name] = true
					s.asked[name]++
				}
			}
		case "additionalProperties":
			s.additional = v
		case "items":
			s.items = v
		case "enum":
			for _, m := range anys(v) {
				if m, ok := m.(string); ok {
					s.enum = append(s.enum, m)
				}
			}
		case "oneOf", "anyOf", "not", "discriminator", "patternProperties", "if", "const":
			s.clear = false
		case "allOf":
			for _, part := range anys(v) {
				part := d.follow(part)
				if part == nil {
					s.clear = false
				}
				d.flatten(s, part, depth+1)
			}
		default:
			s.says[key] = v
		}
	}
}

// closed reports whether a name that s does not declare is a mistake.
func (s *shape) closed() bool {
	return s.clear && s.kind == "object" && len(s.properties) > 0 && (s.additional == nil || s.additional == false)
}

// number is a numeric keyword.
func (s *shape) number(keyword string) (float64, bool) {
	switch v := s.says[keyword].(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

func anys(v any) []any {
	l, _ := v.([]any)
	return l
}

// jsonOf tells schemas apart.
func jsonOf(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}
