package paging_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tenon/spec/openapi"
	"tenon/spec/paging"
	"tenon/spec/types"
)

// document loads a document from where it may be; nil if it is not there.
func document(t testing.TB, name string) *openapi.Document {
	src := read(t, name)
	if src == nil {
		return nil
	}
	return load(t, name, src)
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

// label is how a person reads an operation.
type label struct{ spec, op, rule, items, next, part string }

func labels(t *testing.T) []label {
	t.Helper()
	text, err := os.ReadFile("testdata/labels.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var out []label
	for line := range strings.Lines(string(text)) {
		if x := strings.Split(strings.TrimSuffix(line, "\n"), "\t"); len(x) == 6 {
			out = append(out, label{x[0], x[1], x[2], x[3], x[4], x[5]})
		} else if !strings.HasPrefix(line, "#") {
			t.Fatalf("testdata/labels.tsv: %q", line)
		}
	}
	return out
}

// score counts how the rules do.
type score struct{ pageable, right, missed, wrong, unpaged int }

// judge compares what is inferred with a label.
func (s *score) judge(l label, f *paging.Finding) string {
	one := func(list, x string) bool { return slices.Contains(strings.Split(list, "|"), x) }
	if l.rule == "none" {
		s.unpaged++
	} else {
		s.pageable++
	}
	switch scheme := f.Scheme; {
	case scheme == nil && l.rule == "none":
		return ""
	case scheme == nil:
		s.missed++
		return "missed: " + f.Lacks
	case one(l.rule, string(scheme.Rule)) && one(l.items, strings.Join(scheme.Items, ".")) && one(l.next, scheme.Brief()):
		s.right++
		return ""
	default:
		s.wrong++
		return "wrong: " + string(scheme.Rule) + " " + strings.Join(scheme.Items, ".") + " " + scheme.Brief()
	}
}

// TestLabels holds the rules to what a person reads in real documents: of the lists that can be inferred nearly all are, and
// nothing is guessed wrong.
func TestLabels(t *testing.T) {
	docs, styles := map[string]*openapi.Document{}, map[string]paging.Style{}
	scores := map[string]*score{"seen": {}, "held out": {}}
	specs := map[string]bool{}
	for _, l := range labels(t) {
		if l.items == "." {
			l.items = ""
		}
		if _, ok := docs[l.spec]; !ok {
			docs[l.spec] = document(t, l.spec)
			if docs[l.spec] != nil {
				styles[l.spec] = paging.Survey(docs[l.spec])
			}
		}
		doc := docs[l.spec]
		if doc == nil {
			continue // its licence does not let it be here
		}
		specs[l.spec] = true
		q := ask(t, doc, l.op)
		q.Style = func() paging.Style { return styles[l.spec] }
		if problem := scores[l.part].judge(l, paging.Infer(q)); problem != "" {
			t.Logf("%s %s: want %s %s %s; %s", l.spec, l.op, l.rule, l.items, l.next, problem)
		}
	}
	if len(specs) == 0 {
		t.Fatal("no document that the labels speak of is here")
	}
	var all score
	for _, part := range []string{"seen", "held out"} {
		s := scores[part]
		t.Logf("%s: %d lists that can be inferred: %d right, %d missed, %d wrong; %d operations that cannot", part, s.pageable, s.right, s.missed, s.wrong, s.unpaged)
		all.pageable, all.right, all.wrong = all.pageable+s.pageable, all.right+s.right, all.wrong+s.wrong
	}
	t.Logf("%d documents", len(specs))
	if all.wrong > 0 {
		t.Errorf("%d wrong guesses", all.wrong)
	}
	if all.right*100 < all.pageable*95 {
		t.Errorf("%d of %d are right, fewer than 95 in 100", all.right, all.pageable)
	}
}
