package expression

import (
	"strings"

	"tenon/spec/types"
)

// LinkTarget returns the target of the first link with a relation in a Link header (RFC 8288 §3); several
// headers are joined by commas. It is a URI reference, "" if there is none. Links about another resource
// than the answer (with an anchor) do not count, nor does what is not written as a link.
func LinkTarget(header, rel string) string {
	for rest := header; ; {
		open := strings.IndexByte(rest, '<')
		if open < 0 {
			return ""
		}
		end := strings.IndexByte(rest[open:], '>')
		if end < 0 {
			return ""
		}
		target := strings.TrimSpace(rest[open+1 : open+end])
		var found, anchored bool
		rest, found, anchored = linkParams(rest[open+end+1:], rel)
		if found && !anchored && target != "" {
			return target
		}
	}
}

// linkParams reads the parameters of a link up to the comma that ends it. Of several relation types that
// are given only the first counts (RFC 8288 §3.3).
func linkParams(s, rel string) (rest string, found, anchored bool) {
	seen := false
	for {
		s = strings.TrimLeft(s, " \t")
		if s == "" || s[0] == ',' {
			return strings.TrimPrefix(s, ","), found, anchored
		}
		if s[0] != ';' { // nothing that a link may have: up to what may follow
			i := strings.IndexAny(s, ",;")
			if i < 0 {
				return "", found, anchored
			}
			s = s[i:]
			continue
		}
		var name, value string
		name, value, s = linkParam(s[1:])
		switch {
		case strings.EqualFold(name, "anchor"):
			anchored = true
		case strings.EqualFold(name, "rel") && !seen:
			seen = true
			for _, r := range strings.Fields(value) {
				found = found || strings.EqualFold(r, rel)
			}
		}
	}
}

// linkParam reads one parameter: name, or name=token, or name="quoted".
func linkParam(s string) (name, value, rest string) {
	i := strings.IndexAny(s, "=,;")
	if i < 0 || s[i] != '=' {
		if i < 0 {
			i = len(s)
		}
		return strings.TrimSpace(s[:i]), "", s[i:]
	}
	name = strings.TrimSpace(s[:i])
	s = strings.TrimLeft(s[i+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		if i = strings.IndexAny(s, ",;"); i < 0 {
			i = len(s)
		}
		return name, strings.TrimSpace(s[:i]), s[i:]
	}
	var b strings.Builder
	for i = 1; i < len(s) && s[i] != '"'; i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return name, b.String(), s[min(i+1, len(s)):]
}

// linkURL is the function link_url.
func linkURL(header, rel any) any {
	if types.IsMissing(header) || header == nil {
		return types.Missing
	}
	if target := LinkTarget(mustText(header), mustText(rel)); target != "" {
		return target
	}
	return types.Missing
}
