package expression

import "tenon/spec/source"

// code is a checked and rewritten expression: what a plan holds and a program is compiled from. It
// says in few words what expr-lang's tree says in many: every name is resolved, every operation names
// the function that carries it out, and nothing is left to the meaning of expr-lang's own operators.
type code struct {
	op   string
	at   span
	name string  // of a variable or function
	val  any     // of a constant; what else an op needs to know
	args []*code // operands
}

// span is a place: an index into the list of files, and bytes.
type span struct{ file, start, end int }

// Operations. Loops take a list and bodies, which see the element as opItem.
const (
	opConst  = "const"  // val
	opLoad   = "load"   // name from the environment, and val, a path below it
	opVar    = "var"    // let name
	opGet    = "get"    // args[0], and val, a path below it
	opCall   = "call"   // the function called name
	opObject = "object" // val []field: how each of args becomes a property
	opList   = "list"
	opIf     = "if"
	opAnd    = "and"
	opOr     = "or"
	opNot    = "not"
	opLet    = "let" // name = args[0] in args[1]

	opMap           = "map"
	opFilter        = "filter" // list, condition[, value]
	opAll           = "all"
	opAny           = "any"
	opNone          = "none"
	opOne           = "one"
	opCount         = "count"
	opFindIndex     = "findIndex"
	opFindLastIndex = "findLastIndex"
	opReduce        = "reduce" // list, body[, initial]

	opItem  = "#"
	opIndex = "#index"
	opAcc   = "#acc"
)

// path leads into a value: names of properties (string) and places in lists (int, from the end when negative).
type path []any

// field says how one operand of an opObject becomes a property.
type field struct {
	key      string
	computed bool // the key is an operand of its own, before the value
	drop     drop
}

// drop says which values leave a property out.
type drop int

const (
	dropNothing drop = iota // an absent value fails
	dropAbsent
	dropNull // null too
)

// isBool reports whether running c always gives a bool.
func (c *code) isBool() bool {
	switch c.op {
	case opAnd, opOr, opNot, opAll, opAny, opNone, opOne:
		return true
	case opConst:
		_, ok := c.val.(bool)
		return ok
	case opCall:
		return primitives()[c.name].test
	case opIf, opLet:
		for _, a := range c.args[1:] {
			if !a.isBool() {
				return false
			}
		}
		return true
	}
	return false
}

func place(files []string, s span) source.Range {
	if s.file < 0 || s.file >= len(files) {
		return source.Range{}
	}
	return source.Range{File: files[s.file], Start: s.start, End: s.end}
}
