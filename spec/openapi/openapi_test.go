package openapi

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tenon/spec/source"
	"tenon/spec/types"
)

func load(t testing.TB, name string) *Document {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Load(name, src, Options{Name: "shop", ReadFile: func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join("testdata", filepath.FromSlash(name)))
	}})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func loadText(t testing.TB, name, text string) *Document {
	t.Helper()
	d, err := Load(name, []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// outline writes what a client needs to know of an operation, a line for each part.
func outline(o *Operation) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s\n", o.ID, o.Method, o.Path)
	if o.Deprecated {
		fmt.Fprintf(&b, "deprecated\n")
	}
	for _, p := range o.Parameters {
		fmt.Fprintf(&b, "%s %s %s", p.In, p.Name, p.Style)
		flag(&b, p.Explode, "explode")
		flag(&b, p.Required, "required")
		flag(&b, p.Deprecated, "deprecated")
		flag(&b, p.ContentType != "", "as "+p.ContentType)
		fmt.Fprintf(&b, ": %s\n", p.Type)
	}
	if o.Body != nil {
		fmt.Fprintf(&b, "body")
		flag(&b, o.Body.Required, "required")
		fmt.Fprintln(&b)
		contents(&b, o.Body.Content)
	}
	for _, r := range o.Responses {
		fmt.Fprintf(&b, "%s %s\n", r.Status, r.Description)
		for _, h := range r.Headers {
			fmt.Fprintf(&b, "  header %s", h.Name)
			flag(&b, h.Required, "required")
			fmt.Fprintf(&b, ": %s\n", h.Type)
		}
		contents(&b, r.Content)
	}
	if o.Security != nil {
		fmt.Fprintf(&b, "security %v\n", o.Security)
	}
	for _, s := range o.Servers {
		fmt.Fprintf(&b, "server %s\n", s.URL)
	}
	return b.String()
}

func flag(b *strings.Builder, set bool, text string) {
	if set {
		b.WriteString(" " + text)
	}
}

func contents(b *strings.Builder, content []*MediaType) {
	for _, m := range content {
		fmt.Fprintf(b, "  %s: %s", m.Name, m.Type)
		flag(b, m.Type.May(types.Bytes) && m.Type.May(types.String), "or bytes")
		fmt.Fprintln(b)
		var names []string
		for name := range m.Encoding {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			e := m.Encoding[name]
			fmt.Fprintf(b, "    %s {ContentType:%s Style:%s Explode:%t AllowReserved:%t}\n", name, e.ContentType, e.Style, e.Explode, e.AllowReserved)
		}
	}
}

func defects(d *Document) []string {
	var out []string
	for _, x := range d.Defects() {
		out = append(out, placed(d, d.Locate(x.Origin))+" "+x.Message)
	}
	slices.SortFunc(out, func(a, b string) int { return strings.Compare(a, b) })
	return out
}

// placed writes a range as file:line:column and the text it covers.
func placed(d *Document, r source.Range) string {
	f := d.Files()[r.File]
	if f == nil {
		return "nowhere"
	}
	p := f.Position(r.Start)
	return fmt.Sprintf("%s:%d:%d [%s]", r.File, p.Line, p.Column, f.Text(r))
}

func TestOperations(t *testing.T) {
	for _, test := range []struct{ file, op, want string }{
		{"shop-30.yaml", "listOrders", `
listOrders GET /orders
header tenant simple required: string
query page form explode deprecated: string
query page[size] form explode: integer up to 100
query status pipeDelimited: list of string
query filter deepObject explode: object with since
query where form explode as application/json: object
query sort form: list of string
cookie seen form explode: string
200 Orders
  header x-page: string
  header X-Total required: integer
  application/json; charset=utf-8: list of Order
4XX Wrong
  application/problem+json: object with title
default anything
security [[{key []}]]
`},
		{"shop-30.yaml", "POST /orders", `
createOrder POST /orders
deprecated
header tenant simple required: string
query page form explode: integer
body required
  application/json: Order
201 Made
  application/json: Order
security []
server https://write.shop.example.com
`},
		{"shop-30.yaml", "orders/put-file", `
orders/put-file PUT /orders/{id}/files/{name}.{ext}
path id matrix required: integer
path name simple required: string
path ext simple required: string
body
  multipart/form-data: object with file, meta
    file {ContentType:image/png, image/jpeg Style: Explode:false AllowReserved:false}
    meta {ContentType:application/json Style: Explode:false AllowReserved:false}
  application/x-www-form-urlencoded: object
    expand {ContentType: Style:deepObject Explode:true AllowReserved:false}
    tags {ContentType: Style:form Explode:false AllowReserved:false}
  application/octet-stream: string or bytes
  text/plain: string
204 Stored
security [[{key []} {oauth [write]}] []]
server https://files.shop.example.com
`},
		{"shop-20.json", "listOrders", `
listOrders GET /orders
header tenant simple: string
query status form explode: list of "open" | "closed"
query ids form: list of integer
query tags pipeDelimited: list of string
query words spaceDelimited: list of string
query cells form: list of string
query limit form required: integer up to 100
200 Orders
  header X-Total: integer
  application/json: list of Order
  text/csv: list of Order
404 Gone
security [[{key []}] [{oauth [read]}]]
`},
		{"shop-20.json", "createOrder", `
createOrder POST /orders
header tenant simple: string
body required
  application/json: Order
  application/xml: Order
201 Made
security []
server http://shop.example.com/v0
`},
		{"shop-20.json", "get /orders/{id}/file", `
 GET /orders/{id}/file
path id simple required: string
200 The file
  application/pdf: bytes
security [[{key []}] [{oauth [read]}]]
`},
		{"shop-20.json", "putFile", `
putFile PUT /orders/{id}/file
path id simple required: string
body required
  multipart/form-data: object with file, labels
    labels {ContentType: Style:form Explode:true AllowReserved:false}
204 Stored
security [[{key []}] [{oauth [read]}]]
`},
		{"shop-20.json", "renameFile", `
renameFile PATCH /orders/{id}/file
path id simple required: string
body
  application/x-www-form-urlencoded: object with title
204 Renamed
security [[{key []}] [{oauth [read]}]]
`},
		{"shop-31.yaml", "createOrder", `
createOrder POST /orders
body
  application/json: Order
  image/png: string or bytes
201 Made
  application/json: Order
400 Wrong
  application/json: Problem
`},
		{"shop-32.json", "searchOrders", `
searchOrders QUERY /orders
body
  application/json: object
200 Found
`},
		{"shop-32.json", "COPY /orders", `
copyOrders COPY /orders
204 Copied
`},
		{"multi/openapi.yaml", "listOrders", `
listOrders GET /orders
header tenant simple: string
200 Orders
  application/json: list of order
`},
		{"multi/openapi.yaml", "getOrder", `
getOrder GET /orders/{id}
path id simple required: string
200 Order
  application/json: Order
400 Wrong
  application/json: any value
`},
	} {
		d := load(t, test.file)
		op, err := d.Operation(test.op)
		if err != nil {
			t.Errorf("%s: %v", test.file, err)
			continue
		}
		if diff := cmp.Diff(strings.TrimPrefix(test.want, "\n"), outline(op)); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", test.file, test.op, diff)
		}
		if again, _ := d.Operation(op.Name().Key()); again != op {
			t.Errorf("%s %s: decoded twice", test.file, test.op)
		}
	}
}

