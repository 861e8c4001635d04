package expression

import (
	"slices"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/types"
)

// Expr is a checked expression: immutable, self-contained and JSON-able.
type Expr struct {
	// Type is what was inferred; nil after decoding from JSON.
	Type *types.Type
	// Source is the author's text on one line, for readers.
	Source string
	Range  source.Range
	// Secret says that a secret is read to compute the value.
	Secret bool
	// Tainted says that the value is itself secret: one was read and not revealed. Trail says how a name
	// from outside brought it here. Both are lost in JSON.
	Tainted bool
	Trail   []diag.Related
	// Uses lists which parts of which names from outside are read.
	Uses []Use
	// Guard is what must be checked of the value at run time; nil when all is proven, and after decoding
	// from JSON: the plan keeps it where it is checked.
	Guard *types.Type
	// Needs lists what must be there for the value, as it is written: it may be absent or null, and the expression fails then.
	Needs []string
	// Fields tells for each leaf of an object constructor where it comes from and whether it is proven.
	Fields []Field

	code     *code
	files    []string // that places in code refer to
	value    any
	constant bool
	path     *Use
}

// Use is one part of a name that an expression reads: Key as in the run-time environment, and the
// longest path that is known before running; "[]" is every element. All below the path counts as read,
// unless Shallow says that only what kind of value stands there matters, as to len or == null.
type Use struct {
	Key     string   `json:"key"`
	Path    []string `json:"path,omitempty"`
	Shallow bool     `json:"shallow,omitempty"`
	// Carried says that the value is only passed to a place that takes files, where it need not be in memory.
	Carried bool `json:"carried,omitempty"`
}

// Field is one leaf of an object constructor.
type Field struct {
	Path   []string     `json:"path"`
	Source string       `json:"source"`
	Range  source.Range `json:"range"`
	Proven bool         `json:"proven"`
	Needs  []string     `json:"needs,omitempty"` // as [Expr].Needs
	// Secret says that it is computed from a secret, revealed or not.
	Secret bool `json:"secret,omitempty"`
}

// Files names the author's files that the expression is made of: its own, and those of the mappings it calls.
func (e *Expr) Files() []string { return slices.Clone(e.files) }
