package check

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/types"
)

func archive(t *testing.T, name string) string {
	t.Helper()
	src, err := os.ReadFile("testdata/build/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func TestTests(t *testing.T) {
	r, _, _ := build(t, files(archive(t, "tests.txtar")))
	var names []string
	for _, x := range r.Tests {
		names = append(names, x.Name)
	}
	if want := []string{"all is as declared", "failures", "the same"}; !slices.Equal(names, want) {
		t.Fatalf("got the tests %q, want %q", names, want)
	}
	x := r.Tests[0]
	if x.Integration != "cancel" || x.Seed != 7 || !x.Now.Equal(time.Date(2026, 2, 2, 23, 0, 0, 0, time.UTC)) {
		t.Errorf("got %q %d %s", x.Integration, x.Seed, x.Now)
	}
	var answers []string
	for _, m := range x.Mocks {
		for _, a := range m.Answers {
			answers = append(answers, strings.TrimSpace(m.Operation+" "+strings.Trim(string(mustJSON(t, a.Status)), "0")+a.Error))
		}
	}
	want := []string{"listOrders 2", "listOrders 2", "updateOrder 503", "updateOrder 429", "updateOrder timeout", "updateOrder 409", "listOrders 2", "getOrder 2", "updateOrder 302"}
	if !slices.Equal(answers, want) {
		t.Errorf("got the answers %q, want %q", answers, want)
	}
	if partial := x.Mocks[3].Answers[0]; !partial.Partial || partial.Type == nil {
		t.Error("nothing tells how to complete what is partial")
	}
	if broken := x.Mocks[4].Answers[0]; broken.Guard != nil || broken.Type != nil {
		t.Error("an answer that breaks the spec on purpose is held against it")
	}
	if len(x.Files) != 1 || x.Files[0].Name != "declared.test.hcl" {
		t.Errorf("it has the files %v", x.Files)
	}
	if r.Tests[1].Expect.Status != "failed" || r.Tests[2].Expect == nil || r.Tests[2].Expect.Status != "succeeded" {
		t.Error("the expected status is another")
	}
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestTestsSurviveJSON holds that a test is the same after JSON, and its expressions still compute.
func TestTestsSurviveJSON(t *testing.T) {
	r, _, _ := build(t, files(archive(t, "tests.txtar")))
	for _, x := range r.Tests {
		data := mustJSON(t, x)
		back := &plan.Test{}
		if err := json.Unmarshal(data, back); err != nil {
			t.Fatal(err)
		}
		if again := mustJSON(t, back); string(again) != string(data) {
			t.Errorf("%s: after JSON it is\n%s\nit was\n%s", x.Name, again, data)
		}
	}
	data := mustJSON(t, r.Tests[0])
	back := &plan.Test{}
	if err := json.Unmarshal(data, back); err != nil {
		t.Fatal(err)
	}
	program, err := back.Mocks[0].Answers[0].Body.Compile()
	if err != nil {
		t.Fatal(err)
	}
	request := map[string]any{"params": map[string]any{"status": "open", "page": 1}, "headers": map[string]any{}}
	v, err := program.Run(map[string]any{"request": request}, expression.Limits{})
	if err != nil || types.Get(types.Get(v, "data").([]any)[0], "total") != 4 {
		t.Errorf("got %v, %v", v, err)
	}
}

// TestTestsLeaveTheRest holds that tests change neither plans nor what is found elsewhere, right or wrong.
func TestTestsLeaveTheRest(t *testing.T) {
	dir := files(archive(t, "tests.txtar"))
	with, _, all := build(t, dir)
	for name := range dir {
		if strings.HasSuffix(name, lang.TestSuffix) {
			delete(dir, name)
		}
	}
	without, _, rest := build(t, dir)
	if len(with.Plans) != 3 || len(without.Plans) != 3 {
		t.Fatalf("there are %d and %d plans", len(with.Plans), len(without.Plans))
	}
	for name, p := range with.Plans {
		a, _ := p.Digest()
		if b, _ := without.Plans[name].Digest(); a != b {
			t.Errorf("the plan of %s is another without the tests", name)
		}
	}
	var elsewhere []string
	for _, d := range all {
		if !strings.HasSuffix(d.Range.File, lang.TestSuffix) {
			elsewhere = append(elsewhere, d.Message)
		}
	}
	if got := messages(rest); !slices.Equal(got, elsewhere) {
		t.Errorf("without tests there is\n%q, with them\n%q", got, elsewhere)
	}
}

// TestWrongTestFile holds that a file of tests that cannot be read hides nothing of the rest.
func TestWrongTestFile(t *testing.T) {
	dir := files("")
	session := NewSession(dir, nil, "")
	project := map[string][]byte{
		"main.hcl":   []byte("integration \"a\" {\n  output \"one\" {\n    value = 1\n  }\n}\n\nvariable \"v\" {\n  type = string\n}\n"),
		"a.test.hcl": []byte("test \"a\" {\n  integration = integration.a\n  expect {\n    outputs = {\n"),
	}
	c := session.Check(project)
	if len(c.Plans) != 1 {
		t.Error("there is no plan")
	}
	rules := map[string]bool{}
	for _, d := range c.Findings {
		rules[d.Rule.Name] = true
	}
	if !rules["syntax"] || !rules["unused"] {
		t.Errorf("found %q", messages(c.Findings))
	}
	project["a.test.hcl"] = []byte("test \"a\" {\n  integration = integration.a\n}\n")
	if c = session.Check(project); len(c.Tests) != 1 {
		t.Errorf("there are %d tests: %q", len(c.Tests), messages(c.Findings))
	}
}

// TestWhereTestsStand: tests have files of their own, and these nothing else.
func TestWhereTestsStand(t *testing.T) {
	_, _, diags := build(t, files(`-- main.hcl --
test "a" {
  integration = integration.a
}

integration "a" {
  test "b" {
  }
  output "one" {
    value = 1
  }
}

mock "c" {
}
-- a.test.hcl --
stray = 1

integration "b" {
  output "one" {
    value = 1
  }
}

mock "d" {
}
`))
	want := []string{
		`"stray" is not an attribute of a file of tests.`,
		`A file of tests holds nothing but tests; an "integration" block stands in one of the project's other files.`,
		`"mock" is not a block that stands in a file of tests.`,
		`Tests stand in files of their own, whose names end in .test.hcl: move this one to main.test.hcl.`,
		`Tests stand in files of their own, whose names end in .test.hcl: move this one to main.test.hcl.`,
		`"mock" is not a block that stands in a file.`,
	}
	if got := messages(diags); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestIgnoreElsewhere: what another command reports may be ignored, though lint finds nothing there.
func TestIgnoreElsewhere(t *testing.T) {
	src := strings.Replace(lang.UntestedStep.Bad, `    catch "404"`, "    # tenon:ignore untested-step their tests do that\n    catch \"404\"", 1)
	for _, d := range lint(t, src) {
		if d.Rule == lang.IgnoreUnused {
			t.Errorf("%s", d.Message)
		}
	}
	r, parsed, _ := build(t, files(src))
	op := r.Plans["customer"].Steps.Ops[0]
	found := Hide(parsed, untested(op.Range, op.Catch[0].Range))
	if len(found) != 1 || found[0].Range != op.Range {
		t.Errorf("%d findings are left", len(found))
	}
}

func TestJSONPlace(t *testing.T) {
	src := `{"a": [1, {"b\u0020c": "x"}], "d": {"e": null}}`
	for _, c := range []struct {
		path []string
		want string
	}{
		{nil, "{"},
		{[]string{"a"}, "["},
		{[]string{"a", "[0]"}, "1"},
		{[]string{"a", "[1]", "b c"}, `"x"`},
		{[]string{"a", "[]"}, "1"},
		{[]string{"a", "[7]"}, "["},
		{[]string{"d", "e"}, "null"},
		{[]string{"d", "f"}, "{"},
		{[]string{"d", "e", "f"}, "n"},
	} {
		start, end := jsonPlace([]byte(src), c.path)
		if got := src[start:end]; got != c.want {
			t.Errorf("%v is at %q, want %q", c.path, got, c.want)
		}
	}
	for _, broken := range []string{"", "{", `{"a"`, `{"a": [`, "]"} {
		if start, end := jsonPlace([]byte(broken), []string{"a", "[0]"}); start < 0 || end > max(len(broken), start) {
			t.Errorf("%q: %d to %d", broken, start, end)
		}
	}
}

func untested(places ...source.Range) diag.List {
	var list diag.List
	for _, at := range places {
		list.Add(lang.UntestedStep, at, "No test comes here.")
	}
	return list
}
