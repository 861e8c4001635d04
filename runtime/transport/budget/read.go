package budget

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Told is what an answer says about how fast its API may be called.
type Told struct {
	Windows []Window
	// After is how long it asks to wait, if HasAfter: Retry-After and its relatives.
	After    time.Duration
	HasAfter bool
}

// Window is one quota: so many requests in some time. What is not said is zero, and Remaining is -1.
type Window struct {
	Name      string // "" where the API has but one
	Resource  string // the part of the API that it is for, where there are several (GitHub: search)
	Limit     int
	Remaining int
	Per       time.Duration
	Reset     time.Time // when the quota is whole again
}

// Read reads what h tells, in any of the dialects that are spoken. now is when the answer arrived. It
// does not fail: what makes no sense says nothing.
//
//	RateLimit: "hour";r=50;t=30            draft-ietf-httpapi-ratelimit-headers, -08 and later
//	RateLimit-Policy: "hour";q=100;w=3600  and the same as 100;w=3600 (before -07)
//	RateLimit: limit=100, remaining=50, reset=30                          -07
//	RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset                 before -07
//	X-RateLimit-…, X-Rate-Limit-…          the same by their older names; -Limit-Hour or -Requests-Limit name windows
//	X-RateLimit-Reset-After, -Reset-Ms, -ResetTime, -Used, -Resource, -Bucket, -Interval-Milliseconds, -Max
//	X-Shopify-Shop-Api-Call-Limit: 32/40   used and limit
//	Retry-After, Retry-After-Ms, X-Ms-Retry-After-Ms, X-Retry-After, X-RateLimit-Retry-After
//
// A time may be written as seconds from now, seconds or milliseconds since 1970, a duration (1m30s), or a date.
func Read(h http.Header, now time.Time) Told {
	var r reader
	for name, values := range h {
		if !telling(name) || len(values) == 0 {
			continue
		}
		if r.now.IsZero() {
			r.now = now
			r.skew(h)
		}
		value := strings.Join(values, ", ")
		if role, ok := usual[name]; ok && !strings.ContainsAny(value, ",;") {
			r.one("", role, value)
			continue
		}
		r.field(strings.ToLower(name), value)
	}
	return r.told()
}

// usual are the commonest fields, as net/http writes them, so that most answers are read without taking names apart.
var usual = map[string]string{
	"Ratelimit-Limit": "limit", "Ratelimit-Remaining": "remaining", "Ratelimit-Reset": "reset",
	"X-Ratelimit-Limit": "limit", "X-Ratelimit-Remaining": "remaining", "X-Ratelimit-Reset": "reset", "X-Ratelimit-Used": "used",
	"X-Rate-Limit-Limit": "limit", "X-Rate-Limit-Remaining": "remaining", "X-Rate-Limit-Reset": "reset",
}

// telling reports quickly whether a header can be one of those that Read reads.
func telling(name string) bool {
	return len(name) >= 9 && (strings.Contains(name, "imit") || strings.Contains(name, "Retry-"))
}

// reader collects what fields say about windows, by their names. A field may tell of several: then they are numbered.
type reader struct {
	now      time.Time
	server   time.Duration // how far the server's clock is ahead
	windows  []*Window
	policies []Window
	resource string
	after    time.Duration
	hasAfter bool
}

// skew finds out how far the server's clock is from ours; differences that a slow answer explains are none.
func (r *reader) skew(h http.Header) {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		if d := at.Sub(r.now); d.Abs() > 5*time.Second {
			r.server = d
		}
	}
}

func (r *reader) field(name, value string) {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "x-"), "ms-")
	switch name {
	case "retry-after", "ratelimit-retry-after", "rate-limit-retry-after":
		r.wait(value, time.Second)
		return
	case "retry-after-ms":
		r.wait(value, time.Millisecond)
		return
	case "shopify-shop-api-call-limit":
		r.fraction(value)
		return
	}
	name = strings.Replace(name, "rate-limit", "ratelimit", 1)
	before, role, found := strings.Cut(name, "ratelimit")
	if !found || before != "" && !strings.HasSuffix(before, "-") {
		return
	}
	switch role = strings.TrimPrefix(role, "-"); role {
	case "":
		r.combined(value)
	case "policy":
		r.policy(value)
	case "resource", "bucket":
		r.resource = value
	default:
		r.part(role, value)
	}
}

// wait takes the longest that any field asks for.
func (r *reader) wait(value string, unit time.Duration) {
	if at, ok := r.moment(value, unit); ok {
		r.after = max(r.after, at.Sub(r.now), 0)
		r.hasAfter = true
	}
}

// fraction reads used/limit.
func (r *reader) fraction(value string) {
	used, limit, _ := strings.Cut(value, "/")
	u, ok1 := whole(used)
	l, ok2 := whole(limit)
	if ok1 && ok2 {
		w := r.window("")
		w.Limit, w.Remaining = l, max(0, l-u)
	}
}

