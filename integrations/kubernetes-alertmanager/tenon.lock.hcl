# Written by `tenon lock`. Pins every spec to the document that this project was checked against.

spec "openapi/alertmanager.yaml" {
  digest = "sha256:9cab89e8f7728ecd0b1d2399e4e07e06d90eee8f79f9096437e819cca9afd650"
}

spec "openapi/kubernetes.json" {
  digest = "sha256:dcede2063da1d7ad62ecb5af8adb6d7fabd0b52385a7fa0048afb491dac90450"
}
