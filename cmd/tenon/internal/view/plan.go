package view

import (
	"fmt"
	"io"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tenon/spec/plan"
)

// Plan writes a plan for people: what goes in, which APIs are called and how, every request with the
// origin of each of its values and whether the specs prove it, what waits for what, and what comes out.
func Plan(w io.Writer, s Style, p *plan.Plan) {
	v := &planView{w: w, s: s, p: p, hosts: map[string]bool{}}
	v.head()
	v.inputs("Inputs", p.Inputs)
	v.inputs("Variables", p.Variables)
	if len(p.States) > 0 {
		v.section("State")
		v.kept(p, "  ")
	}
	v.triggers()
	v.apis()
	v.section("Steps")
	v.block(p.Steps, "", "  ")
	if p.OnFailure != nil {
		v.section("If it fails")
		v.block(p.OnFailure, "", "  ")
	}
	v.outputs()
	v.calls()
	v.foot()
}

type planView struct {
	w               io.Writer
	s               Style
	p               *plan.Plan
	hosts           map[string]bool
	proven, checked int
}

func (v *planView) printf(format string, args ...any) { fmt.Fprintf(v.w, format, args...) }

func (v *planView) section(title string) { v.printf("\n%s\n", v.s.Bold(title)) }

func (v *planView) head() {
	v.printf("%s", v.s.Bold(clean(v.p.Integration)))
	if v.p.Description != "" {
		v.printf("  %s", oneLine(v.p.Description, 200))
	}
	v.printf("\n")
	if v.p.Timeout > 0 {
		v.printf("%s\n", v.s.Dim("ends after "+duration(v.p.Timeout)+" at the latest"))
	}
	if v.p.Lock != nil {
		v.printf("%s\n", v.s.Dim("waits for other runs with the same "+v.source(v.p.Lock)))
	}
	switch v.p.Overlap {
	case "skip":
		v.printf("%s\n", v.s.Dim("is not started while it runs"))
	case "queue":
		v.printf("%s\n", v.s.Dim("is started again only when it has ended"))
	case "parallel":
		v.printf("%s\n", v.s.Dim("may run several times at once"))
	}
}

// kept tells what a run leaves to the next.
func (v *planView) kept(p *plan.Plan, indent string) {
	for _, s := range p.States {
		v.printf("%s%s  %s, first %s, then %s%s\n", indent, clean(s.Name), oneLine(s.Type.String(), 80), v.source(s.Initial), v.source(s.Next), v.guarded(s.Next, s.Guard))
	}
}

func (v *planView) inputs(title string, inputs []*plan.Input) {
	if len(inputs) == 0 {
		return
	}
	v.section(title)
	width := 0
	for _, in := range inputs {
		width = max(width, utf8.RuneCountInString(in.Name))
	}
	for _, in := range inputs {
		text := oneLine(in.Type.String(), 80)
		if in.Default != nil {
			text += " = " + v.source(in.Default)
		} else {
			text += ", required"
		}
		v.printf("  %s  %s\n", pad(clean(in.Name), width), text)
	}
}

func (v *planView) apis() {
	if len(v.p.APIs) == 0 {
		return
	}
	v.section("APIs")
	names := sortedKeys(v.p.APIs)
	width := 0
	for _, name := range names {
		width = max(width, utf8.RuneCountInString(name))
	}
	indent := strings.Repeat(" ", width+4)
	for _, name := range names {
		api := v.p.APIs[name]
		v.printf("  %s  %s  %s\n", v.s.Cyan(pad(name, width)), v.server(api.Server), v.s.Dim(clean(documents(api))))
		for _, scheme := range sortedKeys(api.Auth) {
			v.printf("%sauth %s\n", indent, v.auth(api.Auth[scheme]))
		}
		if api.TLS != nil {
			v.printf("%s%s\n", indent, tls(api.TLS))
		}
		for _, h := range api.Headers {
			v.printf("%sheader %s = %s\n", indent, clean(h.Name), v.source(h.Value))
		}
		if api.Retry != nil {
			v.printf("%s%s\n", indent, retry(api.Retry))
		}
		for _, l := range api.Limits {
			v.printf("%s%s\n", indent, limit(l))
		}
		if api.Lenient {
			v.printf("%sanswers that break the spec are reported and used all the same\n", indent)
		}
	}
}

