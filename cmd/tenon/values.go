package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// given is the values that the user hands to a run from one kind of source, inputs or variables, as
// flags and files give them.
type given struct {
	what   string   // "input", "variable"
	flag   string   // "--input", "--var"
	pairs  []string // k=v
	files  []string // JSON objects; "-" is standard input
	prefix string   // of environment variables; "" for none
}

// values returns the declared values that were given, each checked against its type. What was not
// given and has a default is left out. The error tells of everything that is wrong.
func (g given) values(e *env, declared []*plan.Input) (map[string]any, error) {
	out, err := g.own(e, declared)
	errs := []error{err}
	for _, d := range declared {
		errs = append(errs, g.fits(d, out)...)
	}
	return out, errors.Join(errs...)
}

// own returns the values that were given, without those that are left to others.
func (g given) own(e *env, declared []*plan.Input) (map[string]any, error) {
	out := map[string]any{}
	var errs []error
	if g.prefix != "" {
		for _, d := range declared {
			if text, ok := e.LookupEnv(g.prefix + d.Name); ok {
				out[d.Name] = parseValue(d.Type, text)
			}
		}
	}
	for _, file := range g.files {
		object, err := readObject(e, file)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s-file %s: %w", g.flag, file, err))
			continue
		}
		for _, name := range sortedNames(object) {
			if g.find(declared, name) == nil {
				errs = append(errs, g.unknown(declared, name))
			}
			out[name] = object[name]
		}
	}
	for _, pair := range g.pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok {
			errs = append(errs, fmt.Errorf("%s takes NAME=VALUE, not %q", g.flag, pair))
			continue
		}
		d := g.find(declared, name)
		if d == nil {
			errs = append(errs, g.unknown(declared, name))
			continue
		}
		out[name] = parseValue(d.Type, text)
	}
	return out, errors.Join(errs...)
}

func (g given) find(declared []*plan.Input, name string) *plan.Input {
	for _, d := range declared {
		if d.Name == name {
			return d
		}
	}
	return nil
}

func (g given) unknown(declared []*plan.Input, name string) error {
	names := make([]string, len(declared))
	for i, d := range declared {
		names[i] = d.Name
	}
	switch near := diag.Nearest(name, names); {
	case len(names) == 0:
		return fmt.Errorf("there is no %s %q: the integration takes none", g.what, name)
	case near != "":
		return fmt.Errorf("there is no %s %q; did you mean %q?", g.what, name, near)
	}
	sort.Strings(names)
	return fmt.Errorf("there is no %s %q; there is %s", g.what, name, strings.Join(names, ", "))
}

// fits checks a value against its declaration. Values are never shown: they may be confidential.
func (g given) fits(d *plan.Input, values map[string]any) []error {
	v, ok := values[d.Name]
	if !ok {
		if d.Default == nil && !d.Type.May(types.Absent) {
			return []error{fmt.Errorf("%s %q is missing: give it with %s %s=…", g.what, d.Name, g.flag, d.Name)}
		}
		return nil
	}
	var errs []error
	for _, violation := range d.Type.Check(v) {
		name := d.Name
		if len(violation.Path) > 0 {
			name += "." + types.Path(violation.Path)
		}
		errs = append(errs, fmt.Errorf("%s %q %s", g.what, name, violation.Reason))
	}
	return errs
}

// parseValue reads a value that was written as bare text: text where a string may stand, unless only
// something else fits; otherwise JSON. What is neither stays text and is refused by its type.
func parseValue(t *types.Type, text string) any {
	if t.May(types.String) && t.Contains(text) {
		return text
	}
	v, err := types.DecodeJSON([]byte(text), types.Limits{})
	if err != nil || t.May(types.String) && !t.Contains(v) {
		return text
	}
	return v
}

// readObject reads a JSON object from a file.
func readObject(e *env, file string) (map[string]any, error) {
	var content []byte
	var err error
	if file == "-" {
		content, err = io.ReadAll(e.Stdin)
	} else {
		content, err = os.ReadFile(e.path(file))
	}
	if err != nil {
		return nil, err
	}
	v, err := types.DecodeJSON(content, types.Limits{})
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it holds %s; a JSON object is needed", types.Shapeof(v))
	}
	return object, nil
}

func sortedNames(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
