# Gives paid orders of a BigCommerce store to a warehouse, ships what it has packed, and answers the service desk.

api "store" {
  spec       = "bigcommerce-orders-v2.yml"
  server     = { variables = { store_hash = var.store } }
  on_unknown = "stop"

  auth "X-Auth-Token" {
    value = secret.store_token
  }
  retry {
    attempts = 4
    on       = [429, "5xx", "network"]
  }
}

api "warehouse" {
  server = "https://warehouse.example.com/api"

  auth "key" {
    type  = "api_key"
    in    = "header"
    name  = "X-Key"
    value = secret.warehouse_key
  }
  operation "book" {
    request = "PUT /pickings/{reference}"
    params  = { reference = string }
    body = object({
      name    = string({ min_length = 1 })
      street  = string
      city    = string
      zip     = string({ max_length = 10 })
      country = string({ pattern = "^[A-Z]{2}$" })
      express = optional(bool)
      lines   = list(object({ sku = string({ min_length = 1 }), quantity = integer({ min = 1 }), line = integer }))
    })
    response = object({ reference = string, state = enum("booked", "refused"), reason = optional(string) })
  }
  operation "packed" {
    request = "GET /pickings"
    params  = { since = string({ format = "date-time" }), page = optional(integer({ min = 1 })) }
    response = object({
      pickings = list(object({
        reference = string
        carrier   = enum("dhl", "ups", "fedex", "pickup")
        tracking  = optional(string)
        packed_at = string({ format = "date-time" })
        lines     = list(object({ line = integer, quantity = integer({ min = 0 }) }))
      }))
      more = bool
    })
  }
}

api "desk" {
  server = "https://desk.example.com"

  operation "shipping" {
    request  = "GET /orders/{order}/shipping"
    params   = { order = integer({ min = 1 }), lang = optional(enum("de", "en")) }
    response = object({ state = string, tracking = list(string), message = optional(string) })
  }
}

secret "store_token" {
  env = "STORE_TOKEN"
}

secret "warehouse_key" {
  env = "WAREHOUSE_KEY"
}

secret "hook_password" {
  env = "HOOK_PASSWORD"
}

variable "store" {
  type    = string({ pattern = "^[a-z0-9]+$" })
  default = "k3x9a"
}

mapping "address" {
  from = { to = store.schemas.orderShippingAddress }
  value = {
    name    = trim("${coalesce(to.first_name, "")} ${must(to.last_name, "addresses have a name")}")
    street  = must(to.street_1, "addresses have a street")
    city    = must(to.city, "addresses have a city")
    zip     = truncate(coalesce(to.zip, ""), 10)
    country = must(to.country_iso2, "addresses have a country")
  }
}

integration "book" {
  lock = input.order

  input "order" {
    type = integer({ min = 1 })
  }
  input "express" {
    type    = bool
    default = false
  }

  trigger "webhook" "status" {
    path = "/hooks/bigcommerce"
    body = object({
      scope = enum("store/order/statusUpdated", "store/order/created")
      hash  = string
      data = object({
        type   = string
        id     = integer({ min = 1 })
        status = optional(object({ previous_status_id = integer, new_status_id = integer }))
      })
    })
    key    = trigger.body.hash
    when   = trigger.body.data.status.new_status_id == 11
    inputs = { order = trigger.body.data.id }

    verify "basic" {
      username = "bigcommerce"
      password = secret.hook_password
    }
  }

  step "order" {
    call   = store.getOrder
    params = { order_id = input.order }
    check "paid" {
      assert  = step.order.body.payment_status == "paid" || step.order.body.payment_status == "captured"
      message = "order ${input.order} is ${coalesce(step.order.body.payment_status, "unpaid")}"
    }
  }
  step "products" {
    call   = store.getOrderProducts
    params = { order_id = input.order, limit = 250 }
  }
  step "addresses" {
    call   = store.getOrderShippingAddresses
    params = { order_id = input.order }
  }
  step "lines" {
    value = [for p in step.products.body : {
      sku      = must(p.sku, "products have a SKU")
      quantity = must(p.quantity, "products have a quantity")
      line     = must(p.id, "products have an id")
    } if p.type == "physical" && p.quantity > 0]
  }
  step "book" {
    when   = len(step.lines.value) > 0
    call   = warehouse.book
    params = { reference = "BC-${input.order}" }
    body   = merge(mapping::address(must(step.addresses.body[0], "there is an address")), { lines = step.lines.value, express = input.express })
  }
  switch "state" {
    on = step.book.skipped ? "nothing" : step.book.body.state

    case "booked" {
      step "progress" {
        call   = store.updateOrder
        params = { order_id = input.order }
        body   = { status_id = 9, staff_notes = "booked as ${step.book.body.reference}" }
      }
    }
    case "refused" {
      step "hold" {
        call   = store.updateOrder
        params = { order_id = input.order }
        body   = { status_id = 12, staff_notes = truncate("refused: ${coalesce(step.book.body.reason, "no reason")}", 255) }
      }
    }
    case "nothing" {
      step "complete" {
        call   = store.updateOrder
        params = { order_id = input.order }
        body   = { status_id = 10 }
      }
    }
  }

  output "state" {
    value = step.book.skipped ? "nothing" : step.book.body.state
  }
  output "pieces" {
    value = sum([for l in step.lines.value : l.quantity])
  }
}

