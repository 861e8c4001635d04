package openapitest_test

import (
	"math/rand/v2"
	"testing"

	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
	"tenon/spec/types"
)

// What Tenon makes of a request's type is a request that kin-openapi accepts.
func TestGeneratedBodies(t *testing.T) {
	accepted, unmade, unread := 0, 0, 0
	for _, name := range documents(t) {
		d := read(t, name)
		ops := d.Operations()
		const most = 25
		for i := 0; i < len(ops); i += 1 + len(ops)/most {
			op, err := d.Operation(ops[i].Key())
			if err != nil {
				t.Fatal(err)
			}
			m := jsonBody(op)
			if m == nil {
				continue
			}
			oracle, err := openapitest.New(d, op.Name().Key())
			if err != nil {
				unread++
				continue
			}
			for seed := range uint64(2) {
				v, err := types.Generate(m.Type, rand.New(rand.NewPCG(seed, 0)), types.GenerateOptions{Values: 100})
				if err != nil {
					unmade++
					continue
				}
				body, err := types.AppendJSON(nil, v)
				if err != nil {
					t.Fatalf("%s: %v", op.Name(), err)
				}
				if err := oracle.Body(m.Essence(), body); err != nil {
					t.Errorf("%s %s: %.900s\n%.900s", name, op.Name(), err, body)
					continue
				}
				accepted++
			}
		}
	}
	t.Logf("%d bodies accepted, %d could not be made, %d operations that kin-openapi cannot read", accepted, unmade, unread)
	if accepted < 20 {
		t.Error("too few bodies were tried")
	}
}

// jsonBody is the JSON that an operation takes; nil if it takes none.
func jsonBody(op *openapi.Operation) *openapi.MediaType {
	if op.Body == nil {
		return nil
	}
	for _, m := range op.Body.Content {
		if m.Essence() == "application/json" {
			return m
		}
	}
	return nil
}
