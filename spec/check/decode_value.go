package check

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/model"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// value reads an attribute in the form that its declaration asks for. It returns nil, having said
// why, where the author wrote something else.
func (d *decoder) value(owner *lang.Block, a *lang.Attr, e *syntax.Expr) any {
	if e.Broken() {
		return nil
	}
	switch a.Kind {
	case lang.Expression, lang.Type, lang.Params:
		return e
	case lang.Types:
		return d.types(a, e)
	case lang.Text:
		return one(e, a, d.text)
	case lang.Texts:
		return list(d, a, e, d.text)
	case lang.Files:
		return list(d, a, e, d.fileName)
	case lang.Whole:
		return one(e, a, d.whole)
	case lang.Boolean:
		return one(e, a, d.boolean)
	case lang.Integration:
		if r := d.integrationRef(a, e); r != nil {
			return r
		}
		return nil
	case lang.Webhook:
		if r := d.webhookRef(a, e); r != nil {
			return r
		}
		return nil
	case lang.Duration:
		return one(e, a, d.duration)
	case lang.Choice:
		return one(e, a, func(a *lang.Attr, e *syntax.Expr) (string, bool) { return d.choice(owner, a, e) })
	case lang.Rate:
		return one(e, a, d.rate)
	case lang.Call:
		if c := d.call(a, e); c != nil {
			return c
		}
		return nil
	case lang.References:
		return list(d, a, e, d.reference)
	case lang.Statuses:
		return list(d, a, e, d.status)
	case lang.Window:
		return one(e, a, d.window)
	case lang.Status:
		return one(e, a, d.oneStatus)
	case lang.Instant:
		return one(e, a, d.instant)
	case lang.Answers:
		return d.answers(a, e)
	case lang.Failures:
		return list(d, a, e, d.failure)
	}
	panic(fmt.Sprintf("this is a bug in Tenon: no reader for attributes of kind %d", a.Kind))
}

// one reads a literal.
func one[T any](e *syntax.Expr, a *lang.Attr, read func(*lang.Attr, *syntax.Expr) (T, bool)) any {
	v, ok := read(a, e)
	if !ok {
		return nil
	}
	return model.Lit[T]{Value: v, Range: e.Range, Set: true}
}

// list reads a list of literals, each by one. Elements of a wrong form are left out.
func list[T any](d *decoder, a *lang.Attr, e *syntax.Expr, read func(*lang.Attr, *syntax.Expr) (T, bool)) any {
	elements, ok := e.List()
	if !ok {
		said := len(d.diags)
		_, element := read(a, e)
		d.diags = d.diags[:said]
		if f := d.wrong(a, e); element {
			rewritten(f, e, "["+e.Text()+"]")
		}
		return nil
	}
	if len(elements) == 0 && a.Kind == lang.Texts {
		d.diags.Add(lang.AttributeValue, e.Range, "%q cannot be empty.", a.Name)
		return nil
	}
	out := make([]T, 0, len(elements))
	for _, x := range elements {
		if v, ok := read(a, x); ok {
			out = append(out, v)
		}
	}
	return model.Lit[[]T]{Value: out, Range: e.Range, Set: true}
}

// wrong reports a value of another form than the attribute's.
func (d *decoder) wrong(a *lang.Attr, e *syntax.Expr) *diag.Diagnostic {
	f := d.diags.Add(lang.AttributeValue, e.Range, "%q must be %s.", a.Name, a.Kind.Phrase())
	if _, constant := e.Literal(); !constant {
		f.Explain("It is read before anything runs, so it cannot be computed.")
	}
	return f
}

// rewritten offers text in place of e.
func rewritten(f *diag.Diagnostic, e *syntax.Expr, text string) {
	f.Message = strings.TrimSuffix(f.Message, ".") + ": write " + text + "."
	f.Fix = &diag.Edit{Range: e.Range, New: text}
	f.Detail = ""
}

func (d *decoder) text(a *lang.Attr, e *syntax.Expr) (string, bool) {
	switch v, _ := e.Literal(); v := v.(type) {
	case string:
		if v == "" {
			d.diags.Add(lang.AttributeValue, e.Range, "%q cannot be empty.", a.Name)
			return "", false
		}
		return v, true
	case int:
		rewritten(d.wrong(a, e), e, strconv.Quote(strconv.Itoa(v)))
		return "", false
	}
	f := d.wrong(a, e)
	if word, ok := e.Keyword(); ok {
		rewritten(f, e, strconv.Quote(word))
	}
	return "", false
}

// fileName reads the name of a file.
func (d *decoder) fileName(a *lang.Attr, e *syntax.Expr) (model.Lit[string], bool) {
	text, ok := d.text(a, e)
	return model.Lit[string]{Value: text, Range: e.Range, Set: ok}, ok
}

