// Package soundness holds the two promises of lint against providers' own documents. What lint accepts is
// run against mocks, and every request is judged by kin-openapi, which knows nothing of Tenon's types. And
// integrations as their authors write them, in testdata/corpus, get neither errors nor warnings.
//
// It has nothing but tests. Documents that are not in the repository are looked for in ../shared/specs,
// seen from the root of the module; what needs them is skipped where they are not there.
package soundness
