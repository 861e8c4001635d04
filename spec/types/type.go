// Package types is the algebra of JSON-shaped values that everything in Tenon is checked with: sets
// of values in one normal form, whether one set fits into another, and whether a value is in a set.
// It knows JSON Schema, but not OpenAPI, HCL or expressions.
package types

import (
	"sync"
	"sync/atomic"
)

// Kind is a set of kinds of value, as bits.
type Kind uint16

// The kinds. Integer and Fraction are disjoint and together make the JSON number: 2.0 is an Integer,
// as JSON Schema counts. Absent is "not there", as opposed to null.
const (
	Absent Kind = 1 << iota
	Null
	Boolean
	Integer
	Fraction
	String
	Array
	Object
	Time     // a Go time.Time; made by parse_time, now, …; written as RFC 3339
	Duration // a Go time.Duration
	Bytes    // a Go []byte
	Stream   // the items of a paginated step: read once, page by page
	File     // a *FileValue: content that is read when it is sent, and by nothing else

	Number  = Integer | Fraction
	Scalar  = Boolean | Number | String
	AnyJSON = Null | Boolean | Number | String | Array | Object
)

// Has reports whether k includes any of other.
func (k Kind) Has(other Kind) bool { return k&other != 0 }

// Type is a set of values. Types are immutable and safe for concurrent use; a type made from a schema
// is read from it only when it is looked at ([Type.Shape]), so recursive and huge schemas cost only
// what is used.
type Type struct {
	// Name is what people call the type: "stripe.schemas.Customer", "string"; "" where it has no name.
	Name string
	// Origin is where a document declares the type; the zero Origin for inferred types.
	Origin Origin

	shape atomic.Pointer[Shape]
	force func(*forcing) *Shape // makes the shape; nil when it is there from the start

	orAbsent atomic.Pointer[Type] // With(Absent), always the same: recursive types must come back to themselves
}

// Origin is a place in a specification: the document's name and a JSON Pointer (RFC 6901) in it.
type Origin struct {
	Document string `json:"document,omitempty"`
	Pointer  string `json:"pointer,omitempty"`
}

// Shape is the normal form of a Type: a union over kinds, and for each kind the alternatives of which
// a value of that kind satisfies at least one. No alternatives means that every value of the kind is in.
// Shapes are read-only.
type Shape struct {
	Kinds Kind

	Booleans []bool // nil: both
	Numbers  []*Numeric
	Strings  []*Text
	Arrays   []*List // also the items of a Stream
	Objects  []*Fields

	// Discriminator is the property that tells the alternatives in Objects apart, if the schema names one.
	Discriminator string

	// Opaque holds constraints that have no normal form (not, if/then, patterns that do not compile, …).
	// A value must satisfy all of them; they can only be checked at run time, never proven.
	Opaque []*Opaque

	// Untyped says that no schema speaks of this value at all ("any"): everything about it is unproven,
	// and that is worth a note, not a warning.
	Untyped bool
	// Invalid is the type of something already reported as wrong. Everything fits and nothing is reported.
	Invalid bool
}

// Numeric restricts numbers. Bounds are nil where there are none.
type Numeric struct {
	Enum                       []Num // nil: no enum
	Min, Max                   *Num
	ExclusiveMin, ExclusiveMax bool
	MultipleOf                 *Num
	Format                     string // int32, int64, float, double, decimal, …; int32 and int64 are also folded into Min and Max

	once  sync.Once
	quick quickRange
}

// Text restricts strings. Lengths count code points.
type Text struct {
	Enum     []string // nil: no enum
	Format   string
	Patterns []string // ECMA 262 expressions as written; all must match
	MinLen   int
	MaxLen   int // -1: unbounded

	once    sync.Once
	members map[string]struct{} // of a long Enum
	match   []matcher           // compiled Patterns
}

// List restricts arrays. Items at i < len(Prefix) are of Prefix[i], the rest of Items.
type List struct {
	Prefix []*Type
	Items  *Type // nil: anything, unstated
	MinLen int
	MaxLen int // -1: unbounded
	Unique bool
}

// Openness says what an object type holds about properties that it does not declare.
type Openness uint8

const (
	Unstated Openness = iota // the schema is silent: reading one is an error, sending one a warning
	Closed                   // additionalProperties: false
	Open                     // additionalProperties: true or a schema
)

// Fields restricts objects.
type Fields struct {
	Name       string // of the schema, for messages; may be ""
	Properties []*Property
	Openness   Openness
	Additional *Type // of undeclared properties, when Open; nil: anything
	Patterns   []PatternProperty
	MinCount   int
	MaxCount   int // -1: unbounded

	once     sync.Once
	index    map[string]*Property
	required int       // how many properties are required
	patterns []matcher // compiled Patterns
}

// Property is one declared property of an object. In an inferred object type, Type includes Absent
// where the property may be left out and Required is false then.
type Property struct {
	Name       string
	Type       *Type
	Required   bool
	ReadOnly   bool // declared readOnly (such a property is not sent in requests)
	WriteOnly  bool
	Deprecated bool
	Origin     Origin
}

// PatternProperty types properties whose names match Pattern.
type PatternProperty struct {
	Pattern string
	Type    *Type
}
