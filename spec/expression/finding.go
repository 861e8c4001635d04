package expression

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/diag"
	"tenon/spec/types"
)

// subject names a value in a message: as its author wrote it, when that is short.
func (c *checker) subject(v value) string {
	if v.node == nil {
		return "this value"
	}
	text := c.tree.file.Text(c.place(v.node))
	if len(text) > 60 || strings.ContainsAny(text, "\n{") || text == "" {
		return "this value"
	}
	return text
}

// requirer names what a place wants its value for: "the body of billing.createInvoice", or the
// property in it with the type that declares it.
func (c *checker) requirer(w *want) string {
	if w == nil || w.top == nil {
		return "this place"
	}
	what := w.top.What
	if len(w.path) == 0 {
		if what == "" {
			return "this place"
		}
		return what
	}
	name := types.Path(w.path)
	switch {
	case hasPlace(w.path[len(w.path)-1:]):
		return "an element of a list"
	case w.owner != "":
		return fmt.Sprintf("%s of %s", types.Path(w.path[len(w.path)-1:]), w.owner)
	case what != "":
		return fmt.Sprintf("%s in %s", name, what)
	}
	return name
}

// whatRequires names the object that a constructor makes.
func (c *checker) whatRequires(w *want, owner string) string {
	switch {
	case owner != "":
		return owner
	case len(w.path) > 0:
		return types.Path(w.path)
	case w.top.What != "":
		return capital(w.top.What)
	}
	return "This object"
}

var misfitRules = map[types.Misfit]*diag.Rule{
	types.MisfitType: TypeMismatch, types.MisfitAbsent: MaybeAbsent, types.MisfitNull: MaybeNull, types.MisfitEnum: EnumValue,
	types.MisfitFormat: FormatMismatch, types.MisfitPattern: PatternMismatch, types.MisfitRange: OutOfRange, types.MisfitLength: Length,
	types.MisfitMissing: MissingProperty, types.MisfitUnknown: UnknownProperty, types.MisfitReadOnly: ReadOnlyProperty,
	types.MisfitVariant: VariantMismatch, types.MisfitLossy: LossyNumber, types.MisfitUncheckable: TypeMismatch,
}

// IsMisfit reports whether findings of a rule say that a value does not fit its place.
func IsMisfit(r *diag.Rule) bool {
	for _, misfit := range misfitRules {
		if r == misfit {
			return true
		}
	}
	return false
}

func severity(p types.Problem) diag.Severity {
	switch {
	case p.Verdict == types.Wrong:
		return diag.Error
	case p.Stated:
		return diag.Warning
	}
	return diag.Note
}

// misfits reports the reasons why a value may not fit its place: what an object lacks or has too much
// of in one finding each, the rest one by one.
func (c *checker) misfits(v value, w *want, problems []types.Problem) {
	grouped := map[string][]string{}
	var order []types.Problem
	for _, p := range problems {
		named := len(p.Path) > 0 && !hasPlace(p.Path[len(p.Path)-1:])
		if p.Misfit != types.MisfitMissing && p.Misfit != types.MisfitUnknown || !named {
			c.misfit(v, w, p)
			continue
		}
		last := len(p.Path) - 1
		k := string(p.Misfit) + severity(p).String() + pathKey(p.Path[:last])
		if grouped[k] == nil {
			order = append(order, p)
		}
		grouped[k] = append(grouped[k], types.Path(p.Path[last:]))
	}
	for _, p := range order {
		last := len(p.Path) - 1
		names := choices(grouped[string(p.Misfit)+severity(p).String()+pathKey(p.Path[:last])])
		c.properties(v, w, p, c.partOf(v, p.Path[:last]), names)
	}
}

// properties reports the properties that an object lacks, or that its place does not take.
func (c *checker) properties(v value, w *want, p types.Problem, subject, names string) {
	at := c.place(v.node)
	var d *diag.Diagnostic
	if p.Misfit == types.MisfitMissing {
		d = c.reportAt(MissingProperty, at, "%s lacks %s, and %s requires it.", subject, names, c.requirer(w))
	} else {
		d = c.reportAt(UnknownProperty, at, "%s has %s, which %s does not take.", subject, names, c.requirer(w))
		if len(p.Path) == 1 && subject != "this value" {
			d.Explain("Write out what is meant, { a = %s.a, … }, or take it away with omit(%s, …).", subject, subject)
		}
	}
	d.Severity = severity(p)
	c.relateWant(d, w)
}

// partOf names a part of a value.
func (c *checker) partOf(v value, p []string) string {
	subject := c.subject(v)
	switch {
	case len(p) == 0:
		return subject
	case subject == "this value":
		return types.Path(p) + " of this value"
	}
	return subject + joinPath(p)
}

