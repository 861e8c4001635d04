//go:build unix

package daemon

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tenon/runtime/store"
)

const acceptProject = `
api "shop" {
  spec       = "shop.yaml"
  on_unknown = "stop"
}
secret "hooks" {
  env = "HOOKS"
}
integration "order" {
  overlap = "queue"
  input "order" {
    type = object({ id = string, total = number, note = string, lines = list(object({ sku = string, count = integer, title = string })) })
  }
  trigger "webhook" "paid" {
    path = "/hooks/paid"
    body = object({
      id       = string
      type     = string
      created  = integer
      order    = object({ id = string, total = number, note = string, lines = list(object({ sku = string, count = integer, title = string })) })
      customer = object({ email = string, name = string })
    })
    key    = trigger.body.id
    when   = trigger.body.type == "order.paid"
    inputs = { order = trigger.body.order }
    verify "hmac" {
      secret = secret.hooks
      header = "X-Sig"
    }
  }
  step "note" {
    call       = shop.addNote
    body       = { text = input.order.id }
    idempotent = true
  }
}
`

// acceptBody is an event of about 1 KB.
func acceptBody(id int) string {
	var lines []string
	for i := range 9 {
		lines = append(lines, fmt.Sprintf(`{"sku":"sku-%05d","count":%d,"title":"A thing that somebody bought %d times"}`, i*7919, i+1, i+1))
	}
	return fmt.Sprintf(`{"id":"evt_%08d","type":"order.paid","created":1767225600,"order":{"id":"o-%d","total":129.95,"note":"Please ring twice; the bell is old.","lines":[%s]},"customer":{"email":"kim@example.com","name":"Kim Example"}}`,
		id, id, strings.Join(lines, ","))
}

// BenchmarkAccept measures how quickly 64 clients get rid of their webhooks, each on disk before it is acknowledged,
// beside a handler that does nothing but append the body to a file: with one fsync for all that wait, too.
// docs/performance.md says how to read it.
func BenchmarkAccept(b *testing.B) {
	w := newWorld(b, "")
	w.project(acceptProject)
	w.gate = make(chan struct{}) // what is accepted waits: runs are not what is measured
	s, err := store.Open(context.Background(), b.TempDir(), store.Exclusive, "test")
	if err != nil {
		b.Fatal(err)
	}
	d, stop := w.daemon(s, func(o *Options) {
		o.MaxQueue, o.Drain, o.Engine.Grace = 1<<40, time.Millisecond, time.Millisecond
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	})
	b.Cleanup(func() { stop(); close(w.gate); s.Close() })
	ours := httptest.NewServer(d.Hooks())
	b.Cleanup(ours.Close)
	plain := newAppender(b)
	theirs := httptest.NewServer(plain)
	b.Cleanup(theirs.Close)

	const clients, each = 64, 50
	a, c := dial(b, ours, clients), dial(b, theirs, clients)
	var mine, other round
	id := 0
	one := func(conns []*client, into *round) {
		into.add(conns, each, id)
		id += clients * each
	}
	one(a, &round{}) // what is made once is made
	one(c, &round{})
	b.ResetTimer()
	for b.Loop() {
		one(a, &mine)
		one(c, &other)
	}
	b.ReportMetric(mine.rate(), "accepted/s")
	b.ReportMetric(mine.rate()/other.rate(), "ratio")
	b.ReportMetric(float64(other.cpu)/float64(mine.cpu), "cpu-ratio")
	b.ReportMetric(float64(mine.cpu.Microseconds())/float64(len(mine.waits)), "cpu-us")
	b.ReportMetric(float64(mine.p99().Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(mine.p99())/float64(other.p99()), "p99-ratio")
}

// round is what several clients have measured.
type round struct {
	took  time.Duration
	cpu   time.Duration // of this process, the clients' part too
	waits []time.Duration
}

func (r *round) rate() float64 { return float64(len(r.waits)) / r.took.Seconds() }

func (r *round) p99() time.Duration {
	slices.Sort(r.waits)
	return r.waits[len(r.waits)*99/100]
}

// add has every client send each deliveries.
func (r *round) add(conns []*client, each, first int) {
	waits := make([][]time.Duration, len(conns))
	requests := make([][][]byte, len(conns))
	for i := range conns {
		for n := range each {
			body := acceptBody(first + i*each + n)
			requests[i] = append(requests[i], fmt.Appendf(nil,
				"POST /hooks/paid HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nUser-Agent: sender/1.0\r\nX-Sig: %s\r\nContent-Length: %d\r\n\r\n%s", sign(body), len(body), body))
		}
	}
	start, used := time.Now(), processorTime()
	var wg sync.WaitGroup
	for i, c := range conns {
		wg.Go(func() {
			for _, text := range requests[i] {
				sent := time.Now()
				c.send(text)
				waits[i] = append(waits[i], time.Since(sent))
			}
		})
	}
	wg.Wait()
	r.took += time.Since(start)
	r.cpu += processorTime() - used
	r.waits = append(r.waits, slices.Concat(waits...)...)
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// client keeps its connection, and costs as little as it can: it is not what is measured.
type client struct {
	b testing.TB
	c net.Conn
	r *bufio.Reader
}

func dial(b testing.TB, s *httptest.Server, n int) (out []*client) {
	for range n {
		c, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { c.Close() })
		out = append(out, &client{b, c, bufio.NewReader(c)})
	}
	return out
}

func (c *client) send(request []byte) {
	c.c.Write(request)
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.b.Error(err)
		return
	}
	body, _ := io.ReadAll(res.Body)
	res.Body.Close()
	if res.StatusCode != http.StatusAccepted {
		c.b.Errorf("%d %s", res.StatusCode, body)
	}
}

// appender is the yardstick: it appends bodies to a file, and answers when they are on the disk.
type appender struct {
	file *os.File
	work chan *written
}

type written struct {
	body []byte
	done chan error
}

func newAppender(b *testing.B) *appender {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	a := &appender{file: f, work: make(chan *written, 1024)}
	var wg sync.WaitGroup
	wg.Go(a.write)
	b.Cleanup(func() { close(a.work); wg.Wait(); f.Close() })
	return a
}

func (a *appender) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	if err == nil {
		x := &written{body, make(chan error, 1)}
		a.work <- x
		err = <-x.done
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// write takes what waits, appends it and syncs once.
func (a *appender) write() {
	for x := range a.work {
		group := []*written{x}
	gather:
		for {
			select {
			case x, ok := <-a.work:
				if !ok {
					break gather
				}
				group = append(group, x)
			default:
				break gather
			}
		}
		var text bytes.Buffer
		for _, x := range group {
			text.Write(x.body)
			text.WriteByte('\n')
		}
		_, err := a.file.Write(text.Bytes())
		if err == nil {
			err = a.file.Sync()
		}
		for _, x := range group {
			x.done <- err
		}
	}
}
