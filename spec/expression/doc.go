// Package expression turns what an author computes, in native HCL notation or inside expr("…"), into
// one syntax tree, types it against schemas and compiles it. It is the only importer of expr-lang.
package expression

// The way of an expression:
//
//	syntax.Expr ──Parse──▶ Tree ──Check──▶ Expr ──Compile──▶ Program ──Run──▶ value
//
// A Tree is expr-lang's syntax tree, whichever notation it was written in; HCL's forms that expr-lang
// has no node for are calls of names that no author can write (tree.go). Every location in it is a
// range of bytes in the author's file, inside expr texts, too (text.go).
//
// Check types the tree and rewrites it in one walk (infer.go, navigate.go, operators.go, call.go, loops.go).
// Where the place of a value wants a type, constructors, branches and loops are walked together with
// it, so that a finding stands at the property that causes it (want.go, construct.go); everything else
// is typed from the inside out and held against the want as a whole. What conditions tell is kept as
// facts about parts of names, a persistent list that branches extend (narrow.go).
//
// The result is code (code.go), not expr-lang's tree, because plans hold it: it is small, it is JSON
// (json.go), and no later version of expr-lang can change what it means. Compile makes expr-lang's tree
// of it again. Each operation becomes the call of a Go function that stands in the program as a
// constant, with a signature that the VM calls without reflection; the environment, as the VM sees it,
// is the run's frame, which accounts for turns, text and elements. So none of expr-lang's own operators
// and builtins is ever run but its loops and jumps: they treat absence, null, integers and decimals
// otherwise than Tenon does. A loop passes through frame.turn at every element, which bounds the time
// between two looks at Limits.Done.
//
// Rejected: expr-lang's checker (no unions, no optional fields, forgets object literals, stops at the
// first error); its patchers and operator overrides (they run before types are known); a tick in the
// VM's environment map (it would have to be written to, and the map is shared).
