package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/view"
)

// version is the release, set by `go build -ldflags "-X main.version=1.2.3"`.
var version = "0.1.0-dev"

// build is what `tenon version --json` prints (schemas/version.schema.json).
type build struct {
	Version  int    `json:"version"` // of this shape
	Tenon    string `json:"tenon"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"` // built from changed files
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: 1, Tenon: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func newVersion(e *env) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "version",
		GroupID: groupTool,
		Short:   "Print the version",
		Example: `  tenon version
  tenon version --json`,
		Args: between(0, 0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if asJSON {
				return view.JSON(e.Stdout, b)
			}
			text := "tenon " + b.Tenon
			if len(b.Commit) >= 12 {
				text += " " + b.Commit[:12]
			}
			_, err := fmt.Fprintf(e.Stdout, "%s (%s, %s)\n", text, b.Go, b.Platform)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object (schemas/version.schema.json)")
	return cmd
}
