//go:build unix

package engine_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/check"
	"tenon/spec/plan"
)

const pageSize = 100

// shop serves total orders in pages, made on the fly, and takes invoices.
func shop(total int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Method == "POST" {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(201)
			io.WriteString(w, `{"id":"inv_1","amount":1999,"status":"open"}`)
			return
		}
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		buf := make([]byte, 0, 40<<10)
		buf = append(buf, `{"data":[`...)
		for i := page * pageSize; i < min(total, (page+1)*pageSize); i++ {
			if i%pageSize > 0 {
				buf = append(buf, ',')
			}
			buf = fmt.Appendf(buf, `{"id":"ord_%d","number":%d,"email":"Customer%d@Example.com","name":"Customer %d","total":%d,"currency":"EUR","status":"paid","note":null,`+
				`"address":{"street":"Some Street %d","city":"Berlin","zip":"10115","country":"DE"},"lines":[{"sku":"A-1","qty":2,"price":9.5},{"sku":"B-2","qty":1,"price":3.25}]}`, i, i, i, i, i%500, i)
		}
		w.Write(fmt.Appendf(buf, `],"page":%d,"has_more":%v}`, page, (page+1)*pageSize < total))
	}
}

// program compiles an integration of testdata.
func program(t testing.TB, name string) *exec.Program {
	t.Helper()
	src, err := os.ReadFile("testdata/main.hcl")
	if err != nil {
		t.Fatal(err)
	}
	checked := check.NewSession(os.DirFS("testdata"), nil, "test").Check(map[string][]byte{"main.hcl": src})
	p := checked.Plans[name]
	if p == nil || checked.Findings.HasErrors() {
		t.Fatal(checked.Findings)
	}
	prog, err := exec.Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDurable reads 10,000 orders in pages of 100 and posts an invoice for each, eight at a time, in memory
// and with a journal on disk: with idempotency keys and without, from a server that answers at once and from one that
// takes its time to answer invoices. ratio is the throughput with the journal in parts of that without, cpu-ratio the
// same by the processor time of the whole process, server included; bytes/item is what the store has grown by.
func BenchmarkDurable(b *testing.B) {
	for _, c := range []struct {
		name, integration string
		latency           time.Duration
	}{
		{"keyed", "keyed", 0},
		{"keyed,latency=5ms", "keyed", 5 * time.Millisecond},
		{"unkeyed", "bill", 0},
		{"unkeyed,latency=5ms", "bill", 5 * time.Millisecond},
	} {
		b.Run(c.name, func(b *testing.B) { durable(b, program(b, c.integration), c.latency) })
	}
}

func durable(b *testing.B, p *exec.Program, latency time.Duration) {
	const items = 10_000
	inner := shop(items)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if latency > 0 && r.Method == "POST" {
			time.Sleep(latency)
		}
		inner(w, r)
	}))
	defer s.Close()
	in := exec.Inputs{Servers: map[string]string{"shop": s.URL, "keyed": s.URL}}
	local := engine.New(engine.Options{})
	defer local.Close()
	var plain, kept, plainCPU, keptCPU time.Duration
	var grown int64
	for b.Loop() {
		start, cpu := time.Now(), cpuTime()
		if res := local.Run(context.Background(), p, in); res.Status != event.Succeeded {
			b.Fatal(res.Error)
		}
		plain, plainCPU = plain+time.Since(start), plainCPU+cpuTime()-cpu

		dir := b.TempDir()
		st, err := store.Open(context.Background(), dir, store.Shared, "bench")
		if err != nil {
			b.Fatal(err)
		}
		d := engine.NewDurable(engine.Options{}, engine.Keeping{Store: st})
		start, cpu = time.Now(), cpuTime()
		res, err := d.Start(context.Background(), p, in, "bench")
		if err != nil || res.Status != event.Succeeded {
			b.Fatal(res, err)
		}
		kept, keptCPU = kept+time.Since(start), keptCPU+cpuTime()-cpu
		d.Close()
		st.Close()
		if info, err := os.Stat(filepath.Join(dir, store.File)); err == nil {
			grown += info.Size()
		}
	}
	b.ReportMetric(float64(plain)/float64(kept), "ratio")
	b.ReportMetric(float64(plainCPU)/float64(keptCPU), "cpu-ratio")
	b.ReportMetric(float64(kept.Microseconds())/float64(b.N*items), "µs/item")
	b.ReportMetric(float64(plain.Microseconds())/float64(b.N*items), "µs/item-plain")
	b.ReportMetric(float64(grown)/float64(b.N*items), "bytes/item")
}

// BenchmarkResume goes on with a run of 1,000,000 items that was stopped half done, and reports how long it takes from
// opening the store to the first new item.
func BenchmarkResume(b *testing.B) {
	const items = 1_000_000
	s := httptest.NewServer(shop(items))
	defer s.Close()
	p := program(b, "count")
	var first time.Duration
	for b.Loop() {
		b.StopTimer()
		dir := b.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		done := 0
		res := carry(b, ctx, dir, func(e event.Envelope) {
			if _, ok := e.Event.(event.ItemDone); ok {
				if done++; done == items/2 {
					cancel()
				}
			}
		}, func(d *engine.Durable) (*exec.Result, error) {
			return d.Start(ctx, p, exec.Inputs{Servers: map[string]string{"shop": s.URL}}, "bench")
		})
		if res.Status != event.Canceled || done < items/2 {
			b.Fatal(res.Status, done)
		}
		ctx, cancel = context.WithCancel(context.Background())
		start, once := time.Now(), false
		b.StartTimer()
		carry(b, ctx, dir, func(e event.Envelope) {
			if i, ok := e.Event.(event.ItemDone); ok && i.Index >= done-1 && !once {
				once = true
				first += time.Since(start)
				cancel()
			}
		}, func(d *engine.Durable) (*exec.Result, error) {
			res, _, err := d.Resume(ctx, res.Run, func(*plan.Plan) (map[string]secret.Value, error) { return nil, nil })
			return res, err
		})
		if !once {
			b.Fatal("no new item came")
		}
	}
	b.ReportMetric(float64(first.Milliseconds())/float64(b.N), "ms-to-first-item")
}

// carry opens a store and carries a run out on it.
func carry(b *testing.B, ctx context.Context, dir string, sink func(event.Envelope), run func(*engine.Durable) (*exec.Result, error)) *exec.Result {
	b.Helper()
	st, err := store.Open(context.Background(), dir, store.Shared, "bench")
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	d := engine.NewDurable(engine.Options{Sink: sink}, engine.Keeping{Store: st})
	defer d.Close()
	res, err := run(d)
	if err != nil {
		b.Fatal(err)
	}
	return res
}
