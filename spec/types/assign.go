package types

import (
	"cmp"
	"slices"
)

// Verdict is what is known about a value of one type standing where another is expected.
type Verdict uint8

const (
	Proven   Verdict = iota // every value fits
	Unproven                // some may not; checked at run time
	Wrong                   // none fits, or a required part is missing
)

// Misfit names the way in which a value may not fit. Each maps to one lint rule.
type Misfit string

const (
	MisfitType        Misfit = "type-mismatch"
	MisfitAbsent      Misfit = "maybe-absent"
	MisfitNull        Misfit = "maybe-null"
	MisfitEnum        Misfit = "enum-value"
	MisfitFormat      Misfit = "format-mismatch"
	MisfitPattern     Misfit = "pattern-mismatch"
	MisfitRange       Misfit = "out-of-range" // also multipleOf
	MisfitLength      Misfit = "length"       // of strings, arrays and objects; uniqueItems
	MisfitMissing     Misfit = "missing-property"
	MisfitUnknown     Misfit = "unknown-property"
	MisfitReadOnly    Misfit = "read-only-property"
	MisfitVariant     Misfit = "variant-mismatch" // no or more than one alternative of a union of objects
	MisfitLossy       Misfit = "lossy-number"     // a fraction where an integer is expected
	MisfitUncheckable Misfit = "unproven"         // opaque constraint
)

// Problem is one reason why a value may not fit.
type Problem struct {
	Misfit  Misfit
	Verdict Verdict // Unproven or Wrong
	// Stated says that the source's own schema declares that this can happen (it is nullable, has that
	// enum member, that length): a warning. Otherwise the schemas merely do not rule it out: a note.
	Stated bool
	// Path leads from the assigned value to the part that does not fit: property names and, for
	// elements of arrays, "[]" or "[3]". Empty for the value itself.
	Path []string
	// From and To are the types of that part on both sides; From is nil for a missing property.
	From, To *Type
	// Reason is a clause in plain words, both sides named, without a full stop:
	// `may be "draft", which is not one of "open", "closed"`.
	Reason string
	// Near is the closest real name, for unknown and missing properties and enum members; may be "".
	Near string
}

// Assign tells why a value of from may not fit where to is expected; nil means that every value fits.
// Wrong problems come first, then those that are stated. At most 100 are told.
//
// Beyond set inclusion: a time fits a string of the format date-time or date, which is how it is
// written. A property that to does not require may be absent, and may be null even if its type is not
// nullable, since both are left out ([Conform]). A property that to does not declare is a problem
// unless to is explicitly open, though a value that has it is in to where the schema is silent.
// Wrong does not wait for what may be left out: where to wants strings, a list of integers is
// wrong, though empty it would do.
func Assign(from, to *Type) []Problem {
	a := newAssigner()
	if a.fit(from, to, 0) == Proven {
		return nil
	}
	var problems []Problem
	a.explain(from, to, 0, &report{problems: &problems})
	if len(problems) == 0 {
		// Only the budget can be spent between the two passes.
		problems = append(problems, Problem{Misfit: MisfitUncheckable, Verdict: Unproven, From: from, To: to, Reason: "is too large a type to be compared with " + to.Phrase()})
	}
	slices.SortStableFunc(problems, func(p, q Problem) int { return cmp.Compare(q.weight(), p.weight()) })
	return problems
}

func (p Problem) weight() int {
	if p.Stated {
		return int(p.Verdict)*2 + 1
	}
	return int(p.Verdict) * 2
}

// VerdictOf is the worst verdict among problems, Proven if there are none.
func VerdictOf(problems []Problem) Verdict {
	worst := Proven
	for _, p := range problems {
		worst = max(worst, p.Verdict)
	}
	return worst
}
