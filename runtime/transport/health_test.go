package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tenon/runtime/event"
)

func TestAHostThatIsDownIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newScript(fails(errors.New("boom")))
		r := get(c)
		r.Policy = Policy{}
		call := func() error {
			_, err := c.Do(context.Background(), r)
			return err
		}
		for range trips {
			time.Sleep(time.Second)
			wantError(t, call(), event.Network, "boom")
		}
		e := wantError(t, call(), event.Network, "it was not sent, because the last 10 requests to api.example.com:443 failed, since 00:00:01 (the last one: boom); the next one is tried at 00:00:15")
		if e.Sent || len(s.at) != trips {
			t.Errorf("%d were sent", len(s.at))
		}
		time.Sleep(openFor) // of many, one probes
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { call() })
		}
		wg.Wait()
		if len(s.at) != trips+1 {
			t.Errorf("%d probes", len(s.at)-trips)
		}
		time.Sleep(openFor) // now it takes twice as long
		wantError(t, call(), event.Network, "the last 11 requests")
		time.Sleep(openFor)
		s.answers = append(s.answers[:1], make([]func(*http.Request) (*http.Response, error), 100)...)
		for i := range s.answers {
			s.answers[i] = status(200)
		}
		for range 3 {
			if err := call(); err != nil {
				t.Errorf("after it recovered: %v", err)
			}
		}
	})
}

func TestWhatMakesAHostIll(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		ill    bool
	}{
		"500":             {status(500), true},
		"503":             {status(503), true},
		"busy":            {status(503, "Retry-After", "1"), false},
		"not implemented": {status(501), false},
		"refused":         {status(429), false},
		"not found":       {status(404), false},
		"broken":          {fails(errors.New("boom")), true},
		"address":         {fails(&forbidden{"a", "127.0.0.1", "is private"}), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s, c2 := newScript(c.answer)
			r := get(c2)
			r.Policy = Policy{}
			for range trips + 5 {
				c2.Do(context.Background(), r)
			}
			if ill := len(s.at) == trips; ill != c.ill {
				t.Errorf("%s: %d of %d were sent", name, len(s.at), trips+5)
			}
		})
	}
}

func TestRetriesWaitForTheProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answers := make([]func(*http.Request) (*http.Response, error), trips+1)
		for i := range answers {
			answers[i] = fails(errors.New("boom"))
		}
		answers[trips] = status(200)
		s, c := newScript(answers...)
		r := get(c)
		r.Policy.Attempts = trips + 3
		r.Policy.Backoff, r.Policy.Initial = "constant", time.Millisecond
		res, err := c.Do(context.Background(), r)
		if err != nil || res.Status != 200 || time.Since(s.start) < openFor {
			t.Errorf("%+v, %v after %s", res, err, time.Since(s.start))
		}
	})
}

func TestAttemptsShrinkWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newScript(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		})
		r := get(c)
		r.Timeout, r.Policy = time.Minute, Policy{}
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		_, err := c.Do(ctx, r)
		var e *Error
		if !errors.As(err, &e) || time.Since(s.start) != 3*time.Second {
			t.Errorf("%v after %s", err, time.Since(s.start))
		}
		write := get(c) // gets the grace to finish
		write.Method, write.Safe, write.Timeout, write.Policy = "POST", false, time.Minute, Policy{}
		write.Finish, write.Grace = context.Background(), 10*time.Second
		ctx, cancel = context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err = c.Do(ctx, write)
		wantError(t, err, event.Timeout, "no complete answer within 13s, which was all that was left of the run's time")
		if time.Since(start) != 13*time.Second {
			t.Errorf("after %s", time.Since(start))
		}
	})
}

func TestNoAttemptThatCannotFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newScript(func(r *http.Request) (*http.Response, error) {
			time.Sleep(2 * time.Second)
			return status(200)(r)
		})
		r := get(c)
		for range 3 {
			if _, err := c.Do(context.Background(), r); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := c.Do(ctx, r)
		wantError(t, err, event.Timeout, "it was not sent, because only 1s of the run's time are left, and api.example.com:443 takes at least 2s to answer")
		if len(s.at) != 3 {
			t.Errorf("%d attempts", len(s.at))
		}
	})
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		var mu sync.Mutex
		from := map[string]int{}
		protos := map[string]int{}
		u, trust := serveTLS(t, http2, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			from[r.RemoteAddr]++
			protos[r.Proto]++
			w.Write([]byte(`{"a":1}`))
		})
		c := New(Options{})
		r := to(u, "GET")
		r.TLS = trust
		for range 5 {
			if res, err := c.Do(context.Background(), r); err != nil || res.Status != 200 {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					c.Do(context.Background(), r)
				}
			})
		}
		wg.Wait()
		want := "map[HTTP/1.1:85]"
		most := 9
		if http2 {
			want, most = "map[HTTP/2.0:85]", 1
		}
		if fmt.Sprint(protos) != want || len(from) > most {
			t.Errorf("%v over %d connections, want %s over %d at most", protos, len(from), want, most)
		}
		c.CloseIdle()
	}
}
