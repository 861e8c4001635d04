package openapi

import "tenon/spec/diag"

// Unreadable is the rule for a document that cannot be read at all.
var Unreadable = &diag.Rule{
	Name: "spec-unreadable", Severity: diag.Error, Title: "Unreadable API description",
	Explain: `The file that ` + "`spec`" + ` names could not be read as an OpenAPI document of version 2.0, 3.0, 3.1 or 3.2:
it is not there, is damaged, or is something else, such as the web page that the document is offered on.
The message says what it looks like and, where there is one, the place of the damage.`,
	Bad: `-- main.hcl --
api "shop" {
  spec = "shop.html"
}

integration "orders" {
  step "all" { call = shop.listOrders }
  output "orders" { value = step.all.body }
}
-- shop.html --
<!DOCTYPE html>
<html><body>The Shop API</body></html>
`,
	Good: `-- main.hcl --
api "shop" {
  spec = "shop.yaml"
}

integration "orders" {
  step "all" { call = shop.listOrders }
  output "orders" { value = step.all.body }
}
-- shop.yaml --
` + exampleSpec(`$ref: "#/components/schemas/Orders"`),
}

// Invalid is the rule for a defect in a document, on the way to something that the project uses.
var Invalid = &diag.Rule{
	Name: "spec-invalid", Severity: diag.Warning, Title: "Defect in an API description",
	Explain: `The document has a mistake in a part that the project uses: a ` + "`$ref`" + ` to something that does not exist, a
keyword with a value of the wrong type, and the like. The part is left out or taken for ` + "`any`" + `, so less can be
proven about it. Mend the document, or amend it with an overlay. Defects in parts that are not used are not reported.`,
	Bad: `-- main.hcl --
api "shop" {
  spec = "shop.yaml"
}

integration "orders" {
  step "all" { call = shop.listOrders }
  output "orders" { value = step.all.body }
}
-- shop.yaml --
` + exampleSpec(`$ref: "#/components/schemas/Order"`),
	Good: `-- main.hcl --
api "shop" {
  spec = "shop.yaml"
}

integration "orders" {
  step "all" { call = shop.listOrders }
  output "orders" { value = step.all.body }
}
-- shop.yaml --
` + exampleSpec(`$ref: "#/components/schemas/Orders"`),
}

// OverlayInvalid is the rule for an overlay, or an action in one, that cannot be applied.
var OverlayInvalid = &diag.Rule{
	Name: "overlay-invalid", Severity: diag.Error, Title: "Overlay that cannot be applied",
	Explain: `The file is no OpenAPI Overlay of version 1.0 or 1.1, or one of its actions cannot be done: its target is no
JSONPath as RFC 9535 has it, its update does not fit what the target selects, or it speaks of an x-tenon- member that
does not exist. A name with characters other than letters, digits and _ is written ` + "`$.paths[\"/orders\"]`" + `.`,
	Bad:  overlayExample(`$.paths./orders.get`, "deprecated: true"),
	Good: overlayExample(`$.paths["/orders"].get`, "summary: All orders"),
}

// OverlayUnmatched is the rule for an action whose target is not in the document.
var OverlayUnmatched = &diag.Rule{
	Name: "overlay-unmatched", Severity: diag.Warning, Title: "Overlay action without effect",
	Explain: `The target of an action selects nothing in the document, so the action does nothing. The name is misspelt, or the
document has changed since the overlay was written and the action is no longer needed or no longer right. Actions are
applied one after the other, so an earlier one may have removed the target.`,
	Bad:  overlayExample(`$.paths["/order"].get`, "summary: All orders"),
	Good: overlayExample(`$.paths["/orders"].get`, "summary: All orders"),
}

// overlayExample is a project with an overlay of one action.
func overlayExample(target, update string) string {
	return `-- main.hcl --
api "shop" {
  spec     = "shop.yaml"
  overlays = ["shop.overlay.yaml"]
}

integration "orders" {
  step "all" { call = shop.listOrders }
  output "orders" { value = step.all.body }
}
-- shop.overlay.yaml --
overlay: 1.0.0
info: {title: Amendments, version: "1"}
actions:
  - target: '` + target + `'
    update: {` + update + `}
-- shop.yaml --
` + exampleSpec(`$ref: "#/components/schemas/Orders"`)
}

// Rules are the rules about documents.
var Rules = []*diag.Rule{Unreadable, Invalid, OverlayInvalid, OverlayUnmatched}

// exampleSpec is a document with one operation, whose answer has the given schema.
func exampleSpec(schema string) string {
	return `openapi: 3.0.3
info: {title: Shop, version: "1"}
servers: [{url: "https://shop.example.com"}]
paths:
  /orders:
    get:
      operationId: listOrders
      responses:
        "200":
          description: All orders.
          content:
            application/json:
              schema: {` + schema + `}
components:
  schemas:
    Orders:
      type: array
      items: {type: object, properties: {id: {type: string}}}
`
}
