package expression

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"tenon/spec/diag"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// anyScope is a scope in which nothing is known of the data, so that everything gets as far as the VM.
func anyScope() *Scope {
	s := NewScope(nil)
	s.Define(&Name{Name: "x", Type: types.Any})
	s.Define(&Name{Name: "order", Type: orderType})
	return s
}

func inside(t testing.TB, f *syntax.File, diags diag.List) {
	t.Helper()
	for _, d := range diags {
		if d.Range.Start < 0 || d.Range.End > len(f.Source.Src) || d.Range.End < d.Range.Start {
			t.Errorf("finding outside of the file: %v %s", d.Range, d.Message)
		}
		if d.Message == "" || d.Rule == nil {
			t.Errorf("empty finding at %v", d.Range)
		}
	}
}

// through takes a text the whole way: parse, check, JSON, compile, run.
func through(t testing.TB, src string) {
	f, _ := syntax.Parse("fuzz.hcl", []byte("x = "+src+"\n"))
	a := f.Body.Attribute("x")
	if a == nil {
		return
	}
	tree, diags := Parse(a.Expr)
	inside(t, f, diags)
	tree.Refs()
	for _, w := range []Want{{Optional: true, SecretOK: true}, {Type: invoiceType, What: "the body"}, {Type: types.AnyString, AsText: true}} {
		e, found := tree.Check(anyScope(), w)
		inside(t, f, found)
		if diags.HasErrors() || found.HasErrors() {
			continue
		}
		data, err := json.Marshal(e)
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		var back Expr
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		p, err := back.Compile()
		if err != nil {
			t.Fatalf("%s: %v", src, err)
		}
		for _, x := range []any{types.Missing, nil, 7, "text", []any{1, "a", nil, map[string]any{"a": 1}}, map[string]any{"a": map[string]any{"b": []any{1.5}}}} {
			v, err := p.Run(map[string]any{"x": x, "order": orderValue()}, Limits{Turns: 10_000, Bytes: 1 << 20, Values: 10_000})
			var failed *RunError
			switch {
			case errors.As(err, &failed):
				if failed.Bug {
					t.Fatalf("%s: %v", src, err)
				}
				if failed.Range.End > len(f.Source.Src) || failed.Range.Start < 0 {
					t.Errorf("%s: failure outside of the file: %v", src, failed.Range)
				}
			case err != nil:
				t.Fatalf("%s: %v", src, err)
			case x != any(types.Missing) && !e.Type.Contains(v) && e.Type.May(types.AnyJSON|types.Time|types.Duration|types.Bytes|types.Absent) && w.Type == nil:
				t.Fatalf("%s gives %s, which is not in its type %s", src, types.Shapeof(v), e.Type)
			}
		}
	}
}

var seeds = []string{
	`x.a.b[0] + 1`, `[for k, v in x : "${k}" => v]`, `{for k, v in x : k => v...}`, `x[*].a`, `x == null ? 1 : x`, `"%{ for i in x }${i}%{ endfor }"`,
	`expr("x | filter(# != nil) | map(#index)")`, `expr("let a = x; a ?? 1")`, `expr("reduce(x, #acc + #, 0)")`, `expr("x[1:] ?? x[:2]")`, `match(x, { a = 1 }, 2)`,
	`coalesce(x.a, x.b, must(x.c, "c"))`, `{ (x) = 1, customer = x, amount = 1 }`, `{ customer = order.id, amount = order.count, at = order.at }`, `round(decimal(x) * 100)`,
	`format("%5.2f", x)`, `regex_replace(x, "(a)|b", "$1$1")`, `parse_time(x)`, `expr("sortBy(x, #)")`, `expr("groupBy(x, string(#))")`, `lookup(x, "a", 1)`,
	`jsonencode(x)`, `[x, x]`, `!x`, `-x`, `x && x`, `expr("x in [1, 2]")`, `expr("'a' in x")`, `expr("findLast(x, # == 1)")`, `uniq(x)`, `flatten([x, [x]])`,
}

func FuzzExpression(f *testing.F) {
	for _, s := range seeds {
		f.Add(s)
	}
	for _, fn := range Functions() {
		for _, x := range fn.Examples {
			f.Add(x.Expr)
		}
	}
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > 2000 || strings.Contains(src, "\n") {
			return
		}
		through(t, src)
	})
}

// FuzzText fuzzes expr notation, whose parser is another one.
func FuzzText(f *testing.F) {
	for _, s := range []string{`x.a ?? 1`, `map(x, {let a = #; a.b})`, `x | filter(.a > 1) | first()`, `not (x in [1])`, `x?.a?.[0]`, `1..3 | sum()`, `{a: x, 'b': [1]}`, `x matches 'a+'`, `if x { 1 } else { 2 }`, "`raw`", `b'x'`, `x[1:2]`, `::len(x)`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		if len(src) > 2000 {
			return
		}
		q, err := json.Marshal(src)
		if err != nil || strings.ContainsAny(string(q), "\u2028\u2029") {
			return
		}
		text := strings.NewReplacer("${", "$${", "%{", "%%{", `\/`, "/", `\b`, "", `\f`, "").Replace(string(q))
		through(t, "expr("+text+")")
	})
}

// Decoding a plan that someone has written by hand fails, or gives something that runs without a panic.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds {
		tree, _ := parse(f, s)
		e, _ := tree.Check(anyScope(), Want{Optional: true})
		if data, err := json.Marshal(e); err == nil {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var e Expr
		if json.Unmarshal(data, &e) != nil {
			return
		}
		p, err := e.Compile()
		if err != nil {
			return
		}
		p.Run(map[string]any{"x": []any{1, "a"}}, Limits{Turns: 1000, Bytes: 1 << 16, Values: 1000})
	})
}

