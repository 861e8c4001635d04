package paging

import (
	"encoding/json"

	"tenon/spec/openapi"
	"tenon/spec/types"
)

// ExtensionName is the extension of OpenAPI by which a document, or an overlay, says how a list pages.
const ExtensionName = "x-tenon-pagination"

// Extension is what a document says by [ExtensionName] of an operation: expressions as an author would
// write them in a paginate block, and either may be missing. It has precedence over what is inferred.
type Extension struct {
	Items string `json:"items"`
	Next  string `json:"next"`
	// Off means that the operation does not page: the extension is false.
	Off    bool         `json:"-"`
	Origin types.Origin `json:"-"`
	Err    error        `json:"-"` // why it cannot be understood; nil where it can
}

// Extended reads the extension as it holds for an operation; nil where there is none.
func Extended(doc *openapi.Document, op openapi.OperationName) *Extension {
	value, at, ok := doc.Extension(op, ExtensionName)
	if !ok {
		return nil
	}
	if string(value) == "false" {
		return &Extension{Off: true, Origin: at}
	}
	x := &Extension{Origin: at}
	x.Err = json.Unmarshal(value, x)
	return x
}