func (d *decoder) whole(a *lang.Attr, e *syntax.Expr) (int, bool) {
	switch v, _ := e.Literal(); v := v.(type) {
	case int:
		if v < a.Min {
			d.diags.Add(lang.AttributeValue, e.Range, "%q must be at least %d.", a.Name, a.Min)
			return 0, false
		}
		return v, true
	case string:
		f := d.wrong(a, e)
		if n, err := strconv.Atoi(v); err == nil && n >= a.Min {
			rewritten(f, e, strconv.Itoa(n))
		}
		return 0, false
	}
	d.wrong(a, e)
	return 0, false
}

func (d *decoder) boolean(a *lang.Attr, e *syntax.Expr) (bool, bool) {
	switch v, _ := e.Literal(); v := v.(type) {
	case bool:
		return v, true
	case string:
		f := d.wrong(a, e)
		if b, err := strconv.ParseBool(v); err == nil {
			rewritten(f, e, strconv.FormatBool(b))
		}
		return false, false
	}
	d.wrong(a, e)
	return false, false
}

var durationForm = regexp.MustCompile(`^(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ms|s|m|h|d))+$`)
var durationPart = regexp.MustCompile(`([0-9.]+)([a-z]+)`)

var units = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
}

// parseDuration reads "1h30m", "90d", "250ms": numbers with units, added up. It must be above zero
// and at most 100 years.
func parseDuration(s string) (time.Duration, bool) {
	if len(s) > 50 || !durationForm.MatchString(s) {
		return 0, false
	}
	total := 0.0
	for _, part := range durationPart.FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseFloat(part[1], 64)
		if err != nil {
			return 0, false
		}
		total += n * float64(units[part[2]])
	}
	const most = 100 * 365 * 24 * time.Hour
	if total < 1 || total > float64(most) {
		return 0, false
	}
	return time.Duration(total), true
}

func (d *decoder) duration(a *lang.Attr, e *syntax.Expr) (time.Duration, bool) {
	v, _ := e.Literal()
	text, ok := v.(string)
	if n, number := v.(int); number {
		d.diags.Add(lang.AttributeValue, e.Range, "%q has no unit: %d seconds are written \"%ds\", milliseconds \"%dms\".", a.Name, n, n, n)
		return 0, false
	}
	if !ok {
		d.wrong(a, e)
		return 0, false
	}
	t, ok := parseDuration(text)
	if !ok {
		d.diags.Add(lang.AttributeValue, e.Range, "%q is not a duration.", text).
			Explain(`A duration is a number above zero and a unit (ms, s, m, h or d), or several in a row: "250ms", "30s", "1h30m", "90d".`)
	}
	return t, ok
}

// window reads a duration, or zero for forever.
func (d *decoder) window(a *lang.Attr, e *syntax.Expr) (time.Duration, bool) {
	if v, _ := e.Literal(); v == "forever" {
		return 0, true
	}
	return d.duration(a, e)
}

func (d *decoder) rate(a *lang.Attr, e *syntax.Expr) (model.Rate, bool) {
	v, _ := e.Literal()
	text, ok := v.(string)
	if !ok {
		d.wrong(a, e)
		return model.Rate{}, false
	}
	count, per, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(count)
	t, ok := parseDuration(per)
	if err != nil || n < 1 || n > 1_000_000 || !ok {
		f := d.diags.Add(lang.AttributeValue, e.Range, "%q is not a rate.", text).
			Explain(`A rate is a number of requests and a duration: "100/1s", "5000/1h".`)
		if _, unit := units[per]; unit && err == nil && n > 0 {
			rewritten(f, e, strconv.Quote(count+"/1"+per))
		}
		return model.Rate{}, false
	}
	return model.Rate{Count: n, Per: t}, true
}

func (d *decoder) choice(owner *lang.Block, a *lang.Attr, e *syntax.Expr) (string, bool) {
	v, _ := e.Literal()
	text, ok := v.(string)
	if word, bare := e.Keyword(); bare && slices.Contains(a.Choices, word) {
		rewritten(d.diags.Add(lang.AttributeValue, e.Range, "%q is written in quotes.", a.Name), e, strconv.Quote(word))
		return "", false
	}
	if !ok {
		d.diags.Add(lang.AttributeValue, e.Range, "%q must be %s.", a.Name, alternatives(a.Choices))
		return "", false
	}
	if slices.Contains(a.Choices, text) {
		return text, true
	}
	if slices.Contains(lang.LaterChoices[owner.Name+"."+a.Name], text) {
		d.diags.Add(lang.AttributeValue, e.Range, later, text)
		return "", false
	}
	d.diags.Add(lang.AttributeValue, e.Range, "%q is not one of %s.", text, alternatives(a.Choices)).Suggest(near(text, a.Choices))
	return "", false
}

