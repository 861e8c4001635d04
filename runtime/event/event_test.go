package event

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"tenon/spec/source"
)

const token = "tok-123456"

// all holds one event of each kind, with the secret in every text that may come from data.
func all() []Event {
	f := &Failure{
		Kind: BadStatus, Step: "step.a", Item: token, Message: "m " + token, Detail: token,
		Range:    source.Range{File: "main.hcl", Start: 1, End: 2},
		Request:  &Request{"POST", "https://x/?k=" + token, []Header{{"X", token}}, token},
		Response: &Response{422, []Header{{"Y", token}}, token},
		Attempts: 3, InDoubt: true,
	}
	return []Event{
		RunStarted{Integration: "i", Plan: "sha256:1", DryRun: true},
		RunDone{Status: Failed, Error: f, Took: Millis(1500 * time.Microsecond), Writes: 2,
			Done:   []Done{{Step: "for_each.a", State: "failed", Count: 3, Succeeded: 2, Failed: 1}},
			Undone: &Undone{Done: 1, Failed: 1, Kept: 1, Rest: []NotUndone{{"step.a", token, "why " + token}}}},
		StepStarted{"step.a", token},
		StepDone{Step: "step.a", Item: token, Status: 200, Took: Millis(time.Second)},
		StepFailed{"step.a", token, f},
		StepCaught{"step.a", token, "404", "body", f},
		RequestSent{"step.a", token, 1, 1, "GET", "https://x/" + token, true},
		ResponseReceived{"step.a", token, 1, 1, 200, Millis(time.Millisecond), 12},
		RetryScheduled{"step.a", token, 1, Millis(time.Second), "reset by " + token},
		BudgetWaiting{time.Unix(1, 0).UTC(), "answered " + token},
		PageRead{"step.a", token, 1, 100, false, &Cursor{Params: map[string]any{"query:page": 2, "query:after": token}, Body: map[string]any{"a": []any{token, 1.5}}, URL: "https://x/" + token}},
		LoopStarted{"for_each.a", token, -1},
		ItemDone{"for_each.a", token, 3, true},
		ItemFailed{"for_each.a", token, 3, f},
		LoopDone{"for_each.a", token, 3, 2, 1, 0},
		Waiting{"step.a", token, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
		Repeated{"step.a", token, 2, Millis(time.Second)},
		Recovered{"step.a", token, true},
		UndoStarted{"step.a", token},
		UndoDone{"step.a", token, 204},
		UndoFailed{"step.a", token, f},
		WriteWithheld{"step.a", token, f.Request},
		Warning{"step.a", token, "w " + token, source.Range{File: "main.hcl", Start: 1, End: 2}},
	}
}

func TestEveryKindSurvivesJSON(t *testing.T) {
	seen := map[string]bool{}
	for i, e := range all() {
		want := Envelope{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Run: "r1", Seq: int64(i), Event: e}
		line, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsRune(string(line), '\n') {
			t.Errorf("%s takes more than one line", e.Kind())
		}
		var got Envelope
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", e.Kind(), d)
		}
		seen[e.Kind()] = true
	}
	for _, k := range Kinds() {
		if !seen[k] {
			t.Errorf("no example of %s", k)
		}
	}
}

func TestRedactReachesEveryText(t *testing.T) {
	hide := func(s string) string { return strings.ReplaceAll(s, token, "(secret)") }
	for _, e := range all() {
		before, _ := json.Marshal(e)
		got, _ := json.Marshal(Redact(e, hide))
		if strings.Contains(string(got), token) {
			t.Errorf("%s still shows it: %s", e.Kind(), got)
		}
		if reflect.TypeOf(Redact(e, hide)) != reflect.TypeOf(e) {
			t.Errorf("%s changed its type", e.Kind())
		}
		if after, _ := json.Marshal(e); string(after) != string(before) {
			t.Errorf("redacting changed the %s itself", e.Kind())
		}
	}
}

func TestUnknownKindIsAnError(t *testing.T) {
	var e Envelope
	if err := json.Unmarshal([]byte(`{"event":"nope"}`), &e); err == nil || !strings.Contains(err.Error(), `"nope"`) {
		t.Errorf("got %v", err)
	}
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"short", "short"},
		{"0123456789", "01234567… (10 bytes in all)"},
		{"0123456ä9", "0123456… (10 bytes in all)"},
		{"\x00\x01", "(2 bytes that are not text)"},
		{"", ""},
	} {
		if got := Excerpt([]byte(c.in), 8); got != c.want {
			t.Errorf("Excerpt(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestThePageOnRunningNamesEveryEvent(t *testing.T) {
	page, err := os.ReadFile("../../docs/running.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Kinds() {
		if !strings.Contains(string(page), "`"+k+"`") {
			t.Errorf("docs/running.md does not name %s", k)
		}
	}
}
