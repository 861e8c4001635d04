package view

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"tenon/runtime/event"
	"tenon/spec/source"
)

// Failure writes why something failed: what and where, the author's line, the request that was sent
// and the answer that came. Everything in f has been redacted by whoever made it.
func Failure(w io.Writer, s Style, f *event.Failure, files source.Set, dir string) {
	place := Findings{Files: files, Dir: dir}
	if f.Step != "" {
		fmt.Fprintf(w, "%s", s.Bold(clean(f.Step)))
		if f.Item != "" {
			fmt.Fprintf(w, " (item %s)", clean(f.Item))
		}
		fmt.Fprint(w, ": ")
	}
	fmt.Fprintf(w, "%s\n", s.Red(clean(f.Message)))
	if !f.Range.IsZero() {
		fmt.Fprintf(w, "  %s\n", s.Bold(place.place(f.Range)))
		snippet(w, s, files, f.Range, s.Red)
	}
	for _, line := range wrap(f.Detail, s.room()-2) {
		if line != "" {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	if f.Request != nil {
		attempts := ""
		if f.Attempts > 1 {
			attempts = fmt.Sprintf(" (%d attempts)", f.Attempts)
		}
		request(w, s, "request", f.Request, attempts)
	}
	if f.Response != nil {
		fmt.Fprintf(w, "  %s  %d %s\n", s.Dim("answer "), f.Response.Status, http.StatusText(f.Response.Status))
		message(w, s, f.Response.Headers, f.Response.Body)
	}
	if f.InDoubt {
		fmt.Fprintln(w, "  The write may have happened all the same: look before it is sent again.")
	}
}

// request writes a request as it was, or would be, sent.
func request(w io.Writer, s Style, title string, r *event.Request, rest string) {
	fmt.Fprintf(w, "  %s  %s %s%s\n", s.Dim(title), r.Method, clean(r.URL), rest)
	message(w, s, r.Headers, r.Body)
}

// message writes the headers and the body of a request or an answer, indented.
func message(w io.Writer, s Style, headers []event.Header, body string) {
	for _, h := range headers {
		if h.Name == "Date" || h.Name == "Content-Length" { // says nothing about why
			continue
		}
		fmt.Fprintf(w, "           %s\n", s.Dim(oneLine(h.Name+": "+h.Value, 200)))
	}
	body = strings.TrimRight(clean(body), "\n")
	if body == "" {
		return
	}
	for _, line := range strings.Split(body, "\n") {
		fmt.Fprintf(w, "           %s\n", line)
	}
}
