package plan

import (
	"regexp"
	"testing"
)

func TestMintKey(t *testing.T) {
	forms := map[string]string{
		"":      `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
		"uuid":  `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
		"uuid4": `^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`,
		"hex32": `^[0-9a-f]{32}$`, "hex24": `^[0-9a-f]{24}$`, "hex16": `^[0-9a-f]{16}$`,
	}
	for form, pattern := range forms {
		seen := map[string]bool{}
		for _, of := range [][2]string{{"run1", "step.a"}, {"run1", "step.b"}, {"run2", "step.a"}, {"run", "1step.a"}} {
			key := MintKey(form, of[0], of[1])
			if key != MintKey(form, of[0], of[1]) || seen[key] || !regexp.MustCompile(pattern).MatchString(key) {
				t.Errorf("%q: %v has the key %q", form, of, key)
			}
			seen[key] = true
		}
	}
	for _, form := range KeyForms {
		if !knownForm(form) || forms[form] == "" {
			t.Errorf("%q is not tested", form)
		}
	}
}
