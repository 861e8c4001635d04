package expression

import (
	"testing"
	"time"

	"tenon/spec/types"
)

// tree is the one schema of a document: a node with several children of its own kind.
type tree struct{}

func (tree) Resolve(from types.Origin, _ string) (types.Origin, []byte, error) {
	const schema = `{"type": "object", "properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}, "c": {"$ref": "#"}, "d": {"$ref": "#"}, "n": {"type": "string"}}}`
	return types.Origin{Document: from.Document}, []byte(schema), nil
}

// Two recursive types with several ways into themselves are compared in no time.
func TestFitOfRecursiveTypes(t *testing.T) {
	read := func(document string) *types.Type {
		o, raw, _ := tree{}.Resolve(types.Origin{Document: document}, "")
		return types.FromSchema(tree{}, o, raw, types.SchemaOptions{})
	}
	done := make(chan int)
	go func() {
		f := &fitter{table: []fit{{}}, seen: map[[2]*types.Type]int{}}
		n, _ := f.node(read("from"), read("to"), 0)
		done <- n
	}()
	select {
	case n := <-done:
		if n != 0 {
			t.Errorf("fit %d, want none", n)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no end after 20 seconds")
	}
}
