//go:build unix

package exec_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/metrics"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/time/rate"
	"tenon/runtime/engine"
	"tenon/runtime/event"
	"tenon/runtime/exec"
	"tenon/spec/plan"
	"tenon/spec/types"
)

const pageSize = 100

// shop serves total orders in pages, made on the fly, and takes invoices.
func shop(total int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "application/json")
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
			buf = fmt.Appendf(buf, `{"id":"ord_%d","number":%d,"email":"Customer%d@Example.com","name":"Customer %d","total":%d.5,"currency":"EUR","status":"paid","note":null,`+
				`"address":{"street":"Some Street %d","city":"Berlin","zip":"10115","country":"DE"},"lines":[{"sku":"A-1","qty":2,"price":9.5},{"sku":"B-2","qty":1,"price":3.25}]}`, i, i, i, i, i%500, i)
		}
		buf = fmt.Appendf(buf, `],"page":%d,"has_more":%v}`, page, (page+1)*pageSize < total)
		w.Header().Set("Content-Type", "application/json")
		w.Write(buf)
	}
}

const invoiceBody = `{
  customer_email = lower(order.email)
  customer_name  = order.name
  reference      = "order ${order.id}"
  amount         = order.total * 100
  currency       = order.currency
  city           = order.address.city
  country        = order.address.country
  lines          = [for l in order.lines : { sku = l.sku, quantity = l.qty }]
}`

func listOrders(t testing.TB) *plan.Op {
	list := get(t, "/orders", param(t, "query", "page", "0"))
	list.Paginate = &plan.Paginate{Items: e(t, "response.body.data"), Next: e(t, "response.body.has_more ? { page = response.body.page + 1 } : null")}
	return step(t, "orders", list)
}

func billing(t testing.TB) *plan.Block {
	loop := each(t, "order", "stream:step.orders", ops(step(t, "invoice", post(t, "/invoices", invoiceBody))), "step.orders")
	loop.ForEach.Concurrency = 8
	loop.ForEach.Key = e(t, "order.id")
	return ops(listOrders(t), loop)
}

// BenchmarkPosts reads 10,000 orders in pages of 100, maps each and posts it, eight at a time: by a plan and by hand.
// ratio is the plan's throughput in parts of the hand-written loop's, cpu-ratio the same by the processor time
// of the whole process, server included, which a busy machine disturbs less.
//
// In "whole", requests are signed, three limits are kept, quotas that the answers tell of are read, keys are minted, and request and
// answers are validated in every part. The hand-written program signs, keeps one limit, sends a key and decodes the answer
// into a struct there, and validates nothing.
func BenchmarkPosts(b *testing.B) {
	b.Run("plain", func(b *testing.B) { benchmarkPosts(b, newWorld(b, shop(10_000), billing(b)), nil) })
	b.Run("whole", func(b *testing.B) {
		benchmarkPosts(b, wholeWorld(b), &duties{token: "sesame", limit: rate.NewLimiter(1_000_000, 1000)})
	})
}

// duties are what a hand-written program does besides; nil: nothing.
type duties struct {
	token string
	limit *rate.Limiter
}

// do sends a request.
func (d *duties) do(client *http.Client, r *http.Request, answer any) error {
	if d != nil {
		if err := d.limit.Wait(r.Context()); err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+d.token)
		if r.Method == "POST" {
			r.Header.Set("Idempotency-Key", rand.Text())
		}
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		return fmt.Errorf("status %d", res.StatusCode)
	}
	if d == nil && r.Method == "POST" {
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	return json.NewDecoder(res.Body).Decode(answer)
}

