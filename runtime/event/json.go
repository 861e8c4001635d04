package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Envelope is an event with its place in a run. In JSON it is one object: at, run, seq, event (the
// kind) and then the event's own members.
type Envelope struct {
	At    time.Time
	Run   string
	Seq   int64 // counts from 1 within the run
	Event Event
}

type head struct {
	At   time.Time `json:"at"`
	Run  string    `json:"run"`
	Seq  int64     `json:"seq"`
	Kind string    `json:"event"`
}

// MarshalJSON writes the envelope on one line.
func (e Envelope) MarshalJSON() ([]byte, error) {
	front, err := marshal(head{e.At, e.Run, e.Seq, e.Event.Kind()})
	if err != nil {
		return nil, err
	}
	body, err := marshal(e.Event)
	if err != nil {
		return nil, err
	}
	if len(body) == len("{}") {
		return front, nil
	}
	return append(append(front[:len(front)-1], ','), body[1:]...), nil
}

// marshal leaves &, < and > as they are, which stand in URLs and bodies and are read by people. (An
// encoder around it may still escape them.)
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// UnmarshalJSON reads what MarshalJSON wrote. A kind it does not know is an error.
func (e *Envelope) UnmarshalJSON(data []byte) error {
	var h head
	if err := json.Unmarshal(data, &h); err != nil {
		return err
	}
	decode := decoders[h.Kind]
	if decode == nil {
		return fmt.Errorf("unknown event %q", h.Kind)
	}
	ev, err := decode(data)
	if err != nil {
		return fmt.Errorf("event %s: %w", h.Kind, err)
	}
	*e = Envelope{h.At, h.Run, h.Seq, ev}
	return nil
}

func (m Millis) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(m)/float64(time.Millisecond), 'f', -1, 64), nil
}

func (m *Millis) UnmarshalJSON(data []byte) error {
	f, err := strconv.ParseFloat(string(data), 64)
	*m = Millis(f * float64(time.Millisecond))
	return err
}

// Kinds returns the kinds of all events, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(decoders)) }

var decoders = map[string]func([]byte) (Event, error){
	"run_started":       decode[RunStarted],
	"run_done":          decode[RunDone],
	"step_started":      decode[StepStarted],
	"step_done":         decode[StepDone],
	"step_failed":       decode[StepFailed],
	"step_caught":       decode[StepCaught],
	"request_sent":      decode[RequestSent],
	"response_received": decode[ResponseReceived],
	"retry_scheduled":   decode[RetryScheduled],
	"budget_waiting":    decode[BudgetWaiting],
	"page_read":         decode[PageRead],
	"loop_started":      decode[LoopStarted],
	"item_done":         decode[ItemDone],
	"item_failed":       decode[ItemFailed],
	"loop_done":         decode[LoopDone],
	"waiting":           decode[Waiting],
	"repeated":          decode[Repeated],
	"recovered":         decode[Recovered],
	"undo_started":      decode[UndoStarted],
	"undo_done":         decode[UndoDone],
	"undo_failed":       decode[UndoFailed],
	"write_withheld":    decode[WriteWithheld],
	"warning":           decode[Warning],
}

func decode[E Event](data []byte) (Event, error) {
	var e E
	err := json.Unmarshal(data, &e)
	return e, err
}

func (RunStarted) Kind() string       { return "run_started" }
func (RunDone) Kind() string          { return "run_done" }
func (StepStarted) Kind() string      { return "step_started" }
func (StepDone) Kind() string         { return "step_done" }
func (StepFailed) Kind() string       { return "step_failed" }
func (StepCaught) Kind() string       { return "step_caught" }
func (RequestSent) Kind() string      { return "request_sent" }
func (ResponseReceived) Kind() string { return "response_received" }
func (RetryScheduled) Kind() string   { return "retry_scheduled" }
func (BudgetWaiting) Kind() string    { return "budget_waiting" }
func (PageRead) Kind() string         { return "page_read" }
func (LoopStarted) Kind() string      { return "loop_started" }
func (ItemDone) Kind() string         { return "item_done" }
func (ItemFailed) Kind() string       { return "item_failed" }
func (LoopDone) Kind() string         { return "loop_done" }
func (Waiting) Kind() string          { return "waiting" }
func (Repeated) Kind() string         { return "repeated" }
func (Recovered) Kind() string        { return "recovered" }
func (UndoStarted) Kind() string      { return "undo_started" }
func (UndoDone) Kind() string         { return "undo_done" }
func (UndoFailed) Kind() string       { return "undo_failed" }
func (WriteWithheld) Kind() string    { return "write_withheld" }
func (Warning) Kind() string          { return "warning" }
