package types

import (
	"net/netip"
	"strings"
)

// formats are those that a standard defines and that are checked: by JSON Schema 2020-12 §7.3 and
// OpenAPI 3. Any other format is a name without force.
var formats = map[string]func(string) bool{
	"date-time": isDateTime,
	"date":      isDate,
	"time":      isClock,
	"duration":  isDuration,
	"email":     isEmail,
	"hostname":  isHostname,
	"ipv4":      isIPv4,
	"ipv6":      isIPv6,
	"uri":       isURI,
	"uuid":      isUUID,
	"byte":      isBase64,
}

// apart are formats of which no two have a string in common.
var apart = map[string]bool{"date-time": true, "date": true, "time": true, "email": true, "ipv4": true, "ipv6": true, "uuid": true}

// number2 reads two digits at i.
func number2(s string, i int) int {
	if i+2 > len(s) || s[i] < '0' || s[i] > '9' || s[i+1] < '0' || s[i+1] > '9' {
		return -1
	}
	return int(s[i]-'0')*10 + int(s[i+1]-'0')
}

// isDateTime: RFC 3339 §5.6, T and Z in capitals.
func isDateTime(s string) bool {
	return len(s) > 11 && s[10] == 'T' && isDate(s[:10]) && isTime(s[11:])
}

func isDate(s string) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	century, year, month, day := number2(s, 0), number2(s, 2), number2(s, 5), number2(s, 8)
	if century < 0 || year < 0 || month < 1 || month > 12 || day < 1 {
		return false
	}
	year += century * 100
	last := 31
	switch month {
	case 4, 6, 9, 11:
		last = 30
	case 2:
		last = 28
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			last = 29
		}
	}
	return day <= last
}

func isTime(s string) bool {
	if len(s) < 9 || s[2] != ':' || s[5] != ':' {
		return false
	}
	hour, minute, second := number2(s, 0), number2(s, 3), number2(s, 6)
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return false
	}
	s = s[8:]
	if s[0] == '.' {
		n := 1
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		if n == 1 || n == len(s) {
			return false
		}
		s = s[n:]
	}
	zoneHour, zoneMinute := 0, 0
	if s != "Z" {
		if len(s) != 6 || s[0] != '+' && s[0] != '-' || s[3] != ':' {
			return false
		}
		zoneHour, zoneMinute = number2(s, 1), number2(s, 4)
		if zoneHour < 0 || zoneHour > 23 || zoneMinute < 0 || zoneMinute > 59 {
			return false
		}
	}
	if second < 60 {
		return true
	}
	// A leap second is the last one of a day in UTC.
	offset := zoneHour*60 + zoneMinute
	if s[0] == '+' {
		offset = -offset
	}
	return ((hour*60+minute+offset)%1440+1440)%1440 == 1439
}

// isClock is isTime with or without an offset, which schemas that say time often mean to leave out.
func isClock(s string) bool {
	return isTime(s) || len(s) == 8 && s[2] == ':' && s[5] == ':' && isBelow(s, 0, 24) && isBelow(s, 3, 60) && isBelow(s, 6, 60)
}

func isBelow(s string, i, limit int) bool {
	n := number2(s, i)
	return n >= 0 && n < limit
}

// isDuration: ISO 8601 as RFC 3339 appendix A has it.
func isDuration(s string) bool {
	rest, ok := strings.CutPrefix(s, "P")
	if !ok {
		return false
	}
	if weeks, ok := strings.CutSuffix(rest, "W"); ok {
		return isDigits(weeks)
	}
	date, clock, hasClock := strings.Cut(rest, "T")
	return hasUnits(date, "YMD", hasClock) && (!hasClock || hasUnits(clock, "HMS", false))
}

// hasUnits reports whether s is numbers each followed by one of units, in their order without a gap.
func hasUnits(s, units string, mayBeEmpty bool) bool {
	if s == "" {
		return mayBeEmpty
	}
	next := -1
	for s != "" {
		n := strings.IndexAny(s, units)
		if n < 0 || !isDigits(s[:n]) {
			return false
		}
		at := strings.IndexByte(units, s[n])
		if at < next || next >= 0 && at != next {
			return false
		}
		next = at + 1
		s = s[n+1:]
	}
	return true
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isEmail: the common form of RFC 5321 §4.1.2: a local part without spaces, and a host.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 {
		return false
	}
	local, host := s[:at], s[at+1:]
	quoted := len(local) > 2 && local[0] == '"' && local[at-1] == '"'
	for i := 0; i < len(local); i++ {
		c := local[i]
		if c < ' ' || c == 0x7f || !quoted && (strings.IndexByte(` "(),:;<>[\]@`, c) >= 0 || c == '.' && (i == 0 || i == at-1 || local[i-1] == '.')) {
			return false
		}
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		ip := host[1 : len(host)-1]
		return isIPv4(ip) || strings.HasPrefix(ip, "IPv6:") && isIPv6(ip[5:])
	}
	return isHostname(host)
}

// isHostname: RFC 1123 §2.1.
func isHostname(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	label := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.':
			if label == 0 || s[i-1] == '-' {
				return false
			}
			label = 0
			continue
		case c == '-':
			if label == 0 {
				return false
			}
		case (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9'):
			return false
		}
		if label++; label > 63 {
			return false
		}
	}
	return label > 0 && s[len(s)-1] != '-'
}

func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func isIPv6(s string) bool {
	if strings.IndexByte(s, '%') >= 0 {
		return false
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6()
}

// isURI: the characters that RFC 3986 allows. A reference without a scheme counts too (§4.1): real servers
// send them where their schemas say uri, and a check that stops there helps nobody.
func isURI(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			return false
		}
		if c == '%' && (i+3 > len(s) || !isHex(s[i+1:i+3])) {
			return false
		}
	}
	return s != ""
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := 0; i < 36; i++ {
		c := s[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// isBase64: either alphabet of RFC 4648, with or without padding.
func isBase64(s string) bool {
	s = strings.TrimSuffix(strings.TrimSuffix(s, "="), "=")
	for i := 0; i < len(s); i++ {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