// wholeWorld has all that a real API needs.
func wholeWorld(b *testing.B) *world {
	inner := shop(10_000)
	w := newWorld(b, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("RateLimit", `"minute";r=9000000;t=50`)
		w.Header().Set("RateLimit-Policy", `"minute";q=10000000;w=60`)
		inner(w, r)
	}, billing(b))
	api := w.plan.APIs["api"]
	api.Auth = map[string]*plan.Auth{"token": {Scheme: "token", Type: "bearer", Attrs: map[string]*plan.Expr{"token": e(b, `"sesame"`)}}}
	api.Limits = []*plan.Limit{{Count: 1_000_000, Per: time.Second, Burst: 1000, Concurrency: 64}, {Count: 10_000_000, Per: time.Hour}, {Count: 900_000, Per: time.Second}}
	need := func(name string, t *types.Type) *types.Property {
		return &types.Property{Name: name, Type: t, Required: true}
	}
	line := types.ObjectOf(need("sku", types.AnyString), need("qty", types.AnyInteger), need("price", types.AnyNumber))
	order := types.ObjectOf(need("id", types.AnyString), need("number", types.AnyInteger), need("email", types.AnyString), need("name", types.AnyString),
		need("total", types.AnyNumber), need("currency", types.Enum("EUR", "USD")), need("status", types.Enum("paid", "open")), need("note", types.Union(types.AnyString, types.JustNull)),
		need("address", types.ObjectOf(need("street", types.AnyString), need("city", types.AnyString), need("zip", types.AnyString), need("country", types.AnyString))), need("lines", types.ListOf(line)))
	list, invoice := w.plan.Steps.Ops[0].Call, w.plan.Steps.Ops[1].ForEach.Block.Ops[0].Call
	list.Security, invoice.Security = []string{"token"}, []string{"token"}
	list.Responses[0].Content[0].Guard = &plan.Guard{Type: types.ObjectOf(need("data", types.ListOf(order)), need("page", types.AnyInteger), need("has_more", types.AnyBoolean))}
	invoice.Responses = append(invoice.Responses, answers("201"))
	invoice.Responses[len(invoice.Responses)-1].Content[0].Guard = &plan.Guard{Type: types.ObjectOf(need("id", types.AnyString), need("amount", types.AnyInteger), need("status", types.Enum("open", "paid")))}
	invoice.Body.Guard = &plan.Guard{What: "the body", Type: types.ObjectOf(need("customer_email", types.AnyString), need("customer_name", types.AnyString), need("reference", types.AnyString),
		need("amount", types.AnyNumber), need("currency", types.Enum("EUR", "USD")), need("city", types.AnyString), need("country", types.AnyString),
		need("lines", types.ListOf(types.ObjectOf(need("sku", types.AnyString), need("quantity", types.AnyInteger)))))}
	invoice.Idempotent, invoice.IdempotencyHeader = true, "Idempotency-Key"
	return w
}

