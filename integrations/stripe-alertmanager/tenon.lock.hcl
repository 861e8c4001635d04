# Written by `tenon lock`. Pins every spec to the document that this project was checked against.

spec "openapi/alertmanager.yaml" {
  digest = "sha256:9cab89e8f7728ecd0b1d2399e4e07e06d90eee8f79f9096437e819cca9afd650"
}

spec "openapi/stripe.json" {
  digest = "sha256:6d99743fc60f31832ea01b9a8bc203a0d41f5582aca9525a09308a1ed3cd656a"
}
