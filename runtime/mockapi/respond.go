package mockapi

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tenon/runtime/codec"
	"tenon/runtime/inbound"
	"tenon/spec/media"
	"tenon/spec/openapi"
	"tenon/spec/types"
)

// respond answers a request that is as it must be: with the first success that the document declares,
// as the first media type that the request accepts.
func (c *call) respond() *answer {
	response := success(c.op.Responses)
	if response == nil {
		return &answer{status: http.StatusNoContent, header: http.Header{}}
	}
	return c.declared(response, statusOf(response.Status))
}

// declared makes an answer that the document declares.
func (c *call) declared(response *openapi.Response, status int) *answer {
	a := &answer{status: status, header: http.Header{}}
	var links http.Header
	if chosen, ok := c.offered(response.Content); !ok {
		return refuse(http.StatusNotAcceptable, fmt.Sprintf("%s answers with %s only", c.op.Name(), listed(mediaTypes(response.Content), "or")))
	} else if chosen != nil {
		body, more, err := c.body(response, chosen)
		if err != nil {
			return refuse(http.StatusNotImplemented, fmt.Sprintf("%s cannot be mocked: %v", c.op.Name(), err))
		}
		content, err := codec.Encode(chosen.Name, layout(chosen), body)
		if err != nil {
			return refuse(http.StatusNotImplemented, fmt.Sprintf("%s cannot be mocked: %v", c.op.Name(), err))
		}
		a.body, links = content.Bytes, more
		a.header.Set("Content-Type", content.Type)
	}
	if err := c.headers(a.header, response); err != nil {
		return refuse(http.StatusNotImplemented, fmt.Sprintf("%s cannot be mocked: %v", c.op.Name(), err))
	}
	maps.Copy(a.header, links)
	return a
}

// reply answers as it is told to.
func (c *call) reply(r *Reply) *answer {
	response := success(c.op.Responses)
	status := r.Status
	switch {
	case status != 0:
		response = responseFor(c.op.Responses, status)
	case response != nil:
		status = statusOf(response.Status)
	default:
		status = http.StatusNoContent
	}
	var a *answer
	switch {
	case r.Raw == nil && types.IsMissing(r.Body) && response != nil:
		if a = c.declared(response, status); a.problems != nil {
			return a
		}
	default:
		a = &answer{status: status, header: http.Header{}}
		if err := c.told(a, r, response); err != nil {
			return refuse(http.StatusNotImplemented, fmt.Sprintf("%s cannot be mocked: %v", c.op.Name(), err))
		}
	}
	for name, values := range r.Header {
		a.header[http.CanonicalHeaderKey(name)] = values
	}
	return a
}

// told writes the body that a reply says.
func (c *call) told(a *answer, r *Reply, response *openapi.Response) error {
	if r.Raw != nil || types.IsMissing(r.Body) {
		a.body = r.Raw
		return nil
	}
	name, l := "application/json", &codec.Layout{}
	if response != nil && len(response.Content) > 0 {
		m, ok := c.offered(response.Content)
		if said := r.Header.Get("Content-Type"); said != "" {
			if i := codec.Match(mediaTypes(response.Content), said); i >= 0 {
				m, ok = response.Content[i], true
			}
		}
		if !ok || m == nil {
			m = response.Content[0]
		}
		name, l = m.Name, layout(m)
		if strings.Contains(name, "*") { // a range of types: the first that a body can be written as
			name = "application/json"
		}
	}
	content, err := codec.Encode(name, l, r.Body)
	if err != nil {
		return err
	}
	a.body = content.Bytes
	a.header.Set("Content-Type", content.Type)
	return nil
}

// responseFor is what is declared of a status; nil if nothing is.
func responseFor(responses []*openapi.Response, status int) *openapi.Response {
	text := strconv.Itoa(status)
	for _, name := range []string{text, text[:1] + "XX", "default"} {
		for _, r := range responses {
			if strings.EqualFold(r.Status, name) {
				return r
			}
		}
	}
	return nil
}

