// Package lang is Tenon's vocabulary: one declaration per block, attribute and rule. The decoder,
// lint, explain, completion and the generated reference all read these declarations; none of them
// has a list of its own.
package lang

import "slices"

// Kind is the form in which an attribute is written.
type Kind uint8

const (
	Expression  Kind = iota // computed while running
	Type                    // string, list(integer), shop.schemas.Order, …
	Types                   // an object of names and types
	Text                    // a literal string
	Texts                   // a list of literal strings
	Whole                   // a literal whole number, at least Attr.Min
	Boolean                 // true or false
	Duration                // a literal string: "250ms", "30s", "15m", "1h30m", "90d"
	Choice                  // a literal string, one of Attr.Choices
	Rate                    // a literal string: "100/1s"
	Call                    // an operation: shop.listOrders, shop["GET /orders"]
	References              // a list of items: [step.orders, for_each.order]
	Statuses                // a list of HTTP statuses: [404]
	Failures                // a list of network, timeout, statuses (429) and classes ("5xx")
	Integration             // integration.NAME
	Files                   // a list of names of files
	Params                  // an object of parameters and types
	Webhook                 // a webhook of a spec: github.webhooks["issues-opened"]
	Window                  // a literal duration, or "forever"
	Status                  // an HTTP status: 404
	Instant                 // a literal string: "2026-02-03T00:00:00Z"
	Answers                 // a list of objects of the attributes of [MockAnswer]
)

// Phrase says what is written, with an article.
func (k Kind) Phrase() string {
	return [...]string{
		"an expression", "a type", "an object of names and types", "a string", "a list of strings", "a whole number",
		"true or false", `a duration such as "30s"`, "a string", `a rate such as "100/1s"`,
		"an operation such as shop.listOrders", "a list such as [step.orders]", "a list of HTTP statuses such as [404]",
		`a list of "network", "timeout", statuses and classes such as [429, "5xx"]`,
		"an integration such as integration.invoices", `a list of files such as ["overlays/shop.yaml"]`, "an object of parameters and types such as { id = string }",
		`a webhook of a spec such as github.webhooks["issues-opened"]`,
		`a duration such as "90d", or "forever"`,
		"an HTTP status such as 404", `a time such as "2026-02-03T00:00:00Z"`, "a list of answers such as [{ status = 503 }, { status = 200 }]",
	}[k]
}

// Attr declares one attribute of a block.
type Attr struct {
	Name     string
	Kind     Kind
	Required bool
	Unless   string   // a block in whose presence the attribute is not required after all
	Default  string   // as an author would write it; "" if there is none
	Choices  []string // of a Choice
	Min      int      // of a Whole
	Needs    string   // another attribute without which this one means nothing
	Only     []string // first labels of the block with which the attribute means something; nil: all
	Sees     []string // names that only this expression can use
	Doc      string   // Markdown, full sentences
}

// LabelKind is what a label may be.
type LabelKind uint8

const (
	Name    LabelKind = iota // letters, digits and _, so that expressions can refer to it
	AnyText                  // anything but nothing
	Failure                  // what a catch catches
	Chosen                   // one of Label.Choices
)

// Label declares one label of a block.
type Label struct {
	Name string
	Kind LabelKind
	// Root says that expressions use the label as a name of its own, so that it may not be one of [Reserved].
	Root bool
	// Many says that the label may be repeated. Only the last label of a block can.
	Many    bool
	Choices []string // of a Chosen label
	Doc     string
}

// Block declares one type of block. Blocks of one type are the same wherever they stand.
type Block struct {
	Name   string
	Labels []*Label
	Attrs  []*Attr
	Blocks []*Block // that may stand inside
	Once   bool     // at most one in its parent
	Needs  string   // an attribute without which the block means nothing, where the parent takes it
	// Unique is the block type within which no two blocks of this type may have the same name (their first
	// label that is not [Chosen]): "file" for the whole project, [Parent] for the block around; "" where names may repeat.
	Unique string
	// ExactlyOne names attributes of which exactly one must be written.
	ExactlyOne []string
	// AtLeastOne names attributes of which at least one must be written.
	AtLeastOne []string
	Doc        string // Markdown, full sentences; the first one is the summary
	Example    string // a project: a txtar archive or one main.hcl, in which nothing is found
}

