api "shop" {
  spec       = "shop.yaml"
  on_unknown = "stop"
}

api "keyed" {
  spec = "shop.yaml"
  idempotency {
    header = "Idempotency-Key"
  }
}

integration "bill" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.has_more ? { page = response.body.page + 1 } : null
    }
  }

  for_each "order" {
    in          = step.orders.items
    key         = order.id
    concurrency = 8

    step "invoice" {
      call = shop.createInvoice
      body = {
        customer_email = lower(order.email)
        customer_name  = order.name
        reference      = "order ${order.id}"
        amount         = order.total
        currency       = order.currency
        city           = order.address.city
        country        = order.address.country
        lines          = [for l in order.lines : { sku = l.sku, quantity = l.qty }]
      }
    }

    aggregate "total" { sum = order.total }
  }

  output "total" { value = for_each.order.total }
}

integration "listed" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.has_more ? { page = response.body.page + 1 } : null
    }
  }

  for_each "order" {
    in          = step.orders.items
    key         = order.id
    concurrency = 8

    step "invoice" {
      call = shop.createInvoice
      body = {
        customer_email = lower(order.email)
        customer_name  = order.name
        reference      = "order ${order.id}"
        amount         = order.total
        currency       = order.currency
        city           = order.address.city
        country        = order.address.country
        lines          = [for l in order.lines : { sku = l.sku, quantity = l.qty }]
      }
    }

    aggregate "total" { sum = order.total }
    aggregate "ids" { list = order.id }
  }

  output "ids" { value = for_each.order.ids }
  output "total" { value = for_each.order.total }
}

integration "keyed" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.has_more ? { page = response.body.page + 1 } : null
    }
  }

  for_each "order" {
    in          = step.orders.items
    key         = order.id
    concurrency = 8

    step "invoice" {
      call = keyed.createInvoice
      body = {
        customer_email = lower(order.email)
        customer_name  = order.name
        reference      = "order ${order.id}"
        amount         = order.total
        currency       = order.currency
        city           = order.address.city
        country        = order.address.country
        lines          = [for l in order.lines : { sku = l.sku, quantity = l.qty }]
      }
    }

    aggregate "total" { sum = order.total }
  }

  output "total" { value = for_each.order.total }
}

integration "locked" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.has_more ? { page = response.body.page + 1 } : null
    }
  }

  for_each "order" {
    in          = step.orders.items
    key         = order.id
    concurrency = 8
    lock        = order.currency

    step "invoice" {
      call = keyed.createInvoice
      body = {
        customer_email = lower(order.email)
        customer_name  = order.name
        reference      = "order ${order.id}"
        amount         = order.total
        currency       = order.currency
        city           = order.address.city
        country        = order.address.country
        lines          = [for l in order.lines : { sku = l.sku, quantity = l.qty }]
      }
    }

    aggregate "total" { sum = order.total }
  }

  output "total" { value = for_each.order.total }
}

integration "count" {
  step "orders" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.has_more ? { page = response.body.page + 1 } : null
    }
  }

  for_each "order" {
    in          = step.orders.items
    key         = order.id
    concurrency = 8

    aggregate "total" { sum = order.total }
    aggregate "last" { last = order.id }
  }

  output "total" { value = for_each.order.total }
  output "last" { value = for_each.order.last }
}
