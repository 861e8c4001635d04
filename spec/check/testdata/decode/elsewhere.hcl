api "shop" {
  spec = "shop.yaml"
  url /* ERROR "unknown-attribute: .url. is not an attribute of an .api. block. Did you mean .server.." */ = "https://shop.example.com"
}

provider /* ERROR "unknown-block: .provider. .* Did you mean .api.." */ "billing" {
  spec = "billing.yaml"
}

integration "i" {
  step "s" {
    call   = shop.listOrders
    query /* ERROR "Did you mean .params.." */ = { page = 1 }
    if /* ERROR "Did you mean .when.." */ = true
    for_each /* ERROR "unknown-attribute: .for_each. is not an attribute of a .step. block" */ = [1, 2]
    concurrency /* ERROR "unknown-attribute: .concurrency. is not an attribute" */ = 2
    output /* ERROR "unknown-block: .output. is not a block that stands in a .step. block" */ "o" {
    }
  }
}
