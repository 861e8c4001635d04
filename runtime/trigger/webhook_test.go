package trigger

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"tenon/runtime/exec"
	"tenon/runtime/secret"
)

const hooked = `
secret "hooks" {
  env = "HOOKS"
}
integration "bill" {
  input "order" {
    type = string({ max_length = 20 })
  }
  input "amount" {
    type    = integer
    default = 1
  }
  trigger "webhook" "paid" {
    path   = "/hooks/shop"
    body   = object({ id = string, kind = string, order = optional(string), amount = optional(integer({ min = 0 })) })
    key    = trigger.body.id
    when   = trigger.body.kind == "paid"
    inputs = { order = must(trigger.body.order, "an event of a payment names its order"), amount = trigger.body.amount }
    verify "hmac" {
      secret = secret.hooks
      header = "X-Sig"
    }
    challenge {
      query       = "hub.challenge"
      token_query = "hub.verify_token"
      token       = secret.hooks
    }
  }
  output "order" {
    value = "${input.order} ${input.amount}"
  }
}
`

func hooks(t testing.TB, m Ledger, o HookOptions) http.Handler {
	t.Helper()
	h, err := NewHooks(context.Background(), targets(programs(t, hooked)["bill"]), nil, m, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// newDelivery makes a delivery, signed as the provider does unless signature says otherwise.
func newDelivery(body, contentType string, signature ...string) *http.Request {
	r := httptest.NewRequest("POST", "/hooks/shop", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	sig := hex.EncodeToString(sum256("s3cret", body))
	if len(signature) > 0 {
		sig = signature[0]
	}
	r.Header.Set("X-Sig", sig)
	return r
}

func gzipped(text string) string {
	var b strings.Builder
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

func send(h http.Handler, body, contentType string, signature ...string) *httptest.ResponseRecorder {
	r := newDelivery(body, contentType, signature...)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestDeliveries(t *testing.T) {
	m := newMemory()
	var told []string
	h := hooks(t, m, HookOptions{Tell: func(f Fact) { told = append(told, f.What) }})
	const paid = `{"id":"e1","kind":"paid","order":"o-1","amount":5}`
	for _, x := range []struct {
		what, body, contentType, signature string
		status                             int
		fact, says                         string
	}{
		{"a payment", paid, "application/json; charset=utf-8", "", 202, "accepted", `"run":"run-1"`},
		{"the same again", paid, "application/json", "", 202, "duplicate", `"duplicate":true`},
		{"a body without a type", strings.Replace(paid, "e1", "e2", 1), "", "", 202, "accepted", `"run":"run-2"`},
		{"a form", "id=e3&kind=paid&order=o-3&amount=7", "application/x-www-form-urlencoded", "", 202, "accepted", `"run":"run-3"`},
		{"no payment", `{"id":"e4","kind":"refunded"}`, "application/json", "", 200, "passed", `"accepted":false`},
		{"forged", paid, "application/json", strings.Repeat("00", 32), 401, "forged", "does not match"},
		{"no signature", paid, "application/json", "zz", 401, "forged", "not a signature"},
		{"broken JSON", `{"id":`, "application/json", "", 400, "invalid", "cannot be read as application/json"},
		{"a lie about the type", paid, "application/xml", "", 415, "invalid", "application/json"},
		{"a missing field", `{"kind":"paid"}`, "application/json", "", 422, "invalid", `\"id\"`},
		{"a wrong value", `{"id":"e5","kind":"paid","amount":-1}`, "application/json", "", 422, "invalid", "amount"},
		{"no order", `{"id":"e6","kind":"paid"}`, "application/json", "", 422, "failed", "an event of a payment names its order"},
		{"an order too long", `{"id":"e7","kind":"paid","order":"` + strings.Repeat("x", 21) + `"}`, "application/json", "", 422, "failed", "order"},
		{"nothing", "", "application/json", "", 422, "invalid", "the body"},
	} {
		told = nil
		var w *httptest.ResponseRecorder
		if x.signature != "" {
			w = send(h, x.body, x.contentType, x.signature)
		} else {
			w = send(h, x.body, x.contentType)
		}
		if w.Code != x.status || !strings.Contains(w.Body.String(), x.says) || len(told) != 1 || told[0] != x.fact {
			t.Errorf("%s: %d %s, told %v; want %d, %s, with %s", x.what, w.Code, w.Body, told, x.status, x.fact, x.says)
		}
	}
	got := m.accepted()
	if len(got) != 3 || got[2].Inputs["order"] != "o-3" || got[2].Inputs["amount"] != 7 || got[0].Key != "e1" {
		t.Errorf("accepted %+v", got)
	}
}

// Expressions see the headers of a request, one by one or all of them, without what proves it.
func TestHookHeaders(t *testing.T) {
	for what, expression := range map[string]string{
		"one": `must(trigger.headers["x-id"], "an identifier is needed")`,
		"all": `jsonencode(trigger.headers)`,
	} {
		m := newMemory()
		p := programs(t, strings.Replace(hooked, "key    = trigger.body.id", "key    = "+expression, 1))["bill"]
		h, err := NewHooks(context.Background(), targets(p), nil, m, nil, HookOptions{})
		if err != nil {
			t.Fatal(err)
		}
		const body = `{"id":"e1","kind":"paid","order":"o-1"}`
		r := httptest.NewRequest("POST", "/hooks/shop", strings.NewReader(body))
		r.Header = http.Header{"X-Sig": {hex.EncodeToString(sum256("s3cret", body))}, "X-Id": {"no. 1"}, "Authorization": {"Bearer t0ken"}}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := m.accepted()
		if w.Code != 202 || len(got) != 1 || !strings.Contains(got[0].Key, "no. 1") || strings.Contains(got[0].Key, "t0ken") {
			t.Errorf("%s: %d %s, %+v", what, w.Code, w.Body, got)
		}
	}
}

// Requests that come at once do not see each other's bodies.
func TestHooksAtOnce(t *testing.T) {
	m := newMemory()
	h := hooks(t, m, HookOptions{})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for n := range 50 {
				order := strings.Repeat(string(rune('a'+i)), 1+n%20)
				body := fmt.Sprintf(`{"id":"%s %d","kind":"paid","order":"%s","amount":%d}`, order, n, order, n)
				if w := send(h, body, "application/json"); w.Code != 202 {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
		})
	}
	wg.Wait()
	for _, s := range m.accepted() {
		if want := fmt.Sprintf("%s %d", s.Inputs["order"], s.Inputs["amount"]); s.Key != want {
			t.Errorf("the key %q came with the inputs of %q", s.Key, want)
		}
	}
	if n := len(m.accepted()); n != 800 {
		t.Errorf("%d were accepted", n)
	}
}

func TestHookDoors(t *testing.T) {
	m := newMemory()
	h := hooks(t, m, HookOptions{MaxBody: 1000, MaxBytes: 1500})
	get := func(method, url string, body io.Reader) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, url, body))
		return w
	}
	if w := get("GET", "/hooks/shop?hub.challenge=%3Cb%3E1&hub.verify_token=s3cret", nil); w.Code != 200 || w.Body.String() != "<b>1" ||
		!strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("challenge: %d %q %v", w.Code, w.Body, w.Header())
	}
	for url, want := range map[string]int{
		"/hooks/shop?hub.challenge=1&hub.verify_token=wrong": 401, "/hooks/shop?hub.verify_token=s3cret": 400, "/elsewhere": 404,
	} {
		if w := get("GET", url, nil); w.Code != want {
			t.Errorf("GET %s: %d, want %d", url, w.Code, want)
		}
	}
	if w := get("DELETE", "/hooks/shop", nil); w.Code != 405 || w.Header().Get("Allow") == "" {
		t.Errorf("DELETE: %d", w.Code)
	}
	if w := get("POST", "/hooks/shop", strings.NewReader(strings.Repeat("x", 1001))); w.Code != 413 {
		t.Errorf("too large: %d", w.Code)
	}
	if w := get("POST", "/hooks/shop", io.MultiReader(strings.NewReader(strings.Repeat("x", 1001)))); w.Code != 413 {
		t.Errorf("too large, without a length: %d", w.Code)
	}
	// A body may be compressed, within the same bounds.
	for _, tt := range []struct {
		coding, body, says string
		status             int
	}{
		{"gzip", gzipped(`{"id":"z","kind":"paid","order":"o"}`), `"accepted":true`, 202},
		{"gzip", gzipped(strings.Repeat(" ", 1001)), "larger than 1000 bytes", 413},
		{"gzip", "nonsense", "cannot be read", 400},
		{"compress", "x", "compress", 415},
	} {
		w := httptest.NewRecorder()
		r := newDelivery(tt.body, "")
		r.Header.Set("Content-Encoding", tt.coding)
		if h.ServeHTTP(w, r); w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
			t.Errorf("compressed with %s: %d %s, want %d and %s", tt.coding, w.Code, w.Body, tt.status, tt.says)
		}
	}
	// While one body drips in, another one finds no room.
	r, feed := io.Pipe()
	var wg sync.WaitGroup
	wg.Go(func() { get("POST", "/hooks/shop", r) })
	feed.Write([]byte("x"))
	if w := get("POST", "/hooks/shop", bytes.NewReader(make([]byte, 900))); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("no room: %d %v", w.Code, w.Header())
	}
	feed.CloseWithError(io.ErrUnexpectedEOF)
	wg.Wait()
	if w := send(h, `{"id":"a","kind":"paid","order":"o"}`, ""); w.Code != 202 {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
}

