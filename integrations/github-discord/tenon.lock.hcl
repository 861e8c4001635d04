# Written by `tenon lock`. Pins every spec to the document that this project was checked against.

spec "openapi/discord.json" {
  digest = "sha256:8c1d0707ccdf8e380a86dfba04058820a66435c1b69d5ed82e04dd8c0520dd73"
}

spec "openapi/github.json" {
  digest = "sha256:829b4bebb19a53133289f7b0bc819f4f1118115821db2ca9f25e9ee995a7da2a"
}

overlay "overlays/github.yaml" {
  digest = "sha256:183a5d9bc68c748e236e58cee647e28506b230a6acb7c53ec51432ddf61ef15a"
}
