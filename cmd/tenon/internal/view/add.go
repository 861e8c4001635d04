package view

import (
	"fmt"
	"io"
	"strings"

	"tenon/cmd/tenon/internal/add"
)

// AddResult is what `tenon add` did (schemas/add.schema.json).
type AddResult struct {
	Version     int        `json:"version"`
	API         string     `json:"api"`
	Title       string     `json:"title"`
	Spec        string     `json:"spec"` // the document in the project
	Operations  int        `json:"operations"`
	Files       []string   `json:"files"`            // that were written
	Overlays    []string   `json:"overlays"`         // that were added
	Server      string     `json:"server,omitempty"` // none: a variable gives it
	Auth        []add.Auth `json:"auth"`
	Environment []add.Env  `json:"environment"` // to be set before a run for real
	Example     string     `json:"example,omitempty"`
	Notes       []string   `json:"notes"`
}

// Added lists the files that add wrote, and says what comes next.
func Added(out, about io.Writer, s Style, r *AddResult) error {
	for _, name := range r.Files {
		if _, err := fmt.Fprintln(out, name); err != nil {
			return err
		}
	}
	plural := "s"
	if r.Operations == 1 {
		plural = ""
	}
	fmt.Fprintf(about, "\n%s: %s, %d operation%s\n", s.Cyan(r.API), clean(r.Title), r.Operations, plural)
	if r.Server != "" {
		fmt.Fprintf(about, "server %s\n", clean(r.Server))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(about, "note: %s.\n", clean(strings.TrimSuffix(note, ".")))
	}
	if len(r.Environment) > 0 {
		fmt.Fprintf(about, "\nSet before running it for real:\n")
		width := 0
		for _, e := range r.Environment {
			width = max(width, len(e.Name))
		}
		for _, e := range r.Environment {
			fmt.Fprintf(about, "  %s  %s\n", s.Cyan(pad(e.Name, width)), clean(e.What))
		}
	}
	if r.Example != "" {
		call := r.API + "." + r.Example
		if !isWord(r.Example) {
			call = fmt.Sprintf("%s[%q]", r.API, r.Example)
		}
		fmt.Fprintf(about, "\nCall it in a step: call = %s\n", clean(call))
	}
	return nil
}

// isWord reports whether s can stand behind a dot.
func isWord(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
