package view

import (
	"fmt"
	"io"

	"tenon/runtime/mockapi"
)

// Exchange writes one request to a mock and its answer as a line, and why it was refused below it.
func Exchange(w io.Writer, s Style, api string, x mockapi.Exchange) {
	paint := s.Green
	if x.Status >= 400 {
		paint = s.Red
	}
	fmt.Fprintf(w, "%s %s %s %s\n", s.Cyan(api), paint(fmt.Sprint(x.Status)), x.Method, oneLine(x.Target, 200))
	for _, problem := range x.Problems {
		fmt.Fprintf(w, "  %s\n", oneLine(problem, 300))
	}
}