// part reads a field that tells one thing about a window: "limit", "remaining-hour", "requests-reset".
func (r *reader) part(name, value string) {
	words := strings.Split(name, "-")
	role := ""
	var rest []string
	for _, w := range words {
		switch w {
		case "limit", "max", "remaining", "used", "reset", "resettime", "interval", "window":
			if role != "" {
				return
			}
			role = w
		case "after", "ms", "milliseconds", "seconds", "time":
			role += "-" + w
		case "tokens", "token", "bytes", "cost", "complexity", "points":
			return // not requests
		default:
			rest = append(rest, w)
		}
	}
	values := strings.Split(value, ",")
	if strings.ContainsAny(value, ";=") || role == "resettime" || strings.HasPrefix(role, "reset") && len(values) == 2 && strings.HasSuffix(value, "GMT") {
		values = []string{value}
	}
	for i, v := range values {
		own := strings.Join(rest, "-")
		if len(values) > 1 {
			own += "#" + strconv.Itoa(i)
		}
		r.one(own, role, strings.TrimSpace(v))
	}
}

func (r *reader) one(window, role, value string) {
	switch role {
	case "", "limit", "max":
		if n, ok := whole(value); ok {
			r.window(window).Limit = n
		}
		if strings.Contains(value, ";") {
			r.policy(value)
		}
	case "remaining":
		if n, ok := whole(value); ok {
			r.window(window).Remaining = n
		}
	case "used":
		if n, ok := whole(value); ok {
			r.window(window).used(n)
		}
	case "reset", "reset-after", "reset-time", "resettime", "reset-seconds":
		if at, ok := r.moment(value, time.Second); ok {
			r.window(window).Reset = at
		}
	case "reset-ms", "reset-after-ms":
		if at, ok := r.moment(value, time.Millisecond); ok {
			r.window(window).Reset = at
		}
	case "interval-milliseconds", "window-ms":
		if n, ok := whole(value); ok {
			r.window(window).Per = time.Duration(n) * time.Millisecond
		}
	case "window", "interval", "window-seconds":
		if n, ok := whole(value); ok {
			r.window(window).Per = time.Duration(n) * time.Second
		}
	}
}

// used notes a count that becomes the remaining one when the limit is known; until then it is kept below -1.
func (w *Window) used(n int) {
	if w.Remaining == -1 {
		w.Remaining = -2 - n
	}
}

// combined reads the field RateLimit.
func (r *reader) combined(value string) {
	for _, item := range list(value) {
		name := item.name
		if name == "limit" || name == "remaining" || name == "reset" { // -07: a dictionary
			r.one("", name, item.value)
			continue
		}
		if !item.requests() {
			continue
		}
		w := r.window(name)
		if n, ok := item.number("r"); ok {
			w.Remaining = n
		}
		if n, ok := item.number("q"); ok {
			w.Limit = n
		}
		if n, ok := item.number("t"); ok {
			w.Reset = r.now.Add(time.Duration(n) * time.Second)
		}
		if n, ok := item.number("w"); ok {
			w.Per = time.Duration(n) * time.Second
		}
	}
}

// policy reads RateLimit-Policy, and quota policies beside a limit.
func (r *reader) policy(value string) {
	for _, item := range list(value) {
		per, ok := item.number("w")
		if !ok || per == 0 || !item.requests() {
			continue
		}
		p := Window{Name: item.name, Remaining: -1, Per: time.Duration(per) * time.Second}
		if q, ok := item.number("q"); ok {
			p.Limit = q
		} else if q, ok := whole(item.name); ok {
			p.Name, p.Limit = "", q
		}
		if p.Limit > 0 {
			r.policies = append(r.policies, p)
		}
	}
}

// window returns the window called name, which is made when it is first told of.
func (r *reader) window(name string) *Window {
	for _, w := range r.windows {
		if w.Name == name {
			return w
		}
	}
	w := &Window{Name: name, Remaining: -1, Per: periods[name]}
	r.windows = append(r.windows, w)
	return w
}

// periods are names of windows that say how long they are.
var periods = map[string]time.Duration{
	"second": time.Second, "secondly": time.Second, "1s": time.Second,
	"minute": time.Minute, "minutely": time.Minute, "1m": time.Minute,
	"hour": time.Hour, "hourly": time.Hour, "1h": time.Hour,
	"day": 24 * time.Hour, "daily": 24 * time.Hour, "24h": 24 * time.Hour,
}

