package paging

import (
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/types"
)

// answerOf is the type of an operation's first success, as JSON if it has that form.
func answerOf(op *openapi.Operation) *types.Type {
	for _, r := range op.Responses {
		if !strings.HasPrefix(r.Status, "2") || len(r.Content) == 0 {
			continue
		}
		for _, m := range r.Content {
			if m.JSON() {
				return m.Type
			}
		}
		return r.Content[0].Type
	}
	return types.Any
}
