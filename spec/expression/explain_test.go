package expression

import (
	"fmt"
	"strings"
	"testing"

	"tenon/spec/types"
)

func TestExplain(t *testing.T) {
	for src, want := range map[string]string{
		`order.count == 4`:                                    "order.count = 3",
		`order.count == len(order.lines)`:                     "order.count = 3; len(order.lines) = 2",
		`order.paid && order.count > 5`:                       "order.count = 3",
		`order.count > 5 && order.paid`:                       "order.count = 3",
		`order.count > 5 || order.status == "open"`:           `order.count = 3; order.status = "paid"`,
		`!(order.count == 3)`:                                 "order.count = 3",
		`!order.paid`:                                         "order.paid = true",
		`order.email == "a"`:                                  "order.email is absent",
		`order.status == "open" || order.status == "shipped"`: `order.status = "paid"; order.status = "paid"`,
		`[for l in order.lines : l.sku] == ["a"]`:             `[for l in order.lines : l.sku] = ["a","b"]`,
		`expr("all(order.lines, .qty > 3)")`:                  `order.lines = [{"qty":2,"sku":"a"},{"gift":true,"qty":5,"sku":"b"}]`,
		`expr("len(order.lines) in [1, 3]")`:                  `len(order.lines) = 2`,
		`expr("let n = order.count; n > 5")`:                  `order.count = 3`,
		`expr("order.status matches \"^o\"")`:                 `order.status = "paid"`,
	} {
		f, tree := "x = "+src+"\n", (*Tree)(nil)
		tree, diags := parse(t, src)
		if diags.HasErrors() {
			t.Fatalf("%s: %s", src, diags[0].Message)
		}
		x, diags := tree.Check(orderScope(), Want{Type: types.AnyBoolean})
		if x == nil || diags.HasErrors() {
			t.Fatalf("%s: %v", src, diags)
		}
		text, err := x.MarshalJSON() // as a plan has it
		if err != nil {
			t.Fatal(err)
		}
		kept := &Expr{}
		if err := kept.UnmarshalJSON(text); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range kept.Explain(orderEnv(), Limits{}) {
			part := f[o.Range.Start:o.Range.End]
			if types.IsMissing(o.Value) {
				got = append(got, part+" is absent")
				continue
			}
			text, err := types.AppendJSON(nil, o.Value)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s = %s", part, text))
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s\n got %s\nwant %s", src, strings.Join(got, "; "), want)
		}
	}
}
