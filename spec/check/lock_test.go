package check

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tenon/spec/syntax"
)

var someDigest = "sha256:" + strings.Repeat("0a", 32)

func TestLockRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lock := &Lock{}
		for _, spec := range rapid.SliceOf(rapid.StringMatching(`[a-z"\\$%{} é/.]{1,12}`)).Draw(t, "specs") {
			lock.Pin(spec, someDigest)
		}
		text := lock.Format()
		again, diags := ParseLock("tenon.lock.hcl", text)
		if len(diags) > 0 {
			t.Fatalf("%s in\n%s", diags[0].Message, text)
		}
		if !bytes.Equal(again.Format(), text) {
			t.Fatalf("got\n%s\nwant\n%s", again.Format(), text)
		}
		if canonical, _ := syntax.Format("tenon.lock.hcl", text); !bytes.Equal(canonical, text) {
			t.Fatalf("not in canonical form:\n%s", text)
		}
	})
}

func TestParseLock(t *testing.T) {
	for src, want := range map[string]string{
		`spec "a" { digest = "` + someDigest + "\" }\n":                       "",
		`spec "a" { digest = "sha256:0" }` + "\n":                             "This is not a digest",
		"spec \"a\" {\n}\n":                                                   `needs "digest"`,
		"sepc \"a\" {\n  digest = \"" + someDigest + "\"\n}\n":                `Did you mean "spec"?`,
		strings.Repeat("spec \"a\" {\n  digest = \""+someDigest+"\"\n}\n", 2): `another spec called "a"`,
		"api \"a\" {\n}\n":                                                    `"api" is not a block that stands in a lock.`,
		"spec \"a\" {\n":                                                      "never closed",
	} {
		lock, diags := ParseLock("tenon.lock.hcl", []byte(src))
		switch {
		case want == "" && len(diags) > 0:
			t.Errorf("%q: %s", src, diags[0].Message)
		case want == "":
			if got, ok := lock.Digest("a"); !ok || got != someDigest {
				t.Errorf("Digest(a) = %q, %v", got, ok)
			}
		case len(diags) != 1 || !strings.Contains(diags[0].Message, want):
			t.Errorf("%q: got %q, want one finding that says %q", src, messages(diags), want)
		}
	}
	var none *Lock
	if _, ok := none.Digest("a"); ok {
		t.Error("a nil lock pins something")
	}
}
