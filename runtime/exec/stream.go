package exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"sync"

	"tenon/runtime/codec"
	"tenon/runtime/event"
	"tenon/runtime/transport"
	"tenon/spec/source"
	"tenon/spec/types"
)

// Some answers are read while they are used: the items of a sequence, by the one loop that goes through them, and
// bytes that are only sent on. What has been opened is closed when the block of the step has ended.

// streamed reports whether an answer is to be handed over unread.
func (c *call) streamed(status int, _ http.Header) bool {
	_, success := c.answer(status)
	return success
}

// unread makes of an answer that is handed over what the plan wants of it.
func (r *run) unread(s *scope, c *call, a *answer, req *Request, res *transport.Response, out *reply) *fault {
	fail := func(err error) *fault {
		res.Unread.Close()
		return s.fail(event.InvalidResponse, c.plan.Range, "the answer of %s: %s", c.plan.Operation, err)
	}
	contentType := res.Header.Get("Content-Type")
	if enc := res.Header.Get("Content-Encoding"); codec.Compressed(enc) {
		return fail(fmt.Errorf("it is encoded as %q, which was not asked for", enc))
	}
	if a == nil {
		a = &answer{}
	}
	if c.plan.Download {
		if err := codec.CheckType(contentType, a.declared, res.Unread); err != nil {
			return fail(err)
		}
		d := &download{run: r, call: c, req: req, declared: a.declared, first: res.Unread, size: res.Unread.Size}
		out.body = &types.FileValue{Name: filename(res), ContentType: contentType, Content: d}
		return nil
	}
	at := max(0, codec.Match(a.declared, contentType))
	o := codec.DecodeOptions{Declared: a.declared}
	if at < len(a.content) {
		o.Type = a.content[at].Type
	}
	items, err := codec.NewItems(contentType, res.Unread, o)
	if err != nil {
		return fail(err)
	}
	q := &sequence{run: r, scope: s.fork(), call: c, body: res.Unread, items: items}
	if at < len(a.content) && a.content[at].Guard != nil {
		q.guard = a.content[at].Guard.Type.Elem()
		q.relies = a.content[at].Guard.Range
	}
	out.items = q
	return nil
}

// filename is what the answer calls its content: as Content-Disposition says, else as its URL ends.
func filename(res *transport.Response) string {
	if _, params, err := mime.ParseMediaType(res.Header.Get("Content-Disposition")); err == nil && params["filename"] != "" {
		return path.Base(params["filename"])
	}
	if res.URL != nil {
		if name := path.Base(res.URL.Path); name != "/" && name != "." {
			return name
		}
	}
	return ""
}

// download is the bytes of an answer that is sent on. The first reader gets the answer that the step has had;
// each further one, such as a retry of the upload, asks for it again.
type download struct {
	run      *run
	call     *call
	req      *Request
	declared []string
	size     int64

	mu    sync.Mutex
	first *transport.Unread
	opens int
}

func (d *download) Size() int64 { return d.size }

func (d *download) Open(ctx context.Context) (io.ReadCloser, int64, error) {
	d.mu.Lock()
	first := d.first
	d.first = nil
	d.opens++
	again := *d.req
	again.Key = fmt.Sprintf("%s/again %d", d.req.Key, d.opens-1)
	d.mu.Unlock()
	if first != nil {
		return first, d.size, nil
	}
	res, err := d.run.host.Perform(ctx, &again)
	if err != nil {
		return nil, 0, err
	}
	if res.Unread == nil {
		return nil, 0, fmt.Errorf("asked for again, %s %s answered %d", again.Method, ShowURL(&again), res.Status)
	}
	if err := codec.CheckType(res.Header.Get("Content-Type"), d.declared, res.Unread); err != nil {
		res.Unread.Close()
		return nil, 0, err
	}
	return res.Unread, res.Unread.Size, nil
}

// Close gives up what nobody has read.
func (d *download) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.first == nil {
		return nil
	}
	err := d.first.Close()
	d.first = nil
	return err
}

// Items of a sequence are given to a loop in batches, as far as they have come: waiting for more would hold back
// what a slow stream has said.
const batch = 100

// sequence is the items of an answer as they arrive.
type sequence struct {
	run    *run
	scope  *scope
	call   *call
	body   *transport.Unread
	items  *codec.Items
	guard  *types.Type
	relies source.Range
	n      int
	ended  bool
}

// next gives the next items; nil when there are none.
func (q *sequence) next() ([]any, *fault) {
	var list []any
	for !q.ended && len(list) < batch && (len(list) == 0 || q.items.Ready()) {
		v, err := q.items.Next()
		if err == io.EOF {
			q.ended = true
			break
		}
		if err != nil {
			return q.broken(list, err)
		}
		q.n++
		if f := q.check(v); f != nil {
			q.Close()
			return nil, f
		}
		list = append(list, v)
	}
	if q.ended {
		q.Close()
	}
	return list, nil
}

// broken gives the items before an error, and then the error.
func (q *sequence) broken(list []any, err error) ([]any, *fault) {
	if len(list) > 0 {
		return list, nil // the error comes again
	}
	q.Close()
	if q.scope.over() {
		return nil, q.scope.stopped()
	}
	cause := event.InvalidResponse
	var lost *transport.Error
	if errors.As(err, &lost) {
		cause = lost.Cause
	}
	f := q.scope.fail(cause, q.call.plan.Range, "the answer of %s, after %d items: %s", q.call.plan.Operation, q.n, err)
	q.run.emit(event.StepFailed{Step: f.Step, Item: f.Item, Failure: &f.Failure})
	return nil, f
}

// check holds an item to what the plan relies on.
func (q *sequence) check(v any) *fault {
	if q.guard == nil {
		return nil
	}
	bad := q.guard.Check(v)
	if len(bad) == 0 {
		return nil
	}
	f := q.scope.fail(event.InvalidResponse, q.relies, "item %d of the answer of %s breaks a promise of its spec: %s", q.n, q.call.plan.Operation, violation("", bad[0]))
	f.Detail = "This line relies on it."
	if q.call.api.plan.Lenient {
		q.run.emit(event.Warning{Step: f.Step, Item: f.Item, Message: f.Message, Range: f.Range})
		return nil
	}
	q.run.emit(event.StepFailed{Step: f.Step, Item: f.Item, Failure: &f.Failure})
	return f
}

// Close ends the exchange.
func (q *sequence) Close() error {
	q.ended = true
	return q.body.Close()
}

// closeUnread gives up what the ops of a block have opened and nobody has read.
func (b *block) closeUnread(s *scope) {
	if !b.streams {
		return
	}
	for _, o := range b.ops {
		if o.call == nil || !o.call.streams() {
			continue
		}
		giveUp(s.env[o.plan.ID])
	}
}

// giveUp closes what a step's result holds open.
func giveUp(result any) {
	if f, ok := types.Get(result, "body").(*types.FileValue); ok {
		if c, ok := f.Content.(io.Closer); ok {
			c.Close()
		}
	}
	if q, ok := types.Get(result, "items").(*sequence); ok {
		q.Close()
	}
}

// streams reports whether the success of a call is handed over unread.
func (c *call) streams() bool {
	return c.plan.Download || c.plan.Items != nil && c.plan.Items.Stream
}
