test "open disputes and failed payments become alerts" {
  integration = integration.payments
  inputs      = { since = "2026-02-01T00:00:00Z" }

  mock "disputes" {
    call = stripe.GetDisputes
    body = {
      data = [
        { id = "dp_1", status = "needs_response", amount = 4200, currency = "eur", reason = "fraudulent", created = 1769990400, livemode = true },
        { id = "dp_2", status = "warning_needs_response", amount = 4200, currency = "jpy", reason = "general", livemode = false },
        { id = "dp_3", status = "won" },
      ]
      has_more = false
    }
    partial = true
  }
  mock "payments" {
    call = stripe.GetCharges
    body = {
      data = [
        { id = "ch_1", status = "failed", amount = 999, currency = "usd", failure_code = "card_declined", failure_message = "Your card was declined.", created = 1769990400, livemode = true },
        { id = "ch_2", status = "failed", amount = 100, currency = "eur", failure_code = null, failure_message = null, livemode = false },
        { id = "ch_3", status = "succeeded" },
      ]
      has_more = false
    }
    partial = true
  }

  expect {
    outputs = { disputes = 2, failed_payments = 2 }

    check "only what is new is asked for" {
      assert = calls.stripe.GetDisputes[0].params.created == { gte = 1769904000 } && calls.stripe.GetCharges[0].params.created == { gte = 1769904000 }
    }
    check "a dispute" {
      assert = [for c in calls.alertmanager.postAlerts : c.body if c.body[0].labels.dispute == "dp_1"] == [[{
        labels       = { alertname = "StripeDisputeOpen", severity = "critical", dispute = "dp_1", reason = "fraudulent", mode = "live" }
        annotations  = { summary = "A dispute over 42 EUR waits for an answer." }
        startsAt     = "2026-02-02T00:00:00Z"
        generatorURL = "https://dashboard.stripe.com/disputes/dp_1"
      }]]
      message = jsonencode(calls.alertmanager.postAlerts)
    }
    check "an inquiry is a warning" {
      assert = [for c in calls.alertmanager.postAlerts : c.body[0].labels if c.body[0].labels.dispute == "dp_2"] == [{ alertname = "StripeDisputeOpen", severity = "warning", dispute = "dp_2", reason = "general", mode = "test" }]
    }
    check "yen have no smaller unit" {
      assert = [for c in calls.alertmanager.postAlerts : c.body[0].annotations if c.body[0].labels.dispute == "dp_2"] == [{ summary = "A dispute over 4200 JPY waits for an answer." }]
    }
    check "failed payments say why" {
      assert = [for c in calls.alertmanager.postAlerts : c.body[0].annotations if c.body[0].labels.charge == "ch_1"] == [{ summary = "A payment of 9.99 USD failed: Your card was declined." }]
    }
    check "or that nobody knows why" {
      assert = [for c in calls.alertmanager.postAlerts : c.body[0].annotations if c.body[0].labels.charge == "ch_2"] == [{ summary = "A payment of 1 EUR failed: no reason given" }]
    }
    check "a payment" {
      assert = [for c in calls.alertmanager.postAlerts : c.body[0].labels if c.body[0].labels.charge == "ch_2"] == [{ alertname = "StripePaymentFailed", severity = "warning", charge = "ch_2", code = "unknown", mode = "test" }]
    }
  }
}

test "an alert that is refused does not keep the others from being sent" {
  integration = integration.payments

  mock "disputes" {
    call    = stripe.GetDisputes
    body    = { data = [{ id = "dp_1", status = "needs_response" }, { id = "dp_2", status = "needs_response" }], has_more = false }
    partial = true
  }
  mock "no payments" {
    call    = stripe.GetCharges
    body    = { data = [], has_more = false }
    partial = true
  }
  mock "refused" {
    call   = alertmanager.postAlerts
    when   = request.body[0].labels.dispute == "dp_1"
    status = 400
    body   = "no"
  }

  expect {
    outputs = { disputes = 1, failed_payments = 0 }
  }
}

test "a Stripe that is down is asked four times, then the run fails" {
  integration = integration.payments

  mock "down" {
    call   = stripe.GetDisputes
    status = 503
  }

  expect {
    status = "failed"
    assert = error.step == "disputes" && len(calls.stripe.GetDisputes) == 4 && len(calls.alertmanager.postAlerts) == 0
  }
}