func TestDocument(t *testing.T) {
	for _, test := range []struct{ file, want string }{
		{"shop-30.yaml", `3.0.3 "Shop"
operations: listOrders, createOrder, orders/put-file
schemas: Order, Orders
server https://{region}.shop.example.com/v1 [{Name:region Default:eu Enum:[eu us] Description:}]
server /v1 []
key api_key header X-Key
x-key api_key query key
basic basic
bearer bearer
digest digest
hoba http hoba
sso openid https://id.example.com/.well-known/openid-configuration
cert mutual_tls
oauth oauth2 client_credentials https://id.example.com/token map[write:Change orders] authorization_code https://id.example.com/token map[]
`},
		{"shop-20.json", `2.0 "Old shop"
operations: listOrders, createOrder, GET /orders/{id}/file, putFile, renameFile
schemas: Order
server https://shop.example.com/v0 []
server http://shop.example.com/v0 []
key api_key query api_key
login basic
oauth oauth2 authorization_code https://id.example.com/token map[read:Read orders]
`},
		{"multi/openapi.yaml", `3.0.3 "Many files"
operations: listOrders, getOrder
schemas: Order
server https://shop.example.com []
`},
	} {
		d := load(t, test.file)
		var b strings.Builder
		fmt.Fprintf(&b, "%s %q\n", d.Version, d.Title)
		var names []string
		for _, n := range d.Operations() {
			names = append(names, n.String())
		}
		fmt.Fprintf(&b, "operations: %s\n", strings.Join(names, ", "))
		fmt.Fprintf(&b, "schemas: %s\n", strings.Join(d.SchemaNames(), ", "))
		for _, s := range d.Servers() {
			fmt.Fprintf(&b, "server %s %+v\n", s.URL, s.Variables)
		}
		for _, s := range d.SecuritySchemes() {
			fmt.Fprintf(&b, "%s %s", s.Name, s.Type)
			flag(&b, s.In != "", s.In+" "+s.ParamName)
			flag(&b, s.OpenIDURL != "", s.OpenIDURL)
			for _, f := range s.Flows {
				fmt.Fprintf(&b, " %s %s %v", f.Grant, f.TokenURL, f.Scopes)
			}
			fmt.Fprintln(&b)
		}
		if diff := cmp.Diff(test.want, b.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.file, diff)
		}
	}
}

