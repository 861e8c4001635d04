package check

import (
	"slices"
	"strconv"
	"strings"

	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// answer is what a call may bring back.
type answer struct {
	op       *operation
	call     *plan.Call
	received []*received
	body     *types.Type // of a success; may be absent
	headers  *types.Type
	read     [][]string  // the paths of a success's body that the plan reads
	item     *types.Type // of a success that is a sequence; nil: it is none
	items    *plan.Expr  // of a paginated call
	element  *types.Type // of its items

	// Of a sequence: its items are used; as a list; the body is read, too. Of bytes: they are sent on.
	used, list, whole, carried bool
}

// received is one declared answer with the types of its contents.
type received struct {
	*plan.Response
	types []*types.Type
	read  [][]string // paths of the body that are read where it is caught

	item *types.Type // of a sequence; nil: it is none

	unreadable string // the media type, where the body is in a form that cannot be read
}

// body is the type of the answer's body.
func (r *received) body() *types.Type {
	if len(r.types) == 0 {
		return types.JustAbsent
	}
	return types.Union(r.types...)
}

// answerOf lists the answers of a call and types its successes.
func (f *flow) answerOf(n *stage, op *operation, call *plan.Call, settings *model.Step) *answer {
	a := &answer{op: op, call: call}
	var headers []*openapi.Header
	var accepted []model.Lit[int]
	if settings != nil {
		accepted = settings.Accept
	}
	for _, declared := range op.Responses {
		r := newReceived(strings.ToUpper(declared.Status), declared.Content)
		r.Success = strings.HasPrefix(r.Status, "2")
		if r.Status == "DEFAULT" {
			r.Status = "default"
		}
		if r.Success {
			headers = append(headers, declared.Headers...)
		}
		a.received = append(a.received, r)
	}
	for _, status := range accepted {
		a.accept(strconv.Itoa(status.Value))
	}
	a.type2xx()
	var bodies, items []*types.Type
	for _, r := range a.received {
		if r.Success {
			bodies = append(bodies, r.body())
			items = append(items, r.item)
			call.Accept = appendNew(call.Accept, r.Content)
		}
		call.Responses = append(call.Responses, r.Response)
	}
	if len(bodies) == 0 {
		r := a.match("default")
		bodies, items = append(bodies, r.body()), append(items, r.item)
		call.Accept = appendNew(call.Accept, r.Content)
	}
	a.body = types.Union(bodies...)
	if !slices.Contains(items, nil) {
		a.item = types.Union(items...)
	}
	a.headers = headersType(headers)
	return a
}

func appendNew(list []string, content []*plan.Content) []string {
	for _, c := range content {
		if !contains(list, c.ContentType) {
			list = append(list, c.ContentType)
		}
	}
	return list
}

// newReceived types the content of an answer: of several media types only the one that is asked for.
func newReceived(status string, content []*openapi.MediaType) *received {
	r := &received{Response: &plan.Response{Status: status}}
	if len(content) == 0 {
		return r
	}
	m := chooseMedia(content)
	if m == nil {
		r.unreadable = content[0].Name
		r.types = []*types.Type{types.Invalid}
		return r
	}
	c := &plan.Content{ContentType: m.Name}
	c.Type, c.XML, c.Encoding = layout(m)
	r.Content = []*plan.Content{c}
	r.types = []*types.Type{m.Value(types.Response)}
	r.item = m.Item()
	return r
}

// accept makes a status a success, with the body that is declared for it, its class or the rest.
func (a *answer) accept(status string) {
	r := a.match(status)
	switch {
	case r == nil:
		r = anything(status)
	case r.Status != status:
		r = &received{Response: &plan.Response{Status: status, Content: copies(r.Content)}, types: r.types}
	default:
		r.Success = true
		return
	}
	r.Success = true
	a.received = append(a.received, r)
}

func copies(list []*plan.Content) []*plan.Content {
	var out []*plan.Content
	for _, c := range list {
		out = append(out, &plan.Content{ContentType: c.ContentType, Type: c.Type, XML: c.XML, Encoding: c.Encoding})
	}
	return out
}

// anything is an answer of which the spec says nothing.
func anything(status string) *received {
	return &received{
		Response: &plan.Response{Status: status, Content: []*plan.Content{{ContentType: "*/*"}}},
		types:    []*types.Type{types.Any.With(types.Absent)},
	}
}

// match finds the declared answer for a status or class: exact, of its class, or default.
func (a *answer) match(status string) *received {
	for _, key := range []string{status, status[:1] + "XX", "default"} {
		i := slices.IndexFunc(a.received, func(r *received) bool { return r.Status == key })
		if i >= 0 {
			return a.received[i]
		}
	}
	return nil
}

// type2xx sees to it that a 2xx has a type: if the spec declares none, and no default either, nothing
// is known of it.
func (a *answer) type2xx() {
	if !a.declares2xx() && a.match("default") == nil {
		r := anything("2XX")
		r.Success = true
		a.received = append(a.received, r)
	}
}

// declares2xx reports whether the spec declares a success; if not, "default" speaks of it.
func (a *answer) declares2xx() bool {
	return slices.ContainsFunc(a.received, func(r *received) bool { return r.Success })
}

// headersType is the headers of an answer: names in lower case, values as text.
func headersType(declared []*openapi.Header) *types.Type {
	fields := &types.Fields{Openness: types.Open, Additional: types.AnyString, MaxCount: -1}
	seen := map[string]bool{}
	for _, h := range declared {
		if name := strings.ToLower(h.Name); !seen[name] {
			seen[name] = true
			fields.Properties = append(fields.Properties, &types.Property{Name: name, Type: types.AnyString.With(types.Absent), Origin: h.Origin})
		}
	}
	return types.New(&types.Shape{Kinds: types.Object, Objects: []*types.Fields{fields}})
}

// statusType is what an answer's status may be.
var statusType = func() *types.Type {
	low, _ := types.NumOf(100)
	high, _ := types.NumOf(599)
	return types.New(&types.Shape{Kinds: types.Integer, Numbers: []*types.Numeric{{Min: &low, Max: &high}}})
}()

// callResult is the type of a step's result when it ran.
//
// Where several answers are taken as a success, each is an alternative, so that looking at the status
// tells which body it is.
func (f *flow) callResult(n *stage) *types.Type {
	a := n.answer
	if a.element != nil {
		return a.result(statusType, property("items", types.StreamOf(a.element)))
	}
	var successes []*received
	for _, r := range a.received {
		if r.Success {
			successes = append(successes, r)
		}
	}
	if len(successes) < 2 {
		return a.result(statusType, a.content(a.body)...)
	}
	var alternatives []*types.Type
	for _, r := range successes {
		alternatives = append(alternatives, a.result(statusOf(strings.ToLower(r.Status)), a.content(r.body())...))
	}
	return types.Union(alternatives...)
}

// content is what the result of a step offers of its answer's body: the body, and its items if it is a sequence.
func (a *answer) content(body *types.Type) []*types.Property {
	out := []*types.Property{property("body", body)}
	if a.item != nil {
		out = append(out, property("items", types.StreamOf(a.item)))
	}
	return out
}

func (a *answer) result(status *types.Type, content ...*types.Property) *types.Type {
	return types.ObjectOf(append(content, property("status", status), property("headers", a.headers), property("skipped", types.Const(false)))...)
}
