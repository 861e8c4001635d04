package check

import (
	"regexp"
	"slices"
	"strings"

	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// bareDocument stands in for the document of an api that has none.
const bareDocument = `{"openapi": "3.1.0", "info": {"title": "", "version": ""}, "paths": {}}`

// loadBare gives an api without a spec an empty document, so that it is an api like any other.
func (a *api) loadBare() {
	a.doc, a.err = openapi.Load("", []byte(bareDocument), openapi.Options{Name: a.model.Name})
}

// inline makes the operations that api blocks declare. They are typed here and nowhere else, so what is
// wrong with them is reported whether something calls them or not.
func (b *builder) inline() {
	for _, m := range b.project.APIs {
		if a := b.apis[m.Name]; a.model == m {
			for _, o := range m.Operations {
				b.inlineOperation(a, o)
			}
		}
	}
}

// inlineOperation adds one operation to its api, unless there is one like it.
func (b *builder) inlineOperation(a *api, m *model.Operation) {
	op := &openapi.Operation{ID: m.Name, Description: m.Description.Value, Origin: b.declaredAt(m.Header, "api", a.model.Name, "operation", m.Name)}
	op.Summary, _, _ = strings.Cut(op.Description, "\n")
	names, ok := b.requestLine(op, m)
	if !ok {
		return
	}
	op.Parameters = b.inlineParams(a, op, m, names)
	if m.Body != nil {
		b.inlineBody(op, m)
	}
	answer := &openapi.Response{Status: "2XX", Origin: op.Origin}
	if m.Response != nil {
		answer.Content = b.inlineContent(m.Response, m.ResponseType.Value, op.Origin, types.Response)
	}
	op.Responses = []*openapi.Response{answer}
	if a.model.Spec.Set && a.doc != nil {
		op.Security = a.doc.Security()
	}
	if b.newOperation(a, op, m) {
		made := &operation{Operation: op, api: a}
		a.inline = append(a.inline, op)
		a.operations[op.ID], a.operations[op.Name().Key()] = made, made
	}
}

// newOperation reports whether an operation is not already there, by name or by method and path.
func (b *builder) newOperation(a *api, op *openapi.Operation, m *model.Operation) bool {
	for _, other := range a.inline {
		switch {
		case other.ID == op.ID: // reported when the file was read
			return false
		case other.Method == op.Method && samePath(other.Path, op.Path):
			b.diags.Add(lang.DuplicateName, m.Request.Range, "The operation %q has this method and path already.", other.ID).Relate(b.locate(other.Origin), "the other one")
			return false
		}
	}
	if a.doc == nil {
		return true
	}
	for _, n := range a.doc.Operations() {
		at := m.NameRange
		if n.Method == op.Method && samePath(n.Path, op.Path) {
			at = m.Request.Range
		} else if n.ID != op.ID {
			continue
		}
		d := b.diags.Add(lang.DuplicateName, at, "The spec of api %q has %s already.", a.model.Name, n)
		d.Explain("What a spec says of an operation is amended by an overlay: overlays = [\"…\"].")
		if found, err := a.doc.Operation(n.Key()); err == nil {
			d.Relate(b.locate(found.Origin), "declared here")
		}
		return false
	}
	return true
}

// declaredAt gives something that is declared in HCL an origin, as what is declared in documents has.
func (b *builder) declaredAt(at source.Range, path ...string) types.Origin {
	o := types.Origin{Document: at.File}
	for _, p := range path {
		o.Pointer += "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(p)
	}
	b.places[o] = at
	return o
}

var (
	methodForm   = regexp.MustCompile(`^[A-Z]{3,20}$`)
	templateName = regexp.MustCompile(`\{([^{}]*)\}`)
)

// requestLine reads "GET /rates/{currency}" and returns the names in braces.
func (b *builder) requestLine(op *openapi.Operation, m *model.Operation) (names []string, ok bool) {
	at, text := m.Request.Range, m.Request.Value
	if !m.Request.Set {
		return nil, false // reported
	}
	method, path, _ := strings.Cut(text, " ")
	wrong := func(format string, args ...any) ([]string, bool) {
		b.badType(at, format, args...).Explain("A request is a method, a space and a path: \"GET /rates/{currency}\".")
		return nil, false
	}
	switch {
	case !methodForm.MatchString(method):
		if methodForm.MatchString(strings.ToUpper(method)) && strings.HasPrefix(path, "/") {
			fixed := strings.ToUpper(method) + " " + path
			b.badType(at, "The method of a request is written in capitals.").Suggest(fixed, quote(fixed))
			return nil, false
		}
		return wrong("%q does not begin with a method such as GET or POST.", text)
	case strings.Contains(path, "://"):
		return wrong("%q has a whole URL. What all operations have in common stands in server; here stands the rest.", text)
	case !strings.HasPrefix(path, "/"):
		return wrong("The path in %q must begin with a slash.", text)
	case strings.ContainsAny(path, "?#"):
		return wrong("The path in %q has a query. Parameters of the query stand in params.", text)
	case strings.ContainsAny(templateName.ReplaceAllString(path, ""), "{} "):
		return wrong("The path in %q has a brace or a space that does not belong to a parameter.", text)
	}
	for _, found := range templateName.FindAllStringSubmatch(path, -1) {
		if found[1] == "" || slices.Contains(names, found[1]) {
			return wrong("The path in %q has a parameter without a name, or one twice.", text)
		}
		names = append(names, found[1])
	}
	op.Method, op.Path = method, path
	return names, true
}

// inlineParams types the parameters: first those of the path, in its order.
func (b *builder) inlineParams(a *api, op *openapi.Operation, m *model.Operation, names []string) []*openapi.Parameter {
	items, ok := b.written(m.Params, "params")
	if m.Params != nil && !ok {
		return nil // reported
	}
	byKey := map[string]*openapi.Parameter{}
	var rest []*openapi.Parameter
	for _, i := range items {
		p := b.inlineParam(op, i, names)
		if p == nil {
			continue
		}
		key := p.In + ":" + p.Name
		if byKey[key] != nil {
			b.diags.Add(lang.DuplicateName, i.KeyRange, "The %s parameter %q is already there.", p.In, p.Name)
			continue
		}
		byKey[key] = p
		p.Origin = b.declaredAt(i.KeyRange, "api", a.model.Name, "operation", m.Name, "params", key)
		if p.In != "path" {
			rest = append(rest, p)
		}
	}
	var out []*openapi.Parameter
	for _, name := range names {
		p := byKey["path:"+name]
		if p == nil {
			p = &openapi.Parameter{Name: name, In: "path", Required: true, Type: types.AnyString, Style: "simple", Origin: op.Origin}
			at := m.Request.Range
			b.diags.Add(lang.MissingAttribute, at, "The path names {%s}, but params does not say what type it has.", name).
				Explain("Write params = { %s = string }.", written(name))
		}
		out = append(out, p)
	}
	return append(out, rest...)
}

func written(name string) string {
	if isWord(name) {
		return name
	}
	return quote(name)
}

// places of a parameter, with their default styles.
var paramStyles = map[string]string{"path": "simple", "query": "form", "header": "simple", "cookie": "form"}

func (b *builder) inlineParam(op *openapi.Operation, i syntax.Item, names []string) *openapi.Parameter {
	in, name, qualified := strings.Cut(i.Key, ":")
	if !qualified || paramStyles[in] == "" {
		name, in = i.Key, "query"
		if slices.Contains(names, name) {
			in = "path"
		}
	}
	p := &openapi.Parameter{Name: name, In: in, Required: true, Style: paramStyles[in]}
	p.Explode = p.Style == "form"
	value := i.Value
	if call, _, args, ok := value.Call(); ok && call == "optional" && len(args) == 1 {
		value, p.Required = args[0], false
	}
	lower := strings.ToLower(name)
	switch {
	case in == "path" && !slices.Contains(names, name):
		b.badType(i.KeyRange, "The path %s has no place for a parameter %q.", op.Path, name).Explain("Write {%s} where it stands in the path.", name)
		return nil
	case in == "path" && !p.Required:
		b.badType(i.Value.Range, "The path parameter %q cannot be left out, so it is not optional.", name)
		p.Required = true
	case in == "header" && !isToken(name), name == "":
		b.badType(i.KeyRange, "%q is not the name of a %s parameter.", name, in)
		return nil
	case in == "header" && (lower == "accept" || lower == "content-type" || lower == "authorization"):
		b.badType(i.KeyRange, "The header %s is set for you: from response_type, content_type and the api's auth.", name)
		return nil
	}
	p.Type = b.typeOf(value, types.Request)
	return p
}

func (b *builder) inlineBody(op *openapi.Operation, m *model.Operation) {
	value, required := m.Body, true
	if call, _, args, ok := value.Call(); ok && call == "optional" && len(args) == 1 {
		value, required = args[0], false
	}
	switch op.Method {
	case "GET", "HEAD", "TRACE":
		b.badType(m.Body.Range, "A %s request has no body.", op.Method)
		return
	}
	op.Body = &openapi.RequestBody{Required: required, Content: b.inlineContent(value, m.ContentType.Value, op.Origin, types.Request), Origin: op.Origin}
}

// inlineContent is content of one media type. Where its type is any, an answer may be of every kind.
func (b *builder) inlineContent(e *syntax.Expr, name string, origin types.Origin, dir types.Direction) []*openapi.MediaType {
	if word, ok := e.Keyword(); ok && word == "any" && dir == types.Response {
		name = "*/*"
	}
	t := b.typeOf(e, dir)
	if d := b.schemaOf(t); d != nil {
		return []*openapi.MediaType{d.Content(name, t, origin)} // the file also says how it is written in XML, and in which order
	}
	return []*openapi.MediaType{{Name: name, Type: t, Origin: origin}}
}

// schemaOf is the schema file that a type, or that of a list's elements, is from; nil if it is from none.
func (b *builder) schemaOf(t *types.Type) *openapi.Document {
	at := t.Origin.Document
	if at == "" && t.May(types.Array) {
		at = t.Elem().Origin.Document
	}
	for _, s := range b.schemaDocs {
		if at != "" && s.Has(types.Origin{Document: at}) {
			return s.Document
		}
	}
	return nil
}