func (c *checker) relateWant(d *diag.Diagnostic, w *want) {
	switch {
	case w == nil:
	case w.prop != nil:
		c.relate(d, w.prop.Origin, "declared here")
	case w.typ != nil:
		c.relate(d, w.typ.Origin, "declared here")
	}
}

// misfit reports one reason why a value may not fit its place.
func (c *checker) misfit(v value, w *want, p types.Problem) {
	if p.Misfit == types.MisfitUncheckable && p.Verdict != types.Wrong {
		return // validated at run time; there is nothing that an author could do about it
	}
	rule, at := misfitRules[p.Misfit], c.place(v.node)
	if _, isObject := v.node.(*ast.MapNode); isObject && p.Misfit == types.MisfitVariant {
		at.End = min(at.End, at.Start+1)
	}
	reason := or(p.Reason, "does not fit: it is "+phrase(p.From)+", and "+phrase(p.To)+" is expected")
	var d *diag.Diagnostic
	switch {
	case p.Misfit == types.MisfitAbsent || p.Misfit == types.MisfitNull && !v.known:
		d = c.reportAt(rule, at, "%s.", c.hole(v, w, p, c.partOf(v, p.Path)))
		d.Message += c.holeMend(v, p)
	case v.known && len(p.Path) == 0:
		d = c.reportAt(rule, at, "%s %s.", capital(c.requirer(w)), reason)
	default:
		d = c.reportAt(rule, at, "%s %s (%s).", c.partOf(v, p.Path), reason, c.requirer(w))
	}
	d.Severity = v.severity(p)
	if _, ok := v.value.(string); ok && p.Near != "" && len(p.Path) == 0 {
		d.Suggest(p.Near, strconv.Quote(p.Near))
	}
	c.mend(d, v, p)
	c.relateWant(d, w)
}

