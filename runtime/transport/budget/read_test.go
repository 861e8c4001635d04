package budget

import (
	"cmp"
	"net/http"
	"slices"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
)

// at is when the answers of the tests arrive.
var at = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func TestReadWindows(t *testing.T) {
	in := func(d time.Duration) time.Time { return at.Add(d) }
	for _, c := range []struct {
		name string
		h    http.Header
		want []Window
	}{
		{"none", header("Content-Type", "text/plain", "X-Limitless", "3"), nil},
		{"draft", header("RateLimit", `"hour";r=50;t=30`, "RateLimit-Policy", `"hour";q=100;w=3600`),
			[]Window{{Name: "hour", Limit: 100, Remaining: 50, Per: time.Hour, Reset: in(30 * time.Second)}}},
		{"draft, two", header("RateLimit", `"burst";r=5;t=1, "day, all";r=900;t=4000`, "RateLimit-Policy", `"burst";q=10;w=1;pk=:dGVz:, "day, all";q=1000;w=86400`),
			[]Window{{Name: "burst", Limit: 10, Remaining: 5, Per: time.Second, Reset: in(time.Second)},
				{Name: "day, all", Limit: 1000, Remaining: 900, Per: 24 * time.Hour, Reset: in(4000 * time.Second)}}},
		{"draft, other units", header("RateLimit", `"b";r=5;t=1;qu="content-bytes"`, "RateLimit-Policy", `"c";q=9;w=9;qu="concurrent-requests"`), nil},
		{"draft, policy alone", header("RateLimit-Policy", `"hour";q=100;w=3600`), []Window{{Name: "hour", Limit: 100, Remaining: -1, Per: time.Hour}}},
		{"draft 07", header("RateLimit", "limit=100, remaining=50, reset=30", "RateLimit-Policy", "100;w=60"),
			[]Window{{Limit: 100, Remaining: 50, Per: time.Minute, Reset: in(30 * time.Second)}}},
		{"draft 05", header("RateLimit-Limit", "10, 10;w=1, 1000;w=3600", "RateLimit-Remaining", "9", "RateLimit-Reset", "1"),
			[]Window{{Limit: 10, Remaining: 9, Per: time.Second, Reset: in(time.Second)}, {Limit: 1000, Remaining: -1, Per: time.Hour}}},
		{"trio", header("RateLimit-Limit", "100", "RateLimit-Remaining", "50", "RateLimit-Reset", "30"),
			[]Window{{Limit: 100, Remaining: 50, Reset: in(30 * time.Second)}}},
		{"no limit", header("RateLimit-Remaining", "50", "RateLimit-Reset", "30", "RateLimit-Policy", "100;w=60"),
			[]Window{{Limit: 100, Remaining: 50, Per: time.Minute, Reset: in(30 * time.Second)}}},
		{"GitHub", header("X-RateLimit-Limit", "5000", "X-RateLimit-Remaining", "4999", "X-RateLimit-Used", "1", "X-RateLimit-Reset", "1772370000", "X-RateLimit-Resource", "core"),
			[]Window{{Resource: "core", Limit: 5000, Remaining: 4999, Reset: in(time.Hour)}}},
		{"epoch, milliseconds", header("X-Rate-Limit-Limit", "60", "X-Rate-Limit-Remaining", "7", "X-Rate-Limit-Reset", "1772366460500"),
			[]Window{{Limit: 60, Remaining: 7, Reset: in(time.Minute + 500*time.Millisecond)}}},
		{"epoch, fraction", header("X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1772366400.5", "X-RateLimit-Bucket", "abcd"),
			[]Window{{Resource: "abcd", Limit: 5, Remaining: 0, Reset: in(500 * time.Millisecond)}}},
		{"another clock", header("X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "7", "X-RateLimit-Reset", "1772366470", "Date", "Sun, 01 Mar 2026 12:01:00 GMT"),
			[]Window{{Limit: 60, Remaining: 7, Reset: in(10 * time.Second)}}},
		{"date", header("RateLimit-Limit", "60", "RateLimit-Remaining", "7", "RateLimit-ResetTime", "Sun, 01 Mar 2026 12:00:30 GMT"),
			[]Window{{Limit: 60, Remaining: 7, Reset: in(30 * time.Second)}}},
		{"date as reset", header("X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "7", "X-RateLimit-Reset", "Sun, 01 Mar 2026 12:00:30 GMT"),
			[]Window{{Limit: 60, Remaining: 7, Reset: in(30 * time.Second)}}},
		{"reset after", header("X-RateLimit-Limit", "5", "X-RateLimit-Remaining", "1", "X-RateLimit-Reset-After", "1.5"),
			[]Window{{Limit: 5, Remaining: 1, Reset: in(1500 * time.Millisecond)}}},
		{"OpenAI", header("X-Ratelimit-Limit-Requests", "60", "X-Ratelimit-Remaining-Requests", "59", "X-Ratelimit-Reset-Requests", "6m1s", "X-Ratelimit-Limit-Tokens", "150000", "X-Ratelimit-Remaining-Tokens", "0"),
			[]Window{{Name: "requests", Limit: 60, Remaining: 59, Reset: in(6*time.Minute + time.Second)}}},
		{"Anthropic", header("Anthropic-Ratelimit-Requests-Limit", "50", "Anthropic-Ratelimit-Requests-Remaining", "49", "Anthropic-Ratelimit-Requests-Reset", "2026-03-01T12:00:05Z", "Anthropic-Ratelimit-Tokens-Remaining", "0"),
			[]Window{{Name: "requests", Limit: 50, Remaining: 49, Reset: in(5 * time.Second)}}},
		{"Kong", header("X-RateLimit-Limit-Hour", "1000", "X-RateLimit-Remaining-Hour", "10"),
			[]Window{{Name: "hour", Limit: 1000, Remaining: 10, Per: time.Hour}}},
		{"HubSpot", header("X-HubSpot-RateLimit-Daily", "250000", "X-HubSpot-RateLimit-Daily-Remaining", "249000"),
			[]Window{{Name: "daily", Limit: 250000, Remaining: 249000, Per: 24 * time.Hour}}},
		{"HubSpot, interval", header("X-HubSpot-RateLimit-Max", "100", "X-HubSpot-RateLimit-Remaining", "98", "X-HubSpot-RateLimit-Interval-Milliseconds", "10000"),
			[]Window{{Limit: 100, Remaining: 98, Per: 10 * time.Second}}},
		{"Shopify", header("X-Shopify-Shop-Api-Call-Limit", "32/40"), []Window{{Limit: 40, Remaining: 8}}},
		{"used", header("X-RateLimit-Limit", "100", "X-RateLimit-Used", "30"), []Window{{Limit: 100, Remaining: 70}}},
		{"in pairs", header("X-RateLimit-Limit", "10, 1000", "X-RateLimit-Remaining", "9, 990", "X-RateLimit-Reset", "1, 60"),
			[]Window{{Name: "#0", Limit: 10, Remaining: 9, Reset: in(time.Second)}, {Name: "#1", Limit: 1000, Remaining: 990, Reset: in(time.Minute)}}},
		{"nonsense", header("X-RateLimit-Limit", "many", "X-RateLimit-Remaining", "-1", "X-RateLimit-Reset", "soon", "RateLimit", `";;,=`), nil},
	} {
		got := Read(c.h, at).Windows
		for i := range got {
			got[i].Reset = got[i].Reset.UTC()
			if len(c.want) > i && c.want[i].Reset.IsZero() {
				got[i].Reset = time.Time{}
			}
		}
		byName(got)
		byName(c.want)
		if d := diff.Diff(c.want, got); d != "" {
			t.Errorf("%s: -want +got\n%s", c.name, d)
		}
	}
}

func TestReadRetryAfter(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        time.Duration
		ok          bool
	}{
		{"Retry-After", "120", 2 * time.Minute, true},
		{"Retry-After", " 0 ", 0, true},
		{"Retry-After", "1.5", 1500 * time.Millisecond, true},
		{"Retry-After", "Sun, 01 Mar 2026 12:00:30 GMT", 30 * time.Second, true},
		{"Retry-After", "Sunday, 01-Mar-26 12:00:30 GMT", 30 * time.Second, true},
		{"Retry-After", "Sun, 01 Mar 2026 11:00:00 GMT", 0, true},
		{"Retry-After", "2026-03-01T13:00:30+01:00", 30 * time.Second, true},
		{"Retry-After", "2026-03-01 12:00:30 UTC", 30 * time.Second, true},
		{"Retry-After", "1772366430", 30 * time.Second, true},
		{"Retry-After", "1772366430500", 30500 * time.Millisecond, true},
		{"Retry-After", "30s", 30 * time.Second, true},
		{"Retry-After", "99999999999999999999999999", longest, true},
		{"Retry-After-Ms", "250", 250 * time.Millisecond, true},
		{"X-Ms-Retry-After-Ms", "250", 250 * time.Millisecond, true},
		{"X-Retry-After", "3", 3 * time.Second, true},
		{"X-RateLimit-Retry-After", "3", 3 * time.Second, true},
		{"X-Rate-Limit-Retry-After", "3", 3 * time.Second, true},
		{"Retry-After", "-5", 0, false},
		{"Retry-After", "soon", 0, false},
		{"Retry-After", "NaN", 0, false},
		{"Retry-After", "Inf", 0, false},
		{"Retry-After", "", 0, false},
	} {
		got := Read(header(c.name, c.value), at)
		if got.After != c.want || got.HasAfter != c.ok {
			t.Errorf("%s: %q is %s, %v; want %s, %v", c.name, c.value, got.After, got.HasAfter, c.want, c.ok)
		}
	}
	if got := Read(header("Retry-After", "2", "Retry-After-Ms", "2500"), at); got.After != 2500*time.Millisecond {
		t.Errorf("two fields: %s", got.After)
	}
}

func TestThrottled(t *testing.T) {
	for _, c := range []struct {
		status int
		h      http.Header
		want   bool
		until  time.Duration // -1: not told
	}{
		{429, header(), true, -1},
		{429, header("Retry-After", "7"), true, 7 * time.Second},
		{429, header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1772366407"), true, 7 * time.Second},
		{429, header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1772366300"), true, 0},
		{429, header("RateLimit", `"a";r=0;t=1, "b";r=0;t=9, "c";r=4;t=99`), true, 9 * time.Second},
		{503, header(), false, -1},
		{503, header("Retry-After", "7"), true, 7 * time.Second},
		{403, header(), false, -1},
		{403, header("X-RateLimit-Remaining", "9"), false, -1},
		{403, header("X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "7"), true, 7 * time.Second},
		{403, header("Retry-After", "60"), true, time.Minute},
		{200, header("X-RateLimit-Remaining", "0"), false, -1},
	} {
		told := Read(c.h, at)
		until, ok := told.Until(at)
		if got := told.Throttled(c.status); got != c.want || ok != (c.until >= 0) || ok && until.Sub(at) != c.until {
			t.Errorf("%d %v: %v until %s %v", c.status, c.h, got, until.Sub(at), ok)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"", "1", "-1", "Sun, 01 Mar 2026 12:00:30 GMT", "99999999999999999999", "1e9", `"a";r=1;t=2`, "10, 10;w=1", "32/40", "1,2", "1e300", "0x1p-2", "9s"} {
		f.Add(s)
	}
	names := []string{"Retry-After", "Retry-After-Ms", "RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Used",
		"X-Shopify-Shop-Api-Call-Limit", "X-RateLimit-Limit-Hour", "X-RateLimit-Interval-Milliseconds"}
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range names {
			told := Read(http.Header{name: {s}}, at)
			if told.After < 0 || !told.HasAfter && told.After != 0 {
				t.Errorf("%s: %q waits %s", name, s, told.After)
			}
			for _, w := range told.Windows {
				if w.Limit < 0 || w.Remaining < -1 || w.Per < 0 {
					t.Errorf("%s: %q is %+v", name, s, w)
				}
			}
		}
	})
}

func byName(ws []Window) {
	slices.SortFunc(ws, func(a, b Window) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Limit, b.Limit)) })
}
