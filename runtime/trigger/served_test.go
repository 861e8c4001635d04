package trigger

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/spec/plan"
)

func TestLimits(t *testing.T) {
	l := newLimits([]*plan.Limit{{Count: 60, Per: time.Minute, Burst: 2}, {Count: 5, Per: time.Hour}})
	now := noon
	take := func(want bool, wait time.Duration) {
		t.Helper()
		release, w := l.take("a", now)
		if release != nil != want || w != wait {
			t.Errorf("at %s: %v, wait %s, want %v, %s", now.Sub(noon), release != nil, w, want, wait)
		}
		if release != nil {
			release()
		}
	}
	take(true, 0)
	take(true, 0)
	take(false, time.Second)
	now = now.Add(time.Second)
	take(true, 0)
	take(false, time.Second)
	now = now.Add(10 * time.Second)
	take(true, 0)
	take(true, 0)
	now = now.Add(10 * time.Second)
	take(false, 12*time.Minute-21*time.Second) // five in the hour
	if release, _ := l.take("b", now); release == nil {
		t.Error("another client waits")
	}
	now = now.Add(12 * time.Minute)
	take(true, 0)
}

func TestLimitConcurrency(t *testing.T) {
	l := newLimits([]*plan.Limit{{Concurrency: 2}})
	one, _ := l.take("a", noon)
	two, _ := l.take("a", noon)
	if three, wait := l.take("a", noon); three != nil || wait != time.Second {
		t.Errorf("a third: %v", wait)
	}
	one()
	if three, _ := l.take("a", noon); three == nil {
		t.Error("there was room")
	}
	two()
}

func TestLimitsForget(t *testing.T) {
	l := newLimits([]*plan.Limit{{Count: 1, Per: time.Hour}})
	busy, _ := l.take("busy", noon)
	for i := range maxClients + 50 {
		if release, _ := l.take(fmt.Sprint(i), noon); release == nil {
			t.Fatal("a new client waits")
		} else {
			release()
		}
	}
	if len(l.clients) != maxClients || l.recent.Len() != maxClients || l.clients["busy"] == nil {
		t.Errorf("%d clients are known", len(l.clients))
	}
	busy()
}

func TestAnswersAreBounded(t *testing.T) {
	a := newAnswers()
	body := []byte(strings.Repeat("x", 100<<10))
	for i := range 1000 {
		a.put(fmt.Sprint(i), &exec.Answer{Status: 200, Body: body}, noon.Add(time.Hour))
		a.get("0", noon) // asked for again and again, so it stays
	}
	if a.bytes > maxKept || a.bytes < maxKept/2 || len(a.kept) != a.recent.Len() {
		t.Errorf("%d bytes of %d answers", a.bytes, len(a.kept))
	}
	if a.get("0", noon) == nil || a.get("1", noon) != nil || a.get("999", noon) == nil {
		t.Error("not those that were asked for last")
	}
	if a.get("999", noon.Add(time.Hour)) != nil || a.get("999", noon) != nil {
		t.Error("kept for too long")
	}
	a.put("large", &exec.Answer{Body: make([]byte, maxAnswer)}, noon.Add(time.Hour))
	if a.get("large", noon) != nil {
		t.Error("a large one is kept")
	}
	for range 100 { // the same one again takes no more room
		a.put("again", &exec.Answer{Body: body}, noon.Add(time.Hour))
	}
	n := 0
	for e := a.recent.Front(); e != nil; e = e.Next() {
		n += e.Value.(*keptAnswer).size
	}
	if n != a.bytes {
		t.Errorf("%d bytes are kept, %d counted", n, a.bytes)
	}
}

// Whatever a client shows, only what is right opens.
func FuzzDoors(f *testing.F) {
	o := &plan.Operation{
		Security: [][]string{{"key"}, {"basic"}, {"query", "bearer"}, {"cookie"}},
		Auth: map[string]*plan.Proof{
			"key": {Scheme: "key", Type: "api_key", In: "header", Name: "X-Key"}, "query": {Scheme: "query", Type: "api_key", In: "query", Name: "key"},
			"cookie": {Scheme: "cookie", Type: "api_key", In: "cookie", Name: "key"}, "basic": {Scheme: "basic", Type: "basic"}, "bearer": {Scheme: "bearer", Type: "bearer"},
		},
	}
	right := func(s string) []secret.Value { return []secret.Value{secret.New(s)} }
	d, err := newDoors(o, map[string]map[string][]secret.Value{
		"key": {"value": right("k-right")}, "query": {"value": right("q-right")}, "cookie": {"value": right("c-right")},
		"basic": {"username": right("u"), "password": right("p:right")}, "bearer": {"token": right("t-right")},
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("k-right", "", "", "")
	f.Add("", "Basic dTpwOnJpZ2h0", "", "")
	f.Add("", "Bearer t-right", "key=q-right", "")
	f.Add("", "", "", "key=c-right")
	f.Add("x", "Basic =", "key=q-right&key=q-right", "key=c-right; key=x")
	f.Fuzz(func(t *testing.T, key, authorization, query, cookie string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header = http.Header{"X-Key": {key}, "Authorization": {authorization}, "Cookie": {cookie}}
		r.URL.RawQuery = query
		client, proven, refused := d.open(r)
		if proven != (client != "") || proven == (refused != "") {
			t.Fatalf("%q %v %q", client, proven, refused)
		}
		genuine := key == "k-right" || strings.Contains(authorization, "dTpwOnJpZ2h0") || strings.Contains(authorization, "t-right") || strings.Contains(cookie, "c-right")
		if proven && !genuine {
			t.Errorf("%q %q %q %q opens %q", key, authorization, query, cookie, client)
		}
		if key == "k-right" && !proven {
			t.Errorf("%q is right: %q", key, refused)
		}
	})
}

func TestDoorsOpen(t *testing.T) {
	o := &plan.Operation{Security: [][]string{{"key"}}, Auth: map[string]*plan.Proof{"key": {Scheme: "key", Type: "api_key", In: "header", Name: "X-Key"}}}
	if _, err := newDoors(o, nil); err == nil {
		t.Error("a door without a key")
	}
	d, err := newDoors(&plan.Operation{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if client, proven, refused := d.open(httptest.NewRequest("GET", "/", nil)); client != "" || proven || refused != "" {
		t.Error("an open door is closed")
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1:80": "192.0.2.1", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "[::ffff:192.0.2.1]:1": "::ffff:192.0.2.1", "@": "@",
	} {
		if got := address(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