// documents names an api's spec and what amends it.
func documents(a *plan.API) string {
	if a.Spec == "" {
		return "operations declared in the project"
	}
	out := a.Spec
	for _, o := range a.Overlays {
		out += " + " + o.File
	}
	return out
}

// server shows a base URL and remembers its host.
func (v *planView) server(e *plan.Expr) string {
	if e == nil {
		return ""
	}
	text := e.Source
	if plain, err := strconv.Unquote(text); err == nil {
		text = plain
	}
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		v.hosts[u.Host] = true
	} else {
		v.hosts["that of "+oneLine(text, 60)] = true
	}
	return oneLine(text, 120)
}

func limit(l *plan.Limit) string {
	var parts []string
	if l.Count > 0 {
		rate := fmt.Sprintf("%s every %s", plural(l.Count, "request"), duration(l.Per))
		if l.Burst > 0 {
			rate += fmt.Sprintf(", bursts of %d", l.Burst)
		}
		parts = append(parts, rate)
	}
	if l.Concurrency > 0 {
		parts = append(parts, fmt.Sprintf("%d at a time", l.Concurrency))
	}
	return "at most " + strings.Join(parts, ", ")
}

func retry(r *plan.Retry) string {
	if r == nil || r.Attempts <= 1 {
		return "one attempt"
	}
	return fmt.Sprintf("%d attempts on %s, %s %s to %s apart", r.Attempts, strings.Join(r.On, ", "), r.Backoff, duration(r.Initial), duration(r.Max))
}

func (v *planView) outputs() {
	if len(v.p.Outputs) == 0 {
		return
	}
	v.section("Outputs")
	rows := make([]row, 0, len(v.p.Outputs))
	for _, o := range v.p.Outputs {
		rows = append(rows, v.row("", o.Name, o.Value, o.Guard))
	}
	v.rows("  ", rows)
}

func (v *planView) foot() {
	hosts := sortedKeys(v.hosts)
	v.printf("\n%s %s\n", v.s.Bold("Hosts"), strings.Join(hosts, ", "))
	v.printf("%s %s proven by the specs (%s), %s left to run time (%s)\n", v.s.Bold("Values"), count(v.proven), v.s.Green("✓"), count(v.checked), v.s.Yellow("?"))
	if digest, err := v.p.Digest(); err == nil {
		v.printf("%s %s\n", v.s.Bold("Plan"), v.s.Dim(digest))
	}
}

// source is the author's text of an expression.
func (v *planView) source(e *plan.Expr) string {
	if e == nil {
		return ""
	}
	return oneLine(e.Source, v.room())
}

// room is how many columns a value may take.
func (v *planView) room() int {
	if v.s.Width == 0 {
		return 200
	}
	return max(30, v.s.Width-36)
}

// row is one value of a request: where it goes, its name and where it comes from.
type row struct {
	place, name, source string
	left                string // to run time; "" when it is proven
}

func (v *planView) row(place, name string, value *plan.Expr, g *plan.Guard) row {
	return row{place: place, name: clean(name), source: v.source(value), left: left(value, g)}
}

// rows writes values in aligned columns, each marked as proven or left to run time.
func (v *planView) rows(indent string, rows []row) {
	places, names := 0, 0
	for _, r := range rows {
		places = max(places, utf8.RuneCountInString(r.place))
		names = max(names, utf8.RuneCountInString(r.name))
	}
	names = min(names, 40)
	last := ""
	for _, r := range rows {
		mark, rest := v.s.Green("✓"), ""
		if r.left == "" {
			v.proven++
		} else {
			v.checked++
			mark, rest = v.s.Yellow("?"), v.s.Yellow("  "+r.left)
		}
		place := r.place
		if place == last {
			place = ""
		}
		last = r.place
		lead := ""
		if places > 0 {
			lead = v.s.Dim(pad(place, places)) + "  "
		}
		v.printf("%s%s %s%s = %s%s\n", indent, mark, lead, pad(r.name, names), r.source, rest)
	}
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// duration is d without the zeros that Go prints: 15m, 1h30m, 250ms.
func duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// fieldPath is the name of a field in a body: recipient.email, lines[].sku.
func fieldPath(path []string) string {
	text := ""
	for i, p := range path {
		if i > 0 && !strings.HasPrefix(p, "[") {
			text += "."
		}
		text += p
	}
	return text
}
