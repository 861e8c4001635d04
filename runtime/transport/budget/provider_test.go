package budget

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type rules struct {
	rate, burst float64 // of the bucket; 0: none
	quota       int     // of the window; 0: none
	per         time.Duration
}

// provider is an API that allows so many calls: a leaky bucket, and a window that is whole again at fixed times.
type provider struct {
	rules
	tell func(*provider, time.Time) http.Header

	mu       sync.Mutex
	tokens   float64
	at       time.Time
	begin    time.Time // of the window
	left     int
	taken    int
	refused  int
	accepted map[int]int
}

func (p *provider) start(now time.Time) {
	p.tokens, p.at, p.begin, p.left, p.accepted = p.burst, now, now, p.quota, map[int]int{}
}

func (p *provider) advance(now time.Time) {
	p.tokens = min(p.burst, p.tokens+p.rate*now.Sub(p.at).Seconds())
	p.at = now
	if p.quota > 0 {
		if n := now.Sub(p.begin) / p.per; n > 0 {
			p.begin = p.begin.Add(n * p.per)
			p.left = p.quota
		}
	}
}

func (p *provider) take() bool {
	if p.rate > 0 && p.tokens < 1 || p.quota > 0 && p.left < 1 {
		return false
	}
	p.tokens--
	p.left--
	p.taken++
	return true
}

func (p *provider) handle(run int) (int, http.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	p.advance(now)
	status := 200
	if p.take() {
		p.accepted[run]++
	} else {
		status = 429
		p.refused++
	}
	h := p.tell(p, now)
	if status == 429 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.next(now).Sub(now).Seconds()))))
	}
	return status, h
}

// next is when a call would be taken.
func (p *provider) next(now time.Time) time.Time {
	at := now
	if p.rate > 0 && p.tokens < 1 {
		at = now.Add(time.Duration((1 - p.tokens) / p.rate * 1e9))
	}
	if reset := p.begin.Add(p.per); p.quota > 0 && p.left < 1 && reset.After(at) {
		at = reset
	}
	return at
}

// ideal is how many calls somebody who sees into the provider makes in d.
func (p *provider) ideal(d time.Duration) int {
	q := &provider{rules: p.rules}
	start := time.Now()
	q.start(start)
	for t := time.Duration(0); t <= d; t += time.Millisecond {
		q.advance(start.Add(t))
		for q.take() {
		}
	}
	return q.taken
}

func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(max(0, d.Seconds())))) }

func (p *provider) full(now time.Time) time.Duration {
	return time.Duration((p.burst - p.tokens) / p.rate * 1e9)
}

// dialects are ways to tell of the bucket and the window.
var dialects = map[string]func(*provider, time.Time) http.Header{
	"draft": func(p *provider, now time.Time) http.Header {
		field, policy := "", ""
		add := func(name string, q, r int, w time.Duration, reset string) {
			if field != "" {
				field, policy = field+", ", policy+", "
			}
			field += fmt.Sprintf("%q;r=%d;t=%s", name, r, reset)
			policy += fmt.Sprintf("%q;q=%d;w=%s", name, q, seconds(w))
		}
		if p.rate > 0 {
			add("bucket", int(p.burst), int(p.tokens), time.Duration(p.burst/p.rate*1e9), seconds(p.full(now)))
		}
		if p.quota > 0 {
			add("window", p.quota, max(0, p.left), p.per, seconds(p.begin.Add(p.per).Sub(now)))
		}
		return header("RateLimit", field, "RateLimit-Policy", policy)
	},
	"trio of the nearest": func(p *provider, now time.Time) http.Header {
		if p.rate > 0 && (p.quota == 0 || int(p.tokens) <= p.left) {
			return header("RateLimit-Limit", fmt.Sprintf("%d", int(p.burst)), "RateLimit-Remaining", strconv.Itoa(int(p.tokens)), "RateLimit-Reset", seconds(p.full(now)))
		}
		return header("RateLimit-Limit", strconv.Itoa(p.quota), "RateLimit-Remaining", strconv.Itoa(max(0, p.left)), "RateLimit-Reset", seconds(p.begin.Add(p.per).Sub(now)))
	},
	"X, the window alone, epoch": func(p *provider, now time.Time) http.Header {
		return header("X-RateLimit-Limit", strconv.Itoa(p.quota), "X-RateLimit-Remaining", strconv.Itoa(max(0, p.left)), "X-RateLimit-Reset", strconv.FormatInt(p.begin.Add(p.per).Unix(), 10))
	},
	"X, both by name": func(p *provider, now time.Time) http.Header {
		return header("X-RateLimit-Limit-Requests", strconv.Itoa(int(p.burst)), "X-RateLimit-Remaining-Requests", strconv.Itoa(int(p.tokens)), "X-RateLimit-Reset-Requests", p.full(now).String(),
			"X-RateLimit-Limit-Minute", strconv.Itoa(p.quota), "X-RateLimit-Remaining-Minute", strconv.Itoa(max(0, p.left)), "X-RateLimit-Reset-Minute", strconv.FormatInt(p.begin.Add(p.per).UnixMilli(), 10))
	},
	"Shopify": func(p *provider, now time.Time) http.Header {
		return header("X-Shopify-Shop-Api-Call-Limit", fmt.Sprintf("%d/%d", int(math.Ceil(p.burst-p.tokens)), int(p.burst)))
	},
	"nothing": func(p *provider, now time.Time) http.Header { return header() },
}

