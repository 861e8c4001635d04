// Package model is a project as its author wrote it: plain data with ranges. Shapes are right (a
// duration is a duration, a step has one kind), but nothing is resolved or typed: that is
// spec/check's part. What was wrong in the text is absent here,
// even where the vocabulary requires it, and has been reported.
package model

import (
	"time"

	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Project is all files of a directory, their blocks in the order of the files' names and in source order.
type Project struct {
	Files        source.Set
	Syntax       []*syntax.File
	APIs         []*API
	Schemas      []*Schema
	Variables    []*Variable
	Secrets      []*Secret
	Mappings     []*Mapping
	Integrations []*Integration
	Tests        []*Test
}

// Lit is a literal attribute. Where the author did not write it, or not in a form that can be read,
// Set is false, Range is zero, and Value is the default that spec/lang declares, if any.
type Lit[T any] struct {
	Value T
	Range source.Range // of the value
	Set   bool
}

// Decl is what every block has. Name is its first label; "" for blocks without labels.
type Decl struct {
	Name      string
	NameRange source.Range // of the first label with its quotes; of the block's type where there is none
	Range     source.Range // the whole block
	Header    source.Range // type and labels
	OpenBrace source.Range // where findings about something missing stand
}

// API is a provider.
type API struct {
	Decl
	Spec     Lit[string] // path in the project, slash-separated
	Overlays Lit[[]Lit[string]]
	Server   *syntax.Expr
	Headers  *syntax.Expr
	Timeout  Lit[time.Duration]
	Validate Lit[string] // strict, warn
	// OnUnknown, "stop" or not set, accepts writes whose outcome may stay unknown.
	OnUnknown   Lit[string]
	Auths       []*Auth
	TLS         *TLS
	Limits      []*Limit
	Idempotency *Idempotency // may be nil
	Retry       *Retry
	// Operations are declared in place. Without a Spec they are all that the API has.
	Operations []*Operation
}

// Operation is one that an api block declares itself.
type Operation struct {
	Decl
	Request      Lit[string]  // "GET /rates/{currency}"
	Params       *syntax.Expr // an object of types; may be nil
	Body         *syntax.Expr // types; nil where there is none
	Response     *syntax.Expr
	ContentType  Lit[string] // of Body
	ResponseType Lit[string] // the media type of Response
	Description  Lit[string]
}

// Auth is one credential. Name is a security scheme of the spec, or any name when Type is set.
type Auth struct {
	Decl
	Type  Lit[string] // not set: the spec says
	In    Lit[string] // header, query, cookie; with type = "api_key"
	Param Lit[string] // the attribute `name`: of the header, parameter or cookie; with type = "api_key"
	Attrs []*Attr     // expressions, in source order
	// What follows is by name in Literals, too, so that what the type does not take can be told.
	Grant, ClientAuth                        Lit[string]
	Scopes                                   []Lit[string]
	Algorithm, Encoding, KeyEncoding, Timing Lit[string] // Timing is the attribute `timestamp`
	Literals                                 []*Literal  // in source order
}

// Literal is the place of an attribute whose value is a literal.
type Literal struct {
	Name             string
	NameRange, Range source.Range
}

// Attr returns the expression of an attribute, or nil.
func (a *Auth) Attr(name string) *Attr {
	for _, x := range a.Attrs {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// Literal returns where an attribute with a literal is written, or nil.
func (a *Auth) Literal(name string) *Literal {
	for _, x := range a.Literals {
		if x.Name == name {
			return x
		}
	}
	return nil
}

// TLS secures the connections to an API. Each part may be nil.
type TLS struct {
	Decl
	CA, Cert, Key *syntax.Expr
}

// Attr is a named expression.
type Attr struct {
	Name      string
	NameRange source.Range
	Value     *syntax.Expr
}

// Limit bounds how an API is called.
type Limit struct {
	Decl
	Rate        Lit[Rate]
	Burst       Lit[int]
	Concurrency Lit[int]
}

// Idempotency says in which header an API takes keys.
type Idempotency struct {
	Decl
	Header Lit[string]
}

// Rate is a number of requests in a time: "100/1s".
type Rate struct {
	Count int
	Per   time.Duration
}

// Retry says when a failed attempt is followed by another. What is not set keeps its default; a
// step's Retry is laid over its API's, attribute by attribute.
type Retry struct {
	Decl
	Attempts Lit[int]
	Backoff  Lit[string] // exponential, linear, constant
	Initial  Lit[time.Duration]
	Max      Lit[time.Duration]
	On       Lit[[]string] // network, timeout, "429", "5xx"
}

// Schema is a JSON Schema file or a type.
type Schema struct {
	Decl
	File Lit[string]  // exactly one of
	Type *syntax.Expr // these is set
}

// Variable is a setting of the project.
type Variable struct {
	Decl
	Type        *syntax.Expr
	Default     *syntax.Expr // may be nil
	Description Lit[string]
}

// Secret says where a secret comes from. Exactly one of its sources is set.
type Secret struct {
	Decl
	Env     Lit[string]
	File    Lit[string]
	Command Lit[[]string]
}

// Mapping is a typed function of the author's.
type Mapping struct {
	Decl
	From  []Param
	To    *syntax.Expr // a type; nil: whatever Value is
	Value *syntax.Expr
}

// Param is one input of a mapping.
type Param struct {
	Name      string
	NameRange source.Range
	Type      *syntax.Expr
}

// Integration is something that can be run.
type Integration struct {
	Decl
	Description Lit[string]
	Timeout     Lit[time.Duration]
	Overlap     Lit[string]  // skip, queue, parallel, or not set
	Lock        *syntax.Expr // may be nil
	States      []*State
	Inputs      []*Input
	Body        *Block
	Outputs     []*Output
	OnFailure   *OnFailure // may be nil
	Triggers    []*Trigger
}

// OnFailure is what runs when the integration fails.
type OnFailure struct {
	Decl
	Body *Block
}

// Input is a value that an integration is given.
type Input struct {
	Decl
	Type        *syntax.Expr
	Default     *syntax.Expr // may be nil
	Description Lit[string]
}

// State is a value that is kept from run to run.
type State struct {
	Decl
	Type    *syntax.Expr
	Initial *syntax.Expr
	Next    *syntax.Expr
}

// Output is one member of an integration's result.
type Output struct {
	Decl
	Value *syntax.Expr
}
