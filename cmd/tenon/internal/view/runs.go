package view

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
)

// RunsVersion is the version of the shapes of `tenon runs`.
const RunsVersion = 1

// KeptRun is a run in the store.
type KeptRun struct {
	Run         string     `json:"run"`
	Integration string     `json:"integration"`
	Status      string     `json:"status"` // as in [Run], or running or interrupted
	Started     time.Time  `json:"started"`
	Ended       *time.Time `json:"ended,omitempty"`
	Cause       string     `json:"cause,omitempty"`
	Writes      int        `json:"writes,omitempty"`
	Resumed     int        `json:"resumed,omitempty"`
	Plan        string     `json:"plan"`
}

// RunList lists runs.
func RunList(list []KeptRun, out, rest io.Writer, s Style, asJSON bool) error {
	if asJSON {
		if list == nil {
			list = []KeptRun{}
		}
		return JSON(out, struct {
			Version int       `json:"version"`
			Runs    []KeptRun `json:"runs"`
		}{RunsVersion, list})
	}
	if len(list) == 0 {
		fmt.Fprintln(rest, "no runs are kept here")
		return nil
	}
	width := 0
	for _, r := range list {
		width = max(width, len(clean(r.Integration)))
	}
	for _, r := range list {
		fmt.Fprintf(out, "%s  %s  %s  %s  %s\n", r.Run, pad(clean(r.Integration), width), paintStatus(s, r.Status, 11),
			r.Started.Format("2006-01-02 15:04:05"), s.Dim(r.note()))
	}
	return nil
}

