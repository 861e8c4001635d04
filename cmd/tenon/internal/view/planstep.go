package view

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"tenon/spec/expression"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// block writes a block's operations, numbered with the given prefix.
func (v *planView) block(b *plan.Block, prefix, indent string) {
	if b == nil {
		return
	}
	numbers := map[string]string{}
	for i, op := range b.Ops {
		numbers[op.ID] = prefix + strconv.Itoa(i+1)
	}
	reach := reachable(b)
	for i, op := range b.Ops {
		v.op(op, numbers, order(b, i, reach, numbers), indent)
	}
}

// reachable says for each operation which others of the block it waits for, directly or not.
func reachable(b *plan.Block) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	for _, op := range b.Ops {
		mine := map[string]bool{}
		for _, id := range op.After {
			mine[id] = true
			for far := range all[id] {
				mine[far] = true
			}
		}
		all[op.ID] = mine
	}
	return all
}

// order tells what an operation waits for and what runs beside it.
func order(b *plan.Block, i int, reach map[string]map[string]bool, numbers map[string]string) string {
	op := b.Ops[i]
	var after, beside []string
	for _, id := range op.After {
		if !implied(id, op.After, reach) {
			after = append(after, numbers[id])
		}
	}
	for _, other := range b.Ops {
		if other != op && !reach[op.ID][other.ID] && !reach[other.ID][op.ID] {
			beside = append(beside, numbers[other.ID])
		}
	}
	var parts []string
	if len(after) > 0 {
		parts = append(parts, "after "+strings.Join(after, ", "))
	}
	if len(beside) > 0 {
		parts = append(parts, "beside "+strings.Join(beside, ", "))
	}
	return strings.Join(parts, ", ")
}

// implied reports whether another of ids waits for id already.
func implied(id string, ids []string, reach map[string]map[string]bool) bool {
	for _, other := range ids {
		if reach[other][id] {
			return true
		}
	}
	return false
}

func (v *planView) op(op *plan.Op, numbers map[string]string, order, indent string) {
	number := numbers[op.ID]
	inner := indent + strings.Repeat(" ", len(number)+1)
	what := op.Name
	if op.Kind != "step" {
		what = op.Kind + " " + op.Name
	}
	v.printf("%s%s %s", indent, v.s.Dim(number), v.s.Bold(clean(what)))
	switch {
	case op.Call != nil:
		v.printf("  %s", v.target(op.Call))
	case op.ForEach != nil:
		if op.ForEach.Stream != "" {
			how := "page by page"
			if arriving(v.p.Steps, op.ForEach.Stream) {
				how = "as they arrive"
			}
			v.printf("  in %s.items, %s", clean(op.ForEach.Stream), how)
		} else {
			v.printf("  in %s%s", v.source(op.ForEach.In), v.guarded(op.ForEach.In, op.ForEach.Guard))
		}
	case op.Run != nil:
		v.printf("  run integration.%s", clean(op.Run.Plan.Integration))
	case op.Wait != nil && op.Wait.Until != nil:
		v.printf("  wait %s%s", v.source(op.Wait.Until), v.guarded(op.Wait.Until, op.Wait.Guard))
	case op.Wait != nil:
		v.printf("  wait %s", duration(op.Wait.For))
	case op.Value != nil && op.Value.Choices != nil:
		v.printf("  on %s", v.source(op.Value.Value))
	}
	if order != "" {
		v.printf("  %s", v.s.Dim(order))
	}
	v.printf("\n")
	v.conditions(op, inner)
	switch {
	case op.Call != nil:
		v.call(op.Call, inner)
	case op.ForEach != nil:
		v.forEach(op.ForEach, number, inner)
	case op.Value != nil:
		v.compute(op.Value, inner)
	case op.Run != nil:
		v.run(op.Run, number, inner)
	}
	v.guards(op, inner)
}

