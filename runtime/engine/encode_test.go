package engine

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tenon/runtime/exec"
)

// What is written by hand is read as what encoding/json would have written.
func TestHandWrittenRecords(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", `a"b\c`, "<&>\u2028\x00", "\xff\xfe", "é"}))
	header := rapid.Custom(func(t *rapid.T) http.Header {
		return rapid.MapOfN(text, rapid.SliceOfN(text, 0, 3), 0, 4).Draw(t, "header")
	})
	number := rapid.Int64Range(-5, 1<<53)
	rapid.Check(t, func(t *rapid.T) {
		i := intentData{Frozen: exec.Frozen{Method: text.Draw(t, "method"), URL: text.Draw(t, "url"), Header: header.Draw(t, "header")},
			At: number.Draw(t, "at"), Sealed: rapid.Bool().Draw(t, "sealed")}
		same(t, i.json(), i)
		a := answerData{Status: rapid.IntRange(0, 599).Draw(t, "status"), Header: header.Draw(t, "header"), URL: text.Draw(t, "url"), Method: text.Draw(t, "method"),
			Asked: text.Draw(t, "asked"), Attempts: rapid.IntRange(0, 9).Draw(t, "attempts"), Note: text.Draw(t, "note"), At: number.Draw(t, "at"),
			Took: number.Draw(t, "took"), Sealed: rapid.Bool().Draw(t, "sealed"), Person: rapid.Bool().Draw(t, "person")}
		same(t, a.json(), a)
	})
	same(t, (&answerData{}).json(), answerData{})
}

type tester interface{ Fatalf(string, ...any) }

func same[T any](t tester, text []byte, v T) {
	theirs, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var got, want T
	if err := json.Unmarshal(theirs, &want); err != nil {
		t.Fatalf("%v", err)
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("%s is not %s (-theirs +ours):\n%s", text, theirs, d)
	}
}
