package types

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// ring is a document of schemas each of which leads to two others, so that all lead to all.
type ring int

func (n ring) Resolve(_ Origin, ref string) (Origin, []byte, error) {
	var i int
	if _, err := fmt.Sscanf(ref, "#/%d", &i); err != nil {
		return Origin{}, nil, err
	}
	next := func(i int) string { return fmt.Sprintf(`{"$ref":"#/%d"}`, i%int(n)) }
	raw, err := json.Marshal(map[string]any{"type": "object", "required": []string{"id"}, "properties": map[string]any{
		"id":   map[string]any{"type": "string"},
		"next": json.RawMessage(next(7*i + 1)),
		"near": map[string]any{"type": "array", "items": json.RawMessage(next(i + 1))},
	}})
	return Origin{Document: "ring", Pointer: strings.TrimPrefix(ref, "#")}, raw, err
}

// TestAssignLargeTypes: comparing two places of one large net of types ends, with an answer.
func TestAssignLargeTypes(t *testing.T) {
	cache := new(Cache)
	at := func(i int) *Type {
		return FromSchema(ring(2000), Origin{Document: "ring", Pointer: fmt.Sprint("/use", i)}, fmt.Appendf(nil, `{"$ref":"#/%d"}`, i), SchemaOptions{Cache: cache})
	}
	if problems := Assign(at(3), at(7)); VerdictOf(problems) != Unproven {
		t.Errorf("%d problems, verdict %v", len(problems), VerdictOf(problems))
	}
}
