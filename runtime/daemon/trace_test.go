package daemon

import (
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"tenon/runtime/event"
)

// TestSpansEnd holds that nothing is open of an item that failed: also not a step whose failure is that of a step in the run
// within it, and an attempt of an undo.
func TestSpansEnd(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracer, err := newTracer(sdk.WithSpanProcessor(spans), "test")
	if err != nil {
		t.Fatal(err)
	}
	why := &event.Failure{Kind: event.BadStatus, Step: "step.pay/step.charge", Message: "no"}
	for i, e := range []event.Event{
		event.RunStarted{Integration: "i"},
		event.StepStarted{Step: "step.pay", Item: "a"},
		event.StepStarted{Step: "step.pay/step.charge", Item: "a"},
		event.StepStarted{Step: "step.pay", Item: "ab"},
		event.StepFailed{Step: "step.pay/step.charge", Item: "a", Failure: why},
		event.RequestSent{Step: "step.make", Item: "a", Method: "DELETE", URL: "http://x", Attempt: 1},
		event.UndoFailed{Step: "step.make", Item: "a", Failure: why},
		event.ItemFailed{ForEach: "for_each.x", Item: "a", Failure: why},
	} {
		tracer.hear(event.Envelope{At: time.Unix(int64(i), 0), Run: "r", Seq: int64(i), Event: e})
	}
	if n := len(spans.Ended()); n != 3 {
		t.Errorf("%d spans have ended, and there are 3 of the item", n)
	}
	tracer.hear(event.Envelope{Run: "r", Event: event.RunDone{Status: event.Failed, Error: why}})
	if n := len(spans.Ended()); n != 5 {
		t.Errorf("%d of 5 spans have ended", n)
	}
}