// success is the first declared success, or what comes nearest; nil if there is nothing but failures.
func success(responses []*openapi.Response) *openapi.Response {
	rank := func(status string) int {
		switch {
		case len(status) == 3 && status[0] == '2' && status != "2XX":
			return 0
		case strings.EqualFold(status, "2XX"):
			return 1
		case status == "default":
			return 2
		case strings.HasPrefix(status, "3") || strings.HasPrefix(status, "1"):
			return 3
		}
		return 4
	}
	var best *openapi.Response
	for _, r := range responses {
		if rank(r.Status) < 4 && (best == nil || rank(r.Status) < rank(best.Status)) {
			best = r
		}
	}
	return best
}

// statusOf is a status that a declaration stands for.
func statusOf(declared string) int {
	if n, err := strconv.Atoi(declared); err == nil && n >= 200 && n <= 599 {
		return n
	}
	if len(declared) == 3 && strings.EqualFold(declared[1:], "XX") && declared[0] >= '2' && declared[0] <= '5' {
		return int(declared[0]-'0') * 100
	}
	return http.StatusOK
}

// offered is the media type to answer with: JSON if the request accepts it, else the first that it
// accepts. It is nil if the document declares no body; ok is false if the request accepts none of what
// is declared.
func (c *call) offered(content []*openapi.MediaType) (m *openapi.MediaType, ok bool) {
	if len(content) == 0 {
		return nil, true
	}
	rank := func(m *openapi.MediaType) int {
		switch {
		case !inbound.Accepts(c.r.Header.Values("Accept"), m.Name):
			return 3
		case codec.IsJSON(m.Name):
			return 0
		case codec.Supported(m.Name):
			return 1
		}
		return 2
	}
	best := slices.MinFunc(content, func(a, b *openapi.MediaType) int { return rank(a) - rank(b) })
	return best, rank(best) < 3
}

// body makes the value of an answer's body, and headers that belong to it.
func (c *call) body(response *openapi.Response, m *openapi.MediaType) (any, http.Header, error) {
	t := m.Value(types.Response)
	if media.FormOf(m.Name) == media.Bytes {
		t = m.Type // what has a schema is more than bytes, and its form is not known
	}
	t = t.Without(types.Absent)
	if !codec.Supported(m.Name) {
		return nil, nil, fmt.Errorf("a body of type %s cannot be made", m.Name)
	}
	v, err := c.generate(t, "body")
	if err != nil {
		return nil, nil, err
	}
	if list := c.listOf(response, t); list != nil {
		if page, header, ok := list.answerPage(v); ok {
			return page, header, nil
		}
	}
	return c.echo(t, v), nil, nil
}

// generate makes a value of t that depends on the seed, the operation, the path and the query, and on
// what it is for.
func (c *call) generate(t *types.Type, what string) (any, error) {
	return types.Generate(t, c.random(what, nil), types.GenerateOptions{})
}

// random is a source of chance that depends on nothing but the seed, the operation, the values of its
// path and query parameters except for those named, and what it is for.
func (c *call) random(what string, except map[string]bool) *rand.Rand {
	h := fnv.New128a()
	fmt.Fprintf(h, "%d\x00%s\x00%s\x00", c.opt.Seed, c.op.Name().Key(), what)
	for i, p := range c.op.Parameters {
		if (p.In == "path" || p.In == "query") && !except[p.Name] && !types.IsMissing(c.params[i]) {
			text, _ := types.AppendJSON(nil, c.params[i]) // what came in as text can be written
			fmt.Fprintf(h, "%s\x00%s\x00%s\x00", p.In, p.Name, text)
		}
	}
	sum := h.Sum(nil)
	return rand.New(rand.NewPCG(number(sum[:8]), number(sum[8:])))
}

func number(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// headers adds the declared headers of an answer that must be there.
func (c *call) headers(h http.Header, response *openapi.Response) error {
	var args []codec.Arg
	for _, header := range response.Headers {
		if !header.Required || h.Get(header.Name) != "" {
			continue
		}
		v, err := c.generate(header.Type.Without(types.Absent), "header "+header.Name)
		if err != nil {
			return err
		}
		args = append(args, codec.Arg{Param: codec.Param{Name: header.Name, In: "header", Explode: header.Explode}, Value: v})
	}
	t, err := codec.EncodeParams("/", args)
	if err != nil {
		return err
	}
	maps.Copy(h, t.Header)
	return nil
}
