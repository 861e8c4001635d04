// Package openapi reads OpenAPI descriptions of version 2.0, 3.0, 3.1 and 3.2 as typed operations,
// lazily: loading a document finds out where things stand, and only what is asked for is decoded. It
// evens out the versions, so that nobody behind it needs to know them; it knows nothing of projects
// and of HTTP.
package openapi

// Real documents are large, and often broken somewhere. Hence:
//
//   - A document is never decoded as a whole. One pass over its bytes notes where operations and
//     components stand (index.go); everything else is found by walking the text from there (node.go),
//     without copies. Of a document of 13 MB an ordinary project touches some 50 KB.
//   - Reading does not fail. What is not as it must be is noted as a Defect of its place and left out,
//     so it costs only those operations that reach it, and is reported only if one of them is used.
//   - YAML is turned into JSON that keeps its layout (yaml.go): a place in one is a place in the other,
//     so positions need neither a second parse nor a table. As parsing YAML is slow, the JSON is cached.
//   - The index is cached too, as distances in a few bytes each, which saves the pass over the text.
//
// kin-openapi is the judge in tests (openapitest) and not used here: it loads documents whole, refuses
// them for one defect, and leaves the schemas, which types reads, as the larger part of the work.
