package openapi

import (
	"sort"
	"strings"

	"tenon/spec/types"
)

// Webhook is a request that the provider sends (OpenAPI 3.1 §4.8.1, webhooks; x-webhooks before).
type Webhook struct {
	Name   string
	Method string // in capitals
	Body   *RequestBody
	Origin types.Origin
}

// WebhookNames lists the webhooks that the document declares, sorted.
func (d *Document) WebhookNames() []string {
	var names []string
	for _, section := range d.webhookSections() {
		section.object().each(func(name string, _ node) { names = append(names, name) })
	}
	sort.Strings(names)
	return names
}

func (d *Document) webhookSections() []node {
	return []node{d.root.get("webhooks"), d.root.get("x-webhooks")}
}

// Webhook returns what the provider sends under a name. Its body is typed as something received, like an
// answer. It is nil, false where there is none.
func (d *Document) Webhook(name string) (*Webhook, bool) {
	for _, section := range d.webhookSections() {
		item, ok := followed(section.object().get(name))
		if !ok {
			continue
		}
		for _, method := range []string{"post", "put", "patch", "get", "delete"} {
			op, ok := followed(item.get(method))
			if !ok {
				continue
			}
			w := &Webhook{Name: name, Method: strings.ToUpper(method), Origin: op.n.origin()}
			if b, ok := followed(op.get("requestBody")); ok {
				w.Body = &RequestBody{
					Description: b.get("description").string(),
					Required:    b.get("required").bool(),
					Content:     d.content(b.get("content"), types.Response),
					Origin:      b.n.origin(),
				}
			}
			return w, true
		}
	}
	return nil, false
}

// followed reads an object that may not be there.
func followed(n node) (fields, bool) {
	if !n.given() {
		return fields{}, false
	}
	return n.follow()
}