// Parent, as [Block.Unique], is the block around, of whatever type.
const Parent = "parent"

// NameLabel returns the index of the label that names the block: the first that is not [Chosen], else 0.
func (b *Block) NameLabel() int {
	for i, l := range b.Labels {
		if l.Kind != Chosen {
			return i
		}
	}
	return 0
}

// Attr returns the attribute called name, or nil.
func (b *Block) Attr(name string) *Attr {
	for _, a := range b.Attrs {
		if a.Name == name {
			return a
		}
	}
	return nil
}

// Block returns the block type called name that may stand in b, or nil.
func (b *Block) Block(name string) *Block {
	for _, x := range b.Blocks {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// AttrNames returns the names of b's attributes, in declared order.
func (b *Block) AttrNames() []string {
	out := make([]string, len(b.Attrs))
	for i, a := range b.Attrs {
		out[i] = a.Name
	}
	return out
}

// AttrsOf returns the names of the attributes that a block with this first label takes.
func (b *Block) AttrsOf(label string) []string {
	var out []string
	for _, a := range b.Attrs {
		if a.Only == nil || slices.Contains(a.Only, label) {
			out = append(out, a.Name)
		}
	}
	return out
}

// BlockNames returns the types of the blocks that may stand in b, in declared order.
func (b *Block) BlockNames() []string {
	out := make([]string, len(b.Blocks))
	for i, x := range b.Blocks {
		out[i] = x.Name
	}
	return out
}

// Reserved are the names that mean something everywhere: nothing that is used as a name of its own
// (an api, an input, an iteration variable, an input of a mapping) may be called so.
var Reserved = []string{
	"var", "secret", "input", "state", "step", "for_each", "switch", "integration", "mapping", "schema", "trigger",
	"response", "error", "calls",
}

// Later are words of the language that this version does not have, by the block that they will stand in.
var Later = map[string][]string{}

// LaterChoices are choices of the language that this version does not have, by the attribute.
var LaterChoices = map[string][]string{}

// Synonyms are words that authors bring along from elsewhere, and what is called so here.
var Synonyms = map[string][]string{
	"provider": {"api"}, "resource": {"step"}, "action": {"step"}, "task": {"step"}, "workflow": {"integration"}, "flow": {"integration"},
	"local": {"variable"}, "locals": {"variable"}, "func": {"mapping"}, "function": {"mapping"}, "transform": {"mapping"},
	"loop": {"for_each"}, "foreach": {"for_each"}, "if": {"when"}, "condition": {"when", "assert"}, "else": {"default"},
	"query": {"params"}, "args": {"params"}, "arguments": {"params"}, "parameters": {"params"}, "path_params": {"params"},
	"payload": {"body"}, "data": {"body"}, "json": {"body"}, "operation": {"call"}, "endpoint": {"call", "server"},
	"url": {"server"}, "base_url": {"server"}, "host": {"server"}, "openapi": {"spec"}, "schema": {"type"},
	"filter": {"where"}, "items": {"in"}, "collection": {"in"}, "parallelism": {"concurrency"}, "max_concurrency": {"concurrency"},
	"result": {"output"}, "return": {"output"}, "rescue": {"catch"}, "on_error": {"on_failure", "catch"}, "expect": {"check"},
	"api_key": {"value"}, "key": {"value"}, "user": {"username"}, "bearer": {"token"}, "from_env": {"env"},
	"max_attempts": {"attempts"}, "retries": {"attempts", "retry"}, "delay": {"initial"}, "max_delay": {"max"},
}
