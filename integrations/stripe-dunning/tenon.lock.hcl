# Written by `tenon lock`. Pins every spec to the document that this project was checked against.

spec "openapi/stripe.json" {
  digest = "sha256:f0e0fc8fffbffda45bf5f3df59846443c1d47a3cfcbfae232eedf4743124ebee"
}

overlay "overlays/stripe.yaml" {
  digest = "sha256:8270a8dbf9d99a1437363763b2bb68ba077d27c14aac8ac5d45ddfa857d9d702"
}
