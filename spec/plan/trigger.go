package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"tenon/spec/source"
	"tenon/spec/types"
)

// Trigger is what starts runs of an integration by itself. Exactly one of Schedule, Webhook, Completion and
// Operation is set.
//
// Its expressions see `trigger`, an object: time (of the schedule's slot, or of arrival) always; body,
// headers (names in lower case) and query of a webhook and of an operation, which has params, too; status and
// outputs of a completed run.
type Trigger struct {
	Kind       string       `json:"kind"` // "schedule", "webhook", "completion", "operation"
	Name       string       `json:"name"`
	Schedule   *Schedule    `json:"schedule,omitempty"`
	Webhook    *Webhook     `json:"webhook,omitempty"`
	Completion *Completion  `json:"completion,omitempty"`
	Operation  *Operation   `json:"operation,omitempty"`
	When       *Expr        `json:"when,omitempty"`   // false: nothing is started
	Inputs     *Expr        `json:"inputs,omitempty"` // an object; nil: every input has its default
	Guard      *Guard       `json:"guard,omitempty"`  // of Inputs
	Range      source.Range `json:"range"`
}

// Exprs are all expressions of the trigger.
func (t *Trigger) Exprs() []*Expr {
	list := []*Expr{t.When, t.Inputs}
	if w := t.Webhook; w != nil {
		list = append(list, w.Key)
		if w.Verify != nil {
			for _, name := range sorted(w.Verify.Secrets) {
				list = append(list, w.Verify.Secrets[name])
			}
		}
		if w.Challenge != nil {
			list = append(list, w.Challenge.Token)
		}
	}
	if t.Operation != nil {
		list = append(list, t.Operation.Exprs()...)
	}
	return slices.DeleteFunc(list, func(x *Expr) bool { return x == nil })
}

// sorted are the keys of a map, in order.
func sorted[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// Webhook is a path of the daemon's that a provider sends requests to.
type Webhook struct {
	Path      string      `json:"path"`           // absolute: "/hooks/stripe"
	Body      *types.Type `json:"body,omitempty"` // what every body is validated against; nil: anything
	What      string      `json:"what,omitempty"` // what Body is called: "stripe.schemas.event"
	Content   []string    `json:"content"`        // media types that are taken; the first is assumed where a request names none
	Key       *Expr       `json:"key,omitempty"`  // a delivery with a key that was seen before is acknowledged and dropped; the empty text is no key
	Verify    *Verify     `json:"verify,omitempty"`
	Challenge *Challenge  `json:"challenge,omitempty"`
}

// Verify is how a delivery proves where it comes from.
type Verify struct {
	Method string `json:"method"` // stripe, github, slack, shopify, standard_webhooks, hmac, basic, bearer; none
	// Secrets are the expressions that the method needs, by attribute: secret, or username and password, or token.
	Secrets   map[string]*Expr `json:"secrets,omitempty"`
	Header    string           `json:"header,omitempty"`    // hmac: that carries the signature
	Algorithm string           `json:"algorithm,omitempty"` // hmac: sha256, sha1, sha512
	Encoding  string           `json:"encoding,omitempty"`  // hmac: hex, base64
	Prefix    string           `json:"prefix,omitempty"`    // hmac: before the signature in the header: "sha256="
	// Timestamp names the header with the time of sending; the signature is then over "TIME.BODY".
	Timestamp string        `json:"timestamp,omitempty"` // hmac; "": the signature is over the body alone
	Tolerance time.Duration `json:"tolerance,omitempty"` // how far a signed time may be off
	Range     source.Range  `json:"range"`
}

// Challenge is the GET request by which a provider asks, once, whether the path is the author's.
type Challenge struct {
	Query      string `json:"query"`                 // the parameter whose value is the answer: "hub.challenge"
	TokenQuery string `json:"token_query,omitempty"` // the parameter that must equal Token: "hub.verify_token"
	Token      *Expr  `json:"token,omitempty"`
}

// Completion starts a run when one of another integration has ended.
type Completion struct {
	Integration string `json:"integration"`
	On          string `json:"on"` // succeeded, failed, any
}

// Schedule is when runs start by the clock. Exactly one of Cron and Every is set.
type Schedule struct {
	Cron     string        `json:"cron,omitempty"` // five fields, or @daily and its like
	Every    time.Duration `json:"every,omitempty"`
	Timezone string        `json:"timezone,omitempty"` // IANA name, of Cron; "": UTC
	CatchUp  string        `json:"catch_up"`           // latest, all, none: slots missed while nobody watched
	Jitter   time.Duration `json:"jitter,omitempty"`   // runs start up to this much after their slot
}

// Next returns the first slot after the given time; zero if there is none in the next five years.
//
// A time of day that a change of clocks skips counts at the moment of the change; one that comes twice
// counts the first time. An hour or minute written as * or */n counts by elapsed time instead, through
// every hour there is. Slots of Every are multiples of it since 1970-01-01T00:00:00Z, so they do not
// depend on when the daemon was started.
func (s *Schedule) Next(after time.Time) (time.Time, error) {
	if s.Every > 0 {
		return after.Truncate(0).Add(s.Every - time.Duration(after.UnixNano()%int64(s.Every))).UTC(), nil
	}
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return time.Time{}, fmt.Errorf("there is no time zone %q", s.Timezone)
	}
	spec, err := ParseCron(s.Cron)
	if err != nil {
		return time.Time{}, err
	}
	if spec.elapsed {
		return spec.schedule.Next(after.In(zone)), nil
	}
	// The fields are matched on a clock that never changes, then the slot is found on the real one.
	wall := onWall(after.In(zone))
	for range 4 {
		if wall = spec.schedule.Next(wall); wall.IsZero() {
			return wall, nil
		}
		if at := fromWall(wall, zone); at.After(after) {
			return at, nil
		}
	}
	return time.Time{}, nil
}

