package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/transport/budget"
)

func TestNext(t *testing.T) {
	p := Policy{Attempts: 4, Initial: time.Second, Max: 3 * time.Second, Rand: func() float64 { return 0.5 },
		On: []string{"network", "timeout", "429", "5xx"}}
	listed := p
	listed.On = []string{"503"}
	linear, constant := p, p
	linear.Backoff, constant.Backoff = "linear", "constant"
	for _, c := range []struct {
		name  string
		p     Policy
		a     Attempt
		wait  time.Duration
		again bool
	}{
		{"first", p, Attempt{N: 1, Idempotent: true, Status: 500, Sent: true}, 500 * time.Millisecond, true},
		{"doubles", p, Attempt{N: 2, Idempotent: true, Status: 500, Sent: true}, time.Second, true},
		{"up to max", p, Attempt{N: 3, Idempotent: true, Status: 500, Sent: true}, 1500 * time.Millisecond, true},
		{"linear", linear, Attempt{N: 2, Idempotent: true, Status: 500}, time.Second, true},
		{"constant", constant, Attempt{N: 3, Idempotent: true, Status: 500}, 500 * time.Millisecond, true},
		{"out of attempts", p, Attempt{N: 4, Idempotent: true, Status: 500}, 0, false},
		{"not listed", p, Attempt{N: 1, Idempotent: true, Status: 404}, 0, false},
		{"no policy", Policy{}, Attempt{N: 1, Idempotent: true, Status: 500}, 0, false},
		{"network", p, Attempt{N: 1, Idempotent: true, Sent: true, Cause: event.Network}, 500 * time.Millisecond, true},
		{"invalid answer", p, Attempt{N: 1, Idempotent: true, Cause: event.InvalidResponse}, 0, false},
		{"write, may have arrived", p, Attempt{N: 1, Sent: true, Cause: event.Network}, 0, false},
		{"write, timed out", p, Attempt{N: 1, Sent: true, Cause: event.Timeout}, 0, false},
		{"write, never sent", p, Attempt{N: 1, Cause: event.Network}, 500 * time.Millisecond, true},
		{"write, 500", p, Attempt{N: 1, Sent: true, Status: 500}, 0, false},
		{"write, 429", p, Attempt{N: 1, Sent: true, Status: 429, Throttled: true}, 500 * time.Millisecond, true},
		{"write, 403 that means 429", p, Attempt{N: 1, Sent: true, Status: 403, Throttled: true}, 500 * time.Millisecond, true},
		{"write, 503 by class", p, Attempt{N: 1, Sent: true, Status: 503}, 0, false},
		{"write, 503 listed", listed, Attempt{N: 1, Sent: true, Status: 503}, 500 * time.Millisecond, true},
		{"asks to wait", p, Attempt{N: 1, Idempotent: true, Status: 429, After: 7 * time.Second, HasAfter: true}, 7500 * time.Millisecond, true},
		{"asks too much", p, Attempt{N: 1, Idempotent: true, Status: 429, After: 2 * time.Hour, HasAfter: true}, 0, false},
	} {
		wait, again := c.p.Next(c.a)
		if wait != c.wait || again != c.again {
			t.Errorf("%s: Next = %s, %v; want %s, %v", c.name, wait, again, c.wait, c.again)
		}
	}
}

// script answers attempts in turn; the last answer repeats.
type script struct {
	answers []func(*http.Request) (*http.Response, error)
	at      []time.Duration // when each attempt came, since start
	start   time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	n := len(s.at)
	s.at = append(s.at, time.Since(s.start))
	return s.answers[min(n, len(s.answers)-1)](r)
}

func status(code int, header ...string) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		h := http.Header{}
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{StatusCode: code, Header: h, Body: io.NopCloser(strings.NewReader("x")), ContentLength: 1}, nil
	}
}

func fails(err error) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

func newScript(answers ...func(*http.Request) (*http.Response, error)) (*script, *Client) {
	s := &script{answers: answers, start: time.Now()}
	return s, New(Options{Base: s, Rand: func() float64 { return 1 }})
}

func get(c *Client) *Request {
	u, _ := url.Parse("https://api.example.com/x")
	return &Request{Method: "GET", URL: u, Safe: true, Hosts: []string{"api.example.com:443"},
		Policy: Policy{Attempts: 3, Initial: time.Second, Max: time.Minute, Rand: c.Random, On: []string{"network", "429", "5xx"}}}
}

func TestDoBacksOffAndSucceeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newScript(status(500), fails(io.ErrUnexpectedEOF), status(200))
		res, err := c.Do(context.Background(), get(c))
		if err != nil || res.Status != 200 || res.Attempts != 3 || string(res.Body) != "x" {
			t.Errorf("got %+v, %v", res, err)
		}
		if got, want := fmt.Sprint(s.at), "[0s 1s 3s]"; got != want {
			t.Errorf("attempts at %s, want %s", got, want)
		}
	})
}

func TestDoObeysRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		date := time.Now().Add(40 * time.Second).UTC().Format(http.TimeFormat)
		s, c := newScript(status(429, "Retry-After", "20"), status(503, "Retry-After", date), status(200))
		if res, err := c.Do(context.Background(), get(c)); err != nil || res.Status != 200 {
			t.Errorf("got %+v, %v", res, err)
		}
		// 20s and 1s of jitter, then up to the date and 1s (the smaller of 2s and Initial).
		if got, want := fmt.Sprint(s.at), "[0s 21s 41s]"; got != want {
			t.Errorf("attempts at %s, want %s", got, want)
		}
	})
}

func TestDoSaysWhyItGaveUp(t *testing.T) {
	deadline := func(d time.Duration) func() (context.Context, context.CancelFunc) {
		return func() (context.Context, context.CancelFunc) { return context.WithTimeout(context.Background(), d) }
	}
	for _, c := range []struct {
		name   string
		answer func(*http.Request) (*http.Response, error)
		change func(*Request)
		ctx    func() (context.Context, context.CancelFunc)
		note   string
	}{
		{"tried", status(500), nil, deadline(time.Hour), "It was tried 3 times."},
		{"too long", status(429, "Retry-After", "7200"), nil, deadline(3 * time.Hour), "The server asks to wait 2h0m0s, which is longer than a run waits (1h5m0s)."},
		{"past the run", status(429, "Retry-After", "60"), nil, deadline(30 * time.Second), "The next attempt would be after the run's own timeout: it is due in 1m1s."},
		{"unsafe", status(500), func(r *Request) { r.Safe = false }, deadline(time.Hour), "It is not sent again, because the server may have acted on it and the operation is not idempotent."},
		{"not asked for", status(404), nil, deadline(time.Hour), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, client := newScript(c.answer)
				r := get(client)
				if c.change != nil {
					c.change(r)
				}
				ctx, cancel := c.ctx()
				defer cancel()
				res, err := client.Do(ctx, r)
				if err != nil || res.Note != c.note {
					t.Errorf("got %+v, %v; want note %q", res, err, c.note)
				}
			})
		})
	}
}

func TestCanceledWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newScript(fails(errors.New("boom")))
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(500*time.Millisecond, cancel)
		_, err := c.Do(ctx, get(c))
		var e *Error
		if !errors.As(err, &e) || e.Message != "boom" || !strings.Contains(e.Note, "stopped before the next attempt") || len(s.at) != 1 {
			t.Errorf("got %v, %d attempts", err, len(s.at))
		}
	})
}

func TestARefusalPausesAllCallsOfTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newScript(status(200), status(429, "Retry-After", "20"), status(200))
		b := budget.New()
		call := func(run string) {
			r := get(c)
			r.Budget, r.Ask = b, budget.Ask{Run: run}
			if res, err := c.Do(context.Background(), r); err != nil || res.Status != 200 {
				t.Errorf("run %s: %+v, %v", run, res, err)
			}
		}
		call("a")
		go call("a") // is refused, and waits
		synctest.Wait()
		go call("b")
		time.Sleep(time.Second)
		call("c")
		if got, want := fmt.Sprint(s.at), "[0s 0s 20s 20s 20s]"; got != want {
			t.Errorf("attempts at %s, want %s", got, want)
		}
	})
}

func TestWaitingInTheBudgetPastTheRunFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newScript(status(429, "Retry-After", "60"))
		b := budget.New()
		r := get(c)
		r.Budget, r.Policy = b, Policy{}
		c.Do(context.Background(), r)
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		_, err := c.Do(ctx, r)
		wantError(t, err, event.Timeout, "not sent, because the run's time is over before its turn comes, at 00:01:00 (at 00:00:00 the API answered 429 and asked to wait 1m0s)")
		if time.Since(s.start) != 0 || len(s.at) != 1 {
			t.Errorf("it took %s and %d attempts", time.Since(s.start), len(s.at))
		}
		b = budget.New()
		s.answers[0] = status(429, "Retry-After", "7200")
		r.Budget = b
		c.Do(context.Background(), r)
		_, err = c.Do(context.Background(), r)
		wantError(t, err, event.Timeout, "its turn comes only at 02:00:00 (at 00:00:00 the API answered 429 and asked to wait 2h0m0s), which is longer than a run waits")
	})
}
