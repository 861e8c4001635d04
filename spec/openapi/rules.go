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

// Rules are the rules about documents.
var Rules = []*diag.Rule{Unreadable, Invalid}

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
