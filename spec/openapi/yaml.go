package openapi

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// fromYAML turns the first YAML document of src into JSON that keeps the layout: a token stands on
// the line of the YAML node it comes from and, where its line has room, in its column too. So a place
// in the JSON is also a place in the YAML, and nothing else needs to be kept to find it again.
//
// Aliases and merge keys are expanded, within bounds; what they bring stands where the alias stands.
func fromYAML(src []byte) (json []byte, f *fault) {
	defer func() {
		if r := recover(); r != nil {
			json, f = nil, &fault{0, fmt.Sprintf("the YAML parser gave up: %v", r)}
		}
	}()
	if tooDense(src) {
		return nil, &fault{0, fmt.Sprintf("has more than %d values in YAML, which takes too much memory to read; as JSON it can be read", maxYAMLValues)}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(src, &doc); err != nil {
		return nil, yamlFault(src, err)
	}
	if len(doc.Content) == 0 {
		return nil, &fault{0, "is empty"}
	}
	w := &yamlWriter{src: src, line: 1, limit: 2*len(src) + 16<<20, out: make([]byte, 0, len(src)+len(src)/4)}
	w.node(doc.Content[0], 0)
	return w.out, w.fault
}

// maxYAMLValues bounds the values of a YAML text, since the parser takes some 300 bytes for each. Real
// documents have one in 20 bytes.
const maxYAMLValues = 2_500_000

// tooDense reports whether src may have more values than that, judged by what must stand between two.
func tooDense(src []byte) bool {
	if len(src) < maxYAMLValues {
		return false
	}
	count := bytes.Count(src, []byte("- ")) + bytes.Count(src, []byte("? "))
	for _, c := range []string{"\n", ",", ":", "[", "{"} {
		count += bytes.Count(src, []byte(c))
	}
	return count > maxYAMLValues
}

var yamlPlace = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// yamlFault places a parser's error, which names the line in its text only.
func yamlFault(src []byte, err error) *fault {
	message := err.Error()
	m := yamlPlace.FindStringSubmatch(message)
	if m == nil {
		return &fault{0, message}
	}
	line, _ := strconv.Atoi(m[1])
	return &fault{lineStart(src, line), "is no valid YAML: " + message[len(m[0]):]}
}

// lineStart is the offset of the first byte of a line, which counts from 1.
func lineStart(src []byte, line int) int {
	at := 0
	for ; line > 1; line-- {
		n := bytes.IndexByte(src[at:], '\n')
		if n < 0 {
			break
		}
		at += n + 1
	}
	return at
}

type yamlWriter struct {
	src       []byte
	out       []byte
	line      int // of the end of out
	lineStart int
	limit     int          // of out, in bytes
	aliases   []*yaml.Node // what is being expanded around the current node
	merges    int          // members that merge keys brought
	fault     *fault
}

func (w *yamlWriter) fail(n *yaml.Node, format string, args ...any) {
	if w.fault == nil {
		w.fault = &fault{lineStart(w.src, n.Line), fmt.Sprintf(format, args...)}
	}
}

// move goes to a line and column of the YAML text, if it lies ahead.
func (w *yamlWriter) move(line, column int) {
	if len(w.aliases) > 0 {
		return
	}
	for ; w.line < line; w.line++ {
		w.out = append(w.out, '\n')
		w.lineStart = len(w.out)
	}
	for len(w.out)-w.lineStart < column-1 {
		w.out = append(w.out, ' ')
	}
}

func (w *yamlWriter) node(n *yaml.Node, depth int) {
	switch {
	case w.fault != nil:
		return
	case depth > maxDepth:
		w.fail(n, "nested deeper than %d levels", maxDepth)
		return
	case len(w.out) > w.limit:
		w.fail(n, "its aliases expand to more than %d MB", w.limit>>20)
		return
	}
	switch n.Kind {
	case yaml.AliasNode:
		if slices.Contains(w.aliases, n.Alias) {
			w.fail(n, "the alias *%s contains itself", n.Value)
			return
		}
		w.aliases = append(w.aliases, n.Alias)
		w.node(n.Alias, depth+1)
		w.aliases = w.aliases[:len(w.aliases)-1]
	case yaml.MappingNode:
		w.mapping(n, depth)
	case yaml.SequenceNode:
		w.out = append(w.out, '[')
		for i, e := range n.Content {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			w.move(e.Line, e.Column-1)
			w.node(e, depth+1)
		}
		w.out = append(w.out, ']')
	default:
		w.move(n.Line, n.Column)
		w.scalar(n)
	}
}

func (w *yamlWriter) mapping(n *yaml.Node, depth int) {
	w.out = append(w.out, '{')
	pairs := n.Content
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i].ShortTag() == "!!merge" {
			pairs = w.merged(n, 0)
			break
		}
	}
	for i := 0; i+1 < len(pairs) && w.fault == nil; i += 2 {
		key := pairs[i]
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			w.fail(key, "the name of a member must be text; text that starts with { or [ needs quotes")
			return
		}
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.move(key.Line, key.Column)
		w.quote(key.Value)
		w.out = append(w.out, ':')
		w.node(pairs[i+1], depth+1)
	}
	w.out = append(w.out, '}')
}

