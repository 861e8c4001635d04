# Follows an order of the shop from payment to invoice.

api "shop" {
  spec = "shop.yaml"

  auth "key" {
    value = secret.shop_key
  }
}

api "billing" {
  spec    = "billing.yaml"
  timeout = "20s"

  auth "token" {
    token = secret.billing_token
  }
}

secret "shop_key" {
  env = "SHOP_KEY"
}

secret "billing_token" {
  env = "BILLING_TOKEN"
}

variable "currency" {
  type    = enum("EUR", "USD")
  default = "EUR"
}

mapping "invoice" {
  from = { order = shop.schemas.Order }
  to   = billing.schemas.InvoiceCreate
  value = {
    customer  = order.customer_id
    amount    = order.total
    currency  = order.currency
    state     = match(order.status, { open = "draft", cancelled = "draft", paid = "paid", shipped = "paid" })
    reference = truncate(order.id, 30)
    lines     = [for line in order.lines : { sku = line.sku, quantity = line.quantity }]
  }
}

integration "fulfil" {
  timeout = "5m"

  input "order" {
    type = string
  }

  step "order" {
    call   = shop.getOrder
    params = { id = input.order }
  }

  step "customer" {
    call   = shop.getCustomer
    params = { id = step.order.body.customer_id }

    catch "404" {
      body = { id = step.order.body.customer_id, name = "unknown", email = "nobody@example.com" }
    }
  }

  step "urgent" {
    value = step.order.body.total > 100000 || step.order.body.status == "paid"
  }

  switch "status" {
    on = step.order.body.status

    case "open" "cancelled" {
      step "remind" {
        call   = shop.addNote
        params = { id = input.order }
        body   = { text = "Please pay, ${step.customer.body.name}." }
        when   = step.urgent.value
      }
    }

    case "paid" {
      step "invoice" {
        call = billing.createInvoice
        body = mapping::invoice(step.order.body)

        check "amount" {
          assert  = step.invoice.body.amount == step.order.body.total
          message = "billing has another amount"
        }
      }

      step "ship" {
        call   = shop.updateOrder
        params = { id = step.order.body.id }
        body   = { status = "shipped", coupon = step.order.body.coupon }
      }
    }

    case "shipped" {
      step "thank" {
        call   = shop.addNote
        params = { id = input.order }
        body   = { text = "Thank you. ${coalesce(step.order.body.note, "No note.")}" }
      }
    }
  }

  step "fee" {
    call = billing.createInvoice
    body = {
      customer  = step.customer.body.id
      amount    = 500
      currency  = var.currency
      state     = "draft"
      reference = "fee"
      memo      = coalesce(step.order.body.note, "a fee")
      lines     = [{ sku = "fee", quantity = 1 }]
    }
    when = step.order.body.total < 1000
  }

  output "lines" {
    value = len(step.order.body.lines)
  }

  output "phone" {
    value = coalesce(step.customer.body.phone, "none")
  }
}

integration "open_orders" {
  step "orders" {
    call   = shop.listOrders
    params = { status = "open", page = 1, per_page = 50 }

    paginate {
      items = response.body.data
      next  = response.body.has_more ? { page = response.body.page + 1 } : null
      limit = 1000
    }
  }

  for_each "order" {
    in          = step.orders.items
    where       = order.status == "open" && order.total > 0
    key         = order.id
    concurrency = 4
    on_error    = "continue"

    step "note" {
      call   = shop.addNote
      params = { id = order.id }
      body   = { text = truncate("Still open: ${coalesce(order.note, "")}", 500) }
    }

    aggregate "owed" {
      sum = order.total
    }
  }

  output "owed" {
    value = for_each.order.owed
  }
}
