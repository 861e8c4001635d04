package secret

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
	"tenon/spec/plan"
)

func TestValueNeverPrints(t *testing.T) {
	v := New("hunter2")
	j, _ := json.Marshal(map[string]any{"v": v, "p": &v})
	for _, s := range []string{
		fmt.Sprint(v), fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v),
		fmt.Sprintf("%+v", struct{ V Value }{v}), fmt.Sprintf("%#v", []*Value{&v}[0]), string(j), fmt.Errorf("x: %v", v).Error(),
	} {
		if strings.Contains(s, "hunter2") || strings.Contains(s, hex.EncodeToString([]byte("hunter2"))) {
			t.Errorf("printed: %s", s)
		}
	}
	if v.Reveal() != "hunter2" {
		t.Errorf("Reveal() = %q", v.Reveal())
	}
}

func TestRedactsEncodedForms(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[ -~äß]{8,40}`).Draw(t, "secret")
		around := rapid.StringMatching(`[a-z]{0,5}`)
		before, after := around.Draw(t, "before"), around.Draw(t, "after")
		var r Redactor
		r.Add(s)
		j, _ := json.Marshal(before + s + after)
		for name, text := range map[string]string{
			"plain":  before + s + after,
			"query":  "k=" + url.QueryEscape(s) + "&b=1",
			"path":   "/" + url.PathEscape(s) + "/x",
			"json":   string(j),
			"hex":    hex.EncodeToString([]byte(s)),
			"base64": base64.StdEncoding.EncodeToString([]byte(before + s + after)),
			"url64":  base64.RawURLEncoding.EncodeToString([]byte(before + ":" + s)),
		} {
			if got := r.Redact(text); !strings.Contains(got, "(secret)") || strings.Contains(got, s) {
				t.Errorf("%s: %q → %q", name, text, got)
			}
		}
	})
}

func TestRedactLeavesOtherTextAlone(t *testing.T) {
	var r Redactor
	r.Add("7")
	r.Add("")
	if got := r.Redact("7 of 17"); got != "7 of 17" {
		t.Errorf("got %q", got)
	}
	r.Add("abcd")
	r.Add("abcdefgh")
	if got, want := r.Redact("xabcdefghx abcd"), "x(secret)x (secret)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWriterFindsSecretsAcrossWrites(t *testing.T) {
	var r Redactor
	r.Add("hunter2")
	var out strings.Builder
	w := r.Writer(&out)
	for _, p := range []string{"a hun", "ter2 b\nc h", "unter2"} {
		fmt.Fprint(w, p)
	}
	w.Close()
	if got, want := out.String(), "a (secret) b\nc (secret)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "key"), []byte("from file\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "big"), make([]byte, maxSize+1), 0o600); err != nil {
		t.Fatal(err)
	}
	env := Env{Dir: dir, Getenv: func(n string) (string, bool) {
		v, ok := map[string]string{"SET": "from env", "EMPTY": ""}[n]
		return v, ok
	}}
	for _, c := range []struct {
		s         plan.Secret
		want, err string
	}{
		{plan.Secret{Env: "SET"}, "from env", ""},
		{plan.Secret{Env: "EMPTY"}, "", "EMPTY is empty"},
		{plan.Secret{Env: "UNSET"}, "", "UNSET is not set"},
		{plan.Secret{File: "key"}, "from file", ""},
		{plan.Secret{File: "big"}, "", "larger than 1 MB"},
		{plan.Secret{File: "none"}, "", "no such file"},
		{plan.Secret{Command: []string{"cat", "key"}}, "from file", ""},
		{plan.Secret{Command: []string{"false"}}, "", "exit status 1"},
		{plan.Secret{Command: []string{"true"}}, "", "is empty"},
		{plan.Secret{Command: []string{"sleep", "60"}}, "", "did not end within 200ms"},
	} {
		c.s.Name = "s"
		if env.Timeout = 0; c.s.Command != nil && c.s.Command[0] == "sleep" {
			env.Timeout = 200 * time.Millisecond
		}
		got, err := Resolve(context.Background(), &c.s, env)
		if c.err == "" && (err != nil || got.Reveal() != c.want) {
			t.Errorf("%+v: got %q, %v", c.s, got.Reveal(), err)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err) || !strings.HasPrefix(err.Error(), `secret "s": `)) {
			t.Errorf("%+v: got error %v, want %q", c.s, err, c.err)
		}
	}
}

func TestResolveAllTellsOfEvery(t *testing.T) {
	env := Env{Getenv: func(n string) (string, bool) { return "v", n == "A" }}
	got, err := ResolveAll(context.Background(), []*plan.Secret{{Name: "a", Env: "A"}, {Name: "b", Env: "B"}, {Name: "c", Env: "C"}}, env)
	if got["a"].Reveal() != "v" || err == nil || !strings.Contains(err.Error(), `"b"`) || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestRedactsWhatOthersEscape holds that a secret is found as other programs write it.
func TestRedactsWhatOthersEscape(t *testing.T) {
	var r Redactor
	r.Add("p\"ä/ß😀<x>")
	for name, text := range map[string]string{
		"Python's JSON":   `p\"\u00e4/\u00df\ud83d\ude00<x>`,
		"capital digits":  `p\"\u00E4/\u00DF\uD83D\uDE00<x>`,
		"PHP's JSON":      `p\"\u00e4\/\u00df\ud83d\ude00<x>`,
		"HTML":            `p&#34;ä/ß😀&lt;x&gt;`,
		"twice in a URL":  url.QueryEscape(url.QueryEscape("p\"ä/ß😀<x>")),
		"hex in capitals": strings.ToUpper(hex.EncodeToString([]byte("p\"ä/ß😀<x>"))),
	} {
		if got := r.Redact("a " + text + " b"); got != "a (secret) b" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestRedactsDerivedTexts holds that what was computed from a secret is known for a while, however many
// there are.
func TestRedactsDerivedTexts(t *testing.T) {
	var r Redactor
	r.AddDerived("abc")
	if !r.Empty() {
		t.Error("a text of three bytes is searched for")
	}
	for i := range 10 * remembered {
		text := fmt.Sprintf("signature-%d.", i)
		r.AddDerived(text)
		if i%97 == 0 && r.Redact(text) != "(secret)" {
			t.Fatalf("%s is not known", text)
		}
	}
	if len(r.derived) > remembered {
		t.Errorf("%d derived texts are kept", len(r.derived))
	}
	long := strings.Repeat("0123456789abcdef", 1000)
	r.AddDerived(long)
	if got := r.Redact("x" + long + "y"); strings.Contains(got, "0123") {
		t.Errorf("of a long text this is left: %q", got)
	}
}

// TestRedactsSecretsThatAreCutShort holds that an excerpt does not end with the beginning of a secret.
func TestRedactsSecretsThatAreCutShort(t *testing.T) {
	var r Redactor
	r.Add("correct horse battery")
	for cut := 4; cut < len("correct horse battery"); cut++ {
		text := "token=" + "correct horse battery"[:cut] + "… (9999 bytes in all)"
		if got, want := r.Redact(text), "token=(secret)… (9999 bytes in all)"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got, want := r.Redact("token=xyz… (9999 bytes in all)"), "token=xyz… (9999 bytes in all)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