// told puts together what belongs to one window: its policy, by name or by the same limit.
func (r *reader) told() Told {
	t := Told{After: r.after, HasAfter: r.hasAfter}
	for _, w := range r.windows {
		for i, p := range r.policies {
			if p.Per > 0 && (p.Name != "" && p.Name == w.Name || p.Name == "" && p.Limit == w.Limit) {
				w.Limit, w.Per = p.Limit, p.Per
				r.policies[i].Per = 0
				break
			}
		}
		if w.Remaining < -1 {
			left := w.Limit + w.Remaining + 2
			if w.Remaining = -1; w.Limit > 0 {
				w.Remaining = max(0, left)
			}
		}
	}
	if len(r.windows) == 1 && r.windows[0].Name == "" && r.windows[0].Limit == 0 && len(r.policies) == 1 {
		w, p := r.windows[0], &r.policies[0]
		w.Limit, w.Per, p.Per = p.Limit, p.Per, 0
	}
	for _, p := range r.policies {
		if p.Per > 0 {
			p.Name = strings.TrimSpace(p.Name)
			r.windows = append(r.windows, &p)
		}
	}
	for _, w := range r.windows {
		if w.Resource = r.resource; w.Limit > 0 || w.Remaining >= 0 {
			t.Windows = append(t.Windows, *w)
		}
	}
	return t
}

// moment reads a time in any of the forms that are written; a bare number that is no date counts units from now.
func (r *reader) moment(text string, unit time.Duration) (time.Time, bool) {
	text = strings.Trim(strings.TrimSpace(text), `"`)
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		switch {
		case n < 0 || math.IsNaN(n) || text[0] > '9':
			return time.Time{}, false
		case n >= 1e11 && n < 1e14: // milliseconds since 1970, in 1973 or later
			return time.UnixMilli(int64(n)).Add(-r.server), true
		case n >= 5e8 && n < 1e11: // seconds since 1970, in 1985 or later; as a wait it would be 15 years
			return time.UnixMicro(int64(n * 1e6)).Add(-r.server), true
		}
		return r.now.Add(time.Duration(min(n*float64(unit), float64(longest)))), true
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return r.now.Add(min(d, longest)), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return at.Add(-r.server), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700", time.RFC1123Z} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.Add(-r.server), true
		}
	}
	return time.Time{}, false
}

// longest bounds what is read as a wait.
const longest = 100 * 365 * 24 * time.Hour

// whole reads the number at the start of a text: 100, "100;w=60", 5000/hour.
func whole(text string) (int, bool) {
	text = strings.TrimLeft(text, " \"")
	end := 0
	for end < len(text) && text[end] >= '0' && text[end] <= '9' {
		end++
	}
	if end == 0 {
		return 0, false
	}
	n, err := strconv.Atoi(text[:end])
	if err != nil {
		n = math.MaxInt32
	}
	return min(n, math.MaxInt32), true
}

// item is one member of a structured field's list or dictionary (RFC 9651), read leniently.
type item struct {
	name, value string
	params      []string // "r=50"
}

func (i item) number(key string) (int, bool) {
	for _, p := range i.params {
		if v, ok := strings.CutPrefix(p, key+"="); ok {
			return whole(v)
		}
	}
	return 0, false
}

// requests reports whether an item counts requests, as it does if it does not say otherwise.
func (i item) requests() bool {
	for _, p := range i.params {
		if unit, ok := strings.CutPrefix(p, "qu="); ok {
			return strings.Trim(unit, `"`) == "requests"
		}
	}
	return true
}

// list splits a structured field. What stands in quotes is not split.
func list(text string) []item {
	var out []item
	for _, member := range split(text, ',') {
		parts := split(member, ';')
		if len(parts) == 0 || parts[0] == "" {
			continue
		}
		name, value, _ := strings.Cut(parts[0], "=")
		i := item{name: strings.Trim(name, ` "`), value: strings.TrimSpace(value)}
		for _, p := range parts[1:] {
			i.params = append(i.params, strings.ReplaceAll(p, " ", ""))
		}
		out = append(out, i)
	}
	return out
}

func split(text string, at byte) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quoted:
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == at && !quoted:
			out = append(out, strings.TrimSpace(text[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(text[start:]))
}

// Throttled reports whether an answer refuses a request because there were too many: 429; 503 with a time to
// come back (RFC 9110 §15.6.4); and 403 where a quota is used up or a time is named, as GitHub does it.
func (t Told) Throttled(status int) bool {
	switch status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusServiceUnavailable:
		return t.HasAfter
	case http.StatusForbidden:
		return t.HasAfter || t.usedUp() != nil
	}
	return false
}

// usedUp returns a window of which nothing remains, the one that takes longest if there are several.
func (t Told) usedUp() *Window {
	var out *Window
	for i, w := range t.Windows {
		if w.Remaining == 0 && (out == nil || w.Reset.After(out.Reset)) {
			out = &t.Windows[i]
		}
	}
	return out
}

// Until returns when a throttled request may be sent again, and whether the answer says so at all: by a time
// to wait, else by the reset of a quota that is used up.
func (t Told) Until(now time.Time) (time.Time, bool) {
	if t.HasAfter {
		return now.Add(t.After), true
	}
	if w := t.usedUp(); w != nil && !w.Reset.IsZero() {
		if w.Reset.Before(now) {
			return now, true
		}
		return w.Reset, true
	}
	return time.Time{}, false
}
