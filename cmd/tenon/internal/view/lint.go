package view

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/source"
)

// LintVersion is the version of the shape that [Findings.JSON] writes (schemas/lint.schema.json).
const LintVersion = 1

type lintJSON struct {
	Version     int              `json:"version"`
	Diagnostics []diagnosticJSON `json:"diagnostics"`
	Errors      int              `json:"errors"`
	Warnings    int              `json:"warnings"`
	Notes       int              `json:"notes"`
}

type diagnosticJSON struct {
	Rule     string           `json:"rule"`
	Severity diag.Severity    `json:"severity"`
	Message  string           `json:"message"`
	Detail   string           `json:"detail,omitempty"`
	File     string           `json:"file,omitempty"`
	Start    *source.Position `json:"start,omitempty"`
	End      *source.Position `json:"end,omitempty"`
	Related  []relatedJSON    `json:"related,omitempty"`
	Fix      *fixJSON         `json:"fix,omitempty"`
}

type relatedJSON struct {
	File    string           `json:"file"`
	Start   *source.Position `json:"start,omitempty"`
	End     *source.Position `json:"end,omitempty"`
	Message string           `json:"message"`
}

type fixJSON struct {
	File  string           `json:"file"`
	Start *source.Position `json:"start"`
	End   *source.Position `json:"end"`
	Text  string           `json:"text"`
}

// JSON writes every finding, notes included, as one object. Files are named as the project names them.
func (f Findings) JSON(w io.Writer) error {
	out := lintJSON{
		Version:     LintVersion,
		Diagnostics: []diagnosticJSON{},
		Errors:      f.List.Count(diag.Error),
		Warnings:    f.List.Count(diag.Warning),
		Notes:       f.List.Count(diag.Note),
	}
	for _, d := range f.List {
		out.Diagnostics = append(out.Diagnostics, f.diagnosticJSON(d))
	}
	return JSON(w, out)
}

func (f Findings) diagnosticJSON(d *diag.Diagnostic) diagnosticJSON {
	out := diagnosticJSON{Rule: d.Rule.Name, Severity: d.Severity, Message: d.Message, Detail: d.Detail, File: d.Range.File}
	out.Start, out.End = f.ends(d.Range)
	for _, r := range d.Related {
		start, end := f.ends(r.Range)
		out.Related = append(out.Related, relatedJSON{r.Range.File, start, end, r.Message})
	}
	if d.Fix != nil {
		if start, end := f.ends(d.Fix.Range); start != nil {
			out.Fix = &fixJSON{d.Fix.Range.File, start, end, d.Fix.New}
		}
	}
	return out
}

func (f Findings) ends(r source.Range) (start, end *source.Position) {
	file := f.Files[r.File]
	if file == nil {
		return nil, nil
	}
	a, b := file.Position(r.Start), file.Position(max(r.Start, r.End))
	return &a, &b
}

// GitHub writes every finding as a workflow command, so that it shows up at its line of a pull request.
func (f Findings) GitHub(w io.Writer, notes bool) {
	levels := map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Note: "notice"}
	for _, d := range f.List {
		if d.Severity == diag.Note && !notes {
			continue
		}
		properties := "title=" + githubProperty(d.Rule.Name)
		if start, end := f.ends(d.Range); start != nil {
			properties = fmt.Sprintf("file=%s,line=%d,endLine=%d,col=%d,endColumn=%d,%s",
				githubProperty(path.Join(f.Dir, d.Range.File)), start.Line, end.Line, start.Column, end.Column, properties)
		}
		text := d.Message
		if d.Detail != "" {
			text += "\n" + d.Detail
		}
		fmt.Fprintf(w, "::%s %s::%s\n", levels[d.Severity], properties, githubText.Replace(text))
	}
}

var githubText = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")

func githubProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(githubText.Replace(s))
}

// JSON writes v indented, with text as it is rather than escaped for HTML.
func JSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
