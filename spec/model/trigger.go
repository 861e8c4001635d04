package model

import (
	"time"

	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Trigger is what starts runs of an integration by itself. Name is its second label.
type Trigger struct {
	Decl
	Kind string // schedule, webhook, completion, operation; "" where the first label is none of them

	Cron     Lit[string]
	Every    Lit[time.Duration]
	Timezone Lit[string]
	CatchUp  Lit[string] // latest, all, none
	Jitter   Lit[time.Duration]

	Path      Lit[string]
	Body      *syntax.Expr // a type
	Webhook   *WebhookRef
	Key       *syntax.Expr
	Verify    *Verify
	Challenge *Challenge

	Integration *IntegrationRef
	On          Lit[string] // succeeded, failed, any

	Operation *CallRef
	Timeout   Lit[time.Duration]
	Cache     Lit[time.Duration]
	Auths     []*Auth
	Limits    []*Limit
	Responds  []*Respond

	When   *syntax.Expr
	Inputs *syntax.Expr
}

// Respond is one way to answer the request that a run was for.
type Respond struct {
	Decl
	On            Lit[string] // succeeded, failed; "": written, but neither
	When          *syntax.Expr
	Status        Lit[int]
	Headers, Body *syntax.Expr
	ContentType   Lit[string]
}

// WebhookRef names a webhook of a spec: github.webhooks["issues-opened"]. Range is the whole expression.
type WebhookRef struct {
	API       string
	APIRange  source.Range
	Name      string
	NameRange source.Range
	Quoted    bool // written in brackets: NameRange includes quotes
	Range     source.Range
}

// IntegrationRef names an integration: integration.NAME.
type IntegrationRef struct {
	Name      string
	NameRange source.Range
	Range     source.Range
}

// Verify is how a webhook's sender proves itself. Its Decl.Name is the method.
type Verify struct {
	Decl
	Attrs                               []*Attr // secret, username, password, token, in source order
	Header, Algorithm, Encoding, Prefix Lit[string]
	Timestamp                           Lit[string]
	Tolerance                           Lit[time.Duration]
}

// Challenge answers a provider's question whether the path is the author's.
type Challenge struct {
	Decl
	Query      Lit[string]
	TokenQuery Lit[string]
	Token      *syntax.Expr
}
