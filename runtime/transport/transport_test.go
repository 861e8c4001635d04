package transport

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/event"
	"tenon/runtime/secret"
)

func serve(t *testing.T, h http.HandlerFunc) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	u, _ := url.Parse(s.URL)
	return u
}

// raw answers every connection by hand, after having read the request's head.
func raw(t *testing.T, answer func(c *net.TCPConn)) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					answer(c.(*net.TCPConn))
				}
			}()
		}
	}()
	return &url.URL{Scheme: "http", Host: l.Addr().String()}
}

func to(u *url.URL, method string) *Request {
	return &Request{Method: method, URL: u, Safe: method == "GET", Hosts: []string{Host(u)}, Named: []string{Host(u)}, Timeout: 5 * time.Second}
}

func wantError(t *testing.T, err error, cause event.Cause, message string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Cause != cause || !strings.Contains(e.Message, message) {
		t.Fatalf("got %#v, want %s: …%s…", err, cause, message)
	}
	return e
}

func TestServersThatLie(t *testing.T) {
	for _, c := range []struct {
		name    string
		answer  func(*net.TCPConn)
		cause   event.Cause
		message string
	}{
		{"endless body", func(c *net.TCPConn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
			endless(c)
		}, event.InvalidResponse, "larger than 1 MB"},
		{"10 GB announced", func(c *net.TCPConn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n[")
		}, event.InvalidResponse, "larger than 1 MB"},
		{"gzip bomb", func(c *net.TCPConn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
			z := gzip.NewWriter(c)
			endless(z)
		}, event.InvalidResponse, "larger than 1 MB"},
		{"huge headers", func(c *net.TCPConn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nX: ")
			endless(c)
		}, event.Network, "headers exceeded"},
		{"truncated", func(c *net.TCPConn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":")
		}, event.Network, "broke off after 5 bytes"},
		{"reset", func(c *net.TCPConn) { c.SetLinger(0) }, event.Network, "connection"},
		{"closed at once", func(c *net.TCPConn) {}, event.Network, "closed before the answer"},
		{"no HTTP", func(c *net.TCPConn) { fmt.Fprint(c, "220 mail.example.com ESMTP\r\n") }, event.Network, "malformed"},
		{"slow drip", func(c *net.TCPConn) {
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
		}, event.Timeout, "no complete answer within 300ms"},
		{"silence", func(c *net.TCPConn) { io.Copy(io.Discard, c) }, event.Timeout, "no complete answer within 300ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := New(Options{MaxBody: 1 << 20})
			defer client.CloseIdle()
			r := to(raw(t, c.answer), "GET")
			if c.cause == event.Timeout {
				r.Timeout = 300 * time.Millisecond
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := client.Do(context.Background(), r)
			runtime.ReadMemStats(&after)
			wantError(t, err, c.cause, c.message)
			if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
				t.Errorf("took %d MB", got>>20)
			}
		})
	}
}

func endless(w io.Writer) {
	block := bytes.Repeat([]byte("x"), 64<<10)
	for {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func TestSentTellsWhetherAWriteMayHaveHappened(t *testing.T) {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	l.Close()
	c := New(Options{})
	refused := to(&url.URL{Scheme: "http", Host: l.Addr().String()}, "POST")
	_, err := c.Do(context.Background(), refused)
	if e := wantError(t, err, event.Network, "no connection to 127.0.0.1"); e.Sent {
		t.Error("a refused connection counts as sent")
	}
	refused.Policy = Policy{Attempts: 3, On: []string{"network"}, Rand: c.Random}
	_, err = c.Do(context.Background(), refused)
	if e := wantError(t, err, event.Network, "no connection"); e.Attempts != 3 {
		t.Errorf("%d attempts, want 3", e.Attempts)
	}
	var hits atomic.Int32
	dropped := to(raw(t, func(*net.TCPConn) { hits.Add(1) }), "POST")
	dropped.Body, dropped.Policy = []byte("{}"), refused.Policy
	_, err = c.Do(context.Background(), dropped)
	if e := wantError(t, err, event.Network, "closed before"); !e.Sent || hits.Load() != 1 || !strings.Contains(e.Note, "not idempotent") {
		t.Errorf("sent %v, %d hits, note %q", e.Sent, hits.Load(), e.Note)
	}
	dropped.Idempotent = true
	c.Do(context.Background(), dropped)
	if hits.Load() != 4 {
		t.Errorf("an idempotent write arrived %d times, want 3", hits.Load()-1)
	}
}

func TestEgressIsClosed(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("reached") })
	r := to(u, "GET")
	r.Hosts = []string{"other.example.com"}
	_, err := New(Options{}).Do(context.Background(), r)
	wantError(t, err, event.InvalidRequest, "not a host of any server")
}

