package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/source"
)

// operation is one operation of an api, as far as the project asks for it.
type operation struct {
	*openapi.Operation
	api *api
}

// name is what people call the operation: shop.listOrders, shop["GET /orders"].
func (o *operation) name() string {
	id := o.ID
	if id == "" {
		id = o.Method + " " + o.Path
	}
	if isWord(id) {
		return o.api.model.Name + "." + id
	}
	return fmt.Sprintf("%s[%q]", o.api.model.Name, id)
}

// isWord reports whether s can stand behind a dot.
func isWord(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// operation resolves a call. What is wrong is reported, and nil is returned.
func (b *builder) operation(ref *model.CallRef) *operation {
	a := b.apis[ref.API]
	if a == nil {
		b.unknownAPI(ref.API, ref.APIRange)
		return nil
	}
	b.use(&a.model.Decl)
	if a.doc == nil {
		return nil // reported where it is defined
	}
	if op, ok := a.operations[ref.Operation]; ok {
		if op == nil {
			b.unknownOperation(a, ref, "")
		}
		return op
	}
	found, err := a.doc.Operation(ref.Operation)
	var unknown *openapi.UnknownOperation
	var ambiguous *openapi.AmbiguousOperation
	switch {
	case err == nil:
		a.operations[ref.Operation] = &operation{Operation: found, api: a}
	case errors.As(err, &unknown):
		a.operations[ref.Operation] = nil
		b.unknownOperation(a, ref, unknown.Near)
		return nil
	case errors.As(err, &ambiguous):
		b.diags.Add(lang.UnknownOperation, ref.OperationRange, "Api %q has %d operations called %q.", a.model.Name, len(ambiguous.Keys), ref.Operation).
			Explain("Say which by method and path: %s.", listed(quoted(ambiguous.Keys)))
		return nil
	default:
		b.diags.Add(openapi.Invalid, ref.Range, "The operation %q of api %q cannot be used: %s", ref.Operation, a.model.Name, sentence(err.Error()))
		return nil
	}
	return a.operations[ref.Operation]
}

func (b *builder) unknownOperation(a *api, ref *model.CallRef, near string) {
	b.unresolved = append(b.unresolved, ref.Operation)
	if near == "" {
		near = a.nearOperation(ref.Operation)
	}
	d := b.diags.Add(lang.UnknownOperation, ref.OperationRange, "Api %q has no operation %q.", a.model.Name, ref.Operation)
	if near != "" {
		d.Suggest(near, quote(near))
		if !ref.Quoted {
			d.Fix.New = near
			if !isWord(near) {
				d.Fix = &diag.Edit{Range: ref.Range, New: fmt.Sprintf("%s[%q]", ref.API, near)}
			}
		}
		return
	}
	names := a.operationNames()
	if len(names) > 0 {
		d.Wonder(ref.Operation, names).Explain("It has %s.", listed(diag.Alike(ref.Operation, names)))
	}
}

// nearOperation finds what a name may have meant: an operation in other words ("list orders" for
// listOrders), or a path written in another way.
func (a *api) nearOperation(name string) string {
	names := a.operationNames()
	if near := diag.Nearest(name, names); near != "" {
		return near
	}
	method, path, ok := strings.Cut(name, " ")
	if !ok {
		return ""
	}
	for _, op := range a.operationList() {
		if strings.EqualFold(op.Method, method) && samePath(op.Path, path) {
			return op.Method + " " + op.Path
		}
	}
	return ""
}

// samePath compares path templates without the names of their parameters.
func samePath(a, b string) bool {
	x, y := strings.Split(strings.Trim(a, "/"), "/"), strings.Split(strings.Trim(b, "/"), "/")
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		parameter := strings.HasPrefix(x[i], "{") && (strings.HasPrefix(y[i], "{") || strings.HasPrefix(y[i], ":"))
		if x[i] != y[i] && !parameter {
			return false
		}
	}
	return true
}

func (a *api) operationNames() []string {
	var names []string
	for _, op := range a.operationList() {
		names = append(names, op.String())
	}
	return names
}

// operationList names the operations of the document and those that are declared in place.
func (a *api) operationList() []openapi.OperationName {
	list := slices.Clip(a.doc.Operations())
	for _, op := range a.inline {
		list = append(list, op.Name())
	}
	return list
}

// safe reports whether the operation only reads by its method (RFC 9110 §9.2.1; QUERY by its own RFC).
func (o *operation) safe() bool {
	switch o.Method {
	case "GET", "HEAD", "OPTIONS", "TRACE", "QUERY":
		return true
	}
	return false
}

// idempotent reports whether the operation may be sent again by its method (RFC 9110 §9.2.2).
func (o *operation) idempotent() bool { return o.safe() || o.Method == "PUT" || o.Method == "DELETE" }

// parameter finds a parameter by its name or by "in:name". Where one name stands in two places and
// only the name is given, ambiguous lists the ways to say which.
func (o *operation) parameter(name string) (p *openapi.Parameter, ambiguous []string) {
	in, rest, qualified := strings.Cut(name, ":")
	for _, x := range o.Parameters {
		switch {
		case x.Name == name || x.In == "header" && strings.EqualFold(x.Name, name):
			p, ambiguous = x, append(ambiguous, x.In+":"+x.Name)
		case qualified && x.In == in && (x.Name == rest || in == "header" && strings.EqualFold(x.Name, rest)):
			return x, nil
		}
	}
	if len(ambiguous) > 1 {
		return nil, ambiguous
	}
	return p, nil
}

// unknownParameter reports a parameter that the operation does not have.
func (b *builder) unknownParameter(op *operation, name string, at source.Range, quoted bool) {
	if _, ambiguous := op.parameter(name); len(ambiguous) > 1 {
		b.diags.Add(lang.UnknownParameter, at, "%s has two parameters called %q: write %q or %q.", op.name(), name, ambiguous[0], ambiguous[1])
		return
	}
	var names []string
	for _, p := range op.Parameters {
		if !contains(names, p.Name) {
			names = append(names, p.Name)
		}
	}
	d := b.diags.Add(lang.UnknownParameter, at, "%s has no parameter %q.", op.name(), name)
	near := diag.Nearest(name, names)
	written := near
	if quoted || !isWord(near) {
		written = quote(near)
	}
	d.Suggest(near, written)
	switch {
	case near != "":
	case len(names) == 0:
		d.Explain("It takes no parameters.")
	default:
		d.Wonder(name, names).Explain("It takes %s.", listed(diag.Alike(name, names)))
	}
	if reserved := strings.ToLower(name); reserved == "accept" || reserved == "content-type" || reserved == "authorization" {
		d.Explain("This header is set for you: from the answers the spec declares, from content_type, and from the api's auth.")
	}
	d.Relate(b.locate(op.Origin), "declared here")
}

// deprecated notes that an operation should no longer be used.
func (b *builder) deprecated(op *operation, at source.Range) {
	if op.Deprecated {
		b.diags.Add(lang.DeprecatedOperation, at, "%s is deprecated by its provider.", op.name()).Relate(b.locate(op.Origin), "declared here")
	}
}
