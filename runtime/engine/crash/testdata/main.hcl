# What is killed. The items of orders can be undone, so that all of them are gone through again; those of noted and nested
# are noted as over; those of mails begin with a write that nobody can find out about. fails and stops end with everything undone: because of a step, and of an item.

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
      body   = { amount = step.detail.body.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), tag = uuid(), rev = order.rev }
    }

    step "invoice" {
      call = shop.createInvoice
      body = { order = order.id, amount = step.detail.body.amount, rev = order.rev }
      recover {
        call   = shop.findInvoice
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
        wait   = "1ms"
      }
    }

    step "pay" {
      call = shop.pay
      body = { order = order.id, amount = step.detail.body.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), rev = order.rev }
    }

    step "ship" {
      call = shop.createShipment
      body = { order = order.id, amount = step.detail.body.amount, rev = order.rev }
      recover {
        call   = shop.findShipment
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
        wait   = "1ms"
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
      body = { order = order.id, amount = step.detail.body.amount, rev = order.rev }
    }

    aggregate "total" { sum = step.detail.body.amount }
    aggregate "revs" { sum = order.rev }
    aggregate "last" { max = order.id }
  }

  state "last" {
    type    = string
    initial = ""
    next    = coalesce(for_each.order.last, state.last)
  }

  output "total" { value = for_each.order.total }
  output "count" { value = for_each.order.succeeded }
  output "revs" { value = for_each.order.revs }
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
      body   = { amount = step.detail.body.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), tag = uuid(), rev = order.rev }
    }

    step "invoice" {
      call = shop.createInvoice
      body = { order = order.id, amount = step.detail.body.amount, rev = order.rev }
      recover {
        call   = shop.findInvoice
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
        wait   = "1ms"
      }
    }

    step "pay" {
      call = shop.pay
      body = { order = order.id, amount = step.detail.body.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), rev = order.rev }
    }

    step "ship" {
      call = shop.createShipment
      body = { order = order.id, amount = step.detail.body.amount, rev = order.rev }
      recover {
        call   = shop.findShipment
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
        wait   = "1ms"
      }
    }

    step "confirm" {
      call   = shop.confirm
      params = { id = order.id }
    }

    step "mail" {
      call = shop.sendMail
      body = { order = order.id, amount = step.detail.body.amount, rev = order.rev }
    }

    aggregate "total" { sum = step.detail.body.amount }
    aggregate "revs" { sum = order.rev }
    aggregate "last" { max = order.id }
  }

  state "last" {
    type    = string
    initial = ""
    next    = coalesce(for_each.order.last, state.last)
  }

  output "total" { value = for_each.order.total }
  output "count" { value = for_each.order.succeeded }
  output "revs" { value = for_each.order.revs }
}

integration "mails" {
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
    concurrency = 8
    on_error    = "continue"

    step "mail" {
      call = shop.sendMail
      body = { order = order.id, amount = order.amount, rev = order.rev }
    }

    step "detail" {
      call   = shop.getOrder
      params = { id = order.id }
    }

    step "recall" {
      call = shop.recall
      body = { order = order.id, amount = step.detail.body.amount, rev = order.rev }
    }

    aggregate "total" { sum = step.detail.body.amount }
    aggregate "revs" { sum = order.rev }
  }

  output "total" { value = for_each.order.total }
  output "count" { value = for_each.order.succeeded }
  output "revs" { value = for_each.order.revs }
}

# inner is run by the others.
integration "inner" {
  input "order" { type = string }
  input "rev" { type = integer }

  step "pay" {
    call = shop.pay
    body = { order = input.order, amount = 1, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), rev = input.rev }
    undo {
      call = shop.refund
      body = { order = input.order, amount = 1, at = format_time(now(), "%Y-%m-%dT%H:%M:%S") }
    }
  }

  step "pause" {
    wait = "1ms"
  }

  step "mail" {
    call = shop.sendMail
    body = { order = input.order, amount = 1, rev = input.rev }
    undo {
      call = shop.recall
      body = { order = input.order, amount = 1 }
    }
  }

  output "mail" { value = step.mail.body.id }
}

# inform does the same for items that cannot be undone.
integration "inform" {
  input "order" { type = string }
  input "rev" { type = integer }

  step "pay" {
    call = shop.pay
    body = { order = input.order, amount = 1, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), rev = input.rev }
  }

  step "mail" {
    call = shop.sendMail
    body = { order = input.order, amount = 1, rev = input.rev }
  }

  output "mail" { value = step.mail.body.id }
}

