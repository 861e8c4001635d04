// Package check turns a project as its author wrote it into plans, and says everything that is wrong on
// the way: Decode reads the text by the vocabulary (syntax → model), Build resolves and types it
// against the APIs (model → plan). It reads no files and knows no network; documents are handed to it.
package check

// How Build works, and why so.
//
// An integration is typed in the order in which its steps can run, found from the references alone
// before any type is known (flow.go). So every reference has its type when it is met, aggregates and
// computed values included, without inference by fixpoint; a cycle is reported once and broken with the
// type of what is wrong, to which everything fits.
//
// What is checked of an answer at run time is decided last (guards.go), when every expression has been
// typed: expressions tell which parts of which names they read; iteration variables, items of pages
// and values that are only another name for a part of an answer are followed back to the answer. A
// substitute body in a catch has to be like the answer only in those parts, so it is typed after them.
//
// Order (order.go) is kept as sets of small numbers and reduced to the edges that say something; a plan
// is read by people.
//
// Findings: what is already wrong has the type types.Invalid, which fits everywhere and is silent.
// Expressions in a place that is itself wrong are typed all the same, against nothing, so that what is
// wrong inside them is told in the same run (loose). A name that was misspelt does not make what it
// means unused, nor a parameter missing.
//
// Files: names.go, typeexpr.go, schemas.go, mappings.go are what a project defines; apis.go, server.go,
// auth.go, operation.go the providers; integration.go, flow.go, order.go the shape of an integration;
// steps.go, loop.go, request.go, response.go, paginate.go, catch.go its parts; guards.go, unused.go what
// can be said only at the end. A new check is a file here and a rule in spec/lang.
