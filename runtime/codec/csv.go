package codec

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"tenon/spec/media"
	"tenon/spec/types"
)

// rows reads CSV (RFC 4180): a line of names, then each row as an object. Where rows are lists, every line is one.
type rows struct {
	r       *csv.Reader
	bound   *bounded
	element *types.Type // of a row; nil: objects of text
	names   []string
	columns []column
}

type column struct {
	typ      *types.Type // nil: text
	optional bool
}

// bounded counts what one record takes in.
type bounded struct {
	b    *bufio.Reader
	used int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.used > maxItem {
		return 0, errTooLong
	}
	n, err := b.b.Read(p)
	b.used += n
	return n, err
}

func newRows(b *bufio.Reader, form media.Form, element *types.Type) *rows {
	if head, _ := b.Peek(len(bom)); bytes.Equal(head, bom) {
		b.Discard(len(bom))
	}
	r := &rows{bound: &bounded{b: b}, element: element}
	r.r = csv.NewReader(r.bound)
	r.r.ReuseRecord = true
	if form == media.TSV {
		r.r.Comma, r.r.LazyQuotes = '\t', true
	}
	return r
}

func (r *rows) next() (any, error) {
	lists := r.element != nil && r.element.Is(types.Array)
	if r.names == nil && !lists {
		if err := r.header(); err != nil {
			return nil, err
		}
	}
	record, err := r.record()
	if err != nil {
		return nil, err
	}
	if lists {
		r.r.FieldsPerRecord = -1
		row := make([]any, len(record))
		for i, cell := range record {
			row[i] = scalar(cell, r.element.Elem())
		}
		return row, nil
	}
	row := make(map[string]any, len(record))
	for i, cell := range record {
		if v := r.columns[i].value(cell); !types.IsMissing(v) {
			row[r.names[i]] = v
		}
	}
	return row, nil
}

// value reads a cell. One that is empty has no value, where no text is meant.
func (c column) value(cell string) any {
	if cell == "" && c.typ != nil && !c.typ.May(types.String) {
		if c.typ.May(types.Null) {
			return nil
		}
		if c.optional {
			return types.Missing
		}
	}
	return scalar(cell, c.typ)
}

func (r *rows) header() error {
	record, err := r.record()
	if err != nil {
		return err
	}
	r.names = slices.Clone(record)
	r.columns = make([]column, len(r.names))
	seen := map[string]bool{}
	for i, name := range r.names {
		if seen[name] {
			return errorf(Malformed, "the line of names has %.100q twice", name)
		}
		seen[name] = true
		if r.element != nil && r.element.May(types.Object) {
			f := r.element.Field(name)
			r.columns[i] = column{member(r.element, name), f.Property == nil || !f.Property.Required}
		}
	}
	return nil
}

func (r *rows) record() ([]string, error) {
	r.bound.used = 0
	record, err := r.r.Read()
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		if errors.Is(err, csv.ErrFieldCount) {
			return nil, errorf(Malformed, "line %d has %d fields where the first line has %d", parse.StartLine, len(record), len(r.names))
		}
		return nil, &Error{Malformed, fmt.Sprintf("line %d is not CSV: %v", parse.Line, parse.Err), err}
	case err != nil:
		return nil, cut(err)
	}
	for _, cell := range record {
		if !utf8.ValidString(cell) {
			line, _ := r.r.FieldPos(0)
			return nil, errorf(Charset, "line %d is not in UTF-8", line)
		}
	}
	return record, nil
}

// encodeCSV writes a list of objects as a line of names and a row each: the given columns first, then what else
// there is by name. Lists are rows as they stand. Text is taken to be CSV already.
func encodeCSV(form media.Form, columns []string, v any) ([]byte, error) {
	if s, ok := v.(string); ok {
		return []byte(s), nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	if form == media.TSV {
		w.Comma = '\t'
	}
	names := csvNames(columns, list)
	if len(names) > 0 {
		w.Write(names)
	}
	for i, item := range list {
		record, err := csvRecord(names, item)
		if err != nil {
			return nil, errorf(Unwritable, "row %d cannot be written as CSV: %s", i+1, err)
		}
		w.Write(record)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func csvNames(columns []string, list []any) []string {
	given := map[string]bool{}
	for _, item := range list {
		if m, ok := item.(map[string]any); ok {
			for name := range m {
				given[name] = true
			}
		}
	}
	if len(given) == 0 && len(list) > 0 {
		return nil // rows without names
	}
	names := slices.Clone(columns)
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func csvRecord(names []string, item any) ([]string, error) {
	cell := func(name string, v any) (string, error) {
		s, ok := text(v)
		if !ok && !types.IsMissing(v) {
			return "", fmt.Errorf("%q is %s", name, types.Shapeof(v))
		}
		return s, nil
	}
	var record []string
	switch item := item.(type) {
	case map[string]any:
		for _, name := range names {
			s, err := cell(name, types.Get(item, name))
			if err != nil {
				return nil, err
			}
			record = append(record, s)
		}
		return record, nil
	case []any:
		for i, v := range item {
			s, err := cell(fmt.Sprint(i), v)
			if err != nil {
				return nil, err
			}
			record = append(record, s)
		}
		return record, nil
	}
	return nil, errors.New(strings.TrimSpace("it is " + types.Shapeof(item) + ", neither an object nor a list"))
}