func joinPath(p []string) string {
	s := types.Path(p)
	if strings.HasPrefix(s, "[") {
		return s
	}
	return "." + s
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// hole says that a value may be absent or null where it must not.
func (c *checker) hole(v value, w *want, p types.Problem, subject string) string {
	what := "absent"
	if p.Misfit == types.MisfitNull {
		what = "null"
	}
	is := "may be " + what
	if p.Verdict == types.Wrong {
		is = "is always " + what
	}
	why := ""
	switch {
	case len(p.Path) > 0 || p.Verdict == types.Wrong:
	case p.Misfit == types.MisfitNull && v.owner != "":
		why = fmt.Sprintf(" (%s says so)", v.owner)
	case p.Misfit == types.MisfitAbsent && v.why != "":
		why = fmt.Sprintf(" (%s)", v.why)
	}
	needs := c.requirer(w)
	if w != nil && w.prop != nil && w.owner != "" {
		needs = fmt.Sprintf("%s requires %s", w.owner, types.Path([]string{w.prop.Name}))
	} else {
		needs += " needs a value"
	}
	return fmt.Sprintf("%s %s%s, and %s", subject, is, why, needs)
}

func (c *checker) holeMend(v value, p types.Problem) string {
	text := c.subject(v)
	if p.Verdict == types.Wrong || len(p.Path) > 0 || text == "this value" {
		return ""
	}
	return fmt.Sprintf(" Use coalesce(%s, …) or must(%s, \"why\").", text, text)
}

// mend says what usually mends a misfit, where the message has not said it.
func (c *checker) mend(d *diag.Diagnostic, v value, p types.Problem) {
	text := c.subject(v)
	if c.wrapped(d, v, p) || text == "this value" || len(p.Path) > 0 || d.Detail != "" || d.Fix != nil {
		return
	}
	switch p.Misfit {
	case types.MisfitLossy:
		d.Explain("Use round(%s), floor(…) or ceil(…).", text)
	case types.MisfitType:
		switch {
		case p.To == nil:
		case v.known:
			mendLiteral(d, v, p.To)
		case p.To.Without(types.Absent|types.Null).Is(types.Boolean) && v.typ.Is(types.Array|types.String|types.Null|types.Absent):
			d.Explain("Nothing is true or false by itself: write what is meant, len(%s) > 0 or %s != null.", text, text)
		case p.To.Is(types.String) && v.typ.Is(types.Number|types.Boolean):
			d.Explain("Nothing is converted silently: write \"${%s}\" or string(%s).", text, text)
		case p.To.Is(types.Number) && v.typ.Is(types.String):
			d.Explain("Nothing is converted silently: use int(%s), float(%s) or decimal(%s).", text, text, text)
		}
	case types.MisfitLength:
		if v.known {
			if s, ok := v.value.(string); ok {
				if least, _ := sizes(p.To); utf8.RuneCountInString(s) < least {
					d.Explain("At least %s needed.", needed(least))
				}
			}
		} else if _, finite := v.typ.Only(types.String).Constants(); finite {
			d.Explain("Say with match(…) what is sent for it, or leave it out by a condition: %s != …", text)
		} else if most, ok := tooLong(v, p); ok {
			d.Explain("truncate(%s, %d) shortens it.", text, most)
		}
	}
}

// wrapped says of a template that is one value and nothing else that the quotes make it text.
func (c *checker) wrapped(d *diag.Diagnostic, v value, p types.Problem) bool {
	n, ok := v.node.(*ast.CallNode)
	if !ok || p.Misfit != types.MisfitType || len(p.Path) > 0 || len(n.Arguments) != 1 || p.To == nil {
		return false
	}
	if id, ok := n.Callee.(*ast.IdentifierNode); !ok || id.Value != callTemplate {
		return false
	}
	c.quiet++
	inner := c.infer(n.Arguments[0])
	c.quiet--
	text := c.tree.file.Text(c.place(n.Arguments[0]))
	if types.VerdictOf(types.Assign(inner.typ.Without(types.Absent|types.Null), p.To)) == types.Wrong {
		return false
	}
	d.Explain("What stands in quotes is text: write %s, without the quotes.", text)
	d.Fix = &diag.Edit{Range: c.place(n), New: text}
	return true
}

func needed(n int) string {
	if n == 1 {
		return "1 character is"
	}
	return fmt.Sprintf("%d characters are", n)
}

// mendLiteral says how a literal is written as what its place expects.
func mendLiteral(d *diag.Diagnostic, v value, to *types.Type) {
	if to.Is(types.String) && v.typ.Is(types.Number|types.Boolean) {
		d.Explain("Nothing is converted silently: write \"%s\", in quotes.", textOfValue(v.value))
		return
	}
	n, isText := v.node.(*ast.StringNode)
	if !isText {
		return
	}
	to = to.Without(types.Absent | types.Null)
	literal, err := types.DecodeJSON([]byte(n.Value), types.Limits{})
	if err == nil && to.Is(types.Number|types.Boolean) && to.Contains(literal) {
		d.Explain("Nothing is converted silently: write %s, without quotes.", n.Value)
		d.Fix = &diag.Edit{Range: d.Range, New: n.Value}
	}
}

// tooLong returns how long a text may be that may be longer.
func tooLong(v value, p types.Problem) (most int, ok bool) {
	if v.known || p.To == nil || !v.typ.Is(types.String|types.Null|types.Absent) {
		return 0, false
	}
	least, most := sizes(p.To)
	low, high := sizes(v.typ)
	return most, low >= least && most >= 0 && (high < 0 || high > most)
}

// accept holds a value that an operator or function takes against the type it takes. It reports
// under rule where the kind is wrong; what names the place: "the condition". False: it can't work.
func (c *checker) accept(v value, t *types.Type, rule *diag.Rule, what string) bool {
	if v.bad || isInvalid(v.typ) {
		return false
	}
	if v.typ.May(types.Stream) && !t.May(types.Stream) {
		c.collectFirst(v)
		return false
	}
	ok := true
	problems := types.Assign(v.typ, t)
	if i := slices.IndexFunc(problems, wrongKind); i >= 0 {
		problems = problems[i : i+1] // a hole in what is of no use there is not worth a word
	}
	for _, p := range problems {
		if p.Misfit == types.MisfitUncheckable {
			continue
		}
		r := misfitRules[p.Misfit]
		if r == TypeMismatch {
			r = rule
		}
		subject := c.subject(v)
		var d *diag.Diagnostic
		switch p.Misfit {
		case types.MisfitAbsent, types.MisfitNull:
			w := &want{top: &Want{What: what}, typ: t}
			d = c.report(r, v.node, "%s.", c.hole(v, w, p, subject))
			d.Message += c.holeMend(v, p)
		case types.MisfitType:
			if p.Verdict == types.Wrong && len(p.Path) == 0 {
				d = c.report(r, v.node, "%s is %s, and %s must be %s.", subject, v.phrase(), what, phrase(t))
			} else if v.typ.Shape().Untyped {
				continue // nothing is known of it; what it is, is seen at run time
			} else {
				d = c.report(r, v.node, "%s may be %s, and %s must be %s.", subject+pathSuffix(p.Path), phrase(v.typ), what, phrase(t))
			}
		default:
			d = c.report(r, v.node, "%s %s (%s).", subject+pathSuffix(p.Path), p.Reason, what)
		}
		d.Severity = v.severity(p)
		c.mend(d, v, p)
		ok = ok && p.Verdict != types.Wrong
	}
	return ok
}

func wrongKind(p types.Problem) bool {
	return p.Misfit == types.MisfitType && p.Verdict == types.Wrong && len(p.Path) == 0
}

// collectFirst reports a stream where only a list would do.
func (c *checker) collectFirst(v value) {
	c.report(StreamNotCollected, v.node, "%s is a stream: it is read once, item by item, in a for_each. To use it as a list, write collect(%s).", c.subject(v), c.tree.text(v.node))
}

// phrase describes a value by its type; one that is written out, by its kind.
func (v value) phrase() string {
	switch {
	case v.typ.Is(types.Boolean):
		return phrase(types.AnyBoolean)
	case v.known:
		return phrase(generalise(v.typ))
	}
	return phrase(v.typ)
}

func pathSuffix(p []string) string {
	if len(p) == 0 {
		return ""
	}
	return joinPath(p)
}

// absentPart reports a value that may be absent inside something that can't have holes.
func (c *checker) absentPart(v value, what string) {
	w := &want{top: &Want{What: what}}
	p := types.Problem{Misfit: types.MisfitAbsent, Verdict: verdict(v.typ.Is(types.Absent))}
	d := c.report(MaybeAbsent, v.node, "%s.", c.hole(v, w, p, c.subject(v)))
	d.Message += c.holeMend(v, p)
	d.Severity = v.severity(p)
}

// severity is that of a problem with v: what the schema says may be null on the way to it is said, too.
func (v value) severity(p types.Problem) diag.Severity {
	if p.Misfit == types.MisfitAbsent && p.Verdict != types.Wrong && len(p.Path) == 0 && v.underNull {
		return diag.Warning
	}
	return severity(p)
}

func (c *checker) unknownProperty(w *want, target *types.Type, name string, key ast.Node, info types.FieldInfo) {
	d := c.report(UnknownProperty, key, "%s has no property %q.", c.whatRequires(w, typeName(target)), name)
	if info.Found == types.Undeclared {
		d.Severity = diag.Warning
		d.Message = fmt.Sprintf("%s does not declare a property %q.", c.whatRequires(w, typeName(target)), name)
		d.Explain("The schema does not say that others are allowed. If the provider takes it, say so in an overlay (additionalProperties: true).")
	}
	near := or(info.Near, diag.Nearest(name, target.PropertyNames()))
	if near != "" {
		d.Severity = diag.Error
	} else if names := target.PropertyNames(); len(names) > 0 {
		d.Wonder(name, names).Explain("%s", strings.TrimSpace(fmt.Sprintf("It has %s. %s", choicesLike(name, names), d.Detail)))
	}
	c.suggestName(d, key, near)
	c.relate(d, target.Origin, "declared here")
}

func (c *checker) readOnly(w *want, owner, name string, key ast.Node, info types.FieldInfo) {
	d := c.report(ReadOnlyProperty, key, "%s of %s is read-only: the provider sets it, and requests do not carry it.", name, c.whatRequires(w, owner))
	if !info.Property.ReadOnly {
		d.Message = fmt.Sprintf("%s of %s is write-only: requests carry it, and answers do not.", name, c.whatRequires(w, owner))
	}
	c.relate(d, info.Property.Origin, "declared here")
}

// choices lists names for a message.
func choices(names []string) string {
	names = slices.DeleteFunc(slices.Clone(names), isSplatName)
	slices.Sort(names)
	return few(slices.Compact(names))
}

// choicesLike lists names for a message about one that is none of them: if they are many, those most like it.
func choicesLike(name string, names []string) string {
	if len(names) <= 12 {
		return choices(names)
	}
	names = slices.DeleteFunc(slices.Clone(names), isSplatName)
	slices.Sort(names)
	return few(diag.Alike(name, slices.Compact(names)))
}

func few(names []string) string {
	if len(names) > 12 {
		return strings.Join(names[:11], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

func prefixed(p string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = p + n
	}
	return out
}

// capital begins a sentence with s, unless that begins with a name.
func capital(s string) string {
	if rest, ok := strings.CutPrefix(s, "the "); ok {
		return "The " + rest
	}
	if rest, ok := strings.CutPrefix(s, "an "); ok {
		return "An " + rest
	}
	return s
}

func phrase(t *types.Type) string {
	switch t {
	case nil:
		return "anything"
	case types.AnyBoolean:
		return "a boolean"
	}
	return t.Phrase()
}

// typeName is what people call a type; "" where it has no name.
func typeName(t *types.Type) string {
	if t.Name != "" && t.May(types.Object) {
		return t.Name
	}
	if s := t.Shape(); len(s.Objects) == 1 {
		return s.Objects[0].Name
	}
	return ""
}

// kindsOf lists the kinds that are in t.
func kindsOf(t *types.Type) []types.Kind {
	var out []types.Kind
	for k := types.Absent; k <= types.File; k <<= 1 {
		if t.May(k) {
			out = append(out, k)
		}
	}
	return out
}

func place0(i int) string { return "[" + strconv.Itoa(i) + "]" }
