package engine

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/store"
)

// Exchange is a request of a run as its journal has it: what was sent, and what came of it. Bodies that hold a secret
// are not shown.
type Exchange struct {
	Key      string          `json:"key"` // "step.invoice[3]"
	At       time.Time       `json:"at"`
	Request  *event.Request  `json:"request,omitempty"`
	Response *event.Response `json:"response,omitempty"`
	Took     event.Millis    `json:"took_ms,omitempty"`
	Attempts int             `json:"attempts,omitempty"`
	Error    string          `json:"error,omitempty"`   // why there is no answer
	Open     bool            `json:"open,omitempty"`    // it was sent, or was about to be, and there is no answer
	Settled  bool            `json:"settled,omitempty"` // a person said what came of it
}

// Exchanges reads a run's requests from its journal, in the order in which they were answered. Those of items that are
// over are gone. Bodies are cut to limit bytes.
func Exchanges(ctx context.Context, s store.Store, run string, limit int) ([]*Exchange, error) {
	var out []*Exchange
	by := map[string]*Exchange{}
	for r, err := range s.Records(ctx, run, 0) {
		if err != nil {
			return nil, err
		}
		list, err := unpack(r)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			switch x.Kind {
			case kindIntent, kindAnswer, kindLost, kindUnsent:
			default:
				continue
			}
			e := by[x.Key]
			if e == nil {
				e = &Exchange{Key: x.Key}
				by[x.Key] = e
				out = append(out, e)
			}
			body := func(sealed bool) string {
				switch {
				case sealed:
					return sealedText
				case x.at.size == 0:
					return ""
				}
				payload, err := s.Payload(ctx, run, r.Seq)
				if err != nil || int64(len(payload)) < x.at.from+x.at.size {
					return "(it cannot be read)"
				}
				return event.Excerpt(payload[x.at.from:x.at.from+x.at.size], limit)
			}
			if err := e.add(x.Kind, x.Data, body); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

const sealedText = "(encrypted, since it holds a secret)"

func (e *Exchange) add(kind string, data []byte, body func(sealed bool) string) error {
	var sealed sealedData
	if json.Unmarshal(data, &sealed) == nil && sealed.Sealed != nil {
		e.Error = sealedText
		return nil
	}
	switch kind {
	case kindIntent:
		var d intentData
		if err := json.Unmarshal(data, &d); err != nil {
			return err
		}
		e.At, e.Open = time.UnixMilli(d.At).UTC(), true
		e.Request = &event.Request{Method: d.Method, URL: d.URL, Headers: shown(d.Header), Body: body(d.Sealed)}
	case kindAnswer:
		var d answerData
		if err := json.Unmarshal(data, &d); err != nil {
			return err
		}
		if e.Request == nil && d.Asked != "" {
			e.Request = &event.Request{Method: d.Method, URL: d.Asked}
		}
		e.Open, e.Error, e.Settled, e.Attempts, e.Took = false, "", d.Person, d.Attempts, event.Millis(time.Duration(d.Took)*time.Millisecond)
		if e.At.IsZero() {
			e.At = time.UnixMilli(d.At - d.Took).UTC()
		}
		e.Response = &event.Response{Status: d.Status, Headers: shown(d.Header), Body: body(d.Sealed)}
	case kindLost:
		var d lostData
		if err := json.Unmarshal(data, &d); err != nil {
			return err
		}
		e.Open, e.Error, e.Attempts = false, d.Message, d.Attempts
		if e.At.IsZero() {
			e.At = time.UnixMilli(d.At).UTC()
		}
	case kindUnsent:
		e.Open, e.Response, e.Error, e.Settled = false, nil, "it was not sent", true
	}
	return nil
}

func shown(h http.Header) []event.Header {
	var out []event.Header
	for name, values := range h {
		for _, v := range values {
			out = append(out, event.Header{Name: name, Value: v})
		}
	}
	event.SortHeaders(out)
	return out
}
