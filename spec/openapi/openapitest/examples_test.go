package openapitest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
	"tenon/spec/types"
)

// Providers publish thousands of examples, a good part of them wrong. Tenon's types must not take one
// that kin-openapi refuses. The other way round is counted: Tenon checks formats, and kin-openapi few.
func TestExamples(t *testing.T) {
	var c comparison
	for _, name := range documents(t) {
		c.document(t, name)
	}
	if c.agree < 200 {
		t.Errorf("only %d examples were judged alike; are there fewer?", c.agree)
	}
	t.Logf("%d examples judged alike, %d only kin-openapi accepts", c.agree, c.stricter)
}

// documents are those in the repository and, where they are there, those beside it.
func documents(t *testing.T) []string {
	patterns := []string{"../../../testdata/specs/*"}
	if !testing.Short() {
		patterns = append(patterns, "../../../../shared/specs/*", "../../../../../shared/specs/*")
	}
	var out []string
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			switch filepath.Ext(name) {
			case ".json", ".yaml", ".yml":
				out = append(out, name)
			}
		}
	}
	return out
}

func read(t *testing.T, name string) *openapi.Document {
	src, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	d, err := openapi.Load(filepath.Base(name), src, openapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type comparison struct{ agree, stricter int }

func (c *comparison) document(t *testing.T, name string) {
	d := read(t, name)
	for _, n := range d.Operations() {
		op, err := d.Operation(n.Key())
		if err != nil {
			t.Fatal(err)
		}
		c.operation(t, d, op)
	}
}

// sampled is how many examples of an operation are tried: kin-openapi takes milliseconds for each in 3.1.
const sampled = 4

func (c *comparison) operation(t *testing.T, d *openapi.Document, op *openapi.Operation) {
	var oracle *openapitest.Oracle
	left := sampled
	judge := func(m *openapi.MediaType, by func(o *openapitest.Oracle, example []byte) error) {
		switch {
		case !m.JSON(), m.Essence() == "text/json": // which kin-openapi does not read
			return
		case strings.Contains(m.Name, ";") && !strings.Contains(m.Name, "charset"): // may stand beside another of its essence
			return
		}
		for _, example := range examples(d, m) {
			v, err := types.DecodeJSON(example, types.Limits{})
			if left--; left < 0 || err != nil {
				return
			}
			if oracle == nil {
				if oracle, err = openapitest.New(d, op.Name().Key()); err != nil {
					left = 0
					return
				}
			}
			switch verdict := by(oracle, example); {
			case m.Type.Contains(v) == (verdict == nil):
				c.agree++
			case verdict == nil:
				c.stricter++
			default:
				t.Errorf("%s %s: an example is accepted, but %.600s", m.Origin.Document, m.Origin.Pointer, verdict)
			}
		}
	}
	if op.Body != nil {
		for _, m := range op.Body.Content {
			judge(m, func(o *openapitest.Oracle, example []byte) error { return o.Body(m.Essence(), example) })
		}
	}
	path := regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(op.Path, "1")
	r := &http.Request{Method: op.Method, URL: &url.URL{Path: path}, Header: http.Header{}}
	for _, answer := range op.Responses {
		status, err := strconv.Atoi(answer.Status)
		if err != nil || strings.Contains(path, "#") || len(answer.Headers) > 0 {
			continue
		}
		for _, m := range answer.Content {
			judge(m, func(o *openapitest.Oracle, example []byte) error {
				return o.Response(r, status, http.Header{"Content-Type": {m.Essence()}}, example)
			})
		}
	}
}

// examples are those that stand beside the schema of a media type.
func examples(d *openapi.Document, m *openapi.MediaType) []json.RawMessage {
	if _, raw, err := d.Resolve(m.Origin, "#"+m.Origin.Pointer+"/example"); err == nil {
		return []json.RawMessage{raw}
	}
	at, raw, err := d.Resolve(m.Origin, "#"+m.Origin.Pointer+"/examples")
	if err != nil {
		return nil
	}
	var out []json.RawMessage
	var named map[string]struct {
		Ref   string `json:"$ref"`
		Value json.RawMessage
	}
	if json.Unmarshal(raw, &named) != nil {
		return nil
	}
	for _, e := range named {
		if _, raw, err := d.Resolve(at, e.Ref); e.Ref != "" && err == nil {
			if json.Unmarshal(raw, &e) != nil {
				continue
			}
		}
		if e.Value != nil {
			out = append(out, e.Value)
		}
	}
	return out
}