// run tells what an integration is given, and its steps.
func (v *planView) run(r *plan.Run, number, indent string) {
	if r.Inputs != nil {
		var rows []row
		for _, f := range r.Inputs.Fields {
			next := row{place: "input", name: clean(fieldPath(f.Path)), source: oneLine(f.Source, v.room())}
			next.left = leftOf(f, r.Guard)
			rows = append(rows, next)
		}
		v.rows(indent, rows)
	}
	v.kept(r.Plan, indent)
	v.block(r.Plan.Steps, number+".", indent)
	if r.Plan.OnFailure != nil {
		v.printf("%sif it fails\n", indent)
		v.block(r.Plan.OnFailure, number+".", indent+"  ")
	}
}

// target is where a request goes: POST billing /invoices (createInvoice).
func (v *planView) target(c *plan.Call) string {
	method := v.s.Green(c.Method)
	if !c.Safe {
		method = v.s.Yellow(c.Method)
	}
	text := fmt.Sprintf("%s %s %s", method, v.s.Cyan(clean(c.API)), clean(c.Path))
	if c.Server != nil {
		text = fmt.Sprintf("%s %s%s", method, v.server(c.Server), clean(c.Path))
	}
	if !strings.HasPrefix(c.Operation, c.Method+" ") {
		text += " " + v.s.Dim(clean(c.Operation))
	}
	return text
}

func (v *planView) conditions(op *plan.Op, indent string) {
	for _, c := range op.Cases {
		v.printf("%sonly in case %d of %s\n", indent, c.Index+1, clean(c.Switch))
	}
	if op.When != nil {
		v.printf("%swhen %s\n", indent, v.source(op.When))
	}
}

func (v *planView) call(c *plan.Call, indent string) {
	v.printf("%s%s\n", indent, v.s.Dim(v.class(c)))
	rows := make([]row, 0, len(c.Params)+len(c.Headers))
	for _, p := range c.Params {
		rows = append(rows, v.row(p.In, p.Name, p.Value, p.Guard))
	}
	for _, h := range c.Headers {
		rows = append(rows, v.row("header", h.Name, h.Value, h.Guard))
	}
	v.rows(indent, rows)
	v.body(c.Body, indent)
	v.pages(c.Paginate, indent)
	v.answers(c, indent)
}

// class says in a line how a request may be treated: whether it only reads, whether it may be sent
// again and how often that is tried, with which credentials.
func (v *planView) class(c *plan.Call) string {
	var parts []string
	switch {
	case c.Safe:
		parts = append(parts, "reads")
	case c.IdempotencyHeader != "":
		parts = append(parts, "writes, may be sent again: "+v.key(c))
	case c.Idempotent:
		parts = append(parts, "writes, may be sent again")
	default:
		parts = append(parts, "writes, never sent twice")
	}
	parts = append(parts, v.attempts(c))
	if c.Timeout > 0 {
		parts = append(parts, "each at most "+duration(c.Timeout))
	}
	if len(c.Security) > 0 {
		parts = append(parts, "auth "+strings.Join(c.Security, " and "))
	} else {
		parts = append(parts, "no auth")
	}
	return strings.Join(parts, "; ")
}

// key says what idempotency key a request carries and where.
func (v *planView) key(c *plan.Call) string {
	header := clean(c.IdempotencyHeader)
	for _, p := range append(c.Headers[:len(c.Headers):len(c.Headers)], c.Params...) {
		if p.In == "header" && strings.EqualFold(p.Name, header) {
			return "its key is in " + header
		}
	}
	if c.IdempotencyKey != nil {
		return header + " = " + v.source(c.IdempotencyKey) + v.guarded(c.IdempotencyKey, c.IdempotencyGuard)
	}
	return "key of run, step and item in " + header
}

// attempts is how often a request is sent; how the API's own retry goes is told with the API.
func (v *planView) attempts(c *plan.Call) string {
	if api := v.p.APIs[c.API]; api != nil && c.Retry != nil && reflect.DeepEqual(api.Retry, c.Retry) {
		return plural(c.Retry.Attempts, "attempt")
	}
	return retry(c.Retry)
}

