package expression

import (
	"strings"
	"time"
	_ "time/tzdata" // zones are data of the language, not of the machine

	"tenon/spec/types"
)

func timeFunctions() []*Function {
	return []*Function{
		{Signature: "now() time", Doc: "The time. A run that is resumed sees the same one.",
			prim: primitive{many: func(f *frame, a []any) any { return f.host().Now() }}},
		{Signature: "duration(s string) duration", Doc: "A duration: `\"90s\"`, `\"1h30m\"`, `\"7d\"`. It is added to and taken from times.", Pure: true,
			Examples: ex(`string(duration("90m"))`, `"1h30m0s"`), prim: primitive{one: func(v any) any { return parseDuration(mustText(v)) }}},
		{Signature: "parse_time(s string, layout? string) time", Doc: "The time that a text writes, by RFC 3339 (a date alone is its midnight in UTC) or a strftime layout such as `\"%d.%m.%Y\"`.", Pure: true,
			Examples: ex(`format_time(parse_time("31.12.2026", "%d.%m.%Y"), "%Y-%m-%d")`, `"2026-12-31"`), prim: primitive{many: func(f *frame, a []any) any {
				s := mustText(a[0])
				if len(a) == 2 {
					return parseLayout(s, mustText(a[1]))
				}
				for _, l := range []string{time.RFC3339Nano, time.DateOnly} {
					if t, err := time.Parse(l, s); err == nil {
						return t
					}
				}
				if len(s) > 10 && (s[10] == ' ' || s[10] == 't') {
					if t, err := time.Parse(time.RFC3339Nano, s[:10]+"T"+strings.ToUpper(s[11:])); err == nil {
						return t
					}
				}
				fail("%s is not a time by RFC 3339; parse_time takes a layout, too", types.Shapeof(s))
				return nil
			}}},
		{Signature: "format_time(t time, layout string, zone? string) string", Doc: "A time as text, by a strftime layout, in the zone (`\"Europe/Berlin\"`; the time's own if none is given).", Pure: true,
			Examples: ex(`format_time(from_unix(0), "%Y-%m-%dT%H:%M:%S%z", "Europe/Berlin")`, `"1970-01-01T01:00:00+0100"`), result: layoutType, prim: primitive{many: func(f *frame, a []any) any {
				t := mustTime(a[0])
				if len(a) == 3 {
					t = t.In(zone(mustText(a[2])))
				}
				return f.text(formatLayout(t, mustText(a[1])))
			}}},
		{Signature: "unix(t time) integer", Doc: "The seconds from 1970-01-01T00:00:00Z to the time.", Pure: true,
			Examples: ex(`unix(parse_time("1970-01-02T00:00:00Z"))`, `86400`), prim: primitive{one: func(v any) any { return int(mustTime(v).Unix()) }}},
		{Signature: "from_unix(seconds number) time", Doc: "The time that is so many seconds after 1970-01-01T00:00:00Z, in UTC.", Pure: true,
			Examples: ex(`format_time(from_unix(86400), "%F")`, `"1970-01-02"`), prim: primitive{one: func(v any) any {
				whole := mustBe(mustNum(v).Floor())
				n, ok := whole.Int()
				if !ok || n < -62135596800 || n > 253402300799 {
					fail("the time is outside the years 1 to 9999")
				}
				rest := mustBe(mustNum(v).Sub(whole))
				return time.Unix(int64(n), int64(rest.Float64()*1e9)).UTC()
			}}},
	}
}

func layoutType(args []*types.Type) *types.Type {
	if v, ok := args[1].Constants(); ok && len(v) == 1 {
		switch v[0] {
		case "%F", "%Y-%m-%d":
			return formatted("date")
		case "%Y-%m-%dT%H:%M:%SZ", "%FT%TZ":
			return formatted("date-time")
		}
	}
	return types.AnyString
}

func zone(name string) *time.Location {
	if name == "" || name == "Local" {
		fail("a time zone is named like \"Europe/Berlin\" or \"UTC\"")
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		fail("there is no time zone called %q", oneLine(name, 40))
	}
	return l
}

// parseDuration reads Go's form, and days and weeks.
func parseDuration(s string) time.Duration {
	text := strings.TrimSpace(s)
	days := 0
	if n, rest, ok := strings.Cut(text, "d"); ok {
		if v, err := types.ParseNum(n); err == nil {
			if i, ok := v.Int(); ok && i > -100_000 && i < 100_000 {
				days, text = i, rest
			}
		}
	}
	d := time.Duration(0)
	if text != "" || days == 0 {
		var err error
		if d, err = time.ParseDuration(text); err != nil {
			fail("%s is not a duration such as \"90s\" or \"1h30m\"", types.Shapeof(s))
		}
	}
	return addDurations(d, time.Duration(days)*24*time.Hour).(time.Duration)
}

// directives of strftime (POSIX) and how Go writes them.
var directives = map[byte]string{
	'Y': "2006", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'y': "06", 'p': "PM",
	'b': "Jan", 'h': "Jan", 'B': "January", 'a': "Mon", 'A': "Monday", 'j': "002", 'z': "-0700", 'Z': "MST", 'f': "000000",
	'F': "2006-01-02", 'T': "15:04:05", 'R': "15:04", 'D': "01/02/06",
}

// pieces cuts a layout into literal text and directives.
func pieces(layout string, literal func(string), directive func(byte, string)) {
	for layout != "" {
		i := strings.IndexByte(layout, '%')
		if i < 0 {
			literal(layout)
			return
		}
		if i > 0 {
			literal(layout[:i])
		}
		if i+1 == len(layout) {
			fail("the layout ends in a single %%")
		}
		switch d := layout[i+1]; {
		case d == '%':
			literal("%")
		case d == 's':
			directive(d, "")
		default:
			l, ok := directives[d]
			if !ok {
				fail("%%%c is no directive of strftime that is known here", d)
			}
			directive(d, l)
		}
		layout = layout[i+2:]
	}
}

func formatLayout(t time.Time, layout string) string {
	var b strings.Builder
	pieces(layout, func(s string) { b.WriteString(s) }, func(d byte, l string) {
		switch d {
		case 's':
			b.WriteString(itoa(int(t.Unix())))
		case 'f':
			b.WriteString(t.Format(".000000")[1:])
		default:
			b.WriteString(t.Format(l))
		}
	})
	return b.String()
}

// parseLayout lets Go's parser do the work; literal text that means something to it is kept away from it.
func parseLayout(s, layout string) time.Time {
	var l strings.Builder
	rest, seconds := s, false
	mismatch := func() { fail("%s does not have the layout %q", types.Shapeof(s), oneLine(layout, 40)) }
	pieces(layout, func(lit string) {
		for _, r := range lit {
			if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' && r != 'T' || r >= 'a' && r <= 'z' || r == '_' {
				fail("the layout of parse_time can't have the letter or digit %q", r)
			}
		}
		l.WriteString(lit)
	}, func(d byte, g string) {
		switch d {
		case 's':
			seconds = true
		case 'f':
			if !strings.HasSuffix(l.String(), ".") {
				fail("%%f stands after %%S. only")
			}
			l.WriteString("999999999")
		default:
			l.WriteString(g)
		}
	})
	if seconds {
		n, err := types.ParseNum(rest)
		if err != nil || l.Len() > 0 {
			mismatch()
		}
		i, ok := n.Int()
		if !ok {
			mismatch()
		}
		return time.Unix(int64(i), 0).UTC()
	}
	t, err := time.Parse(l.String(), s)
	if err != nil {
		mismatch()
	}
	return t
}
