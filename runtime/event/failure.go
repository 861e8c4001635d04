package event

import (
	"fmt"
	"slices"
	"strings"

	"tenon/spec/source"
)

// Cause is the kind of a failure, one of [lang.FailureKinds]; the first four and Check are what a catch can name.
type Cause string

const (
	Network         Cause = "network"          // no answer, or one that was cut off
	Timeout         Cause = "timeout"          // no complete answer in time; or the run's own time is over
	BadStatus       Cause = "status"           // an answer that is not a success
	InvalidResponse Cause = "invalid_response" // an answer that breaks a promise of the spec that the plan relied on
	InvalidRequest  Cause = "invalid_request"  // a request that would break the spec, stopped before sending
	InvalidInput    Cause = "invalid_input"    // an input, variable or secret that does not fit
	CheckFailed     Cause = "check"
	Expression      Cause = "expression" // a computation that could not be carried out
	SignIn          Cause = "auth"       // no token could be had to sign the request with; nothing was sent
	RunCanceled     Cause = "canceled"
	Internal        Cause = "internal" // a bug in Tenon
)

// Failure is why a step, and with it perhaps a run, failed. It is complete: a person needs nothing
// else to see what happened and where it is written.
type Failure struct {
	Kind    Cause        `json:"kind"`
	Step    string       `json:"step,omitempty"` // "step.invoice"
	Item    string       `json:"item,omitempty"` // key of the for_each item; of nested loops joined with "/"
	Message string       `json:"message"`        // one line
	Detail  string       `json:"detail,omitempty"`
	Range   source.Range `json:"range,omitzero"` // in the author's file

	Request  *Request  `json:"request,omitempty"`
	Response *Response `json:"response,omitempty"`
	Attempts int       `json:"attempts,omitempty"`
	// InDoubt says that a write may have happened all the same; Key names it in its run.
	InDoubt bool   `json:"in_doubt,omitempty"`
	Key     string `json:"key,omitempty"`
}

// Error is the step, the item and the message on one line.
func (f *Failure) Error() string {
	switch {
	case f.Step == "":
		return f.Message
	case f.Item == "":
		return f.Step + ": " + f.Message
	}
	return fmt.Sprintf("%s (item %s): %s", f.Step, f.Item, f.Message)
}

// Request is a request as a reader may see it: without credentials, its body cut to an excerpt.
type Request struct {
	Method  string   `json:"method"`
	URL     string   `json:"url"`
	Headers []Header `json:"headers,omitempty"` // sorted by name
	Body    string   `json:"body,omitempty"`
}

// Response is an answer as a reader may see it.
type Response struct {
	Status  int      `json:"status"`
	Headers []Header `json:"headers,omitempty"`
	Body    string   `json:"body,omitempty"`
}

// Header is one header field.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SortHeaders sorts header fields by name.
func SortHeaders(h []Header) {
	slices.SortFunc(h, func(a, b Header) int { return strings.Compare(a.Name, b.Name) })
}

// Excerpt shortens text for people to at most limit bytes at a character boundary, and says so.
// Bytes that are not text are only counted.
func Excerpt(body []byte, limit int) string {
	cut := body[:min(len(body), limit)]
	for len(cut) > 0 && len(cut) < len(body) && body[len(cut)]&0xC0 == 0x80 {
		cut = cut[:len(cut)-1]
	}
	if strings.ContainsRune(string(cut), 0) || !printable(cut) {
		return fmt.Sprintf("(%d bytes that are not text)", len(body))
	}
	if len(cut) == len(body) {
		return string(body)
	}
	return fmt.Sprintf("%s… (%d bytes in all)", cut, len(body))
}

func printable(b []byte) bool { return strings.ToValidUTF8(string(b), "") == string(b) }