func TestSeeds(t *testing.T) {
	for _, s := range seeds {
		through(t, s)
	}
}

// doubling is a value of 2^60 parts in a few words.
func doubling(end string) string {
	var b strings.Builder
	b.WriteString(`expr("let a0 = [1, 1]; `)
	for i := 1; i < 60; i++ {
		b.WriteString("let a" + strconv.Itoa(i) + " = [a" + strconv.Itoa(i-1) + ", a" + strconv.Itoa(i-1) + "]; ")
	}
	return b.String() + "let b = a59; " + end + `")`
}

// What is too large ends in a finding or a failure, soon.
func TestHostile(t *testing.T) {
	deep := func(open, middle, end string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(end, n)
	}
	list := make([]any, 100_000)
	for i := range list {
		list[i] = strings.Repeat("x", 100)
	}
	env := map[string]any{"x": list, "order": orderValue()}
	start := time.Now()
	for _, c := range []string{
		`expr("` + deep("(", "1", ")", 10_000) + `")`,
		`expr("` + deep("!", "true", "", 10_000) + `")`,
		`expr("` + deep("map(x, ", "1", ")", 190) + `")`,
		`expr("` + deep("x.", "a", "", 5_000) + `")`,
		`expr("` + strings.Repeat("1+", 9_000) + `1")`,
		`expr("` + strings.Repeat("let a = 1; ", 3_000) + `a")`,
		strings.Repeat("1 + ", 1900) + "1",
		deep("[", "1", "]", 150),
		deep("x[", "0", "]", 190),
		`repeat("x", 9223372036854775807)`, `repeat(x[0], 1000000000)`, `range(0, 9223372036854775807)`, `expr("0..9223372036854775806 | map(#)")`,
		`expr("map(x, map(x, 1))")`, `expr("map(x, {let a = #; map(x, {let b = #; map(x, a + b)})})")`,
		`expr("reduce(x, #acc + #acc, 'xx')")`, `expr("reduce(x, [#acc, #acc] | flatten(), [1, 2])")`, `expr("map(x, join(x))")`, `expr("map(x, replace(#, 'x', 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'))")`,
		`expr("map(x, # in x)")`, `expr("map(x, x == x)")`, `expr("map(x, # matches '(x+x+)+y')")`, `pad_left("a", 9223372036854775807)`, `format("%999s", 1)`,
		`expr("map(x, jsonencode(x))")`, `expr("map(x, upper(join(x)))")`, `expr("map(x, concat(x, x))")`, `expr("sort(x) | map(sort(x))")`, `expr("2 ** 9223372036854775807")`,
		`decimal("1e9999") * decimal("1e9999")`, `round(decimal("1e-9999"), 9223372036854775807)`, `yamldecode("a: &a [1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]")`,
		doubling("b"), doubling("jsonencode(b)"), doubling("b == b ? 1 : 2"), doubling("uniq([b, b])"), strings.ReplaceAll(doubling("b"), "[1, 1]", "[x, x]"), strings.ReplaceAll(doubling("jsonencode(b)"), "[1, 1]", "[x, x]"),
		`expr("` + deep("reduce(x, ", "1", ", 0)", 12) + `")`, `expr("` + deep("map(x, reduce(x, [#acc, #], ", "1", "))", 8) + `")`,
		`"%{ for a in x }%{ for b in x }${a}${b}%{ endfor }%{ endfor }"`, `chunk(x, 1)`, `[for a in x : [for b in x : "${a}${b}"]]`,
	} {
		name := oneLine(c, 40)
		begin := time.Now()
		f, diags := syntax.Parse("main.hcl", []byte("x = "+c+"\n"))
		a := f.Body.Attribute("x")
		if a == nil {
			continue
		}
		tree, more := Parse(a.Expr)
		diags.Append(more)
		e, more := tree.Check(anyScope(), Want{Optional: true})
		diags.Append(more)
		inside(t, f, diags)
		if diags.HasErrors() {
			continue
		}
		p, err := e.Compile()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s took %s to check", name, took)
		}
		begin = time.Now()
		_, err = p.Run(env, Limits{Turns: 1_000_000, Bytes: 64 << 20, Values: 2_000_000})
		var failed *RunError
		if errors.As(err, &failed) && failed.Bug {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(begin); took > 10*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	t.Log(time.Since(start))
}

// A run ends when it is told to, whatever it computes.
func TestDone(t *testing.T) {
	tree, _ := parse(t, `expr("map(x, map(x, 1)) | len()")`)
	e, _ := tree.Check(anyScope(), Want{})
	p, err := e.Compile()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	close(done)
	_, err = p.Run(map[string]any{"x": make([]any, 10_000)}, Limits{Done: done})
	if err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("Run with a closed Done gives %v", err)
	}
}

// A program may run in many goroutines at once.
func TestConcurrent(t *testing.T) {
	p := benchProgram(t)
	results := make(chan error, 8)
	for range 8 {
		go func() {
			for _, r := range benchRecords(200) {
				v, err := p.Run(map[string]any{"order": r}, Limits{})
				if err == nil && v.(map[string]any)["external_id"] != "shop-"+strconv.Itoa(r.(map[string]any)["id"].(int)) {
					err = errors.New("another record's value")
				}
				if err != nil {
					results <- err
					return
				}
			}
			results <- nil
		}()
	}
	for range 8 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}
