package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"tenon/integrations"
)

// TestReference keeps docs/reference/cli.md what the commands themselves say; -update rewrites it.
func TestReference(t *testing.T) {
	page := filepath.Join(repository(), "docs", "reference", "cli.md")
	got := reference(newRoot(&env{}))
	if *update {
		if err := os.MkdirAll(filepath.Dir(page), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("docs/reference/cli.md is not what the commands say; go test ./cmd/tenon -run Reference -update (-page +commands):\n%s", d)
	}
}

// TestReadme holds that lint says of the README's mapping, put into the quickstart, what the README shows.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(repository(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```hcl\n")
	mapping, rest, _ := strings.Cut(rest, "```\n")
	_, rest, _ = strings.Cut(rest, "$ tenon lint\n")
	shown, _, _ := strings.Cut(rest, "```\n")
	dir := t.TempDir()
	if err := os.CopyFS(dir, integrations.Quickstart()); err != nil {
		t.Fatal(err)
	}
	project, err := os.ReadFile(filepath.Join(dir, "main.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(string(project), "mapping \"invoice\"")
	_, after, _ = strings.Cut(after, "\n}\n")
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(before+mapping+after), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	run(t.Context(), testEnv(t, dir, &out, &out, "lint"))
	for line := range strings.Lines(shown) {
		if !strings.Contains(out.String(), line) {
			t.Errorf("lint does not say\n%s\nbut\n%s", line, out.String())
		}
	}
}

// TestEveryCommandHasAnExample holds that no help page leaves its reader guessing.
func TestEveryCommandHasAnExample(t *testing.T) {
	for _, cmd := range visible(newRoot(&env{})) {
		if cmd.Example == "" || cmd.Short == "" {
			t.Errorf("%s has no example or no summary", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			if !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: an example is not indented: %q", cmd.CommandPath(), line)
			}
		}
	}
}

// visible is the commands that help lists, the root first.
func visible(root *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{root}
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			out = append(out, cmd)
		}
	}
	return out
}

func reference(root *cobra.Command) []byte {
	var w bytes.Buffer
	fmt.Fprintf(&w, "# Command line\n\n<!-- Generated from the commands; go test ./cmd/tenon -run Reference -update -->\n\n")
	fmt.Fprintf(&w, "%s\n\n", root.Long)
	fmt.Fprint(&w, "| exit status | meaning |\n| --- | --- |\n")
	for _, s := range []struct {
		status  int
		meaning string
	}{
		{exitDone, "done"},
		{exitNotWell, "the thing asked about is not well: findings, a failed run"},
		{exitUsage, "wrong usage, or input that cannot be read"},
		{exitInDoubt, "in doubt: a write may or may not have happened, and a person must decide"},
		{exitInterrupted, "interrupted; the run can be resumed"},
	} {
		fmt.Fprintf(&w, "| %d | %s |\n", s.status, s.meaning)
	}
	for _, cmd := range visible(root)[1:] {
		section(&w, cmd)
		if cmd.Name() == "completion" {
			continue // one for each shell
		}
		for _, sub := range cmd.Commands() {
			section(&w, sub)
		}
	}
	return w.Bytes()
}

func section(w *bytes.Buffer, cmd *cobra.Command) {
	text := cmd.Long
	if text == "" {
		text = cmd.Short + "."
	}
	fmt.Fprintf(w, "\n## %s\n\n    %s\n\n%s\n", strings.TrimPrefix(cmd.CommandPath(), "tenon "), cmd.UseLine(), strings.TrimSpace(text))
	if cmd.Example != "" {
		fmt.Fprintf(w, "\n```\n%s\n```\n", unindent(cmd.Example))
	}
	first := true
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if first {
			fmt.Fprint(w, "\n| flag | |\n| --- | --- |\n")
			first = false
		}
		kind, usage := pflag.UnquoteUsage(f)
		fmt.Fprintf(w, "| `--%s` | %s |\n", strings.TrimSpace(f.Name+" "+kind), strings.ReplaceAll(usage, "|", "\\|"))
	})
}

func unindent(text string) string {
	var out []string
	for _, line := range strings.Split(text, "\n") {
		out = append(out, strings.TrimPrefix(line, "  "))
	}
	return strings.Join(out, "\n")
}
