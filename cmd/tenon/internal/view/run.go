package view

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"tenon/runtime/event"
	"tenon/spec/source"
)

// RunVersion is the version of the shape of [Run] (schemas/run.schema.json).
const RunVersion = 1

// Run is how a run ended.
type Run struct {
	ID      string
	Outputs json.RawMessage // an object; nil when there are none
	Done    event.RunDone
	Files   source.Set // of the author
	Dir     string     // as in [Findings]
	GivenUp bool       // it was canceled for good, not interrupted
}

type runJSON struct {
	Version int             `json:"version"`
	Run     string          `json:"run"`
	Status  event.Status    `json:"status"`
	DryRun  bool            `json:"dry_run,omitempty"`
	Outputs json.RawMessage `json:"outputs,omitempty"`
	Error   *failureJSON    `json:"error,omitempty"`
	Done    []event.Done    `json:"done,omitempty"`
	Undone  *event.Undone   `json:"undone,omitempty"`

	Warnings []warningJSON `json:"warnings,omitempty"`
}

type warningJSON struct {
	Step    string           `json:"step,omitempty"`
	Item    string           `json:"item,omitempty"`
	Message string           `json:"message"`
	File    string           `json:"file,omitempty"`
	Start   *source.Position `json:"start,omitempty"`
	End     *source.Position `json:"end,omitempty"`
}

type failureJSON struct {
	Kind     event.Cause      `json:"kind"`
	Step     string           `json:"step,omitempty"`
	Item     string           `json:"item,omitempty"`
	Message  string           `json:"message"`
	Detail   string           `json:"detail,omitempty"`
	File     string           `json:"file,omitempty"`
	Start    *source.Position `json:"start,omitempty"`
	End      *source.Position `json:"end,omitempty"`
	Request  *event.Request   `json:"request,omitempty"`
	Response *event.Response  `json:"response,omitempty"`
	Attempts int              `json:"attempts,omitempty"`
	InDoubt  bool             `json:"in_doubt,omitempty"`
	Key      string           `json:"key,omitempty"`
}

// JSON writes the run as one object.
func (r Run) JSON(w io.Writer) error {
	out := runJSON{Version: RunVersion, Run: r.ID, Status: r.Done.Status, DryRun: r.Done.DryRun, Outputs: r.Outputs, Done: r.Done.Done, Undone: r.Done.Undone}
	if f := r.Done.Error; f != nil {
		start, end := Findings{Files: r.Files}.ends(f.Range)
		out.Error = &failureJSON{f.Kind, f.Step, f.Item, f.Message, f.Detail, f.Range.File, start, end, f.Request, f.Response, f.Attempts, f.InDoubt, f.Key}
	}
	for _, x := range r.Done.Warnings {
		start, end := Findings{Files: r.Files}.ends(x.Range)
		out.Warnings = append(out.Warnings, warningJSON{x.Step, x.Item, x.Message, x.Range.File, start, end})
	}
	return JSON(w, out)
}

// Text writes for people how the run ended and, unless it succeeded, why and what had been done.
func (r Run) Text(w io.Writer, s Style, integration string) {
	took := time.Duration(r.Done.Took).Round(time.Millisecond)
	if took >= 10*time.Second {
		took = took.Round(100 * time.Millisecond)
	}
	word, paint := string(r.Done.Status), s.Red
	switch r.Done.Status {
	case event.Succeeded:
		paint = s.Green
	case event.InDoubt:
		word = "is in doubt"
	case event.Canceled:
		word = "was interrupted"
		if r.GivenUp {
			word = "was canceled"
		}
	}
	writes := r.writes()
	if n := len(r.Done.Warnings); n > 0 {
		writes += ", " + s.Yellow(plural(n, "warning"))
	}
	fmt.Fprintf(w, "%s %s after %s, %s\n", s.Bold(clean(integration)), paint(word), duration(took), writes)
	if r.Done.Status == event.Succeeded {
		r.undone(w, s) // of items that failed
		return
	}
	if r.Done.Error != nil {
		Failure(w, s, r.Done.Error, r.Files, r.Dir)
	}
	for _, d := range r.Done.Done {
		fmt.Fprintf(w, "  %s %s\n", s.Dim(pad(strings.ReplaceAll(d.State, "_", " "), 8)), done(d))
	}
	r.undone(w, s)
}

// undone says what was taken back and, one by one, what was not.
func (r Run) undone(w io.Writer, s Style) {
	u := r.Done.Undone
	if u == nil {
		return
	}
	if u.Done > 0 {
		fmt.Fprintf(w, "  %s %s\n", s.Dim("undone  "), plural(u.Done, "write"))
	}
	for _, x := range u.Rest {
		fmt.Fprintf(w, "  %s %s: %s\n", s.Red("NOT UNDONE"), stepOf(x.Step, x.Item), oneLine(x.Why, 300))
	}
	if more := u.Failed + u.Kept - len(u.Rest); more > 0 {
		fmt.Fprintf(w, "  %s %s more; --trace has them\n", s.Red("NOT UNDONE"), count(more))
	}
}

// Next writes for people how a run that is kept goes on.
func (r Run) Next(w io.Writer, s Style) {
	switch r.Done.Status {
	case event.Canceled:
		if r.GivenUp {
			return
		}
		fmt.Fprintf(w, "  go on with it:  tenon run --resume %s\n", r.ID)
	case event.InDoubt:
		fmt.Fprintf(w, "  tenon runs show %s lists the writes in doubt. Look whether they happened, say so, and go on with it:\n", r.ID)
		key := "KEY"
		if f := r.Done.Error; f != nil && f.Key != "" {
			key = Quoted(f.Key)
		}
		fmt.Fprintf(w, "  tenon runs resolve %s %s --happened --answer FILE\n", r.ID, key)
		fmt.Fprintf(w, "  tenon runs resolve %s %s --not-happened\n", r.ID, key)
		fmt.Fprintf(w, "  tenon runs resume %s\n", r.ID)
	}
}

func (r Run) writes() string {
	if r.Done.DryRun {
		return plural(r.Done.Withheld, "write") + " withheld"
	}
	return plural(r.Done.Writes, "write") + " made"
}

// done says how far one step or loop came.
func done(d event.Done) string {
	text := clean(d.Step)
	if d.Count > 0 {
		text += fmt.Sprintf(": %s, %s succeeded, %s failed", plural(d.Count, "item"), count(d.Succeeded), count(d.Failed))
	}
	if d.Skipped > 0 {
		text += fmt.Sprintf(", %s done before", count(d.Skipped))
	}
	return text
}