integration "nested" {
  lock = "nested"
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
    concurrency = 8
    on_error    = "continue"
    lock        = order.amount % 3

    step "reserve" {
      call   = shop.reserve
      params = { id = order.id }
      body   = { amount = order.amount, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), rev = order.rev }
    }

    step "done" {
      call   = shop.getProgress
      params = { id = order.id }
      repeat {
        until   = response.body.done
        every   = "2ms"
        timeout = "1h"
      }
    }

    switch "size" {
      on = order.amount % 2
      case "0" {
        step "inform" {
          run    = integration.inform
          inputs = { order = order.id, rev = order.rev }
        }
      }
      default {
        step "alone" {
          call = shop.sendMail
          body = { order = order.id, amount = order.amount, rev = order.rev }
        }
      }
    }

    step "confirm" {
      call   = shop.confirm
      params = { id = order.id }
      catch "409" { skip = true }
    }

    aggregate "total" { sum = order.amount }
    aggregate "revs" { sum = order.rev }
  }

  step "pause" {
    wait = "20ms"
  }

  output "total" { value = for_each.order.total }
  output "count" { value = for_each.order.succeeded }
  output "revs" { value = for_each.order.revs }
}

integration "fails" {
  lock    = "fails"
  timeout = "1h"

  step "first" {
    call   = shop.reserve
    params = { id = "o0100" }
    body   = { amount = 1, at = format_time(now(), "%Y-%m-%dT%H:%M:%S"), tag = uuid() }
    undo {
      call   = shop.free
      params = { id = step.first.body.id }
    }
  }

  step "second" {
    call = shop.createShipment
    body = { order = "o0101", amount = 1 }
    recover {
      call   = shop.findShipment
      params = { order = "o0101" }
      found  = len(response.body.data) > 0
      body   = first(response.body.data)
      wait   = "1ms"
    }
    undo {
      call   = shop.cancelShipment
      params = { id = step.second.body.id }
    }
  }

  step "third" {
    run    = integration.inner
    inputs = { order = "o0102", rev = 0 }
  }

  for_each "x" {
    in          = ["o0110", "o0111", "o0112", "o0114", "o0115", "o0116"]
    key         = x
    concurrency = 8
    lock        = x

    step "ship" {
      call = shop.createShipment
      body = { order = x, amount = 1 }
      recover {
        call   = shop.findShipment
        params = { order = x }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
        wait   = "1ms"
      }
      undo {
        call   = shop.cancelShipment
        params = { id = step.ship.body.id }
      }
    }

    step "inner" {
      run    = integration.inner
      inputs = { order = x, rev = 0 }
    }
  }

  step "pause" {
    wait = "15ms"
  }

  step "poll" {
    call   = shop.getProgress
    params = { id = "o0103" }
    repeat {
      until   = response.body.done
      every   = "2ms"
      timeout = "1h"
    }
  }

  step "last" {
    call = shop.sendMail
    body = { order = "o0104", amount = 1 }
    undo {
      call = shop.recall
      body = { order = "o0104", amount = 1 }
    }
  }

  step "broken" {
    call   = shop.confirm
    params = { id = "o0103" }
  }

  on_failure {
    step "alarm" {
      call = shop.sendMail
      body = { order = "alarm-${error.step}", amount = 1 }
    }
  }
}

integration "stops" {
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
    concurrency = 8

    step "ship" {
      call = shop.createShipment
      body = { order = order.id, amount = order.amount, rev = order.rev }
      recover {
        call   = shop.findShipment
        params = { order = order.id }
        found  = len(response.body.data) > 0
        body   = first(response.body.data)
        wait   = "1ms"
      }
      undo {
        call   = shop.cancelShipment
        params = { id = step.ship.body.id }
      }
    }

    for_each "part" {
      in          = ["a", "b", "c"]
      concurrency = 2

      step "mail" {
        call = shop.sendMail
        body = { order = "${order.id}${part}", amount = 1 }
        undo {
          call = shop.recall
          body = { order = "${order.id}${part}", amount = 1 }
        }
      }
    }

    step "inner" {
      run    = integration.inner
      inputs = { order = order.id, rev = order.rev }
    }

    step "confirm" {
      call   = shop.confirm
      params = { id = order.id }
    }
  }
}
