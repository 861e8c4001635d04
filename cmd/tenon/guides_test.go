package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	guideSection = regexp.MustCompile(`(?m)^## `)
	guideBlock   = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")
	fileComment  = regexp.MustCompile(`^# ([A-Za-z0-9_./-]+\.(?:hcl|yaml|json))\n`)
)

// TestGuides does what the guides show: in each section the files, whose first line names them, lie in a
// project, and each command prints at least the lines that stand below it, in their order.
func TestGuides(t *testing.T) {
	for page, least := range map[string]int{"overlays.md": 2, "adding-an-api.md": 4} {
		text, err := os.ReadFile(filepath.Join(repository(), "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		commands := 0
		for _, section := range guideSection.Split(string(text), -1)[1:] {
			title, _, _ := strings.Cut(section, "\n")
			t.Run(page+"/"+title, func(t *testing.T) { commands += follow(t, section) })
		}
		if commands < least {
			t.Errorf("%s: only %d commands were tried", page, commands)
		}
	}
}

// follow carries out a section and returns how many commands it has.
func follow(t *testing.T, section string) int {
	dir := filepath.Join(t.TempDir(), "project")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, m := range guideBlock.FindAllStringSubmatch(section, -1) {
		if name := fileComment.FindStringSubmatch(m[2]); name != nil {
			file := filepath.Join(dir, filepath.FromSlash(name[1]))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(strings.TrimPrefix(m[2], name[0])), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if m[1] != "" {
			t.Errorf("a block without a file's name:\n%s", m[2])
			continue
		}
		for _, part := range strings.Split("\n"+m[2], "\n$ tenon ")[1:] {
			command, shown, _ := strings.Cut(part, "\n")
			commands++
			var out bytes.Buffer
			run(t.Context(), testEnv(t, dir, &out, &out, strings.Fields(command)...))
			rest := out.String()
			for line := range strings.Lines(shown) {
				_, after, found := strings.Cut(rest, strings.TrimSpace(line))
				if !found {
					t.Errorf("tenon %s does not say\n%s\nbut\n%s", command, line, out.String())
				}
				rest = after
			}
		}
	}
	return commands
}
