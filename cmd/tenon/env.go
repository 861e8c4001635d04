package main

import (
	"io"
	"os"
	"path/filepath"

	"golang.org/x/term"

	"tenon/cmd/tenon/internal/view"
)

// env is everything that a command touches of the process it runs in, so that a test can be the user.
type env struct {
	Args      []string // without the program's name
	Stdin     io.Reader
	Stdout    io.Writer // results, and nothing else
	Stderr    io.Writer // everything else
	LookupEnv func(string) (string, bool)
	Dir       string // the working directory; relative paths start there
}

// process is the env of the running process.
func process() *env {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	return &env{Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv, Dir: dir}
}

func (e *env) getenv(name string) string {
	v, _ := e.LookupEnv(name)
	return v
}

// path resolves a path that the user gave.
func (e *env) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(e.Dir, p)
}

// terminal returns the width of the terminal behind w, and whether there is one.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	return width, true
}

// style says how text for w looks: coloured on a terminal, unless NO_COLOR is set (no-color.org) or
// the terminal cannot.
func (e *env) style(w io.Writer) view.Style {
	width, ok := terminal(w)
	return view.Style{Color: ok && e.getenv("NO_COLOR") == "" && e.getenv("TERM") != "dumb", Width: width}
}
