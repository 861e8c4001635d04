package exec

import (
	"fmt"
	"net/textproto"
	"strconv"
	"strings"

	"tenon/runtime/event"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// maxKey bounds an idempotency key, as providers do.
const maxKey = 255

// keyText is an author's idempotency key as it is sent.
func (s *scope) keyText(c *call, v any) (string, *fault) {
	at := c.key.code.expr.Range
	text := fmt.Sprint(v)
	switch {
	case types.IsMissing(v) || v == nil:
		return "", s.fail(event.InvalidRequest, at, "the idempotency key of %s has no value here", c.plan.Operation)
	case text == "" || len(text) > maxKey:
		return "", s.fail(event.InvalidRequest, at, "the idempotency key of %s has %d characters, and there must be from 1 to %d", c.plan.Operation, len(text), maxKey)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }):
		return "", s.fail(event.InvalidRequest, at, "the idempotency key of %s has characters that cannot stand in a header; sha256(…) of it can", c.plan.Operation)
	}
	return text, nil
}

// name puts the idempotency key into a request, once and for all its attempts, unless the author wrote the header. A
// page of a list that is asked for by writing has a key of its own.
func (r *run) name(c *call, d *draft, req *Request) {
	if c.plan.IdempotencyHeader == "" {
		return
	}
	header := textproto.CanonicalMIMEHeaderKey(c.plan.IdempotencyHeader)
	if len(req.Header[header]) > 0 {
		return
	}
	key := d.key
	switch {
	case key == "":
		key = plan.MintKey(c.plan.IdempotencyForm, r.in.Run, req.Key)
	case req.Page > 1:
		key += "-" + strconv.Itoa(req.Page)
	}
	req.Header[header] = []string{key}
}
