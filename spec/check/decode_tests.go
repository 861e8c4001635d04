package check

import (
	"path"
	"strings"
	"time"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

func (d *decoder) tests(p *model.Project, root *node) {
	for _, n := range root.blocks {
		if n.decl.Name == "test" {
			p.Tests = append(p.Tests, d.test(n))
		}
	}
}

func (d *decoder) test(n *node) *model.Test {
	out := &model.Test{
		Decl: n.declared(), Integration: n.integrationRef("integration"), Inputs: n.expr("inputs"), State: n.expr("state"), Variables: n.expr("variables"),
		Seed: literal[int](d, n, "seed"), Now: literal[time.Time](d, n, "now"), Cassette: literal[string](d, n, "cassette"),
	}
	for _, b := range n.blocks {
		switch b.decl.Name {
		case "mock":
			out.Mocks = append(out.Mocks, d.mock(b))
		case "expect":
			out.Expect = d.expectation(b)
		}
	}
	return out
}

func (d *decoder) mock(n *node) *model.Mock {
	out := &model.Mock{Decl: n.declared(), Call: n.callRef("call"), When: n.expr("when")}
	several := n.attrs["responses"]
	if several == nil {
		out.Answers = []*model.MockAnswer{d.mockAnswer(n.declared(), n)}
		return out
	}
	for _, a := range n.written(lang.MockAnswer.AttrNames()) {
		d.diags.Add(lang.AttributeValue, a.NameRange, "%q and %q do not go together: each of the responses has its own.", "responses", a.decl.Name).
			Relate(several.NameRange, "the responses")
	}
	out.Answers, _ = several.value.([]*model.MockAnswer)
	return out
}

// mockAnswer reads what one call is answered from the attributes of a mock, or of one of its responses.
func (d *decoder) mockAnswer(decl model.Decl, n *node) *model.MockAnswer {
	out := &model.MockAnswer{
		Decl: decl, Status: literal[int](d, n, "status"), Headers: n.expr("headers"), Body: n.expr("body"),
		Error: literal[string](d, n, "error"), Valid: literal[bool](d, n, "valid"), Partial: literal[bool](d, n, "partial"),
	}
	if n.wrong("status") {
		out.Status.Value = -1
	}
	if failure := n.attrs["error"]; failure != nil {
		for _, a := range n.written([]string{"status", "headers", "body", "partial"}) {
			d.diags.Add(lang.AttributeValue, a.NameRange, "%q and %q do not go together: with a failure there is no answer.", "error", a.decl.Name).
				Relate(failure.NameRange, "the failure")
		}
	}
	if out.Partial.Value {
		d.partialOfNothing(n, out)
	}
	return out
}

// partialOfNothing reports an answer that is said to be partial where there is nothing to complete, or nothing to
// complete it by.
func (d *decoder) partialOfNothing(n *node, a *model.MockAnswer) {
	at := n.attrs["partial"].NameRange
	switch other := n.attrs["valid"]; {
	case n.attrs["error"] != nil: // told already
	case other != nil && !a.Valid.Value:
		d.diags.Add(lang.AttributeValue, at, "\"partial\" and \"valid = false\" do not go together: an answer that breaks the spec cannot be completed by it.").
			Relate(other.NameRange, "the answer breaks the spec")
	case n.attrs["body"] == nil:
		d.diags.Add(lang.AttributeValue, at, "\"partial\" says something of \"body\", which is not here.").
			Explain("Without a body, all of it is made up from the spec.")
	}
}

// answers reads the responses of a mock: a list of objects that are written out.
func (d *decoder) answers(a *lang.Attr, e *syntax.Expr) any {
	elements, ok := e.List()
	if !ok {
		f := d.wrong(a, e)
		if _, _, object := e.Object(); object {
			rewritten(f, e, "["+e.Text()+"]")
		}
		return nil
	}
	if len(elements) == 0 {
		d.diags.Add(lang.AttributeValue, e.Range, "%q cannot be empty.", a.Name)
		return nil
	}
	var out []*model.MockAnswer
	for _, x := range elements {
		if answer := d.answerObject(a, x); answer != nil {
			out = append(out, answer)
		}
	}
	return out
}

func (d *decoder) answerObject(a *lang.Attr, e *syntax.Expr) *model.MockAnswer {
	items, brace, ok := e.Object()
	if !ok {
		d.diags.Add(lang.AttributeValue, e.Range, "Each of %q is written as an object: { status = 503 }.", a.Name)
		return nil
	}
	names := lang.MockAnswer.AttrNames()
	n := &node{decl: lang.MockAnswer, attrs: map[string]*attribute{}}
	for _, i := range items {
		if i.KeyExpr != nil {
			d.diags.Add(lang.AttributeValue, i.KeyRange, "The names in %q must be written out.", a.Name)
			continue
		}
		decl := lang.MockAnswer.Attr(i.Key)
		if decl == nil {
			near := meant(i.Key, names)
			d.diags.Add(lang.UnknownAttribute, i.KeyRange, "An answer has no %q.", i.Key).Suggest(near, near).Explain("It has %s.", alternativesAnd(names))
			if decl = lang.MockAnswer.Attr(near); decl == nil {
				continue
			}
		}
		if first := n.attrs[decl.Name]; first != nil {
			d.diags.Add(lang.DuplicateName, i.KeyRange, "%q is already given.", decl.Name).Relate(first.NameRange, "first given here")
			continue
		}
		written := &syntax.Attribute{Name: i.Key, NameRange: i.KeyRange, Expr: i.Value, Range: span(i.KeyRange, i.Value.Range)}
		n.attrs[decl.Name] = &attribute{written, decl, d.value(lang.MockAnswer, decl, i.Value)}
	}
	return d.mockAnswer(model.Decl{NameRange: brace, Range: e.Range, Header: e.Range, OpenBrace: brace}, n)
}

func span(from, to source.Range) source.Range {
	return source.Range{File: from.File, Start: from.Start, End: to.End}
}

func (d *decoder) expectation(n *node) *model.Expect {
	out := &model.Expect{
		Decl: n.declared(), Status: literal[string](d, n, "status"), Outputs: n.expr("outputs"), State: n.expr("state"), Assert: n.expr("assert"),
	}
	if n.wrong("status") {
		out.Status.Value = "" // any may be meant
	}
	for _, b := range n.blocks {
		out.Checks = append(out.Checks, &model.Check{Decl: b.declared(), Assert: b.expr("assert"), Message: b.expr("message")})
	}
	return out
}

func (d *decoder) oneStatus(a *lang.Attr, e *syntax.Expr) (int, bool) {
	s, ok := d.status(a, e)
	return s.Value, ok
}

// instant reads a time as RFC 3339 writes it.
func (d *decoder) instant(a *lang.Attr, e *syntax.Expr) (time.Time, bool) {
	v, _ := e.Literal()
	text, ok := v.(string)
	if !ok {
		d.wrong(a, e)
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, text)
	if err == nil && !t.IsZero() {
		return t, true
	}
	f := d.diags.Add(lang.AttributeValue, e.Range, "%q is not a time as RFC 3339 writes it.", text).Explain(`Date, time and zone: "2026-02-03T00:00:00Z".`)
	for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			rewritten(f, e, quote(t.Format(time.RFC3339)))
			break
		}
	}
	return time.Time{}, false
}

// misplaced reports whether a block belongs to the other kind of file: tests have files of their own.
func misplaced(parent *lang.Block, name string) bool {
	return parent != lang.TestFile && lang.TestFile.Block(name) != nil && parent.Block(name) == nil || parent == lang.TestFile && lang.File.Block(name) != nil
}

func (d *decoder) misplacedTest(parent *lang.Block, b *syntax.Block) *diag.Diagnostic {
	if parent == lang.TestFile {
		return d.diags.Add(lang.UnknownBlock, b.TypeRange, "A file of tests holds nothing but tests; %s stands in one of the project's other files.", article(b.Type))
	}
	file := strings.TrimSuffix(path.Base(d.file.Source.Name), ".hcl") + lang.TestSuffix
	return d.diags.Add(lang.UnknownBlock, b.TypeRange, "Tests stand in files of their own, whose names end in %s: move this one to %s.", lang.TestSuffix, file)
}
