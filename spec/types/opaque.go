package types

// Opaque is a constraint that has no normal form. Nothing is proven about it except that a type keeps
// it; it is checked on values at run time.
type Opaque struct {
	Why string // "oneOf that may overlap", "not", "if/then", …: for messages

	rule  rule
	types []*Type // what rule speaks of

	min, max int      // ruleContains: how many elements must match; max is -1 where there is no bound
	name     string   // ruleRequired, ruleWhen: the property it hangs on
	names    []string // ruleRequired: those needed with it

	schema *foreign // ruleForeign
}

// rule says how an Opaque constrains a value.
type rule uint8

const (
	ruleNot      rule = iota // the value is not in types[0]
	ruleOne                  // the value is in exactly one of types
	ruleAny                  // the value is in at least one of types
	ruleIf                   // in types[0]: then in types[1], else in types[2]
	ruleContains             // an array: between min and max elements are in types[0]
	ruleNames                // an object: the names of its members are in types[0]
	ruleRequired             // an object that has name has names too
	ruleWhen                 // an object that has name is in types[0]
	ruleForeign              // what only a JSON Schema validator knows how to check
)
