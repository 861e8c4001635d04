// Package checktest has the project by which the speed of the checker is measured, wherever it is
// measured: thirty steps in four integrations and two mappings, over two of the largest APIs there are.
package checktest

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

// Project is the text of a project: its HCL files and documents by their names in it.
type Project struct {
	Name  string // of the documents: "real" or "generated"
	Files map[string][]byte
}

//go:embed project
var project embed.FS

// Real is the project over GitHub's and Stripe's own documents, which read returns by the names
// github.json and stripe.json; false where it has them not.
func Real(read func(name string) ([]byte, error)) (Project, bool) {
	p := Project{Name: "real", Files: map[string][]byte{}}
	for _, name := range []string{"github.json", "stripe.json"} {
		src, err := read(name)
		if err != nil {
			return Project{}, false
		}
		p.Files["openapi/"+name] = src
	}
	dir, err := fs.Sub(project, "project")
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	names, _ := fs.Glob(dir, "*.hcl")
	for _, name := range names {
		p.Files[name], _ = fs.ReadFile(dir, name)
	}
	return p, true
}

// Generated is a project like Real over documents like its: one of many operations with much prose,
// one that takes forms and whose every schema leads to all others.
func Generated() Project {
	p := Project{Name: "generated", Files: map[string][]byte{
		"openapi/big.json":   Big(),
		"openapi/forms.json": forms(),
		"apis.hcl": []byte(`api "big" {
  spec = "openapi/big.json"
}

api "forms" {
  spec = "openapi/forms.json"
}

mapping "payment" {
  from = { id = string, thing = string }
  to   = object({ id = string, label = string, kind = string })
  value = {
    id    = id
    label = truncate(upper(thing), 50)
    kind  = lower(thing)
  }
}
`)}}
	for i := range 5 {
		var w bytes.Buffer
		fmt.Fprintf(&w, `integration "number%[1]d" {
  step "first" {
    call   = big.getThing%[1]d
    params = { id = "one" }
  }
  step "second" {
    call   = big.getThing%[1]d7
    params = { id = step.first.body.near[0].id }
  }
  step "list" {
    call   = forms.list%[1]d2
    params = { limit = 100, created = { gte = 1700000000 } }
    paginate {
      items = response.body.data
      next  = response.body.has_more ? { starting_after = last(response.body.data).id } : null
    }
  }
  for_each "item" {
    in    = step.list.items
    where = item.kind != "a"
    key   = item.id
    step "post" {
      call = forms.create%[1]d3
      body = {
        name     = truncate(coalesce(step.second.body.name, item.id), 50)
        kind     = match(item.kind, { b = "c", c = "a" })
        metadata = { source = step.first.body.name }
        address  = { line = "Main Street", tags = [item.id] }
      }
    }
    step "put" {
      call   = big.putThing%[1]d5
      params = { id = step.post.body.id }
      body   = { id = step.post.body.id, name = "From ${truncate(item.id, 20)}", field1 = item.kind }
    }
    step "value" {
      value = mapping::payment(item.id, must(step.second.body.next.next.name, "all have one"))
    }
    aggregate "labels" {
      count = step.value.value.label != "NONE"
    }
  }
  output "count" {
    value = for_each.item.succeeded
  }
}
`, i+1)
		p.Files[fmt.Sprintf("number%d.hcl", i+1)] = w.Bytes()
	}
	return p
}

// Big is a document of some 13 MB with the shape of the largest real ones: two thousand operations,
// two thousand schemas that refer to each other, and much prose.
func Big() []byte {
	const operations, schemas = 1000, 2000
	prose := strings.Repeat("What this is for, in more words than anybody reads. ", 40)
	var w bytes.Buffer
	fmt.Fprintf(&w, `{"openapi":"3.0.3","info":{"title":"Big","version":"1"},"servers":[{"url":"https://big.example.com"}],"paths":{`)
	for i := range operations {
		if i > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(&w, `"/things%[1]d/{id}":{"get":{"operationId":"getThing%[1]d","description":%[2]q,"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}],`+
			`"responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing%[1]d"}}}}}},`+
			`"put":{"operationId":"putThing%[1]d","description":%[2]q,"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}],`+
			`"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing%[1]d"}}}},`+
			`"responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing%[1]d"}}}}}}}`, i, prose)
	}
	w.WriteString(`},"components":{"schemas":{`)
	for i := range schemas {
		if i > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(&w, `"Thing%d":{"type":"object","description":%q,"required":["id","name"],"properties":{"id":{"type":"string"},"name":{"type":"string","maxLength":100}`, i, prose)
		for j := range 10 {
			fmt.Fprintf(&w, `,"field%d":{"type":"string","description":%q,"enum":["a","b","c"]}`, j, prose[:200])
		}
		fmt.Fprintf(&w, `,"next":{"$ref":"#/components/schemas/Thing%d"},"near":{"type":"array","items":{"$ref":"#/components/schemas/Thing%d"}}}}`, (i*7+1)%schemas, (i+1)%schemas)
	}
	w.WriteString(`}}}`)
	return w.Bytes()
}

