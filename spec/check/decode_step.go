package check

import (
	"time"

	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/source"
)

// items reads what runs in a block.
func (d *decoder) items(n *node) *model.Block {
	out := &model.Block{}
	for _, b := range n.blocks {
		switch b.decl.Name {
		case "step":
			out.Items = append(out.Items, d.step(b))
		case "for_each":
			out.Items = append(out.Items, d.forEach(b))
		case "switch":
			out.Items = append(out.Items, d.switchBlock(b))
		case "parallel":
			out.Items = append(out.Items, &model.Parallel{Decl: b.declared(), Body: d.items(b)})
		}
	}
	return out
}

func (d *decoder) request(n *node) model.Request {
	out := model.Request{Params: n.expr("params"), Body: n.expr("body"), Headers: n.expr("headers")}
	if n.decl.Attr("content_type") != nil {
		out.ContentType = literal[string](d, n, "content_type")
	}
	return out
}

func (d *decoder) step(n *node) *model.Step {
	out := &model.Step{
		Decl: n.declared(), Call: n.callRef("call"), Value: n.expr("value"), Run: n.integrationRef("run"), Wait: n.expr("wait"),
		Request: d.request(n), Inputs: n.expr("inputs"), When: n.expr("when"),
		Timeout: literal[time.Duration](d, n, "timeout"), Accept: literal[[]model.Lit[int]](d, n, "accept").Value,
		Safe: literal[bool](d, n, "safe"), Idempotent: literal[bool](d, n, "idempotent"), IdempotencyKey: n.expr("idempotency_key"),
		Retry: d.retry(n.one("retry")), DependsOn: literal[[]model.Ref](d, n, "depends_on").Value,
	}
	if p := n.one("paginate"); p != nil {
		out.Paginate = &model.Paginate{Decl: p.declared(), Items: p.expr("items"), Next: p.expr("next"), Limit: literal[int](d, p, "limit")}
	}
	for _, b := range n.blocks {
		switch b.decl.Name {
		case "repeat":
			out.Repeat = &model.Repeat{Decl: b.declared(), Until: b.expr("until"), Every: literal[time.Duration](d, b, "every"), Timeout: literal[time.Duration](d, b, "timeout")}
		case "recover":
			out.Recover = &model.Recover{Decl: b.declared(), Call: b.callRef("call"), Request: d.request(b), Found: b.expr("found"), Body: b.expr("body"), Wait: literal[time.Duration](d, b, "wait")}
			out.Recover.Request.Body = nil
		case "undo":
			out.Undo = &model.Undo{Decl: b.declared(), Call: b.callRef("call"), Request: d.request(b)}
		case "check":
			out.Checks = append(out.Checks, &model.Check{Decl: b.declared(), Assert: b.expr("assert"), Message: b.expr("message")})
		case "catch":
			out.Catches = append(out.Catches, d.catch(b))
		}
	}
	d.catchesNothing(n)
	return out
}

// catchesNothing reports catches of a step that asks nobody.
func (d *decoder) catchesNothing(n *node) {
	if n.attrs["value"] == nil && n.attrs["wait"] == nil {
		return
	}
	for _, b := range n.blocks {
		if b.decl.Name == "catch" {
			d.diags.Add(lang.AttributeValue, b.block.HeaderRange, "Only a step with \"call\" or \"run\" has failures that can be caught.")
		}
	}
}

func (d *decoder) catch(n *node) *model.Catch {
	out := &model.Catch{Decl: n.declared(), Skip: literal[bool](d, n, "skip"), Call: n.callRef("call"), Request: d.request(n)}
	if !out.Skip.Set {
		return out
	}
	if !out.Skip.Value {
		d.diags.Add(lang.AttributeValue, out.Skip.Range, "A catch skips the step or does not name %q at all.", "skip")
	}
	for _, a := range n.written([]string{"body", "call"}) {
		d.diags.Add(lang.AttributeValue, a.NameRange, "%q and %q do not go together: what is skipped has no result.", "skip", a.decl.Name).
			Relate(n.attrs["skip"].NameRange, "the step is skipped here")
	}
	return out
}

func (d *decoder) forEach(n *node) *model.ForEach {
	out := &model.ForEach{
		Decl: n.declared(), In: n.expr("in"), Where: n.expr("where"), Key: n.expr("key"), When: n.expr("when"),
		Once: literal[time.Duration](d, n, "once"), Lock: n.expr("lock"),
		Concurrency: literal[int](d, n, "concurrency"), OnError: literal[string](d, n, "on_error"), MaxErrors: literal[int](d, n, "max_errors"),
		DependsOn: literal[[]model.Ref](d, n, "depends_on").Value, Body: d.items(n),
	}
	if out.MaxErrors.Set && out.OnError.Set && out.OnError.Value != "continue" {
		d.diags.Add(lang.AttributeValue, n.attrs["max_errors"].NameRange, "%q means something only with on_error = %q.", "max_errors", "continue").
			Relate(out.OnError.Range, "the first error stops it")
	}
	for _, b := range n.blocks {
		if b.decl.Name != "aggregate" {
			continue
		}
		a := &model.Aggregate{Decl: b.declared()}
		if w := b.written(b.decl.ExactlyOne); len(w) > 0 {
			a.Func, a.FuncRange, a.Value = w[0].decl.Name, w[0].NameRange, b.expr(w[0].decl.Name)
		}
		out.Aggregates = append(out.Aggregates, a)
	}
	return out
}

func (d *decoder) switchBlock(n *node) *model.Switch {
	out := &model.Switch{Decl: n.declared(), On: n.expr("on")}
	for _, b := range n.blocks {
		c := &model.Case{Decl: b.declared(), Values: b.block.Labels, Body: d.items(b)}
		if b.decl.Name == "default" {
			out.Default = c
			continue
		}
		out.Cases = append(out.Cases, c)
	}
	d.caseValues(out)
	return out
}

// caseValues reports a value that has two cases.
func (d *decoder) caseValues(s *model.Switch) {
	seen := map[string]source.Range{}
	for _, c := range s.Cases {
		for _, v := range c.Values {
			if first, taken := seen[v.Text]; taken {
				d.duplicateCase(v, first)
				continue
			}
			seen[v.Text] = v.Range
		}
	}
}
