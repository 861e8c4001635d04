# Written by `tenon lock`. Pins every spec to the document that this project was checked against.

spec "openapi/billing.yaml" {
  digest = "sha256:b7f538a25d1a6139f7b3b63573afdc001ab27f81433b6be5d2c161a001d63d1a"
}

spec "openapi/shop.yaml" {
  digest = "sha256:8a4aef24de3ab98b5773d6630665c7b101898dd21f82d27dd5581e32e341b71d"
}
