package daemon

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"tenon/runtime/event"
)

// Tracer makes OpenTelemetry spans of events: one for a run, within it one for each step, within that one for each
// attempt. A nil Tracer makes none.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer

	mu   sync.Mutex
	runs map[string]*runSpans
}

type runSpans struct {
	ctx      context.Context
	span     trace.Span
	steps    map[string]stepSpan // by step and item
	attempts map[string]trace.Span
}

type stepSpan struct {
	ctx  context.Context
	span trace.Span
}

// NewTracer sends spans by OTLP over HTTP, to where the standard OTEL_… variables of the environment say.
func NewTracer(ctx context.Context, version string) (*Tracer, error) {
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, err
	}
	return newTracer(sdk.WithBatcher(exporter), version)
}

func newTracer(processor sdk.TracerProviderOption, version string) (*Tracer, error) {
	about := resource.NewSchemaless(attribute.String("service.name", "tenon"), attribute.String("service.version", version))
	about, err := resource.Merge(about, resource.Environment())
	if err != nil {
		return nil, err
	}
	p := sdk.NewTracerProvider(processor, sdk.WithResource(about))
	return &Tracer{provider: p, tracer: p.Tracer("tenon"), runs: map[string]*runSpans{}}, nil
}

// Close sends what was not sent yet.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}

// detail is what must be told so that every step has its span.
func (t *Tracer) detail(wanted event.Detail) event.Detail {
	if t != nil {
		return event.Everything
	}
	return wanted
}

func (t *Tracer) hear(x event.Envelope) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := x.Event.(event.RunStarted); ok {
		r := &runSpans{steps: map[string]stepSpan{}, attempts: map[string]trace.Span{}}
		r.ctx, r.span = t.tracer.Start(context.Background(), e.Integration, trace.WithTimestamp(x.At), trace.WithAttributes(
			attribute.String("tenon.run", x.Run), attribute.String("tenon.integration", e.Integration)))
		t.runs[x.Run] = r
		return
	}
	r := t.runs[x.Run]
	if r == nil {
		return
	}
	t.within(r, x)
	if e, ok := x.Event.(event.RunDone); ok {
		r.end(x.At)
		status(r.span, string(e.Status) == string(event.Succeeded), e.Error)
		r.span.SetAttributes(attribute.String("tenon.status", string(e.Status)), attribute.Int("tenon.writes", e.Writes))
		r.span.End(trace.WithTimestamp(x.At))
		delete(t.runs, x.Run)
	}
}

func place(step, item string) string { return step + "\x00" + item }

// within follows what happens in a run.
func (t *Tracer) within(r *runSpans, x event.Envelope) {
	switch e := x.Event.(type) {
	case event.StepStarted:
		var s stepSpan
		s.ctx, s.span = t.tracer.Start(r.ctx, e.Step, trace.WithTimestamp(x.At))
		if e.Item != "" {
			s.span.SetAttributes(attribute.String("tenon.item", e.Item))
		}
		r.steps[place(e.Step, e.Item)] = s
	case event.StepDone:
		r.endStep(e.Step, e.Item, x.At, true, nil)
	case event.StepFailed:
		r.endStep(e.Step, e.Item, x.At, false, e.Failure)
	case event.RequestSent:
		t.send(r, e, x.At)
	case event.ResponseReceived:
		if span := r.attempts[place(e.Step, e.Item)]; span != nil {
			span.SetAttributes(attribute.Int("http.response.status_code", e.Status))
			status(span, e.Status < 400, nil)
			span.End(trace.WithTimestamp(x.At))
			delete(r.attempts, place(e.Step, e.Item))
		}
	case event.RetryScheduled:
		r.endAttempt(e.Step, e.Item, x.At, e.Why)
	case event.UndoFailed:
		r.endAttempt(e.Step, e.Item, x.At, e.Failure.Message)
	case event.ItemFailed:
		r.endItem(e.Item, x.At, e.Failure)
	}
}

func (t *Tracer) send(r *runSpans, e event.RequestSent, at time.Time) {
	ctx := r.ctx
	if s, ok := r.steps[place(e.Step, e.Item)]; ok {
		ctx = s.ctx
	}
	r.endAttempt(e.Step, e.Item, at, "")
	_, span := t.tracer.Start(ctx, e.Method, trace.WithTimestamp(at), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", e.Method), attribute.String("url.full", e.URL), attribute.Int("http.request.resend_count", e.Attempt-1)))
	r.attempts[place(e.Step, e.Item)] = span
}

// endAttempt ends an attempt that had no answer.
func (r *runSpans) endAttempt(step, item string, at time.Time, why string) {
	if span := r.attempts[place(step, item)]; span != nil {
		span.SetStatus(codes.Error, why)
		span.End(trace.WithTimestamp(at))
		delete(r.attempts, place(step, item))
	}
}

func (r *runSpans) endStep(step, item string, at time.Time, ok bool, f *event.Failure) {
	r.endAttempt(step, item, at, "")
	s, there := r.steps[place(step, item)]
	if !there {
		return
	}
	status(s.span, ok, f)
	s.span.End(trace.WithTimestamp(at))
	delete(r.steps, place(step, item))
}

// endItem ends what an item left open that failed: steps whose failure is said of another one, in a run within them.
func (r *runSpans) endItem(item string, at time.Time, f *event.Failure) {
	for key := range r.steps { // as many as are under way
		if step, in, _ := strings.Cut(key, "\x00"); in == item || strings.HasPrefix(in, item+"/") {
			r.endStep(step, in, at, false, f)
		}
	}
}

// end ends what a run left open.
func (r *runSpans) end(at time.Time) {
	for _, span := range r.attempts {
		span.End(trace.WithTimestamp(at))
	}
	for _, s := range r.steps {
		s.span.End(trace.WithTimestamp(at))
	}
}

func status(span trace.Span, ok bool, f *event.Failure) {
	switch {
	case f != nil:
		span.SetStatus(codes.Error, fmt.Sprintf("%s: %s", f.Kind, f.Message))
	case !ok:
		span.SetStatus(codes.Error, "")
	}
}
