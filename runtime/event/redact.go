package event

// Redact returns e with f applied to every text in it that comes from data: keys of items, messages,
// URLs, headers and bodies. e itself is not changed.
func Redact(e Event, f func(string) string) Event { return e.redact(f) }

func (e RunStarted) redact(func(string) string) Event { return e }
func (e RunDone) redact(f func(string) string) Event {
	e.Error = e.Error.Redacted(f)
	e.Undone = e.Undone.Redacted(f)
	if e.Warnings != nil {
		warnings := make([]Warning, len(e.Warnings))
		for i, w := range e.Warnings {
			warnings[i], _ = w.redact(f).(Warning)
		}
		e.Warnings = warnings
	}
	return e
}
func (e StepStarted) redact(f func(string) string) Event { e.Item = f(e.Item); return e }
func (e StepDone) redact(f func(string) string) Event    { e.Item = f(e.Item); return e }
func (e StepFailed) redact(f func(string) string) Event {
	e.Item, e.Failure = f(e.Item), e.Failure.Redacted(f)
	return e
}
func (e StepCaught) redact(f func(string) string) Event {
	e.Item, e.Failure = f(e.Item), e.Failure.Redacted(f)
	return e
}
func (e RequestSent) redact(f func(string) string) Event {
	e.Item, e.URL = f(e.Item), f(e.URL)
	return e
}
func (e ResponseReceived) redact(f func(string) string) Event { e.Item = f(e.Item); return e }
func (e BudgetWaiting) redact(f func(string) string) Event {
	e.Why = f(e.Why)
	return e
}

func (e RetryScheduled) redact(f func(string) string) Event {
	e.Item, e.Why = f(e.Item), f(e.Why)
	return e
}
func (e PageRead) redact(f func(string) string) Event {
	e.Item, e.Next = f(e.Item), e.Next.redacted(f)
	return e
}
func (e LoopStarted) redact(f func(string) string) Event { e.Item = f(e.Item); return e }
func (e ItemDone) redact(f func(string) string) Event    { e.Item = f(e.Item); return e }
func (e ItemFailed) redact(f func(string) string) Event {
	e.Item, e.Failure = f(e.Item), e.Failure.Redacted(f)
	return e
}
func (e LoopDone) redact(f func(string) string) Event    { e.Item = f(e.Item); return e }
func (e Waiting) redact(f func(string) string) Event     { e.Item = f(e.Item); return e }
func (e Repeated) redact(f func(string) string) Event    { e.Item = f(e.Item); return e }
func (e Recovered) redact(f func(string) string) Event   { e.Item = f(e.Item); return e }
func (e UndoStarted) redact(f func(string) string) Event { e.Item = f(e.Item); return e }
func (e UndoDone) redact(f func(string) string) Event    { e.Item = f(e.Item); return e }
func (e UndoFailed) redact(f func(string) string) Event {
	e.Item, e.Failure = f(e.Item), e.Failure.Redacted(f)
	return e
}
func (e WriteWithheld) redact(f func(string) string) Event {
	e.Item, e.Request = f(e.Item), e.Request.redacted(f)
	return e
}
func (e Warning) redact(f func(string) string) Event {
	e.Item, e.Message = f(e.Item), f(e.Message)
	return e
}

// Redacted returns a copy with f applied to every text that comes from data; nil for nil.
func (u *Undone) Redacted(f func(string) string) *Undone {
	if u == nil {
		return nil
	}
	c := *u
	c.Rest = nil
	for _, r := range u.Rest {
		c.Rest = append(c.Rest, NotUndone{r.Step, f(r.Item), f(r.Why)})
	}
	return &c
}

// Redacted returns a copy of the failure with g applied to every text that comes from data; nil for nil.
func (f *Failure) Redacted(g func(string) string) *Failure {
	if f == nil {
		return nil
	}
	c := *f
	c.Item, c.Message, c.Detail = g(f.Item), g(f.Message), g(f.Detail)
	c.Request = f.Request.redacted(g)
	if f.Response != nil {
		c.Response = &Response{f.Response.Status, redactHeaders(f.Response.Headers, g), g(f.Response.Body)}
	}
	return &c
}

func (r *Request) redacted(g func(string) string) *Request {
	if r == nil {
		return nil
	}
	return &Request{r.Method, g(r.URL), redactHeaders(r.Headers, g), g(r.Body)}
}

func redactHeaders(hs []Header, g func(string) string) []Header {
	out := make([]Header, len(hs))
	for i, h := range hs {
		out[i] = Header{h.Name, g(h.Value)}
	}
	return out
}