integration "ship" {
  state "since" {
    type    = string({ format = "date-time" })
    initial = "2026-01-01T00:00:00Z"
    next    = coalesce(for_each.picking.newest, state.since)
  }

  trigger "schedule" "often" {
    every    = "15m"
    catch_up = "none"
  }

  step "packed" {
    call   = warehouse.packed
    params = { since = state.since }
    paginate {
      items = response.body.pickings
      next  = response.body.more ? { page = coalesce(request.params.page, 1) + 1 } : null
    }
  }
  for_each "picking" {
    in         = step.packed.items
    where      = hasPrefix(picking.reference, "BC-")
    key        = picking.reference
    on_error   = "continue"
    max_errors = 20

    step "id" {
      value = int(trimPrefix(picking.reference, "BC-"))
    }
    step "addresses" {
      call   = store.getOrderShippingAddresses
      params = { order_id = step.id.value }
    }
    step "before" {
      call   = store.getOrderShipments
      params = { order_id = step.id.value }
    }
    step "ship" {
      when   = len(coalesce(step.before.body, [])) == 0
      call   = store.createOrderShipments
      params = { order_id = step.id.value }
      body = {
        order_address_id  = step.addresses.body[0].id
        tracking_number   = truncate(picking.tracking, 50)
        shipping_provider = match(picking.carrier, { ups = "ups", fedex = "fedex" }, "")
        comments          = "packed at ${picking.packed_at}"
        items             = [for l in picking.lines : { order_product_id = l.line, quantity = l.quantity } if l.quantity > 0]
      }
    }
    aggregate "newest" {
      max = picking.packed_at
    }
    aggregate "shipped" {
      count = !step.ship.skipped
    }
  }

  output "shipped" {
    value = for_each.picking.shipped
  }
  output "failed" {
    value = for_each.picking.failed
  }
}

integration "desk" {
  input "order" {
    type = integer
  }

  trigger "operation" "shipping" {
    operation = desk.shipping
    inputs    = { order = trigger.params.order }
    cache     = "1m"

    limit {
      rate = "10/1s"
    }
    respond {
      status = 200
      body = {
        state    = outputs.state
        tracking = outputs.tracking
        message  = trigger.params.lang == "de" ? "Stand: ${outputs.state}" : null
      }
    }
  }

  step "order" {
    call   = store.getOrder
    params = { order_id = input.order }
  }
  step "shipments" {
    call   = store.getOrderShipments
    params = { order_id = input.order, limit = 50 }
  }

  output "state" {
    value = coalesce(step.order.body.status, "unknown")
  }
  output "tracking" {
    value = [for s in coalesce(step.shipments.body, []) : s.tracking_number if s.tracking_number != null]
  }
}