// load is what calls the provider.
type load struct {
	runs, concurrency, calls int
	latency                  time.Duration // on average
	limits                   []Limit
}

type figures struct {
	refused int     // 429s after the first
	share   float64 // of what would have been possible
	took    time.Duration
	runs    map[int]int
}

// drive makes the calls, each again until it is taken.
func drive(p *provider, l load) figures {
	var f figures
	start := time.Now()
	p.start(start)
	b := New()
	var wg sync.WaitGroup
	for run := range l.runs {
		work := make(chan bool)
		wg.Go(func() {
			for range l.calls / l.runs {
				work <- true
			}
			close(work)
		})
		for i := range l.concurrency {
			random := rand.New(rand.NewPCG(uint64(run), uint64(i)))
			wg.Go(func() {
				for range work {
					for b.call(p, run, l, random) != 200 {
					}
				}
			})
		}
	}
	wg.Wait()
	f.took = time.Since(start)
	f.refused = max(0, p.refused-1)
	f.share = float64(p.taken) / float64(p.ideal(f.took))
	f.runs = p.accepted
	return f
}

func (b *Budget) call(p *provider, run int, l load, random *rand.Rand) int {
	t, err := b.Acquire(context.Background(), Ask{Run: strconv.Itoa(run), Operation: "op", Limits: l.limits})
	if err != nil {
		return 0
	}
	d := time.Duration(float64(l.latency) * (0.5 + random.Float64()))
	time.Sleep(d / 2)
	status, h := p.handle(run)
	time.Sleep(d / 2)
	t.Done(Outcome{Status: status, Told: Read(h, time.Now()), Pause: time.Second})
	return status
}

func TestProviders(t *testing.T) {
	bucket := rules{rate: 100, burst: 20}
	both := rules{rate: 50, burst: 20, quota: 2000, per: time.Minute}
	for _, c := range []struct {
		name    string
		p       rules
		dialect string
		limits  []Limit
	}{
		{"bucket and window", both, "draft", nil},
		{"bucket and window", both, "trio of the nearest", nil},
		{"bucket and window", both, "X, both by name", nil},
		{"bucket and window", both, "X, the window alone, epoch", []Limit{{Count: 50, Per: time.Second, Burst: 20}}},
		{"bucket and window", both, "draft", []Limit{{Count: 50, Per: time.Second, Burst: 20}}},
		{"bucket and window", both, "nothing", []Limit{{Count: 50, Per: time.Second, Burst: 20}, {Count: 2000, Per: time.Minute}}},
		{"bucket", bucket, "draft", nil},
		{"bucket", bucket, "trio of the nearest", nil},
		{"bucket", bucket, "Shopify", nil},
		{"window", rules{quota: 500, per: time.Minute}, "X, the window alone, epoch", nil},
		{"window", rules{quota: 500, per: time.Minute}, "draft", nil},
		{"window", rules{quota: 100, per: 10 * time.Second}, "trio of the nearest", nil},
		{"window of an hour", rules{quota: 5000, per: time.Hour}, "X, the window alone, epoch", nil},
	} {
		for _, runs := range []int{1, 16} {
			if testing.Short() && c.dialect != "draft" {
				continue // the others run without -short
			}
			t.Run(fmt.Sprintf("%s/%s/%d limits/%d runs", c.name, c.dialect, len(c.limits), runs), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := &provider{rules: c.p, tell: dialects[c.dialect]}
					f := drive(p, load{runs: runs, concurrency: 8, calls: 10_000, latency: 60 * time.Millisecond, limits: c.limits})
					t.Logf("%d refused after the first, %.1f %% of the allowed, in %s", f.refused, 100*f.share, f.took.Round(time.Second))
					if f.refused > 1 || f.share < 0.95 {
						t.Errorf("want at most 1 refused and 95 %%")
					}
				})
			})
		}
	}
}