func (v *planView) body(b *plan.Body, indent string) {
	if b == nil {
		return
	}
	if len(b.Fields) == 0 {
		v.rows(indent, []row{v.row("body", clean(b.ContentType), b.Value, b.Guard)})
		return
	}
	v.printf("%s%s %s", indent, v.s.Dim("body"), clean(b.ContentType))
	if !strings.HasPrefix(b.Value.Source, "{") {
		v.printf(" = %s", v.source(b.Value))
	}
	v.printf("\n")
	var rows []row
	for _, f := range b.Fields {
		next := row{name: clean(fieldPath(f.Path)), source: oneLine(f.Source, v.room())}
		next.left = leftOf(f, b.Guard)
		if n := len(rows) - 1; n >= 0 && rows[n].name == next.name { // one of several branches
			if !strings.HasSuffix(rows[n].source, next.source) {
				rows[n].source = oneLine(rows[n].source+" or "+next.source, v.room())
			}
			rows[n].left = cmp.Or(rows[n].left, next.left)
			continue
		}
		rows = append(rows, next)
	}
	v.rows(indent+"  ", rows)
}

// guarded counts a value that stands in no row and says what is left to run time of it.
func (v *planView) guarded(x *plan.Expr, g *plan.Guard) string {
	left := left(x, g)
	if left == "" {
		v.proven++
		return ""
	}
	v.checked++
	return v.s.Yellow(" (" + left + ")")
}

// left says what is left to run time of a value: what it must be, and what must be there for it. It is "" if nothing is.
func left(x *plan.Expr, g *plan.Guard) string {
	must := ""
	if g != nil {
		must = mustBe(g.Type)
	}
	if x == nil {
		return must
	}
	return andNeeds(must, x.Needs, x.Source)
}

// leftOf says what is left to run time of one field of a value that is guarded by g.
func leftOf(f expression.Field, g *plan.Guard) string {
	must := ""
	switch {
	case f.Proven:
	case g == nil:
		must = mustBe(nil)
	default:
		t := g.Type
		for _, p := range f.Path {
			if strings.HasPrefix(p, "[") {
				t = t.Elem()
			} else {
				t = t.Field(p).Type
			}
		}
		must = mustBe(t)
	}
	return andNeeds(must, f.Needs, f.Source)
}

func mustBe(t *types.Type) string {
	if t == nil || t.Kinds() == 0 {
		return "must fit"
	}
	return "must be " + oneLine(t.Phrase(), 80)
}

func andNeeds(must string, needs []string, source string) string {
	switch {
	case len(needs) == 0:
		return must
	case len(needs) == 1 && needs[0] == source && must == "":
		return "must be there"
	case must == "":
		return "needs " + oneLine(strings.Join(needs, ", "), 80)
	}
	return must + ", needs " + oneLine(strings.Join(needs, ", "), 80)
}

func (v *planView) pages(p *plan.Paginate, indent string) {
	if p == nil {
		return
	}
	text := "pages: items are " + v.source(p.Items)
	if p.Next != nil {
		text += "; next is " + v.source(p.Next) + v.guarded(p.Next, p.Guard)
	}
	if p.Limit > 0 {
		text += "; at most " + plural(int(p.Limit), "item")
	}
	if p.Collect {
		text += "; all kept in memory"
	}
	v.printf("%s%s\n", indent, text)
	if p.Rule == "explicit" {
		return
	}
	var facts []string
	for _, e := range p.Evidence {
		fact := clean(e.Text)
		if e.At != "" {
			fact += " (" + clean(e.At) + ")"
		}
		facts = append(facts, fact)
	}
	v.printf("%s  %s\n", indent, v.s.Dim("inferred by the rule "+clean(p.Rule)+": "+strings.Join(facts, "; ")))
}

// arriving reports whether the items of a step are read as they arrive, not in pages.
func arriving(b *plan.Block, id string) bool {
	return b != nil && slices.ContainsFunc(b.Ops, func(o *plan.Op) bool {
		return o.ID == id && o.Call != nil && o.Call.Items != nil || o.ForEach != nil && arriving(o.ForEach.Block, id)
	})
}