// merged returns the members of a mapping with those its merge keys bring (YAML 1.1 merge type): own
// members first, then of the merged mappings what is not there yet.
func (w *yamlWriter) merged(n *yaml.Node, depth int) []*yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if depth > 32 || n.Kind != yaml.MappingNode {
		w.fail(n, "<< must be followed by a mapping")
		return nil
	}
	var out []*yaml.Node
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; k.ShortTag() != "!!merge" {
			seen[k.Value] = true
			out = append(out, k, n.Content[i+1])
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() != "!!merge" {
			continue
		}
		from := []*yaml.Node{n.Content[i+1]}
		if from[0].Kind == yaml.SequenceNode {
			from = from[0].Content
		}
		for _, m := range from {
			pairs := w.merged(m, depth+1)
			if w.merges += len(pairs) + 1; w.merges > maxYAMLValues {
				w.fail(n, "its merge keys bring too many members")
				return nil
			}
			for j := 0; j+1 < len(pairs); j += 2 {
				if k := pairs[j]; !seen[k.Value] {
					seen[k.Value] = true
					out = append(out, k, pairs[j+1])
				}
			}
		}
	}
	return out
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

// scalar writes a scalar by its YAML 1.2 core type. Timestamps and binary stay text.
func (w *yamlWriter) scalar(n *yaml.Node) {
	switch n.ShortTag() {
	case "!!null":
		w.out = append(w.out, "null"...)
	case "!!bool":
		w.out = strconv.AppendBool(w.out, strings.EqualFold(n.Value, "true"))
	case "!!int", "!!float":
		w.number(n)
	default:
		w.quote(n.Value)
	}
}

// number writes a number as it is written where JSON can, so that none of its digits is lost.
func (w *yamlWriter) number(n *yaml.Node) {
	if jsonNumber.MatchString(n.Value) {
		w.out = append(w.out, n.Value...)
		return
	}
	var v any
	if err := n.Decode(&v); err != nil {
		w.quote(n.Value)
		return
	}
	switch v := v.(type) {
	case int, int64, uint64:
		w.out = fmt.Append(w.out, v)
	case float64:
		if math.IsInf(v, 0) || math.IsNaN(v) {
			w.quote(n.Value)
			return
		}
		w.out = strconv.AppendFloat(w.out, v, 'g', -1, 64)
	default:
		w.quote(n.Value)
	}
}

func (w *yamlWriter) quote(s string) {
	// The error is about invalid UTF-8, which the parser refuses, and which is replaced here.
	w.out, _ = jsontext.AppendQuote(w.out, s)
}
