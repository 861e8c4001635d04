// Package mutation measures what lint finds. Integrations that work are broken in one place, in the ways in
// which authors and providers break them, and lint must say so: by the right rule, on the right line. The
// same integrations unbroken get neither errors nor warnings.
//
// What is a fault, and where, is decided without Tenon's types: the integrations are read with HCL's own
// parser, the API descriptions as plain JSON. It has nothing but tests:
//
//	go test -run Mutation -v ./spec/check/mutation
//
// Documents that are not in the repository are looked for in ../shared/specs, seen from the root of the
// module; integrations that need them are left out where they are not there.
package mutation