// answers lists the statuses that count as success, and what of them is checked at the door.
func (v *planView) answers(c *plan.Call, indent string) {
	var good []string
	for _, r := range c.Responses {
		if !r.Success {
			continue
		}
		text := r.Status
		for _, content := range r.Content {
			if content.Guard != nil {
				text += ", checked where it is read"
				break
			}
		}
		switch {
		case c.Download:
			text += ", streamed into what it is sent in"
		case c.Items != nil && c.Items.Stream:
			text += ", its items read as they arrive"
		}
		good = append(good, text)
	}
	if len(good) > 0 {
		v.printf("%sanswer %s\n", indent, strings.Join(good, "; "))
	}
}

func (v *planView) forEach(f *plan.ForEach, number, indent string) {
	parts := []string{"one at a time"}
	if f.Concurrency > 1 {
		parts[0] = fmt.Sprintf("%d at a time", f.Concurrency)
	}
	switch {
	case f.Continue && f.MaxErrors > 0:
		parts = append(parts, fmt.Sprintf("goes on after a failure, %d at most", f.MaxErrors))
	case f.Continue:
		parts = append(parts, "goes on after a failure")
	default:
		parts = append(parts, "stops at a failure")
	}
	v.printf("%s%s\n", indent, v.s.Dim(strings.Join(parts, "; ")))
	if f.Where != nil {
		v.printf("%sonly where %s\n", indent, v.source(f.Where))
	}
	if f.Key != nil {
		text := ""
		switch {
		case f.Once != nil && f.Once.Within > 0:
			text = ", once in " + duration(f.Once.Within)
		case f.Once != nil:
			text = ", once for ever"
		}
		v.printf("%skey %s%s\n", indent, v.source(f.Key), text)
	}
	if f.Lock != nil {
		v.printf("%sone at a time of those with the same %s\n", indent, v.source(f.Lock))
	}
	v.block(f.Block, number+".", indent)
	for _, a := range f.Aggregates {
		v.printf("%s%s = %s of %s%s\n", indent, clean(a.Name), a.Func, v.source(a.Value), v.guarded(a.Value, a.Guard))
	}
}

func (v *planView) compute(c *plan.Compute, indent string) {
	if c.Choices == nil {
		v.rows(indent, []row{v.row("", "value", c.Value, c.Guard)})
		return
	}
	for i, labels := range c.Choices {
		v.printf("%scase %d: %s\n", indent, i+1, clean(strings.Join(labels, ", ")))
	}
	if c.Default {
		v.printf("%scase %d: anything else\n", indent, len(c.Choices)+1)
	}
}

// afterwards tells what follows a request: asking again, finding out, taking back.
func (v *planView) afterwards(op *plan.Op, indent string) {
	if r := op.Repeat; r != nil {
		v.printf("%srepeated every %s until %s, for at most %s\n", indent, duration(r.Every), v.source(r.Until), duration(r.Timeout))
	}
	if r := op.Recover; r != nil {
		v.printf("%sif its answer is lost, after %s: %s\n", indent, duration(r.Wait), v.target(r.Call))
		v.call(r.Call, indent+"  ")
		v.printf("%s  it happened if %s\n", indent, v.source(r.Found))
		if r.Body != nil {
			v.printf("%s  body is %s%s\n", indent, v.source(r.Body), v.guarded(r.Body, r.Guard))
		} else if r.Guard != nil {
			v.printf("%s  body is that of this answer%s\n", indent, v.guarded(nil, r.Guard))
		}
	}
	if op.Undo != nil {
		v.printf("%sundone by %s\n", indent, v.target(op.Undo.Call))
		v.call(op.Undo.Call, indent+"  ")
	}
}

// guards lists an operation's checks and catches.
func (v *planView) guards(op *plan.Op, indent string) {
	v.afterwards(op, indent)
	for _, c := range op.Checks {
		v.printf("%scheck %s: %s\n", indent, clean(c.Name), v.source(c.Assert))
	}
	for _, c := range op.Catch {
		text := "step is skipped"
		switch {
		case c.Call != nil:
			text = v.target(c.Call)
		case c.Body != nil:
			text = "body is " + v.source(c.Body)
		}
		v.printf("%son %s: %s\n", indent, clean(c.On), text)
		if c.Call != nil {
			v.call(c.Call, indent+"  ")
		}
	}
}