func TestRedirects(t *testing.T) {
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" || r.Header.Get("X-Key") != "" || r.URL.RawQuery != "" {
			t.Errorf("credentials left their host: %s %v", r.URL, r.Header)
		}
		fmt.Fprint(w, "elsewhere")
	})
	bodies := make(chan string, 10)
	home := serve(t, func(w http.ResponseWriter, r *http.Request) {
		var code int
		switch r.URL.Path {
		case "/end":
			b, _ := io.ReadAll(r.Body)
			bodies <- r.Method + " " + string(b) + " " + r.Header.Get("Authorization") + " " + r.URL.RawQuery
			return
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/out":
			http.Redirect(w, r, elsewhere.String()+"/", http.StatusFound)
		default:
			fmt.Sscanf(r.URL.Path, "/%d", &code)
			http.Redirect(w, r, "/end", code)
		}
	})
	c := New(Options{})
	for _, tc := range []struct {
		method, path string
		hosts        []string
		status       int
		got, note    string
	}{
		{"GET", "/302", nil, 200, "GET  Bearer tok k=qtok", ""},
		{"GET", "/308", nil, 200, "GET  Bearer tok k=qtok", ""},
		{"POST", "/307", nil, 200, "POST body Bearer tok k=qtok", ""},
		{"POST", "/302", nil, 302, "", "after a POST it would lose the body"},
		{"GET", "/loop", nil, 302, "", "it is redirect number 11"},
		{"GET", "/out", nil, 302, "", elsewhere.Host + " is not a host of any server that the plan names"},
		{"GET", "/out", []string{elsewhere.Host}, 200, "", ""},
	} {
		u := *home
		u.Path = tc.path
		r := to(&u, tc.method)
		r.Hosts = append(r.Hosts, tc.hosts...)
		r.Named = r.Hosts
		r.Header = http.Header{"X-Key": {"v"}}
		r.Credentials = []Credential{Bearer(secret.New("tok"), nil), APIKey("query", "k", secret.New("qtok"), nil)}
		if tc.method == "POST" {
			r.Body = []byte("body")
		}
		res, err := c.Do(context.Background(), r)
		if err != nil || res.Status != tc.status || !strings.Contains(res.Note, tc.note) || (tc.note == "") != (res.Note == "") {
			t.Fatalf("%s %s: %+v, %v", tc.method, tc.path, res, err)
		}
		if tc.got != "" {
			if got := <-bodies; got != tc.got {
				t.Errorf("%s %s: arrived %q, want %q", tc.method, tc.path, got, tc.got)
			}
		}
		if strings.Contains(res.URL.String(), "qtok") && tc.status == 302 {
			t.Errorf("the URL shows the credential: %s", res.URL)
		}
	}
}

func TestCredentials(t *testing.T) {
	var got *http.Request
	u := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r })
	u.RawQuery = "b=2&key=old&a=%20"
	r := to(u, "GET")
	r.Header = http.Header{"Cookie": {"x=1"}}
	var red secret.Redactor
	r.Credentials = []Credential{
		Basic(secret.New("user"), secret.New("pass word"), &red),
		APIKey("header", "X-Key", secret.New("headerkey"), &red),
		APIKey("query", "key", secret.New("query&key"), &red),
		APIKey("cookie", "sid", secret.New("cookiekey"), &red),
	}
	res, err := New(Options{}).Do(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	user, pass, _ := got.BasicAuth()
	for what, pair := range map[string][2]string{
		"basic":  {user + ":" + pass, "user:pass word"},
		"header": {got.Header.Get("X-Key"), "headerkey"},
		"query":  {got.URL.RawQuery, "b=2&a=%20&key=query%26key"},
		"cookie": {got.Header.Get("Cookie"), "x=1; sid=cookiekey"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: got %q, want %q", what, pair[0], pair[1])
		}
	}
	if len(r.Header) != 1 || res.URL.RawQuery != u.RawQuery {
		t.Errorf("the request or the answer's URL was changed: %v %s", r.Header, res.URL)
	}
	h := http.Header{}
	shown := fmt.Sprint(Hidden(r.Credentials, h, u), h)
	for _, s := range []string{"headerkey", "query", "cookiekey", "pass word", "dXNlcjpwYXNzIHdvcmQ"} {
		if strings.Contains(shown, s) {
			t.Errorf("%q shows in %s", s, shown)
		}
		if s != "query" && s != "pass word" && strings.Contains(red.Redact(fmt.Sprint(got.Header)), s) {
			t.Errorf("%q is left after redaction", s)
		}
	}
}

func TestFinishLetsAWriteComplete(t *testing.T) {
	arrived, proceed := make(chan bool), make(chan bool)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- true
		<-proceed
		w.WriteHeader(201)
	})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-arrived; cancel(); proceed <- true }()
	r := to(u, "POST")
	r.Finish = context.Background()
	if res, err := New(Options{}).Do(ctx, r); err != nil || res.Status != 201 {
		t.Errorf("got %+v, %v", res, err)
	}
	if _, err := New(Options{}).Do(ctx, r); err == nil {
		t.Error("a write was started after the run was stopped")
	}
}