func benchmarkPosts(b *testing.B, w *world, by *duties) {
	const items = 10_000
	p, err := exec.Compile(w.plan)
	if err != nil {
		b.Fatal(err)
	}
	var mine, hand, mineCPU, handCPU time.Duration
	done := 0
	l := engine.New(engine.Options{Sink: func(e event.Envelope) {
		if _, ok := e.Event.(event.ItemDone); ok {
			done++
		}
	}})
	defer l.Close()
	for b.Loop() {
		start, cpu := time.Now(), cpuTime()
		byHand(b, w.server.URL, by)
		hand, handCPU = hand+time.Since(start), handCPU+cpuTime()-cpu
		done = 0
		start, cpu = time.Now(), cpuTime()
		res := l.Run(context.Background(), p, exec.Inputs{})
		mine, mineCPU = mine+time.Since(start), mineCPU+cpuTime()-cpu
		if res.Status != event.Succeeded || done != items {
			b.Fatalf("%s, %d items: %v", res.Status, done, res.Error)
		}
	}
	b.ReportMetric(float64(hand)/float64(mine), "ratio")
	b.ReportMetric(float64(handCPU)/float64(mineCPU), "cpu-ratio")
	b.ReportMetric(float64(mine.Microseconds())/float64(b.N*items), "µs/item")
	b.ReportMetric(float64(hand.Microseconds())/float64(b.N*items), "µs/item-by-hand")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

type order struct {
	ID, Email, Name, Currency string
	Total                     float64
	Address                   struct{ City, Country string }
	Lines                     []struct {
		SKU string
		Qty int
	}
}

type invoice struct {
	Email     string        `json:"customer_email"`
	Name      string        `json:"customer_name"`
	Reference string        `json:"reference"`
	Amount    float64       `json:"amount"`
	Currency  string        `json:"currency"`
	City      string        `json:"city"`
	Country   string        `json:"country"`
	Lines     []invoiceLine `json:"lines"`
}

type invoiceLine struct {
	SKU      string `json:"sku"`
	Quantity int    `json:"quantity"`
}

// byHand is the program that a person would write.
func byHand(b *testing.B, url string, by *duties) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	work := make(chan order)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for o := range work {
				if err := postByHand(client, url+"/invoices", o, by); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for page, more := 0, true; more; page++ {
		get, err := http.NewRequest("GET", fmt.Sprintf("%s/orders?page=%d", url, page), nil)
		if err != nil {
			b.Fatal(err)
		}
		var list struct {
			Data    []order
			HasMore bool `json:"has_more"`
		}
		if err := by.do(client, get, &list); err != nil {
			b.Fatal(err)
		}
		for _, o := range list.Data {
			work <- o
		}
		more = list.HasMore
	}
	close(work)
	wg.Wait()
}

func postByHand(client *http.Client, url string, o order, by *duties) error {
	in := invoice{Email: string(bytes.ToLower([]byte(o.Email))), Name: o.Name, Reference: "order " + o.ID, Amount: o.Total * 100, Currency: o.Currency,
		City: o.Address.City, Country: o.Address.Country}
	for _, l := range o.Lines {
		in.Lines = append(in.Lines, invoiceLine{l.SKU, l.Qty})
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	post, err := http.NewRequest("POST", url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	post.Header.Set("Content-Type", "application/json")
	var made struct {
		ID     string
		Amount int
		Status string
	}
	return by.do(client, post, &made)
}

func counting(t testing.TB) *plan.Block {
	loop := each(t, "order", "stream:step.orders", ops(step(t, "map", invoiceBody)), "step.orders")
	return ops(listOrders(t), aggregate(t, loop, "count", "n", "step.map.value"))
}

// peak runs the counting plan over that many items and returns the most memory that Go's heap had in use.
func peak(t testing.TB, items int) float64 {
	s := httptest.NewServer(shop(items))
	defer s.Close()
	w := &world{t: t, server: s}
	w.plan = &plan.Plan{Version: plan.Version, Steps: counting(t), APIs: map[string]*plan.API{"api": {Name: "api", Server: e(t, strconv.Quote(s.URL))}}}
	w.output("n", "for_each.order.n")
	runtime.GC()
	stop, most := make(chan bool), make(chan uint64)
	go func() {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		var top uint64
		for {
			metrics.Read(sample)
			top = max(top, sample[0].Value.Uint64())
			select {
			case <-stop:
				most <- top
				return
			case <-tick.C:
			}
		}
	}()
	res := w.run(context.Background())
	stop <- true
	if res.Status != event.Succeeded || res.Outputs["n"] != items {
		t.Fatalf("%s %v: %v", res.Status, res.Outputs, res.Error)
	}
	return float64(<-most)
}

// TestMemoryDoesNotGrowWithTheData allows some noise of the garbage collector; BenchmarkMemory measures the real thing.
func TestMemoryDoesNotGrowWithTheData(t *testing.T) {
	var small float64
	for range 8 {
		small = max(small, peak(t, 10_000))
	}
	large := peak(t, 100_000)
	if large > 1.5*small {
		t.Errorf("10 times the data takes %.1f times the memory: %.1f MB, %.1f MB", large/small, large/1e6, small/1e6)
	}
}

// BenchmarkMemory compares the peak of the heap at 1,000,000 items in 10,000 pages with that at 10,000 items. The small
// run is repeated, because the collector's timing makes a peak of many samples higher than one of few.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		var small float64
		for range 50 {
			small = max(small, peak(b, 10_000))
		}
		large := peak(b, 1_000_000)
		b.ReportMetric(large/small, "ratio")
		b.ReportMetric(small/1e6, "MB-at-10k")
		b.ReportMetric(large/1e6, "MB-at-1M")
	}
}
