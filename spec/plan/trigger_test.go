package plan

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// Slots around changes of the clocks, in a zone that changes by an hour at night, one that changes at
// midnight, and one that changes by half an hour.
func TestScheduleAcrossClockChanges(t *testing.T) {
	for _, x := range []struct {
		what, zone, cron, after string
		want                    []string
	}{
		{"a skipped time counts at the change", "Europe/Berlin", "30 2 * * *", "2026-03-28T03:00:00+01:00",
			[]string{"2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"}},
		{"several skipped times count once", "Europe/Berlin", "0,20,40 2 * * *", "2026-03-28T03:00:00+01:00",
			[]string{"2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"}},
		{"a repeated time counts once", "Europe/Berlin", "30 2 * * *", "2026-10-24T03:00:00+02:00",
			[]string{"2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"}},
		{"from within the repeated hour", "Europe/Berlin", "30 2 * * *", "2026-10-25T02:10:00+01:00",
			[]string{"2026-10-26T01:30:00Z"}},
		{"every hour goes through the skipped one", "Europe/Berlin", "0 * * * *", "2026-03-29T00:30:00+01:00",
			[]string{"2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}},
		{"every hour goes through the repeated one twice", "Europe/Berlin", "0 * * * *", "2026-10-25T01:30:00+02:00",
			[]string{"2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"}},
		{"a day that begins at one", "America/Havana", "0 0 * * *", "2026-03-07T12:00:00-05:00",
			[]string{"2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"}},
		{"half an hour", "Australia/Lord_Howe", "15 2 * * *", "2026-10-03T12:00:00+10:30",
			[]string{"2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"}},
		{"no change at all", "UTC", "0 2 29 2 *", "2026-01-01T00:00:00Z", []string{"2028-02-29T02:00:00Z"}},
	} {
		s := &Schedule{Cron: x.cron, Timezone: x.zone}
		at, err := time.Parse(time.RFC3339, x.after)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range x.want {
			if at, err = s.Next(at); err != nil {
				t.Fatalf("%s: %v", x.what, err)
			}
			if got := at.UTC().Format(time.RFC3339); got != want {
				t.Errorf("%s: %s in %s is due at %s, want %s", x.what, x.cron, x.zone, got, want)
				break
			}
		}
	}
}

// Whatever the schedule and zone, slots only move forward, and no reading of the clock counts twice.
func TestSchedulesMoveForward(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, cron := range []string{"0 */2 * * *", "30 2 * * *", "0 0 * * *", "0,30 1-3 * * *", "0 3 * * 0"} {
			s := &Schedule{Cron: cron, Timezone: zone}
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, loc)
			days := map[string]int{}
			for at.Year() == 2026 {
				next, err := s.Next(at)
				if err != nil || !next.After(at) {
					t.Fatalf("%s in %s: %s after %s, %v", cron, zone, next, at, err)
				}
				at = next.In(loc)
				days[at.Format("2006-01-02 15:04")]++
			}
			if cron != "0 */2 * * *" {
				for reading, n := range days {
					if n > 1 {
						t.Errorf("%s in %s: %s counted %d times", cron, zone, reading, n)
					}
				}
			}
			if n := len(days); cron == "30 2 * * *" && (n < 365 || n > 366) {
				t.Errorf("%s in %s was due on %d days", cron, zone, n)
			}
		}
	}
}

func TestEveryIsAnchored(t *testing.T) {
	s := &Schedule{Every: 7 * time.Minute}
	a, _ := s.Next(time.Date(2026, 5, 1, 10, 0, 1, 0, time.UTC))
	b, _ := s.Next(a.Add(-time.Second))
	c, _ := s.Next(a)
	if a != b || c.Sub(a) != 7*time.Minute || a.Unix()%(7*60) != 0 {
		t.Errorf("slots %s, %s, %s", a, b, c)
	}
}

func TestCronMistakes(t *testing.T) {
	for _, text := range []string{"", "* * * *", "0 0 2 * * *", "61 * * * *", "0 0 31 2 *", "@every 5m", "TZ=UTC 0 0 * * *", "@midnigt", "a b c d e"} {
		if _, err := ParseCron(text); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
