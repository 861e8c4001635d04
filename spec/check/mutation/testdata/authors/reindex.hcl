# Keeps a product search up to date: rebuilt every night behind an alias, single products as they change, keys renewed.

api "search" {
  spec       = "typesense.yml"
  server     = { url = "{protocol}://{hostname}:{port}", variables = { protocol = "https", hostname = "search.example.com", port = "443" } }
  on_unknown = "stop"
  timeout    = "30s"

  auth "api_key_header" {
    value = secret.search_key
  }
  limit {
    rate        = "50/1s"
    concurrency = 8
  }
}

secret "search_key" {
  env = "TYPESENSE_KEY"
}

secret "shop_hook" {
  env = "SHOP_HOOK"
}

variable "alias" {
  type    = string({ min_length = 1 })
  default = "products"
}

schema "product" {
  type = object({
    id         = string({ min_length = 1, max_length = 40 })
    title      = string({ max_length = 200 })
    price      = integer({ min = 0 })
    currency   = enum("EUR", "USD")
    tags       = list(string)
    stock      = optional(integer({ min = 0 }))
    updated_at = string({ format = "date-time" })
  })
}

mapping "document" {
  from = { product = schema.product }
  value = {
    id       = product.id
    title    = product.title
    price    = product.price / 100
    currency = product.currency
    tags     = uniq(product.tags)
    in_stock = coalesce(product.stock, 0) > 0
    updated  = unix(parse_time(product.updated_at))
  }
}

integration "rebuild" {
  timeout = "2h"
  overlap = "skip"

  input "products" {
    type = list(schema.product)
  }
  input "suffix" {
    type = string({ pattern = "^[0-9]{8}$" })
  }

  step "health" {
    call = search.health
    check "ok" {
      assert  = step.health.body.ok
      message = "the search server is not well"
    }
  }
  step "before" {
    call   = search.getAlias
    params = { aliasName = var.alias }
    catch "404" {
      skip = true
    }
  }
  step "collection" {
    depends_on = [step.health]
    call       = search.createCollection
    body = {
      name                  = "${var.alias}_${input.suffix}"
      default_sorting_field = "updated"
      token_separators      = ["-", "/"]
      fields = [
        { name = "title", type = "string", infix = true },
        { name = "price", type = "float", facet = true },
        { name = "currency", type = "string", facet = true },
        { name = "tags", type = "string[]", facet = true, optional = true },
        { name = "in_stock", type = "bool", facet = true },
        { name = "updated", type = "int64", sort = true },
      ]
    }
    catch "409" {
      call   = search.getCollection
      params = { collectionName = "${var.alias}_${input.suffix}" }
    }
  }
  for_each "batch" {
    in          = chunk(input.products, 100)
    key         = batch[0].id
    concurrency = 2

    step "import" {
      call       = search.importDocuments
      params     = { collectionName = step.collection.body.name, importDocumentsParameters = { action = "upsert", batch_size = 100, dirty_values = "coerce_or_drop" } }
      body       = join([for p in batch : jsonencode(mapping::document(p))], "\n")
      idempotent = true
    }
    aggregate "lines" {
      sum = len(batch)
    }
  }
  step "after" {
    call       = search.getCollection
    params     = { collectionName = step.collection.body.name }
    depends_on = [for_each.batch]
    check "complete" {
      assert  = step.after.body.num_documents >= len(input.products)
      message = "only ${step.after.body.num_documents} of ${len(input.products)} products are there"
    }
  }
  step "probe" {
    call   = search.searchCollection
    params = { collectionName = step.collection.body.name, searchParameters = { q = "*", query_by = "title", per_page = 1, sort_by = "updated:desc" } }
    when   = len(input.products) > 0
    check "found" {
      assert = coalesce(step.probe.body.found, 0) > 0
    }
  }
  step "switch" {
    depends_on = [step.after, step.probe]
    call       = search.upsertAlias
    params     = { aliasName = var.alias }
    body       = { collection_name = step.collection.body.name }
  }
  step "drop" {
    depends_on = [step.switch]
    when       = step.before.body.collection_name != null && step.before.body.collection_name != step.collection.body.name
    call       = search.deleteCollection
    params     = { collectionName = step.before.body.collection_name }
    catch "404" {
      skip = true
    }
  }
  step "synonyms" {
    call   = search.upsertSynonymSet
    params = { synonymSetName = var.alias }
    body   = { items = [{ id = "trousers", synonyms = ["pants", "trousers"], locale = "en" }, { id = "coat", root = "coat", synonyms = ["jacket", "parka"] }] }
  }

  output "collection" {
    value = step.collection.body.name
  }
  output "documents" {
    value = step.after.body.num_documents
  }
  output "replaced" {
    value = !step.drop.skipped
  }
  output "set" {
    value = len(step.synonyms.body.items)
  }
  on_failure {
    step "log" {
      call = search.debug
    }
    step "restore" {
      when = step.log.body.version != null
      call = search.clearCache
    }
  }
}

integration "product" {
  input "product" {
    type = schema.product
  }
  input "deleted" {
    type    = bool
    default = false
  }

  trigger "webhook" "changed" {
    path = "/hooks/products"
    body = object({
      delivery = string
      kind     = enum("created", "changed", "deleted")
      product  = schema.product
      actor    = optional(object({ name = string }))
    })
    key    = trigger.body.delivery
    when   = trigger.body.actor.name != "importer"
    inputs = { product = trigger.body.product, deleted = trigger.body.kind == "deleted" }

    verify "hmac" {
      secret    = secret.shop_hook
      header    = "X-Shop-Signature"
      timestamp = "X-Shop-Time"
    }
  }

  step "delete" {
    when   = input.deleted
    call   = search.deleteDocument
    params = { collectionName = var.alias, documentId = input.product.id }
    catch "404" {
      skip = true
    }
  }
  step "upsert" {
    when       = !input.deleted
    call       = search.indexDocument
    params     = { collectionName = var.alias, action = "upsert", dirty_values = "coerce_or_reject" }
    body       = mapping::document(input.product)
    idempotent = true
  }
  output "indexed" {
    value = !step.upsert.skipped
  }
  output "id" {
    value = input.product.id
  }
}

integration "keys" {
  state "generation" {
    type    = integer
    initial = 0
    next    = state.generation + 1
  }

  trigger "schedule" "monthly" {
    cron     = "0 4 1 * *"
    timezone = "Europe/Berlin"
  }
  trigger "completion" "rebuilt" {
    integration = integration.rebuild
    when        = trigger.outputs.replaced && trigger.outputs.documents > 0
  }

  step "keys" {
    call = search.getKeys
  }
  step "create" {
    call = search.createKey
    body = {
      description = "search only, generation ${state.generation}"
      actions     = ["documents:search"]
      collections = ["${var.alias}.*"]
      expires_at  = unix(now()) + 60 * 24 * 3600
    }
  }
  for_each "key" {
    in    = step.keys.body.keys
    where = key.expires_at != null && key.expires_at < unix(now()) && hasPrefix(key.description, "search only")
    key   = string(coalesce(key.id, 0))

    step "delete" {
      when   = key.id != null
      call   = search.deleteKey
      params = { keyId = key.id }
      catch "404" {
        skip = true
      }
    }
  }
  step "aliases" {
    call = search.getAliases
  }
  output "deleted" {
    value = for_each.key.succeeded
  }
  output "aliases" {
    value = [for a in step.aliases.body.aliases : a.name]
  }
  output "created" {
    value = step.create.body.id
  }
}
