package paging

import (
	"strings"

	"tenon/spec/openapi"
)

// surveyed bounds how many operations are looked at to learn an API's style.
const surveyed = 32

// Survey finds out how most of an API's lists page, by a sample spread over the document. A rule stands
// out if it has two thirds of them.
// It is found out once for a document.
func Survey(doc *openapi.Document) Style {
	return openapi.Derived(doc, surveyKey{}, func() Style { return survey(doc.Apart()) })
}

type surveyKey struct{}

func survey(doc *openapi.Document) Style {
	var lists []openapi.OperationName
	for _, n := range doc.Operations() {
		if n.Method == "GET" && !strings.HasSuffix(n.Path, "}") {
			lists = append(lists, n)
		}
	}
	var out Style
	votes, all := map[Rule]int{}, 0
	for i, n := range lists {
		if len(lists) > surveyed && i*surveyed/len(lists) == (i-1)*surveyed/len(lists) && i > 0 {
			continue
		}
		op, err := doc.Operation(n.Key())
		if err != nil {
			continue
		}
		if s := Infer(Question{Operation: op, Answer: answerOf(op), Notes: doc}).Scheme; s != nil {
			votes[s.Rule]++
			all++
			out.FromZero = out.FromZero || s.Rule == ByPage && s.First == 0
		}
	}
	for rule, n := range votes {
		if n*3 >= all*2 && n > 1 {
			out.Rule = rule
		}
	}
	return out
}
