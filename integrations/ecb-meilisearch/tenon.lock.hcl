# Written by `tenon lock`. Pins every spec to the document that this project was checked against.

spec "openapi/meilisearch.json" {
  digest = "sha256:83cbd10cea1ca75590dc31f1d2e40ef2b636297d47b39c9aefd813e41454cfd1"
}

overlay "overlays/meilisearch.yaml" {
  digest = "sha256:58ef4de86b842b500aed2e08f410c754f809cd46d44b217672d03bc4c6c4a79c"
}
