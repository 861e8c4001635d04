package daemon

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tenon/runtime/store"
)

// The storm runs the daemon as a process of its own, so that it can be killed: this binary, told so by the environment.
const stormDir, stormShop = "TENON_STORM_DIR", "TENON_STORM_SHOP"

func TestMain(m *testing.M) {
	if dir := os.Getenv(stormDir); dir != "" {
		if err := stormDaemon(dir, os.Getenv(stormShop)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// stormDaemon serves until it is killed. It says where on standard output.
func stormDaemon(dir, shopURL string) error {
	s, err := store.Open(context.Background(), dir, store.Exclusive, "storm")
	if err != nil {
		return err
	}
	w := &world{notes: map[string]int{}}
	w.url = shopURL
	w.project(fmt.Sprintf(project, `overlap = "parallel"`))
	d := New(w.options(s))
	if err := d.Start(context.Background()); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go http.Serve(l, d.Hooks())
	fmt.Printf("http://%s\n", l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin) // until the test is over, should it be killed itself
	return err
}

// victim is the daemon's process, which is killed and started again.
type victim struct {
	t         *testing.T
	dir, shop string
	cmd       *exec.Cmd
	stdin     io.Closer
	url       atomic.Pointer[string]
}

func (v *victim) start() {
	v.cmd = exec.Command(os.Args[0])
	v.cmd.Env = append(os.Environ(), stormDir+"="+v.dir, stormShop+"="+v.shop)
	v.cmd.Stderr = os.Stderr
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		v.t.Fatal(err)
	}
	if v.stdin, err = v.cmd.StdinPipe(); err != nil {
		v.t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		v.t.Fatalf("the daemon did not start: %v", err)
	}
	url := strings.TrimSpace(line)
	v.url.Store(&url)
}

func (v *victim) kill() {
	v.cmd.Process.Kill()
	v.cmd.Wait()
}

// send delivers until it is answered with something other than 503, as providers do.
func (v *victim) send(client *http.Client, body, signature string) int {
	for {
		req, _ := http.NewRequest("POST", *v.url.Load()+"/hooks/paid", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Sig", signature)
		res, err := client.Do(req)
		if err == nil {
			io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode != http.StatusServiceUnavailable {
				return res.StatusCode
			}
		}
		time.Sleep(time.Duration(5+rand.IntN(20)) * time.Millisecond)
	}
}

// A storm of deliveries, a third of them sent twice, with forged and malformed ones among them, while the daemon is
// killed again and again: each genuine one takes effect exactly once, no other one does.
// TENON_STORM says how many (default 600).
func TestWebhookStorm(t *testing.T) {
	total := 600
	if n, err := strconv.Atoi(os.Getenv("TENON_STORM")); err == nil {
		total = n
	}
	w := newWorld(t, "")
	w.keyed = true
	v := &victim{t: t, dir: t.TempDir(), shop: w.server.URL}
	v.start()
	defer v.kill()

	work := make(chan int)
	var accepted, refused atomic.Int64
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			for i := range work {
				body := fmt.Sprintf(`{"id":"e%d","text":"n%d"}`, i, i)
				signature := sign(body)
				want := 202
				switch {
				case i%10 == 7:
					body, want = strings.Replace(body, "n", "forged", 1), 401
				case i%10 == 8:
					body = fmt.Sprintf(`{"id":"e%d","text":`, i)
					signature, want = sign(body), 400
				case i%10 == 9:
					body = fmt.Sprintf(`{"id":"e%d","words":"n%d"}`, i, i)
					signature, want = sign(body), 422
				}
				for range 1 + (i%3)/2 {
					if got := v.send(client, body, signature); got != want {
						t.Errorf("%s: %d, want %d", body, got, want)
					}
				}
				if want == 202 {
					accepted.Add(1)
				} else {
					refused.Add(1)
				}
			}
		})
	}
	kills := 0
	over := make(chan struct{})
	go func() {
		for i := range total {
			work <- i
		}
		close(work)
		clients.Wait()
		close(over)
	}()
	every := int64(max(40, total/100))
	for going, next := true, every; going; {
		select {
		case <-over:
			going = false
		case <-time.After(5 * time.Millisecond):
			if accepted.Load() >= next {
				v.kill()
				v.start()
				kills++
				next = accepted.Load() + every/2 + rand.Int64N(every)
			}
		}
	}
	v.kill() // once more, while runs are under way
	v.start()
	kills++
	want := int(accepted.Load())
	for before := -1; ; { // as long as it goes on
		w.mu.Lock()
		now := len(w.notes)
		w.mu.Unlock()
		if now >= 2*want || now == before {
			break
		}
		before = now
		for range 100 {
			time.Sleep(100 * time.Millisecond)
			w.mu.Lock()
			now = len(w.notes)
			w.mu.Unlock()
			if now >= 2*want {
				break
			}
		}
	}
	v.kill()
	w.mu.Lock()
	defer w.mu.Unlock()
	for text, n := range w.notes {
		if n != 1 {
			t.Errorf("%s took effect %d times", text, n)
		}
	}
	if len(w.notes) != 2*want {
		t.Errorf("%d effects of %d deliveries", len(w.notes), want)
	}
	stormRuns(t, v.dir, 2*want)
	t.Logf("%d deliveries accepted, %d refused, %d kills", want, refused.Load(), kills)
	if kills < 3 {
		t.Errorf("only %d kills", kills)
	}
}

// stormRuns holds what the store says to what happened: a run for each effect, and all of them well.
func stormRuns(t *testing.T, dir string, want int) {
	s, err := store.Open(context.Background(), dir, store.Exclusive, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	runs, err := s.Runs(context.Background(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := s.Deliveries(context.Background(), 10)
	if err != nil || len(waiting) > 0 || len(runs) != want {
		t.Errorf("%d runs, want %d; %d deliveries wait, %v", len(runs), want, len(waiting), err)
	}
	for _, r := range runs {
		if r.Status != "succeeded" && r.Status != store.Running { // killed between its last effect and its end
			t.Errorf("run %s of %s, resumed %d times, is %s: %s", r.ID, r.Integration, r.Resumed, r.Status, r.Error)
		}
	}
}
