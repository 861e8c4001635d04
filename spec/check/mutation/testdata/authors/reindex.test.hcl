test "a rebuild switches the alias and drops what was before" {
  integration = integration.rebuild
  variables   = { alias = "goods" }
  inputs = {
    suffix   = "20260203"
    products = [{ id = "p-1", title = "Anvil", price = 1999, currency = "EUR", tags = ["iron", "iron"], updated_at = "2026-02-01T10:00:00Z" }]
  }

  mock "well" {
    call = search.health
    body = { ok = true }
  }
  mock "the alias" {
    call = search.getAlias
    when = request.params.aliasName == "goods"
    body = { name = "goods", collection_name = "goods_20260202" }
  }
  mock "created" {
    call    = search.createCollection
    body    = { name = request.body.name, fields = request.body.fields, num_documents = 0, created_at = 1770076800 }
    partial = true
  }
  mock "filled" {
    call    = search.getCollection
    body    = { name = "goods_20260203", num_documents = 1 }
    partial = true
  }
  mock "imported" {
    call = search.importDocuments
    body = "{\"success\":true}"
  }
  mock "found" {
    call = search.searchCollection
    body = { found = 1, hits = [{ text_match = 1 }], page = 1 }
  }

  expect {
    outputs = { collection = "goods_20260203", documents = 1, replaced = true }
    check "what is imported" {
      assert  = [for c in calls.search.importDocuments : jsondecode(c.body).price] == [19.99]
      message = jsonencode([for c in calls.search.importDocuments : c.body])
    }
    check "what is dropped" {
      assert = [for c in calls.search.deleteCollection : c.params.collectionName] == ["goods_20260202"]
    }
    check "the alias" {
      assert = calls.search.upsertAlias[0].body == { collection_name = "goods_20260203" }
    }
    check "what is searched" {
      assert = calls.search.searchCollection[0].params.searchParameters.per_page == 1
    }
  }
}

test "one that is not complete leaves the alias alone" {
  integration = integration.rebuild
  inputs = {
    suffix   = "20260203"
    products = [{ id = "p-1", title = "Anvil", price = 1999, currency = "EUR", tags = [], updated_at = "2026-02-01T10:00:00Z" }]
  }

  mock "well" {
    call = search.health
    body = { ok = true }
  }
  mock "empty" {
    call    = search.getCollection
    body    = { num_documents = 0 }
    partial = true
  }

  expect {
    status = "failed"
    assert = error.kind == "check" && error.step == "after" && len(calls.search.upsertAlias) == 0
  }
}

test "a deleted product is deleted" {
  integration = integration.product
  inputs = {
    product = { id = "p-1", title = "Anvil", price = 1999, currency = "EUR", tags = [], updated_at = "2026-02-01T10:00:00Z" }
    deleted = true
  }

  mock "gone already" {
    call   = search.deleteDocument
    status = 404
    body   = { message = "Could not find a document with id: p-1" }
  }

  expect {
    outputs = { indexed = false, id = "p-1" }
    assert  = [for c in calls.search.deleteDocument : c.params.documentId] == ["p-1"]
  }
}

test "expired keys go, others stay" {
  integration = integration.keys
  now         = "2026-02-03T04:00:00Z"
  state       = { generation = 4 }

  mock "three keys" {
    call = search.getKeys
    body = {
      keys = [
        { id = 1, description = "search only, generation 1", actions = ["documents:search"], collections = ["*"], expires_at = 1738000000 },
        { id = 2, description = "search only, generation 3", actions = ["documents:search"], collections = ["*"], expires_at = 1798000000 },
        { id = 3, description = "admin", actions = ["*"], collections = ["*"] },
      ]
    }
  }
  mock "the next one" {
    call   = search.createKey
    when   = request.body.description == "search only, generation 4"
    status = 201
    body   = { id = 9, value = "k", description = request.body.description, actions = request.body.actions, collections = request.body.collections }
  }

  expect {
    outputs = { deleted = 1, created = 9 }
    state   = { generation = 5 }
    assert  = [for c in calls.search.deleteKey : c.params.keyId] == [1]
  }
}
