api "shop" {
  spec       = "shop.yaml"
  on_unknown = "stop"
}

integration "orders" {
  step "list" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.next == null ? null : { page = response.body.next }
    }
  }

  for_each "order" {
    in          = step.list.items
    key         = order.id
    once        = "forever"
    concurrency = 8
    on_error    = "continue"

    step "detail" {
      call   = shop.getOrder
      params = { id = order.id }
    }

    step "reserve" {
      call   = shop.reserve
      params = { id = order.id }
      body   = { amount = step.detail.body.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), tag = uuid() }
    }

    step "invoice" {
      call = shop.createInvoice
      body = { order = order.id, amount = step.detail.body.amount }
      recover {
        call   = shop.findInvoice
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
      }
    }

    step "pay" {
      call = shop.pay
      body = { order = order.id, amount = step.detail.body.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S") }
    }

    step "ship" {
      call = shop.createShipment
      body = { order = order.id, amount = step.detail.body.amount }
      recover {
        call   = shop.findShipment
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
      }
      undo {
        call   = shop.cancelShipment
        params = { id = step.ship.body.id }
      }
    }

    step "confirm" {
      call   = shop.confirm
      params = { id = order.id }
    }

    step "mail" {
      call = shop.sendMail
      body = { order = order.id, amount = step.detail.body.amount }
    }

    aggregate "total" { sum = step.detail.body.amount }
    aggregate "last"  { max = order.id }
  }

  state "last" {
    type    = string
    initial = ""
    next    = coalesce(for_each.order.last, state.last)
  }

  output "total" { value = for_each.order.total }
  output "count" { value = for_each.order.succeeded }
}

integration "noted" {
  step "list" {
    call = shop.listOrders
    paginate {
      items = response.body.data
      next  = response.body.next == null ? null : { page = response.body.next }
    }
  }

  for_each "order" {
    in          = step.list.items
    key         = order.id
    once        = "forever"
    concurrency = 8
    on_error    = "continue"

    step "detail" {
      call   = shop.getOrder
      params = { id = order.id }
    }

    step "reserve" {
      call   = shop.reserve
      params = { id = order.id }
      body   = { amount = step.detail.body.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), tag = uuid() }
    }

    step "invoice" {
      call = shop.createInvoice
      body = { order = order.id, amount = step.detail.body.amount }
      recover {
        call   = shop.findInvoice
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
      }
    }

    step "pay" {
      call = shop.pay
      body = { order = order.id, amount = step.detail.body.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S") }
    }

    step "ship" {
      call = shop.createShipment
      body = { order = order.id, amount = step.detail.body.amount }
      recover {
        call   = shop.findShipment
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
      }
    }

    step "confirm" {
      call   = shop.confirm
      params = { id = order.id }
    }

    step "mail" {
      call = shop.sendMail
      body = { order = order.id, amount = step.detail.body.amount }
    }

    aggregate "total" { sum = step.detail.body.amount }
    aggregate "last"  { max = order.id }
  }

  state "last" {
    type    = string
    initial = ""
    next    = coalesce(for_each.order.last, state.last)
  }

  output "total" { value = for_each.order.total }
  output "count" { value = for_each.order.succeeded }
}