// forms is a document of some 8 MB: objects that hold each other or only their ids, lists with cursors,
// forms with objects in them.
func forms() []byte {
	const objects = 700
	prose := strings.Repeat("What this is for, in more words than anybody reads. ", 8)
	var w bytes.Buffer
	w.WriteString(`{"openapi":"3.0.0","info":{"title":"Forms","version":"1"},"servers":[{"url":"https://forms.example.com"}],"paths":{`)
	for i := range objects {
		if i > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(&w, `"/v1/objects%[1]d":{"get":{"operationId":"list%[1]d","description":%[2]q,"parameters":[`+
			`{"name":"created","in":"query","style":"deepObject","explode":true,"schema":{"anyOf":[{"type":"object","properties":{"gt":{"type":"integer"},"gte":{"type":"integer"}}},{"type":"integer"}]}},`+
			`{"name":"limit","in":"query","schema":{"type":"integer"}},{"name":"starting_after","in":"query","schema":{"type":"string","maxLength":5000}}],`+
			`"responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"type":"object","required":["data","has_more"],"properties":{"data":{"type":"array","items":{"$ref":"#/components/schemas/object%[1]d"}},"has_more":{"type":"boolean"}}}}}},`+
			`"default":{"description":"error","content":{"application/json":{"schema":{"$ref":"#/components/schemas/object%[1]d"}}}}}},`+
			`"post":{"operationId":"create%[1]d","description":%[2]q,"requestBody":{"content":{"application/x-www-form-urlencoded":{"encoding":{"address":{"style":"deepObject","explode":true},"metadata":{"style":"deepObject","explode":true}},"schema":{"type":"object","properties":{`+
			`"name":{"type":"string","maxLength":500},"kind":{"type":"string","enum":["a","b","c"]},"metadata":{"type":"object","additionalProperties":{"type":"string"}},`+
			`"address":{"type":"object","properties":{"line":{"type":"string","maxLength":5000},"tags":{"type":"array","items":{"type":"string"}}}}`, i, prose)
		for j := range 12 {
			fmt.Fprintf(&w, `,"option%d":{"description":%q,"anyOf":[{"type":"object","properties":{"on":{"type":"boolean"},"text":{"type":"string","maxLength":5000}}},{"type":"string","enum":[""]}]}`, j, prose[:150])
		}
		fmt.Fprintf(&w, `}}}}},"responses":{"200":{"description":"ok","content":{"application/json":{"schema":{"$ref":"#/components/schemas/object%d"}}}}}}}`, i)
	}
	w.WriteString(`},"components":{"schemas":{`)
	for i := range objects {
		if i > 0 {
			w.WriteByte(',')
		}
		fmt.Fprintf(&w, `"object%d":{"type":"object","description":%q,"required":["id","kind"],"properties":{"id":{"type":"string","maxLength":5000},"kind":{"type":"string","enum":["a","b","c"]}`, i, prose)
		for j := range 14 {
			to := (i*(j+3) + j*37 + 1) % objects
			fmt.Fprintf(&w, `,"other%d":{"description":%q,"nullable":true,"anyOf":[{"type":"string","maxLength":5000},{"$ref":"#/components/schemas/object%d"}],"x-expansionResources":{"oneOf":[{"$ref":"#/components/schemas/object%d"}]}}`, j, prose[:150], to, to)
		}
		w.WriteString(`}}`)
	}
	w.WriteString(`}}}`)
	return w.Bytes()
}