// note says what else there is to know of a run.
func (r KeptRun) note() string {
	var parts []string
	if r.Ended != nil {
		parts = append(parts, duration(brief(r.Ended.Sub(r.Started))), plural(r.Writes, "write"))
	}
	if r.Resumed > 0 {
		if r.Ended != nil {
			parts[len(parts)-1] += " since it was resumed"
		}
		parts = append(parts, "resumed "+times(r.Resumed))
	}
	if r.Cause != "" && r.Cause != "command" {
		parts = append(parts, clean(r.Cause))
	}
	return strings.Join(parts, ", ")
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func brief(d time.Duration) time.Duration {
	if d >= 10*time.Second {
		return d.Round(100 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

func paintStatus(s Style, status string, width int) string {
	text := pad(strings.ReplaceAll(status, "_", " "), width)
	switch status {
	case "succeeded":
		return s.Green(text)
	case "running", "interrupted":
		return s.Yellow(text)
	}
	return s.Red(text)
}

// Doubt is a write in doubt.
type Doubt struct {
	Key     string          `json:"key"`
	At      time.Time       `json:"at"`
	Reason  string          `json:"reason"`
	Request json.RawMessage `json:"request,omitempty"`
}

// RunHistory is all that is known of a run.
type RunHistory struct {
	Version int `json:"version"`
	KeptRun
	Outputs  json.RawMessage    `json:"outputs,omitempty"`
	Error    *event.Failure     `json:"error,omitempty"`
	InDoubt  []Doubt            `json:"in_doubt,omitempty"`
	Events   []event.Envelope   `json:"events"`
	Requests []*engine.Exchange `json:"requests"`
}

// Text writes a run for people.
func (h *RunHistory) Text(w io.Writer, s Style) error {
	fmt.Fprintf(w, "%s  %s  %s\n", s.Bold(h.Run), clean(h.Integration), paintStatus(s, h.Status, 0))
	fmt.Fprintf(w, "%s\n", s.Dim(strings.Trim("started "+h.Started.Format("2006-01-02 15:04:05 MST")+", "+h.note(), ", ")))
	h.waterfall(w, s)
	h.underWay(w, s)
	if h.Error != nil {
		fmt.Fprintln(w)
		Failure(w, s, h.Error, nil, "")
	}
	for _, d := range h.InDoubt {
		h.doubt(w, s, d)
	}
	if len(h.Outputs) > 0 {
		fmt.Fprintf(w, "\n%s  %s\n", s.Dim("outputs"), clean(string(h.Outputs)))
	}
	switch {
	case len(h.InDoubt) > 0 && h.Status == string(event.InDoubt):
		fmt.Fprintf(w, "\nwhen nothing is in doubt any more, it goes on:  tenon runs resume %s\n", h.Run)
	case h.Status == string(event.InDoubt) || h.Status == "interrupted":
		fmt.Fprintf(w, "\ngo on with it:  tenon runs resume %s\nor end it:      tenon runs cancel %s\n", h.Run, h.Run)
	}
	return nil
}

// underWay writes the writes of which no answer is known, since the process was stopped or killed before it came.
func (h *RunHistory) underWay(w io.Writer, s Style) {
	if h.Status == "running" {
		return
	}
	said := false
	for _, x := range h.Requests {
		if !x.Open || x.Request == nil {
			continue
		}
		if !said {
			said = true
			fmt.Fprintf(w, "\n%s\n", s.Yellow("without an answer when the process ended"))
		}
		fmt.Fprintf(w, "  %s  %s %s\n", s.Bold(clean(x.Key)), x.Request.Method, clean(x.Request.URL))
		if x.Request.Body != "" {
			fmt.Fprintf(w, "  %s\n", s.Dim(oneLine(x.Request.Body, 300)))
		}
	}
	if said && h.Status == "interrupted" {
		fmt.Fprintln(w, "  When the run goes on, they are sent again where that is harmless or found out about; others are then in doubt.")
	}
}

// doubt writes a write in doubt and how it is settled.
func (h *RunHistory) doubt(w io.Writer, s Style, d Doubt) {
	fmt.Fprintf(w, "\n%s  %s\n  %s\n", s.Red("in doubt"), s.Bold(clean(d.Key)), clean(d.Reason))
	var r event.Request
	if json.Unmarshal(d.Request, &r) == nil && r.Method != "" {
		request(w, s, "request", &r, "")
	}
	fmt.Fprintf(w, "  if it happened:      tenon runs resolve %s %s --happened --answer FILE\n", h.Run, Quoted(d.Key))
	fmt.Fprintf(w, "  if it did not:       tenon runs resolve %s %s --not-happened\n", h.Run, Quoted(d.Key))
}

// Quoted is a word for a shell.
func Quoted(word string) string {
	if strings.ContainsAny(word, "[]*?'\"$&;|<> ()`\\#") {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// barWidth is how wide a waterfall's bars are.
const barWidth = 24

// waterfall writes what happened when, with a bar for what took time.
func (h *RunHistory) waterfall(w io.Writer, s Style) {
	if len(h.Events) == 0 {
		return
	}
	start, end := h.Events[0].At, h.Events[len(h.Events)-1].At
	total := max(end.Sub(start), time.Millisecond)
	bodies := map[string]*engine.Exchange{}
	for _, r := range h.Requests {
		bodies[r.Key] = r
	}
	begun := map[string]time.Time{}
	fmt.Fprintln(w)
	line := func(at time.Time, took time.Duration, text string) {
		fmt.Fprintf(w, "%9s  %s  %s\n", duration(brief(at.Sub(start))), s.Cyan(bar(at.Sub(start), took, total)), text)
	}
	for _, x := range h.Events {
		switch e := x.Event.(type) {
		case event.StepStarted:
			begun[e.Step+"\x00"+e.Item] = x.At
		case event.LoopStarted:
			begun[e.ForEach+"\x00"+e.Item] = x.At
		case event.StepDone:
			line(began(begun, e.Step, e.Item, x.At), time.Duration(e.Took), s.Bold(named(e.Step, e.Item))+" "+s.Dim(done1(e)))
			h.exchange(w, s, bodies[e.Step])
		case event.LoopDone:
			at := began(begun, e.ForEach, e.Item, x.At)
			line(at, x.At.Sub(at), fmt.Sprintf("%s %s", s.Bold(named(e.ForEach, e.Item)), s.Dim(fmt.Sprintf("%s, %s succeeded, %s failed, %s skipped", plural(e.Count, "item"), count(e.Succeeded), count(e.Failed), count(e.Skipped)))))
		case event.StepFailed:
			at := began(begun, e.Step, e.Item, x.At)
			line(at, x.At.Sub(at), s.Red(named(e.Step, e.Item)+" failed")+" "+clean(e.Failure.Message))
		case event.ItemFailed:
			line(x.At, 0, s.Red(named(e.ForEach, e.Item)+" failed")+" "+clean(e.Failure.Message))
		case event.StepCaught:
			line(x.At, 0, s.Yellow(named(e.Step, e.Item)+" caught "+e.On)+" "+clean(e.Failure.Message))
		case event.RetryScheduled:
			line(x.At, time.Duration(e.Wait), fmt.Sprintf("%s retry after attempt %d: %s", named(e.Step, e.Item), e.Attempt, clean(e.Why)))
		case event.Warning:
			line(x.At, 0, s.Yellow("warning")+" "+clean(e.Message))
		case event.RunDone:
			line(x.At, 0, s.Dim("run "+strings.ReplaceAll(string(e.Status), "_", " ")))
		}
	}
}

func began(begun map[string]time.Time, step, item string, or time.Time) time.Time {
	if at, ok := begun[step+"\x00"+item]; ok {
		return at
	}
	return or
}

func named(step, item string) string {
	if item == "" {
		return clean(step)
	}
	return clean(step) + " " + clean(item)
}

func done1(e event.StepDone) string {
	switch {
	case e.Skipped:
		return "skipped: " + e.Why
	case e.Status != 0:
		return fmt.Sprintf("%d, %s", e.Status, duration(brief(time.Duration(e.Took))))
	}
	return duration(brief(time.Duration(e.Took)))
}

// bar is a part of a line, as long as something took.
func bar(from, took, total time.Duration) string {
	at := int(int64(barWidth) * int64(from) / int64(total))
	at = min(max(at, 0), barWidth-1)
	n := int(int64(barWidth) * int64(took) / int64(total))
	n = min(max(n, 1), barWidth-at)
	return strings.Repeat("·", at) + strings.Repeat("█", n) + strings.Repeat("·", barWidth-at-n)
}

// exchange writes a request and its answer.
func (h *RunHistory) exchange(w io.Writer, s Style, x *engine.Exchange) {
	if x == nil {
		return
	}
	if x.Request != nil {
		rest := ""
		if x.Attempts > 1 {
			rest = fmt.Sprintf(" (%d attempts)", x.Attempts)
		}
		fmt.Fprintf(w, "           %s %s%s\n", x.Request.Method, clean(x.Request.URL), rest)
		if x.Request.Body != "" {
			fmt.Fprintf(w, "           %s\n", s.Dim(oneLine(x.Request.Body, 300)))
		}
	}
	if x.Response != nil {
		said := ""
		if x.Settled {
			said = ", as a person said"
		}
		fmt.Fprintf(w, "           %d %s%s %s\n", x.Response.Status, http.StatusText(x.Response.Status), said, s.Dim(oneLine(x.Response.Body, 300)))
	}
	if x.Error != "" {
		fmt.Fprintf(w, "           %s\n", s.Red(clean(x.Error)))
	}
}

// RunChanged says what a run is after somebody changed it.
func RunChanged(out, rest io.Writer, r KeptRun, inDoubt int, canceling, asJSON bool) error {
	if asJSON {
		return JSON(out, struct {
			Version int    `json:"version"`
			Run     string `json:"run"`
			Status  string `json:"status"`
			InDoubt int    `json:"in_doubt"`
			Cancel  bool   `json:"canceling,omitempty"`
		}{RunsVersion, r.Run, r.Status, inDoubt, canceling})
	}
	switch {
	case canceling:
		fmt.Fprintf(rest, "run %s is told to stop\n", r.Run)
	case inDoubt > 0:
		fmt.Fprintf(rest, "run %s has %s left in doubt: tenon runs show %s\n", r.Run, plural(inDoubt, "write"), r.Run)
	case r.Status == "in_doubt" || r.Status == "interrupted":
		fmt.Fprintf(rest, "nothing is in doubt any more; go on with: tenon runs resume %s\n", r.Run)
	default:
		fmt.Fprintf(rest, "run %s is %s\n", r.Run, strings.ReplaceAll(r.Status, "_", " "))
	}
	return nil
}
