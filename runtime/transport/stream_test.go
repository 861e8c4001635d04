package transport

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/codec"
	"tenon/runtime/event"
)

// pattern is content of any length that needs no memory.
type pattern struct{ at, size int64 }

func (p *pattern) Read(b []byte) (int, error) {
	n := int(min(int64(len(b)), p.size-p.at))
	for i := range b[:n] {
		b[i] = byte((p.at + int64(i)) * 31 >> 3)
	}
	if p.at += int64(n); n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// source counts how often it is opened, and breaks after some bytes if it is told to.
type source struct {
	size   int64
	opened atomic.Int32
	breaks int64
}

func (s *source) Open(context.Context) (io.ReadCloser, int64, error) {
	s.opened.Add(1)
	var r io.Reader = &pattern{size: s.size}
	if s.breaks > 0 {
		r = io.MultiReader(io.LimitReader(r, s.breaks), brokenReader{})
	}
	return io.NopCloser(r), s.size, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("disk on fire") }

func all(int, http.Header) bool { return true }

func TestContentStreamsOutAndIn(t *testing.T) {
	const size = 8 << 20
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, _ := io.Copy(h, r.Body)
		w.Header().Set("X-Got", fmt.Sprintf("%d %d %x", n, r.ContentLength, h.Sum(nil)))
		io.Copy(w, &pattern{size: size})
	})
	h := sha256.New()
	io.Copy(h, &pattern{size: size})
	want := h.Sum(nil)

	r := to(u, "POST")
	r.Source, r.Stream = &source{size: size}, all
	res, err := New(Options{MaxBody: 1 << 10}).Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Unread.Close()
	if got := res.Header.Get("X-Got"); got != fmt.Sprintf("%d %d %x", size, size, want) {
		t.Errorf("the server got %s", got)
	}
	h.Reset()
	if n, err := io.Copy(h, res.Unread); err != nil || n != size || !bytes.Equal(h.Sum(nil), want) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

func TestARetryOpensTheSourceAgain(t *testing.T) {
	var calls atomic.Int32
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		if calls.Add(1) == 1 {
			w.WriteHeader(503)
			return
		}
		fmt.Fprint(w, n)
	})
	r := to(u, "PUT")
	s := &source{size: 3 << 20}
	r.Source, r.Idempotent = s, true
	r.Policy = Policy{Attempts: 2, On: []string{"5xx"}, Rand: func() float64 { return 0 }}
	res, err := New(Options{}).Do(t.Context(), r)
	if err != nil || string(res.Body) != "3145728" || s.opened.Load() != 2 {
		t.Errorf("%v, opened %d times", err, s.opened.Load())
	}
}

func TestASourceThatBreaksIsNeverAWholeRequest(t *testing.T) {
	var complete atomic.Bool
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		complete.Store(err == nil)
	})
	for _, size := range []int64{1 << 20, -1} {
		r := to(u, "POST")
		r.Source = &sized{source{size: 1 << 20, breaks: 1 << 10}, size}
		_, err := New(Options{}).Do(t.Context(), r)
		wantError(t, err, event.Network, "the content could not be read: disk on fire")
		if complete.Load() {
			t.Error("the server took a part for the whole")
		}
	}
}

type sized struct {
	source
	said int64
}

func (s *sized) Open(ctx context.Context) (io.ReadCloser, int64, error) {
	r, _, err := s.source.Open(ctx)
	return r, s.said, err
}

// TestTimeoutOfAStreamIsOfSilence sends for longer than the timeout, and then stalls.
func TestTimeoutOfAStreamIsOfSilence(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for range 8 {
			io.WriteString(w, "piece")
			w.(http.Flusher).Flush()
			time.Sleep(100 * time.Millisecond)
		}
		<-r.Context().Done()
	})
	r := to(u, "GET")
	r.Timeout, r.Stream = 400*time.Millisecond, all
	res, err := New(Options{}).Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Unread.Close()
	got, err := io.ReadAll(res.Unread)
	if string(got) != strings.Repeat("piece", 8) {
		t.Errorf("got %q", got)
	}
	wantError(t, err, event.Timeout, "nothing more of the answer's body came for 400ms")
}

func TestAStreamThatBreaksOff(t *testing.T) {
	u := raw(t, func(c *net.TCPConn) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
	})
	r := to(u, "GET")
	r.Stream = all
	res, err := New(Options{}).Do(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Unread.Close()
	_, err = io.ReadAll(res.Unread)
	wantError(t, err, event.Network, "the answer broke off after 4 bytes of its body")
}

func TestAnswersMayBeCompressed(t *testing.T) {
	text := strings.Repeat("a row of a table\n", 50_000)
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != codec.AcceptEncoding {
			t.Errorf("Accept-Encoding is %q", r.Header.Get("Accept-Encoding"))
		}
		coding := r.URL.Query().Get("coding")
		w.Header().Set("Content-Encoding", coding)
		if coding == "nonsense" {
			return
		}
		if r.URL.Query().Has("lie") {
			io.WriteString(w, text)
			return
		}
		z, _ := codec.Compress(coding, w)
		io.WriteString(z, text)
		z.Close()
	})
	c := New(Options{MaxBody: 1 << 20})
	for _, coding := range []string{"gzip", "deflate", "zstd", "br"} {
		for _, stream := range []bool{false, true} {
			r := to(u, "GET")
			r.URL.RawQuery = "coding=" + coding
			if stream {
				r.Stream = all
			}
			res, err := c.Do(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			body := res.Body
			if stream {
				if body, err = io.ReadAll(res.Unread); err != nil {
					t.Error(err)
				}
				res.Unread.Close()
			}
			if string(body) != text || res.Header.Get("Content-Encoding") != "" {
				t.Errorf("%s, streamed: %t: %d bytes, %v", coding, stream, len(body), res.Header)
			}
		}
		r := to(u, "GET")
		r.URL.RawQuery = "coding=" + coding
		_, err := New(Options{MaxBody: 1 << 16}).Do(t.Context(), r)
		wantError(t, err, event.InvalidResponse, "the answer's body is larger than 65536 bytes")
		r = to(u, "GET")
		r.URL.RawQuery = "lie&coding=" + coding
		if res, err := c.Do(t.Context(), r); err == nil {
			t.Errorf("text that calls itself %s: %.20q", coding, res.Body)
		}
	}
	r := to(u, "GET")
	r.URL.RawQuery = "coding=nonsense"
	if res, err := c.Do(t.Context(), r); err != nil || res.Header.Get("Content-Encoding") != "nonsense" {
		t.Errorf("an unknown coding: %v", err)
	}
}
