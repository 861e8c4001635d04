package expression

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tenon/spec/diag"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// expected matches a finding in place: a comment just after the text that it stands at, with its
// severity and a pattern for "rule: message".
var expected = regexp.MustCompile(`/\* (@\S+ )?(ERROR|WARNING|NOTE) "((?:[^"\\]|\\.)*)" \*/`)

// TestFindings checks every attribute of testdata/*.hcl over the order.
func TestFindings(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.hcl")
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(src), "\n") {
			if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
				continue
			}
			checkLine(t, filepath.Base(name), i+1, line)
		}
	}
}

var invoiceType = named("billing.schemas.Invoice",
	required("customer", types.AnyString),
	required("amount", between(types.Integer, num(0), nil)),
	optional("memo", types.AnyString), optional("ref", text(20)), optional("state", types.Enum("open", "paid")),
	optional("lines", types.ListOf(named("billing.schemas.Line", required("sku", types.AnyString), required("quantity", types.AnyInteger)))),
	optional("day", formatted("date")), optional("at", formatted("date-time")),
	optional("pay", types.Union(
		named("billing.schemas.Card", required("kind", types.Const("card")), required("number", types.AnyString)),
		named("billing.schemas.Cash", required("kind", types.Const("cash"))))),
)

type expectation struct {
	severity, pattern string
	end               int
	met               bool
}

// checkLine takes the expectations out of a line, since a comment is not one inside an expr text.
func checkLine(t *testing.T, name string, number int, line string) {
	t.Helper()
	var want []*expectation
	var clean strings.Builder
	last := 0
	for _, m := range expected.FindAllStringSubmatchIndex(line, -1) {
		clean.WriteString(line[last:m[0]])
		want = append(want, &expectation{severity: strings.ToLower(line[m[4]:m[5]]), pattern: strings.ReplaceAll(line[m[6]:m[7]], `\"`, `"`), end: clean.Len()})
		if m[2] >= 0 {
			// @text: the finding stands at the last such text before.
			text := strings.TrimSpace(line[m[2]+1 : m[3]])
			want[len(want)-1].end = strings.LastIndex(clean.String(), text) + len(text)
		}
		last = m[1]
	}
	clean.WriteString(line[last:])
	f, diags := syntax.Parse(name, []byte(clean.String()+"\n"))
	for _, a := range f.Body.Attributes {
		tree, found := Parse(a.Expr)
		diags.Append(found)
		w := Want{What: "the value", Optional: true}
		if name == "body.hcl" {
			w = Want{What: "the body of billing.createInvoice", Type: invoiceType}
		}
		_, found = tree.Check(orderScope(), w)
		diags.Append(found)
	}
	diags.Sort()
	for _, d := range diags {
		if !meets(d, want) {
			t.Errorf("%s:%d: unexpected at %q: %s %s: %s", name, number, clean.String()[d.Range.Start:d.Range.End], d.Severity, d.Rule.Name, d.Message)
		}
	}
	for _, w := range want {
		if !w.met {
			t.Errorf("%s:%d: no finding: %s %s", name, number, w.severity, w.pattern)
		}
	}
}

func meets(d *diag.Diagnostic, want []*expectation) bool {
	for _, w := range want {
		re := regexp.MustCompile(w.pattern)
		if !w.met && w.end == d.Range.End && w.severity == d.Severity.String() && re.MatchString(d.Rule.Name+": "+d.Message+" "+d.Detail) {
			w.met = true
			return true
		}
	}
	return false
}