func (d *decoder) status(a *lang.Attr, e *syntax.Expr) (model.Lit[int], bool) {
	v, _ := e.Literal()
	if n, ok := v.(int); ok && n >= 100 && n <= 599 {
		return model.Lit[int]{Value: n, Range: e.Range, Set: true}, true
	}
	f := d.diags.Add(lang.AttributeValue, e.Range, "This is not an HTTP status: a whole number from 100 to 599.")
	if text, ok := v.(string); ok && statusText(text) {
		rewritten(f, e, text)
	}
	return model.Lit[int]{}, false
}

var retryable = []string{"network", "timeout"}

// failure reads one element of retry.on. Statuses become text.
func (d *decoder) failure(a *lang.Attr, e *syntax.Expr) (string, bool) {
	v, _ := e.Literal()
	if n, ok := v.(int); ok {
		v = strconv.Itoa(n)
	}
	text, ok := v.(string)
	if ok && (slices.Contains(retryable, text) || statusText(text) || class(text)) {
		return text, true
	}
	f := d.diags.Add(lang.AttributeValue, e.Range, "This is nothing that can be tried again.")
	if ok {
		f.Suggest(near(text, retryable))
	}
	f.Explain(`There are "network", "timeout", statuses (429) and classes of them ("5xx").`)
	return "", false
}

// call reads the name of an operation. What it names is looked up when plans are built.
func (d *decoder) call(a *lang.Attr, e *syntax.Expr) *model.CallRef {
	steps, ok := e.Traversal()
	if ok && len(steps) == 2 && steps[0].Index == nil && steps[1].Name != "" {
		return &model.CallRef{
			API: steps[0].Name, APIRange: steps[0].Range, Operation: steps[1].Name, OperationRange: steps[1].Range,
			Quoted: steps[1].Index != nil, Range: e.Range,
		}
	}
	f := d.wrong(a, e)
	f.Detail = "The name of an api, and one of its operations: by operationId, or by method and path as in shop[\"GET /orders\"]."
	switch v, _ := e.Literal(); v := v.(type) {
	case string:
		if api, operation, ok := strings.Cut(v, "."); ok && identifier(api) && identifier(operation) {
			rewritten(f, e, v)
		}
	default:
		if dotted := dottedOperation(steps); dotted != "" {
			rewritten(f, e, fmt.Sprintf("%s[%q]", steps[0].Name, dotted))
		}
	}
	return nil
}

// dottedOperation joins all but the first part of api.some.operation.
func dottedOperation(steps []syntax.Step) string {
	var names []string
	for _, s := range steps[min(1, len(steps)):] {
		if s.Index != nil {
			return ""
		}
		names = append(names, s.Name)
	}
	if len(names) < 2 {
		return ""
	}
	return strings.Join(names, ".")
}

var itemKinds = []string{"step", "for_each", "switch", "parallel"}

func (d *decoder) reference(a *lang.Attr, e *syntax.Expr) (model.Ref, bool) {
	steps, ok := e.Traversal()
	if ok && len(steps) == 2 && steps[0].Index == nil && steps[1].Name != "" && slices.Contains(itemKinds, steps[0].Name) {
		return model.Ref{Kind: steps[0].Name, Name: steps[1].Name, Range: e.Range}, true
	}
	f := d.diags.Add(lang.AttributeValue, e.Range, "%q names steps, for_each, switch and parallel blocks: step.NAME.", a.Name)
	if len(steps) > 2 && slices.Contains(itemKinds, steps[0].Name) {
		rewritten(f, e, steps[0].Name+"."+steps[1].Name)
	}
	return model.Ref{}, false
}

// types reads an object of names and types.
func (d *decoder) types(a *lang.Attr, e *syntax.Expr) any {
	items, _, ok := e.Object()
	if !ok {
		d.wrong(a, e)
		return nil
	}
	var out []model.Param
	seen := map[string]source.Range{}
	for _, item := range items {
		if item.KeyExpr != nil {
			d.diags.Add(lang.AttributeValue, item.KeyRange, "The names in %q must be written out.", a.Name)
			continue
		}
		if first, taken := seen[item.Key]; taken {
			d.diags.Add(lang.DuplicateName, item.KeyRange, "There is another input called %q.", item.Key).Relate(first, "the first one")
			continue
		}
		seen[item.Key] = item.KeyRange
		if d.name(item.Key, item.KeyRange, true, func(s string) string { return s }) {
			out = append(out, model.Param{Name: item.Key, NameRange: item.KeyRange, Type: item.Value})
		}
	}
	return out
}
