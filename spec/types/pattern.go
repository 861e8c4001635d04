package types

import (
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2"
)

// matcher is a compiled pattern: by the standard library where it has a form there, since that is
// linear in the text; else by a backtracking engine that knows lookaround, under a time limit; neither for a
// pattern that no engine takes.
type matcher struct {
	linear *regexp.Regexp
	back   *regexp2.Regexp
}

// matchTime bounds one match by backtracking; a match that takes longer counts as none.
const matchTime = 100 * time.Millisecond

func compilePattern(p string) matcher {
	if r, err := regexp.Compile(forRE2(p)); err == nil {
		return matcher{linear: r}
	}
	if len(p) > 10_000 {
		return matcher{}
	}
	if r, err := regexp2.Compile(p, regexp2.ECMAScript); err == nil {
		r.MatchTimeout = matchTime
		return matcher{back: r}
	}
	if r, err := regexp2.Compile(p, regexp2.None); err == nil {
		r.MatchTimeout = matchTime
		return matcher{back: r}
	}
	return matcher{}
}

func compilePatterns(ps []string) []matcher {
	if len(ps) == 0 {
		return nil
	}
	out := make([]matcher, len(ps))
	for i, p := range ps {
		out[i] = compilePattern(p)
	}
	return out
}

// known reports whether the pattern can be checked at all.
func (m matcher) known() bool { return m.linear != nil || m.back != nil }

// matches reports whether the pattern occurs in s. A pattern that can't be checked matches everything.
func (m matcher) matches(s string) bool {
	switch {
	case m.linear != nil:
		return m.linear.MatchString(s)
	case m.back != nil:
		ok, err := m.back.MatchString(s)
		return ok && err == nil
	}
	return true
}

// forRE2 rewrites what ECMA 262 and the standard library write differently: \uXXXX, \u{X} and \cX. The classes \d and
// \w are the same in both.
func forRE2(p string) string {
	if !strings.Contains(p, `\u`) {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		if p[i] != '\\' || i+1 == len(p) {
			b.WriteByte(p[i])
			continue
		}
		if p[i+1] == 'u' {
			if i+6 <= len(p) && isHex(p[i+2:i+6]) {
				b.WriteString(`\x{` + p[i+2:i+6] + `}`)
				i += 5
				continue
			}
			if end := strings.IndexByte(p[i:], '}'); i+2 < len(p) && p[i+2] == '{' && end > 0 && isHex(p[i+3:i+end]) {
				b.WriteString(`\x{` + p[i+3:i+end] + `}`)
				i += end
				continue
			}
		}
		b.WriteString(p[i : i+2])
		i++
	}
	return b.String()
}

func isHex(s string) bool {
	for _, c := range s {
		if !strings.ContainsRune("0123456789abcdefABCDEF", c) {
			return false
		}
	}
	return s != ""
}
