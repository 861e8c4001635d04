package paging_test

import (
	"bufio"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tenon/spec/openapi"
	"tenon/spec/paging"
	"tenon/spec/types"
)

func document(t *testing.T, name string) *openapi.Document {
	t.Helper()
	for _, dir := range []string{"../../testdata/specs", "../../../shared/specs"} {
		src, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		doc, err := openapi.Load(name, src, openapi.Options{Name: "api"})
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	return nil
}

// ask makes the question that a call of the operation poses.
func ask(t testing.TB, doc *openapi.Document, key string) paging.Question {
	op, err := doc.Operation(key)
	if err != nil {
		t.Fatal(err)
	}
	q := paging.Question{Operation: op, Answer: types.Any, Notes: doc}
	for _, r := range op.Responses {
		if strings.HasPrefix(r.Status, "2") && len(r.Content) > 0 {
			q.Answer = jsonOf(r.Content)
			break
		}
	}
	if op.Body != nil && op.Method != "GET" {
		q.Body = jsonOf(op.Body.Content)
	}
	return q
}

func jsonOf(list []*openapi.MediaType) *types.Type {
	i := max(0, slices.IndexFunc(list, (*openapi.MediaType).JSON))
	return list[i].Type
}

type label struct{ spec, op, rule, items, next string }

func labels(t *testing.T) []label {
	f, err := os.Open("testdata/labels.tsv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []label
	for s := bufio.NewScanner(f); s.Scan(); {
		x := strings.Split(s.Text(), "\t")
		out = append(out, label{x[0], x[1], x[2], x[3], x[4]})
	}
	return out
}

func TestLabels(t *testing.T) {
	docs := map[string]*openapi.Document{}
	for _, l := range labels(t) {
		if _, ok := docs[l.spec]; !ok {
			docs[l.spec] = document(t, l.spec)
		}
		doc := docs[l.spec]
		if doc == nil {
			continue
		}
		q := ask(t, doc, l.op)
		q.Style = func() paging.Style { return paging.Style{} }
		f := paging.Infer(q)
		got := "none"
		items, next := "", ""
		if s := f.Scheme; s != nil {
			got, items, next = string(s.Rule), s.ItemsText(), s.NextText()
		}
		mark := "ok  "
		if !slices.Contains(strings.Split(l.rule, "|"), got) {
			mark = "DIFF"
		}
		t.Logf("%s %s %s want %s %s %s\n      got %s %s  %s %s", mark, l.spec, l.op, l.rule, l.items, l.next, got, items, next, f.Lacks)
	}
}
