package check

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tenon/spec/lang"
	"tenon/spec/syntax"
)

// FuzzDecode holds that no text makes Decode fail, and that findings stand inside the file.
func FuzzDecode(f *testing.F) {
	for _, b := range lang.Blocks() {
		f.Add(b.Example)
	}
	f.Add(`test "a" {
  integration = integration.b
  now         = "2026-01-01"
  seed        = -1
  mock "c" {
    call      = shop.getOrder
    status    = "404"
    responses = [{ status = 5, body = x, status = 200, (y) = 1, eror = "network" }, { error = "timeout", body = 1 }, 7]
  }
  mock "d" {
    responses = { status = 503 }
  }
  expect {
    status = succeeded
    check "e" {
      assert = true
    }
  }
}
`)
	for _, r := range lang.Rules() {
		f.Add(r.Bad)
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, name := range []string{"main.hcl", "main" + lang.TestSuffix} {
			file, _ := syntax.Parse(name, []byte(src))
			_, found := Decode([]*syntax.File{file})
			for _, d := range found {
				if d.Range.File != name || d.Range.Start < 0 || d.Range.End > len(src) || d.Range.Start > d.Range.End {
					t.Errorf("%s stands at %v of %d bytes", d.Message, d.Range, len(src))
				}
				if d.Fix != nil && (d.Fix.Range.Start < 0 || d.Fix.Range.End > len(src)) {
					t.Errorf("the fix of %s stands at %v", d.Message, d.Fix.Range)
				}
			}
		}
	})
}

// TestShuffledBlocks holds that the order of a project's top-level blocks changes no finding.
func TestShuffledBlocks(t *testing.T) {
	blocks := []string{
		"api \"shop\" {\n  spce = \"shop.yaml\"\n}\n",
		"secret \"a\" {\n}\n",
		"variable \"r\" {\n  type = string\n  defualt = 1\n}\n",
		"integration \"i\" {\n  timeout = 5\n  step \"s\" {\n  }\n  step \"s\" {\n    value = 1\n  }\n}\n",
		"unknwon {\n}\n",
		"mapping \"m\" {\n  from = { step = string }\n  value = step\n}\n",
	}
	want := found(t, blocks)
	if len(want) < len(blocks) {
		t.Fatalf("only %d findings in %d faulty blocks", len(want), len(blocks))
	}
	rapid.Check(t, func(rt *rapid.T) {
		if got := found(t, rapid.Permutation(blocks).Draw(rt, "blocks")); !slices.Equal(got, want) {
			rt.Errorf("got %q, want %q", got, want)
		}
	})
}

func found(t *testing.T, blocks []string) []string {
	out := messages(read(t, strings.Join(blocks, "\n")))
	slices.Sort(out)
	return out
}