// onWall reads a clock: the same date and time, in UTC.
func onWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// fromWall returns when a clock in zone first shows a date and time; if it never does, when it was set
// forward over it.
func fromWall(wall time.Time, zone *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	if !onWall(t).Equal(wall) { // skipped: time.Date gives one side of the gap or the other
		start, end := t.ZoneBounds()
		if change := end; onWall(t).Before(wall) && !change.IsZero() {
			return change
		}
		return start
	}
	if start, _ := t.ZoneBounds(); !start.IsZero() {
		// The same reading just before the clock was set back came first.
		_, now := t.Zone()
		_, before := start.Add(-time.Nanosecond).Zone()
		if first := t.Add(-time.Duration(before-now) * time.Second); before > now && first.Before(start) {
			return first
		}
	}
	return t
}

// Cron is a parsed cron expression.
type Cron struct {
	schedule cron.Schedule
	elapsed  bool // its hour or minute is a step of *, so that it goes by elapsed time
}

var cronParser = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)

// ParseCron reads five fields (minute, hour, day of month, month, day of week) or @yearly, @monthly,
// @weekly, @daily, @hourly.
func ParseCron(text string) (*Cron, error) {
	fields := strings.Fields(text)
	switch {
	case strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ="):
		return nil, fmt.Errorf("the time zone is an attribute of its own: timezone = %q", strings.TrimPrefix(strings.TrimPrefix(fields[0], "CRON_"), "TZ="))
	case strings.HasPrefix(text, "@every"):
		return nil, fmt.Errorf("an interval is an attribute of its own: every = %q", strings.TrimSpace(strings.TrimPrefix(text, "@every")))
	case len(fields) == 6:
		return nil, fmt.Errorf("it has six fields; cron has no field for seconds here")
	case len(fields) != 5 && !strings.HasPrefix(text, "@"):
		return nil, fmt.Errorf("it has %d fields; there are five: minute, hour, day of month, month, day of week", len(fields))
	}
	s, err := cronParser.Parse(text)
	if err != nil {
		return nil, err
	}
	if s.Next(time.Unix(0, 0).UTC()).IsZero() {
		return nil, fmt.Errorf("no date is like that")
	}
	c := &Cron{schedule: s, elapsed: text == "@hourly"}
	if len(fields) == 5 {
		c.elapsed = strings.HasPrefix(fields[1], "*")
	}
	return c, nil
}
