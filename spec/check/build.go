package check

import (
	"sync"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/model"
	"tenon/spec/openapi"
	"tenon/spec/plan"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// Options are what Build is told besides the project.
type Options struct {
	Version string // of the tool, kept in the plans
	Lock    *Lock  // nil: nothing is pinned
}

// Result is what a project means. It is usable in parts even when there are errors.
type Result struct {
	Plans     map[string]*plan.Plan        // by integration; those with errors are not there
	Tests     []*plan.Test                 // in the order of their files' names and in source order; those with errors, or of an integration with errors, are not there
	Documents map[string]*openapi.Document // by api; those that are used and could be read, and empty ones for apis without a spec
	// Operations are those that api blocks declare themselves, by api. They are not in Documents.
	Operations map[string][]*openapi.Operation
	Files      source.Set // the author's, and the documents that findings point into
}

// Build resolves and types a project: every name, every operation, every expression against the
// schemas it meets. It returns a plan for each integration without errors, and all findings.
//
// Only the documents of apis that something refers to are read.
func Build(m *model.Project, specs Specs, o Options) (*Result, diag.List) {
	b := &builder{
		project:  m,
		specs:    specs,
		options:  o,
		trees:    map[source.Range]*expression.Tree{},
		objects:  map[source.Range][]syntax.Item{},
		apis:     map[string]*api{},
		schemas:  map[string]*schema{},
		mappings: map[string]*mapping{},
		used:     map[*model.Decl]bool{},
		places:   map[types.Origin]source.Range{},
		files:    source.Set{},
		given:    map[*model.Input]*plan.Input{},
		flows:    map[*model.Integration]*planned{},
		paths:    map[string]source.Range{},
		servedAt: map[string]source.Range{},
		routes:   map[string]source.Range{},
		kept:     map[string]*plan.File{},
		called:   map[*plan.Plan]called{},
	}
	for name, f := range m.Files {
		b.files[name] = f
	}
	b.declare()
	b.load()
	b.inline()
	b.defineGlobals()
	b.broken = b.diags.HasErrors()
	plans := map[string]*plan.Plan{}
	for _, in := range m.Integrations {
		if p := b.planOf(in).plan; p != nil {
			plans[in.Name] = p
		}
	}
	b.triggers(plans)
	b.reportUnused()
	tests := b.tests(plans)
	b.reportAPIs()
	b.reportSchemas()
	return &Result{Plans: plans, Tests: tests, Documents: b.documents(), Operations: b.declaredOperations(), Files: b.files}, b.diags
}

// planned is an integration on its way: plan is nil while it is being made, and where there are errors.
type planned struct {
	plan    *plan.Plan
	outputs *types.Type // what it gives out
	effects effects
	keeps   bool // it, or one that it runs, has state
	state   visit
}

// planOf plans an integration, once.
func (b *builder) planOf(m *model.Integration) *planned {
	p := b.flows[m]
	if p == nil {
		p = &planned{state: entered, outputs: types.Invalid}
		b.flows[m] = p
		b.integration(m, p)
		p.state = left
	}
	return p
}

// builder is the state of one Build.
type builder struct {
	flows   map[*model.Integration]*planned
	project *model.Project
	specs   Specs
	options Options
	diags   diag.List
	files   source.Set
	trees   map[source.Range]*expression.Tree
	objects map[source.Range][]syntax.Item // as written reads them

	apis     map[string]*api
	schemas  map[string]*schema
	mappings map[string]*mapping
	globals  *expression.Scope // var, mapping::…
	settings *expression.Scope // the same with secret
	signable *expression.Scope // with the request, too
	signed   *expression.Scope // with its signature, too
	vars     []*plan.Input

	broken bool // something outside of integrations has an error

	given map[*model.Input]*plan.Input // inputs, once they are typed
	paths map[string]source.Range      // of webhooks
	// servedAt are the paths of operations that are served, routes the same with their methods before them;
	// parameters in them are {}.
	servedAt, routes map[string]source.Range
	kept             map[string]*plan.File // texts of files that plans keep

	called map[*plan.Plan]called // by plans of which there are tests

	schemaDocs []schemaDoc
	places     map[types.Origin]source.Range // of what is declared in HCL as documents declare it

	used       map[*model.Decl]bool
	unresolved []string // names that were referred to but do not exist
}

// tree parses an expression once; what is wrong with its form is reported then.
func (b *builder) tree(e *syntax.Expr) *expression.Tree {
	if e == nil {
		return nil
	}
	if t, ok := b.trees[e.Range]; ok {
		return t
	}
	t, diags := expression.Parse(e)
	b.diags.Append(diags)
	b.trees[e.Range] = t
	return t
}

// locate turns a place in a specification into one that can be shown, and keeps its file.
func (b *builder) locate(o types.Origin) source.Range {
	if o == (types.Origin{}) {
		return source.Range{}
	}
	if at, ok := b.places[o]; ok {
		return at
	}
	docs := b.read()
	for _, doc := range docs { // of several that share a file, overlays may give it to one alone
		if doc.Has(o) {
			return b.locateIn(doc, o)
		}
	}
	for _, doc := range docs {
		if r := b.locateIn(doc, o); !r.IsZero() {
			return r
		}
	}
	return source.Range{}
}

// read lists the documents and schema files that were read, in the project's order.
func (b *builder) read() []*openapi.Document {
	var out []*openapi.Document
	for _, m := range b.project.APIs {
		if a := b.apis[m.Name]; a.model == m && a.doc != nil {
			out = append(out, a.doc)
		}
	}
	for _, s := range b.schemaDocs {
		out = append(out, s.Document)
	}
	return out
}

// locateIn is locate for the files of one document.
func (b *builder) locateIn(doc *openapi.Document, o types.Origin) source.Range {
	files := doc.Files()
	if files[o.Document] == nil {
		return source.Range{}
	}
	r := doc.Locate(o)
	b.files[r.File] = files[r.File]
	return r
}

// documents returns what was loaded.
func (b *builder) documents() map[string]*openapi.Document {
	out := map[string]*openapi.Document{}
	for name, a := range b.apis {
		if a.doc != nil {
			out[name] = a.doc
		}
	}
	return out
}

// declaredOperations returns what api blocks declare themselves.
func (b *builder) declaredOperations() map[string][]*openapi.Operation {
	out := map[string][]*openapi.Operation{}
	for name, a := range b.apis {
		if len(a.inline) > 0 {
			out[name] = a.inline
		}
	}
	return out
}

// load reads the documents of all apis that the project refers to, at the same time.
func (b *builder) load() {
	var wg sync.WaitGroup
	for _, name := range b.referredAPIs() {
		if a := b.apis[name]; a != nil && a.model.Spec.Set {
			wg.Go(func() { a.doc, a.err = b.specs.Document(a.model.Name, a.model.Spec.Value, OverlayNames(a.model)...) })
		}
	}
	wg.Wait()
	for _, a := range b.apis {
		if !a.model.Spec.Set && len(a.model.Operations) > 0 {
			a.loadBare()
		}
	}
	for _, a := range b.project.APIs {
		b.reportLoading(b.apis[a.Name])
	}
}
