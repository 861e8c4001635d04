package daemon

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
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

// stormProject has a second webhook, whose signatures hold for five minutes, and a write that has no key.
var stormProject = strings.Replace(fmt.Sprintf(project, `overlap = "parallel"`), `  step "note" {`, `  trigger "webhook" "standard" {
    path   = "/hooks/standard"
    body   = object({ id = string, text = string })
    key    = trigger.body.id
    inputs = { text = trigger.body.text }
    verify "standard_webhooks" {
      secret = secret.standard
    }
  }
  step "note" {`, 1) + `
secret "standard" {
  env = "STANDARD"
}
integration "mail" {
  overlap = "parallel"
  input "id" {
    type = string
  }
  trigger "completion" "noted" {
    integration = integration.note
    inputs      = { id = trigger.outputs.id }
  }
  step "mail" {
    call = shop.sendMail
    body = { text = "mail ${input.id}" }
  }
}
`

// stormDaemon serves until it is killed. It says where on standard output.
func stormDaemon(dir, shopURL string) error {
	s, err := store.Open(context.Background(), dir, store.Exclusive, "storm")
	if err != nil {
		return err
	}
	w := &world{notes: map[string]int{}}
	w.url = shopURL
	w.project(stormProject)
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

// shot is a request of the storm.
type shot struct {
	path, body string
	header     map[string]string
	want       int
}

// shots are what the i-th event comes as: genuine, forged, malformed, of another shape, or signed too long ago.
func shotOf(i int) shot {
	x := shot{path: "/hooks/paid", body: fmt.Sprintf(`{"id":"e%d","text":"n%d"}`, i, i), want: 202}
	x.header = map[string]string{"X-Sig": sign(x.body)}
	switch i % 10 {
	case 5:
		x.path, x.header, x.want = "/hooks/standard", standard(x.body, 6*time.Minute), 401
	case 6:
		x.path, x.header = "/hooks/standard", standard(x.body, 4*time.Minute)
	case 7:
		x.body, x.want = strings.Replace(x.body, "n", "forged", 1), 401
	case 8:
		x.body, x.want = fmt.Sprintf(`{"id":"e%d","text":`, i), 400
		x.header["X-Sig"] = sign(x.body)
	case 9:
		x.body, x.want = fmt.Sprintf(`{"id":"e%d","words":"n%d"}`, i, i), 422
		x.header["X-Sig"] = sign(x.body)
	}
	return x
}

// standard signs as Standard Webhooks says, some time ago.
func standard(body string, ago time.Duration) map[string]string {
	at := strconv.FormatInt(time.Now().Add(-ago).Unix(), 10)
	m := hmac.New(sha256.New, []byte("storm secret"))
	m.Write([]byte("msg." + at + "." + body))
	return map[string]string{"Webhook-Id": "msg", "Webhook-Timestamp": at, "Webhook-Signature": "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))}
}

// send delivers until it is answered with something other than 503, as providers do.
func (v *victim) send(client *http.Client, x shot) int {
	for {
		req, _ := http.NewRequest("POST", *v.url.Load()+x.path, strings.NewReader(x.body))
		req.Header.Set("Content-Type", "application/json")
		for name, value := range x.header {
			req.Header.Set(name, value)
		}
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

// A storm of deliveries, a third of them sent twice, with forged, stale and malformed ones among them, while the daemon
// is killed again and again: each genuine one takes effect exactly once, no other one does. Writes that have no key
// may be in doubt after a kill, and only they; once a person has looked and said what is true, they too have happened
// once. TENON_STORM says how many (default 400).
func TestWebhookStorm(t *testing.T) {
	total := 400
	if n, err := strconv.Atoi(os.Getenv("TENON_STORM")); err == nil {
		total = n
	}
	w := newWorld(t, "")
	w.keyed = true
	w.lose = func(r *http.Request, text string) bool { // what a killed daemon asked for may happen, or not
		if strings.HasPrefix(text, "mail ") {
			time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		}
		return r.Context().Err() != nil
	}
	w.project(stormProject)
	v := &victim{t: t, dir: t.TempDir(), shop: w.server.URL}
	v.start()
	defer func() { v.kill() }()

	work := make(chan int)
	var accepted, refused atomic.Int64
	var clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Second}
			for i := range work {
				x := shotOf(i)
				for range 1 + (i%3)/2 {
					if got := v.send(client, x); got != x.want {
						t.Errorf("%s: %d, want %d", x.body, got, x.want)
					}
				}
				if x.want == 202 {
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
	kills++
	doubts := stormAccounts(t, w, v.dir, total)
	t.Logf("%d deliveries accepted, %d refused, %d kills, %d writes in doubt", accepted.Load(), refused.Load(), kills, doubts)
	if kills < 3 {
		t.Errorf("only %d kills", kills)
	}
}

// stormAccounts lets a daemon go on until nothing is left, holds what the store says to what happened, settles what is
// in doubt as a person would, and looks again. It returns how much was in doubt.
func stormAccounts(t *testing.T, w *world, dir string, total int) int {
	s, err := store.Open(t.Context(), dir, store.Exclusive, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	d, stop := w.daemon(s, nil)
	defer stop()
	rest := func() {
		last, since := -1, time.Now()
		for {
			waiting, running := d.queue.lengths()
			if waiting+running == 0 {
				return
			}
			if waiting+running != last {
				last, since = waiting+running, time.Now()
			}
			if time.Since(since) > time.Minute {
				t.Fatalf("%d deliveries wait and %d runs do not end", waiting, running)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	rest()

	var texts []string
	for i := range total {
		if shotOf(i).want == 202 {
			texts = append(texts, fmt.Sprintf("n%d", i))
		}
	}
	open := map[string]bool{} // mails that are in doubt, by text
	doubts, err := s.Doubts(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range doubts {
		var request struct{ Body string }
		var body struct{ Text string }
		if err := json.Unmarshal(x.Request, &request); err != nil {
			t.Fatal(err)
		}
		json.Unmarshal([]byte(request.Body), &body)
		if !strings.HasPrefix(body.Text, "mail ") {
			t.Errorf("a write that has a key is in doubt: %s", x.Request)
			continue
		}
		open[body.Text] = true
		verdict := fmt.Sprintf(`{"key":%q,"happened":false}`, x.Key)
		if w.count(body.Text) > 0 {
			verdict = fmt.Sprintf(`{"key":%q,"happened":true,"status":201}`, x.Key)
		}
		if code, v := ask(d, "POST", "/v1/runs/"+x.Run+"/resolve", "", verdict); code != 200 {
			t.Errorf("resolve %s: %d %v", x.Run, code, v)
		}
	}
	stormRuns(t, s, len(texts), len(open))
	stormEffects(t, w, texts, func(text string, n int) bool { return n == 1 || n == 0 && open[text] })

	for _, x := range doubts {
		if code, v := ask(d, "POST", "/v1/runs/"+x.Run+"/resume", "", ""); code != 202 {
			t.Errorf("resume %s: %d %v", x.Run, code, v)
		}
	}
	rest()
	stormRuns(t, s, len(texts), 0)
	stormEffects(t, w, texts, func(_ string, n int) bool { return n == 1 })
	return len(doubts)
}

// stormEffects holds what the shop was told to what was accepted.
func stormEffects(t *testing.T, w *world, texts []string, right func(text string, n int) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := map[string]bool{}
	for _, id := range texts {
		for _, text := range []string{id, "after " + id, "mail " + id} {
			known[text] = true
			if n := w.notes[text]; !right(text, n) {
				t.Errorf("%s took effect %d times", text, n)
			}
		}
	}
	for text, n := range w.notes {
		if !known[text] {
			t.Errorf("%s took effect %d times, and it was not accepted", text, n)
		}
	}
}

// stormRuns holds the store to what was accepted: a run of each integration for each, all well but for mails in doubt.
func stormRuns(t *testing.T, s store.Store, want, doubtful int) {
	runs, err := s.Runs(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	waiting, err := s.Deliveries(t.Context(), 10)
	if err != nil || len(waiting) > 0 {
		t.Errorf("%d deliveries wait, %v", len(waiting), err)
	}
	count, inDoubt := map[string]int{}, 0
	for _, r := range runs {
		count[r.Integration]++
		switch {
		case r.Status == store.InDoubt && r.Integration == "mail":
			inDoubt++
		case r.Status != "succeeded":
			t.Errorf("run %s of %s, resumed %d times, is %s: %s", r.ID, r.Integration, r.Resumed, r.Status, r.Error)
		}
	}
	for _, name := range []string{"note", "after", "mail"} {
		if count[name] != want {
			t.Errorf("%d runs of %s, want %d", count[name], name, want)
		}
	}
	if inDoubt != doubtful {
		t.Errorf("%d runs in doubt, and %d writes", inDoubt, doubtful)
	}
}
