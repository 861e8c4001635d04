package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tenon/cmd/tenon/internal/add"
	"tenon/cmd/tenon/internal/project"
	"tenon/cmd/tenon/internal/view"
	"tenon/integrations"
	"tenon/spec/lang"
	"tenon/spec/openapi"
)

func newAdd(e *env) *cobra.Command {
	var asJSON, noOverlay bool
	cmd := &cobra.Command{
		Use:     "add NAME SPEC [DIR]",
		GroupID: groupWrite,
		Short:   "Bring an API into the project",
		Long: `Copies an OpenAPI document, a file or an https URL, into openapi/ of the project, with
the files that it refers to, pins it, and writes an api block to NAME.hcl: with the
credentials that the document asks for, a server where it names none, and what an
overlay that comes with Tenon knows beyond it. A document that lies in the project
already stays where it is. No file is ever overwritten.`,
		Example: `  tenon add petstore https://petstore3.swagger.io/api/v3/openapi.json
  tenon add shop ../specs/shop.yaml
  tenon add stripe spec3.json billing --json`,
		Args: between(2, 3, "a name, a document and at most one directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a := &adding{env: e, name: args[0], spec: args[1], dir: argument(args, 2, "."), overlay: !noOverlay}
			result, err := a.add(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return view.JSON(e.Stdout, result)
			}
			return view.Added(e.Stdout, e.Stderr, e.style(e.Stderr), result)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what was done as JSON (schemas/add.schema.json)")
	cmd.Flags().BoolVar(&noOverlay, "no-overlay", false, "do not add the overlay that comes with Tenon for this API")
	return cmd
}

// adding is one run of add.
type adding struct {
	*env
	name, spec, dir string
	overlay         bool

	project *project.Dir
	had     *project.Written // what the project has already
	created []string
}

var nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (a *adding) add(ctx context.Context) (*view.AddResult, error) {
	switch {
	case !nameForm.MatchString(a.name):
		return nil, usagef("%q cannot be an api's name: a name has letters, digits and _, and does not start with a digit", a.name)
	case slices.Contains(lang.Reserved, a.name):
		return nil, usagef("%q means something in every expression, so no api can be called so", a.name)
	}
	var err error
	if a.project, err = project.OpenDir(a.path(a.dir), a.dir); err != nil {
		return nil, err
	}
	defer a.project.Close()
	if a.had, err = project.ReadWritten(a.project); err != nil {
		return nil, err
	}
	if slices.Contains(a.had.APIs, a.name) {
		return nil, fmt.Errorf("the project has an api %q already", a.name)
	}
	source, err := add.Read(ctx, a.spec, a.Dir)
	if err != nil {
		return nil, a.unreadable(err)
	}
	result, err := a.write(source)
	if err != nil {
		for _, name := range a.created {
			a.project.Remove(name)
		}
		return nil, a.unreadable(err)
	}
	return result, nil
}

// unreadable words what is wrong with a document.
func (a *adding) unreadable(err error) error {
	var broken *openapi.LoadError
	if errors.As(err, &broken) {
		return fmt.Errorf("%s %s", a.spec, broken.Message)
	}
	return err
}

// write brings the document into the project, and then all that is about it.
func (a *adding) write(source *add.Source) (*view.AddResult, error) {
	file, err := a.place(source)
	if err != nil {
		return nil, err
	}
	load := func(overlays ...openapi.OverlayFile) (*openapi.Document, error) {
		src, err := a.project.ReadFile(file)
		if err != nil {
			return nil, err
		}
		return openapi.Load(file, src, openapi.Options{Name: a.name, ReadFile: a.project.ReadFile, Overlays: overlays})
	}
	doc, err := load()
	if err != nil {
		return nil, err
	}
	result := &view.AddResult{Version: 1, API: a.name, Spec: file, Title: doc.Title, Operations: len(doc.Operations()), Overlays: []string{}, Notes: []string{}}
	if overlay, ok := integrations.OverlayFor(hosts(doc)); ok && a.overlay {
		name := path.Join("overlays", a.name+".yaml")
		amended, err := load(openapi.OverlayFile{Name: name, Src: overlay})
		switch {
		case err != nil:
			return nil, err
		case len(amended.Overlays()[0].Problems) > 0:
			result.Notes = append(result.Notes, fmt.Sprintf("the overlay that comes with Tenon for this API does not fit this document and was left out: %s", amended.Overlays()[0].Problems[0].Message))
		default:
			if err := a.create(name, overlay); err != nil {
				return nil, err
			}
			doc, result.Overlays = amended, []string{name}
		}
	}
	block := add.Compose(a.name, file, result.Overlays, doc, source.URL, add.Names{Secrets: a.had.Secrets, Variables: a.had.Variables})
	if err := a.create(a.name+".hcl", block.Text); err != nil {
		return nil, err
	}
	if err := a.pin(file, result.Overlays); err != nil {
		return nil, err
	}
	result.Files = append(slices.Clone(a.created), project.LockName)
	result.Server = block.Server
	result.Auth = append([]add.Auth{}, block.Auth...)
	result.Environment = append([]add.Env{}, block.Environment...)
	result.Notes = append(result.Notes, block.Notes...)
	for _, missing := range source.Missing {
		result.Notes = append(result.Notes, fmt.Sprintf("the document refers to %s, which was not found beside it or below; what needs it cannot be used", missing))
	}
	result.Example = example(doc)
	return result, nil
}

// place copies the document into the project, unless it lies there, and returns its name there.
func (a *adding) place(source *add.Source) (string, error) {
	if source.URL == "" {
		if name, ok := a.project.Contains(a.path(a.spec)); ok {
			return name, nil
		}
	}
	if len(source.Files) == 1 {
		name := "openapi/" + a.name + extension(source.Files[0])
		return name, a.create(name, source.Files[0].Src)
	}
	root := "openapi/" + a.name
	for _, f := range source.Files {
		if err := a.create(path.Join(root, f.Name), f.Src); err != nil {
			return "", err
		}
	}
	return path.Join(root, source.Files[0].Name), nil
}

// extension names the kind of text that a document is.
func extension(f add.File) string {
	trimmed := bytes.TrimLeft(bytes.TrimPrefix(f.Src, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(trimmed, []byte("{")) && json.Valid(trimmed) {
		return ".json"
	}
	return ".yaml"
}

// create writes a file that is not there yet.
func (a *adding) create(name string, content []byte) error {
	if err := a.project.Create(name, content); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s is there already; nothing was changed", path.Join(filepath.ToSlash(a.dir), name))
		}
		return err
	}
	a.created = append(a.created, name)
	return nil
}

// pin adds the document and its overlays to the lock.
func (a *adding) pin(file string, overlays []string) error {
	lock := a.had.Lock
	src, err := a.project.ReadFile(file)
	if err != nil {
		return err
	}
	lock.Pin(file, openapi.Digest(src))
	project.PinParts(a.project, lock, file)
	for _, name := range overlays {
		if src, err = a.project.ReadFile(name); err != nil {
			return err
		}
		lock.PinOverlay(name, openapi.Digest(src))
	}
	return a.project.Write(project.LockName, lock.Format())
}

// hosts are those of the document's servers.
func hosts(doc *openapi.Document) []string {
	var out []string
	for _, s := range doc.Servers() {
		if _, rest, ok := strings.Cut(s.URL, "://"); ok {
			host, _, _ := strings.Cut(rest, "/")
			out = append(out, host)
		}
	}
	return out
}

// example is an operation to begin with: the first that reads and needs no parameters, else the first.
func example(doc *openapi.Document) string {
	names := doc.Operations()
	for _, n := range names[:min(len(names), 50)] {
		if n.Method != "GET" || strings.Contains(n.Path, "{") {
			continue
		}
		op, err := doc.Operation(n.Key())
		if err == nil && !slices.ContainsFunc(op.Parameters, func(p *openapi.Parameter) bool { return p.Required }) {
			return n.String()
		}
	}
	if len(names) > 0 {
		return names[0].String()
	}
	return ""
}
