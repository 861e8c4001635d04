# Written by `tenon lock`. Pins every spec to the document that this project was checked against.

spec "openapi/billing.yaml" {
  digest = "sha256:b7f538a25d1a6139f7b3b63573afdc001ab27f81433b6be5d2c161a001d63d1a"
}

spec "openapi/shop.yaml" {
  digest = "sha256:4d3b246372029090f39fd3b3ac364f85f67c73ca02256d228b0794ecec33f76e"
}
