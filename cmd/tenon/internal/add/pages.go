package add

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/paging"
)

// pages says how the lists of the document come in pages, as far as a sample of what reads shows.
func (c *composer) pages() {
	names := slices.DeleteFunc(slices.Clone(c.doc.Operations()), func(n openapi.OperationName) bool { return n.Method != "GET" })
	step := 1 + len(names)/maxSampled
	count := map[string]int{}
	total := 0
	for i := 0; i < len(names); i += step {
		op, err := c.doc.Operation(names[i].Key())
		if err != nil {
			continue
		}
		if rule := c.rule(op); rule != "" {
			count[rule]++
			total++
		}
	}
	if total == 0 {
		return
	}
	var rules []string
	for rule := range count {
		rules = append(rules, rule)
	}
	slices.SortFunc(rules, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		return strings.Compare(a, b)
	})
	about := "of its lists come"
	if step > 1 {
		about = fmt.Sprintf("of %d lists and other reads that were looked at come", (len(names)+step-1)/step)
	}
	c.note("%d %s in pages (by %s); `paginate {}` in a step reads them all", total, about, strings.Join(rules, ", "))
}

// rule is how an operation's pages are asked for; "" if it has none that can be inferred.
func (c *composer) rule(op *openapi.Operation) string {
	if p := op.Pagination; p != nil {
		if p.None {
			return ""
		}
		return "what the document says"
	}
	for _, r := range op.Responses {
		if !strings.HasPrefix(r.Status, "2") {
			continue
		}
		for _, m := range r.Content {
			if !m.JSON() {
				continue
			}
			q := paging.Question{Operation: op, Answer: m.Type, Notes: c.doc, Style: func() paging.Style { return paging.Survey(c.doc) }}
			if found := paging.Infer(q); found != nil && found.Scheme != nil {
				return string(found.Scheme.Rule)
			}
			return ""
		}
	}
	return ""
}