func TestOperationByName(t *testing.T) {
	d := load(t, "broken.yaml")
	for _, name := range []string{"fine", "GET /fine/{id}", "get  /fine/{id}", "noSlash", "GET /orders", "GET /same", "POST /same", "PUT /same", "PATCH /same"} {
		if _, err := d.Operation(name); err != nil {
			t.Errorf("Operation(%q): %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"same":         `2 operations have the operationId "same"; name one by its method and path: GET /same, POST /same`,
		"fime":         `no operation is called "fime"; did you mean "fine"?`,
		"":             `no operation is called ""`,
		"GET /ordres":  `no operation is called "GET /ordres"; did you mean "GET /orders"?`,
		"DELETE /same": "broken.yaml has no operation at DELETE /same",
	} {
		if _, err := d.Operation(name); err == nil || err.Error() != want {
			t.Errorf("Operation(%q): got %v, want %s", name, err, want)
		}
	}
	var unknown *UnknownOperation
	if _, err := d.Operation("fime"); !errors.As(err, &unknown) || unknown.Near != "fine" {
		t.Errorf("got %#v, want the nearest name", err)
	}
}

// A defect costs what it spoils and no more, and is told once, where it stands.
func TestDefects(t *testing.T) {
	d := load(t, "broken.yaml")
	d.Operations()
	d.SecuritySchemes()
	if got := defects(d); len(got) > 0 {
		t.Errorf("defects before anything was used: %v", got)
	}
	fine, err := d.Operation("fine")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := outline(fine), "fine GET /fine/{id}\npath id simple required: string\n200 Fine\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	broken, err := d.Operation("broken")
	if err != nil {
		t.Fatal(err)
	}
	want := `broken GET /broken/{id}/{other}
path id simple required: string
path other simple required: string
query nothing form explode: any value
query styled form explode required: string
query twice form explode: integer
200 
  application/json: any value
security [[{nokey []}]]
`
	if diff := cmp.Diff(want, outline(broken)); diff != "" {
		t.Errorf("broken (-want +got):\n%s", diff)
	}
	if _, err := d.Operation("noSlash"); err != nil {
		t.Error(err)
	}
	wantDefects := []string{
		`broken.yaml:16:10 [$ref] $ref "#/components/parameters/Ide" leads nowhere: there is no such place; did you mean "Id"?`,
		`broken.yaml:20:11 [{] its $ref leads in a circle`,
		`broken.yaml:21:11 [{] its $ref leads in a circle`,
		`broken.yaml:22:25 [in] "nowhere" is no place for a parameter that Tenon knows`,
		`broken.yaml:23:11 [{] has neither a schema nor content, so nothing is known about its value`,
		`broken.yaml:24:37 [style] the style of a query parameter must be one of form, spaceDelimited, pipeDelimited, deepObject, not "matrix"`,
		`broken.yaml:24:52 [required] must be a boolean, not a string`,
		`broken.yaml:26:11 [{] the query parameter "twice" is declared twice; the last one counts`,
		`broken.yaml:27:11 [{] the path "/broken/{id}/{other}" has no place for this parameter`,
		`broken.yaml:28:11 [7] must be an object, not a number`,
		`broken.yaml:29:7 [requestBody] must be an object, not a list`,
		`broken.yaml:30:19 [nokey] names the security scheme "nokey", which is not declared`,
		`broken.yaml:33:11 [description] must be a string, not a list`,
		`broken.yaml:36:15 [schema] a schema must be an object, not a list`,
		`broken.yaml:37:9 [OK] "OK" is no status: 200, 2XX or default`,
		`broken.yaml:51:5 [key] an apiKey scheme needs a name and in: header, query or cookie`,
		`broken.yaml:5:5 [get] the path names {id}, but no such path parameter is declared`,
		`broken.yaml:9:3 [orders] a path must start with a slash`,
	}
	if diff := cmp.Diff(wantDefects, defects(d)); diff != "" {
		t.Errorf("defects (-want +got):\n%s", diff)
	}
}

// A path item that cannot be read matters once an operation is missed.
func TestUnreadPaths(t *testing.T) {
	d := load(t, "multi/openapi.yaml")
	d.Operations()
	if got := defects(d); len(got) > 0 {
		t.Errorf("defects before anything was used: %v", got)
	}
	if _, err := d.Operation("missing"); err == nil {
		t.Error("an operation that is not there was found")
	}
	want := `multi/openapi.yaml:13:5 [$ref] $ref "paths/missing.yaml" leads nowhere: multi/paths/missing.yaml cannot be read: open testdata/multi/paths/missing.yaml: no such file or directory; so the operations of /missing are not known`
	if got := defects(d); len(got) != 1 || got[0] != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestServerExpand(t *testing.T) {
	s := load(t, "shop-30.yaml").Servers()[0]
	for _, test := range []struct {
		values    map[string]string
		url, fail string
	}{
		{nil, "https://eu.shop.example.com/v1", ""},
		{map[string]string{"region": "us"}, "https://us.shop.example.com/v1", ""},
		{map[string]string{"region": "mars"}, "", `the variable "region" of the server https://{region}.shop.example.com/v1 is "mars", but must be one of eu, us`},
		{map[string]string{"planet": "mars"}, "", `the server https://{region}.shop.example.com/v1 has no variable "planet"`},
	} {
		url, err := s.Expand(test.values)
		if test.fail != "" {
			if err == nil || err.Error() != test.fail {
				t.Errorf("Expand(%v): got error %v, want %s", test.values, err, test.fail)
			}
			continue
		}
		if err != nil || url != test.url {
			t.Errorf("Expand(%v) = %q, %v; want %q", test.values, url, err, test.url)
		}
	}
}

// Documents are shared between goroutines.
func TestConcurrentUse(t *testing.T) {
	d := load(t, "shop-30.yaml")
	m := load(t, "multi/openapi.yaml")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for _, d := range []*Document{d, m} {
				for _, n := range d.Operations() {
					op, err := d.Operation(n.Key())
					if err != nil {
						t.Error(err)
						return
					}
					newWalker(100).look(op, 5)
					d.Locate(op.Origin)
				}
				d.SecuritySchemes()
				d.Defects()
				d.Files()
			}
		})
	}
	all.Wait()
}
