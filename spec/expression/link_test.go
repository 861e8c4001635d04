package expression

import (
	"testing"
)

func TestLinkTarget(t *testing.T) {
	for _, c := range []struct{ header, rel, want string }{
		{`<https://api.github.com/r?page=2>; rel="next", <https://api.github.com/r?page=9>; rel="last"`, "next", "https://api.github.com/r?page=2"},
		{`<https://api.github.com/r?page=2>; rel="next", <https://api.github.com/r?page=9>; rel="last"`, "last", "https://api.github.com/r?page=9"},
		{`<https://api.github.com/r?page=2>; rel="prev"`, "next", ""},
		{`</r?a=1,2;3>; title="a, b; rel=\"next\""; rel=next`, "next", "/r?a=1,2;3"},
		{`<?cursor=x>;rel="previous";results="false";cursor="0:0:1", <?cursor=y>; rel="next"; results="true"; cursor="0:100:0"`, "next", "?cursor=y"},
		{`<a>; REL = "first NEXT"`, "next", "a"},
		{`<a>; rel=prev; rel=next`, "next", ""},
		{`<a>; rel=next; anchor="/other", <b>; rel=next`, "next", "b"},
		{`<a>, <b>; rel="next"`, "next", "b"},
		{`<a>; rel="nextish", <b>; rel="http://example.com/next next"`, "next", "b"},
		{`junk <a> more junk; rel=next`, "next", "a"},
		{`<a`, "next", ""},
		{`<>; rel=next`, "next", ""},
		{`<a>; rel="next`, "next", "a"},
		{``, "next", ""},
	} {
		if got := LinkTarget(c.header, c.rel); got != c.want {
			t.Errorf("LinkTarget(%s, %s) = %q, want %q", c.header, c.rel, got, c.want)
		}
	}
}

func FuzzLinkTarget(f *testing.F) {
	f.Add(`<https://api.github.com/r?page=2>; rel="next", <b>; rel="last"`)
	f.Add(`<a>;rel="n\"ext";,;=,<`)
	f.Fuzz(func(t *testing.T, header string) {
		got := LinkTarget(header, "next")
		if len(got) > len(header) {
			t.Errorf("LinkTarget(%q) = %q, longer than the header", header, got)
		}
	})
}
