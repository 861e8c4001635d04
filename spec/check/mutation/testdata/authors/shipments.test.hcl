test "a paid order is booked" {
  integration = integration.book
  inputs      = { order = 117, express = true }

  mock "paid" {
    call = store.getOrder
    when = request.params.order_id == 117
    body = { id = 117, status = "Awaiting Fulfillment", payment_status = "captured" }
  }
  mock "two lines, one of them digital" {
    call = store.getOrderProducts
    body = [
      { id = 1, name = "Anvil", sku = "A-1", type = "physical", quantity = 2 },
      { id = 2, name = "Manual", sku = "M-1", type = "digital", quantity = 1 },
    ]
  }
  mock "Ada" {
    call = store.getOrderShippingAddresses
    body = [{ id = 5, first_name = "Ada", last_name = "Lovelace", street_1 = "1 Main St", city = "London", zip = "W1", country_iso2 = "GB" }]
  }
  mock "booked" {
    call = warehouse.book
    body = { reference = request.params.reference, state = "booked" }
  }

  expect {
    outputs = { state = "booked", pieces = 2 }
    check "what the warehouse is told" {
      assert = [for c in calls.warehouse.book : c.body] == [{
        name  = "Ada Lovelace", street = "1 Main St", city = "London", zip = "W1", country = "GB", express = true
        lines = [{ sku = "A-1", quantity = 2, line = 1 }]
      }]
      message = jsonencode([for c in calls.warehouse.book : c.body])
    }
    check "the order goes on" {
      assert = [for c in calls.store.updateOrder : c.body.status_id] == [9]
    }
  }
}

test "one that is not paid is not" {
  integration = integration.book
  inputs      = { order = 118 }

  mock "pending" {
    call = store.getOrder
    body = { id = 118, payment_status = "pending" }
  }

  expect {
    status = "failed"
    assert = error.kind == "check" && error.step == "order" && len(calls.warehouse.book) == 0
  }
}

test "what is packed is shipped once" {
  integration = integration.ship
  state       = { since = "2026-02-01T00:00:00Z" }

  mock "two pages" {
    call = warehouse.packed
    responses = [
      { body = { pickings = [{ reference = "BC-117", carrier = "ups", tracking = "1Z", packed_at = "2026-02-02T10:00:00Z", lines = [{ line = 1, quantity = 2 }] }], more = true } },
      { body = { pickings = [{ reference = "BC-118", carrier = "pickup", packed_at = "2026-02-02T11:00:00Z", lines = [] }, { reference = "X-1", carrier = "dhl", packed_at = "2026-02-02T12:00:00Z", lines = [] }], more = false } },
    ]
  }
  mock "shipped already" {
    call = store.getOrderShipments
    when = request.params.order_id == 118
    body = [{ id = 1, order_id = 118 }]
  }
  mock "nothing shipped" {
    call   = store.getOrderShipments
    status = 204
  }

  expect {
    outputs = { shipped = 1, failed = 0 }
    state   = { since = "2026-02-02T11:00:00Z" }
    check "the shipment" {
      assert = [for c in calls.store.createOrderShipments : { order = c.params.order_id, number = c.body.tracking_number, pieces = len(c.body.items) }] == [{ order = 117, number = "1Z", pieces = 1 }]
    }
  }
}

test "the desk is told" {
  integration = integration.desk
  inputs      = { order = 117 }

  mock "shipped" {
    call = store.getOrder
    body = { id = 117, status = "Shipped" }
  }
  mock "one parcel" {
    call = store.getOrderShipments
    body = [{ tracking_number = "1Z" }, { comments = "none" }]
  }

  expect {
    outputs = { state = "Shipped", tracking = ["1Z"] }
  }
}