func TestNothingIsAcknowledgedThatIsNotStored(t *testing.T) {
	m := newMemory()
	h := hooks(t, m, HookOptions{})
	const body = `{"id":"a","kind":"paid","order":"o"}`
	m.room = 0
	if w := send(h, body, ""); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("busy: %d", w.Code)
	}
	m.room, m.err = -1, errors.New("disk full at /secret/path")
	if w := send(h, body, ""); w.Code != 503 || strings.Contains(w.Body.String(), "path") {
		t.Errorf("store fails: %d %s", w.Code, w.Body)
	}
	m.err = nil
	if w := send(h, body, ""); w.Code != 202 || len(m.accepted()) != 1 {
		t.Errorf("then: %d", w.Code)
	}
}

func FuzzDeliver(f *testing.F) {
	f.Add(`{"id":"e1","kind":"paid","order":"o-1"}`, "application/json")
	f.Add(`id=1&kind=paid&order[]=x`, "application/x-www-form-urlencoded")
	f.Add("\xff\xfe{", "application/json; charset=utf-16")
	f.Add(strings.Repeat("[", 5000), "text/json")
	m := newMemory()
	h := hooks(f, m, HookOptions{Now: func() time.Time { return noon }})
	f.Fuzz(func(t *testing.T, body, contentType string) {
		before := len(m.accepted())
		w := send(h, body, contentType)
		if w.Code == 500 || (w.Code == 202) != (len(m.accepted()) > before) && !strings.Contains(w.Body.String(), `"duplicate":true`) {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

// What a sender is known by is computed without waking the program, unless it is made of more than secrets.
func TestCredentialsAtRest(t *testing.T) {
	for _, c := range []struct {
		token, want string
		idle        bool
	}{
		{`secret.hooks`, "s3cret", true},
		{`"${secret.hooks}!"`, "s3cret!", true},
		{`"${var.before}${secret.hooks}"`, "pre-s3cret", false},
	} {
		p := programs(t, `
secret "hooks" { env = "HOOKS" }
variable "before" {
  type = string
}
integration "noted" {
  trigger "webhook" "said" {
    path = "/hooks/said"
    key  = "${var.before}${trigger.body}"
    verify "bearer" { token = `+c.token+` }
  }
}
`)["noted"]
		p.Rest()
		p.Idle()
		got, f := p.Credentials(t.Context(), "said", exec.Inputs{
			Secrets: map[string]secret.Value{"hooks": secret.New("s3cret")}, Variables: map[string]any{"before": "pre-"},
		}, fixedClock{})
		if f != nil || len(got) != 1 || got["token"].Reveal() != c.want {
			t.Errorf("%s: %q, %v; want %q", c.token, got["token"].Reveal(), f, c.want)
		}
		if idle := p.Idle(); idle != c.idle {
			t.Errorf("%s: at rest %v, want %v", c.token, idle, c.idle)
		}
	}
}
