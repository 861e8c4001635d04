package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tenon/runtime/event"
)

// rolling is a credential whose text is another after each answer that its offer says it can do better than.
type rolling struct {
	n     int
	offer func(status int) (bool, error)
	fail  error
}

func (c *rolling) ID() string { return "rolling" }

func (c *rolling) Sign(_ context.Context, o *Outgoing) error {
	o.Header.Set("Authorization", fmt.Sprintf("Roll %d", c.n))
	return c.fail
}

func (c *rolling) Answered(_ context.Context, _ *Outgoing, status int, _ http.Header) (bool, error) {
	c.n++
	return c.offer(status)
}

func (c *rolling) Hide(o *Outgoing) { o.Header.Set("Authorization", "Roll (secret)") }

func TestARefusedCredentialIsRenewedOnce(t *testing.T) {
	refuse := func(status int) (bool, error) { return status == 401, nil }
	for _, tc := range []struct {
		accepts  string // the only text that the server takes
		offer    func(int) (bool, error)
		got      string // what it got
		status   int
		attempts int
		note     string
	}{
		{"Roll 0", refuse, "Roll 0", 200, 1, ""},
		{"Roll 1", refuse, "Roll 0, Roll 1", 200, 2, ""},
		{"Roll 2", refuse, "Roll 0, Roll 1", 401, 2, ""},
		{"Roll 1", func(int) (bool, error) { return false, errors.New("the password is wrong") }, "Roll 0", 401, 1, "The password is wrong."},
	} {
		var got []string
		u := serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Header.Get("Authorization"))
			if r.Header.Get("Authorization") != tc.accepts {
				w.WriteHeader(401)
			}
		})
		r := to(u, "POST") // a 401 says that nothing was done, so a write is sent again too
		r.Body = []byte("x")
		r.Credentials = []Credential{&rolling{offer: tc.offer}}
		res, err := New(Options{}).Do(context.Background(), r)
		if err != nil || res.Status != tc.status || res.Attempts != tc.attempts || res.Note != tc.note || strings.Join(got, ", ") != tc.got {
			t.Errorf("%+v: got %v, %+v, %v", tc, got, res, err)
		}
	}
}

func TestACredentialThatCannotBeHadSendsNothing(t *testing.T) {
	u, _ := url.Parse("http://127.0.0.1:1/")
	r := to(u, "POST")
	r.Policy = Policy{Attempts: 3, On: []string{"network"}, Rand: func() float64 { return 0 }}
	r.Credentials = []Credential{&rolling{fail: &Error{Cause: event.Network, Message: "no token"}}}
	_, err := New(Options{}).Do(context.Background(), r)
	var e *Error
	if !errors.As(err, &e) || e.Sent || e.Message != "no token" || e.Attempts != 3 {
		t.Errorf("got %+v", err)
	}
}
