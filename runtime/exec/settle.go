package exec

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"tenon/runtime/codec"
	"tenon/spec/types"
)

// Unusable is why a run could not go on with an answer that somebody says it got.
type Unusable struct {
	Why  string
	Body bool // it is the body that is missing, or not as it must be
}

func (e *Unusable) Error() string { return e.Why }

// Settle holds an answer that somebody says the request with a key got to what the plan makes of it, so that a run does
// not fail later because of a slip. status 0 stands for the operation's own success, which is returned; body is JSON, nil if
// there is none. The error is an *Unusable. A key that names nothing is taken as it is.
func (p *Program) Settle(key string, status int, body []byte) (int, error) {
	o, c := p.awake().asked(key)
	if c == nil {
		if status == 0 {
			status = 200
		}
		return status, nil
	}
	if status == 0 {
		status = c.usual()
	}
	a, success := c.answer(status)
	if !success {
		return status, &Unusable{Why: fmt.Sprintf("an answer of %d says that %s refused the write; if it did, it did not happen", status, c.plan.Operation)}
	}
	if a == nil || len(a.declared) == 0 || c.plan.Method == "HEAD" {
		return status, nil
	}
	contentType := ""
	if body != nil {
		contentType = "application/json"
	}
	content := a.content[max(0, codec.Match(a.declared, contentType))]
	v, err := codec.DecodeBody(contentType, bytes.NewReader(body), content.options(a.declared))
	if err != nil {
		return status, &Unusable{Why: fmt.Sprintf("the answer of %s: %s", c.plan.Operation, err), Body: true}
	}
	if content.Guard == nil || c.api.plan.Lenient {
		if types.IsMissing(v) && c == o.call && o.wants.body {
			return status, &Unusable{Why: fmt.Sprintf("the run reads the body of what %s answered, and none is given", c.plan.Operation), Body: true}
		}
		return status, nil
	}
	if bad := content.Guard.Type.Check(v); len(bad) > 0 {
		return status, &Unusable{Why: fmt.Sprintf("the run relies on what %s answered: %s", c.plan.Operation, violation("body", bad[0])), Body: true}
	}
	return status, nil
}

// asked finds the call that a request's key is of, and its op: "step.order/step.mail[3]:undo" is that of an undo in an inner
// integration. nil: there is none.
func (p *prepared) asked(key string) (*op, *call) {
	name, role := key, ""
	if i := strings.IndexAny(key, "[:#"); i >= 0 {
		name, role = key[:i], key[i:]
	}
	if i := strings.IndexByte(role, ']'); i >= 0 {
		role = role[i+1:]
	}
	var o *op
	for _, id := range strings.Split(name, "/") {
		if o != nil {
			if o.sub == nil {
				return nil, nil
			}
			p = o.sub.program
		}
		if o = p.op(id); o == nil {
			return nil, nil
		}
	}
	if strings.HasPrefix(role, ":doubt-") {
		_, role, _ = strings.Cut(role[1:], ":")
		role = ":" + role
	}
	switch {
	case strings.HasPrefix(role, ":undo") && o.undo != nil:
		return o, o.undo.call
	case strings.HasPrefix(role, ":catch"):
		if n, err := strconv.Atoi(role[len(":catch"):]); err == nil && n < len(o.catches) {
			return o, o.catches[n].call
		}
		return o, nil
	}
	return o, o.call
}

// op finds an op by its ID; nil: there is none.
func (p *prepared) op(id string) *op {
	if o := p.block.find(id); o != nil || p.onFailure == nil {
		return o
	}
	return p.onFailure.find(id)
}

func (b *block) find(id string) *op {
	for _, o := range b.ops {
		if o.plan.ID == id {
			return o
		}
		if o.loop != nil {
			if in := o.loop.block.find(id); in != nil {
				return in
			}
		}
	}
	return nil
}

// usual is the first status that is declared as a success.
func (c *call) usual() int {
	for _, r := range c.plan.Responses {
		if n, err := strconv.Atoi(r.Status); err == nil && r.Success {
			return n
		}
	}
	return 200
}
