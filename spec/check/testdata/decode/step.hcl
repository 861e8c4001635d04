integration "i" {
  timeout = 5 /* ERROR "attribute-value: .timeout. has no unit: 5 seconds are written .5s." */

  step "none" { /* ERROR "missing-attribute: A .step. block needs .call., .value., .run. or .wait." */
  }
  step "both" {
    call  = shop.listOrders
    value /* ERROR "attribute-value: .call. and .value. do not go together" */ = 1
  }
  step "params" {
    value  = 1
    params /* ERROR "attribute-value: .params. means something only together with .call." */ = {}
    retry /* ERROR ".retry. means something only together with .call." */ {}
  }
  step "string" {
    call = "shop.listOrders" /* ERROR "attribute-value: .call. must be an operation such as shop.listOrders: write shop.listOrders" */
  }
  step "dotted" {
    call = shop.orders.list /* ERROR `write shop\["orders.list"\]` */
  }
  step "api" {
    call = shop /* ERROR ".call. must be an operation" */
  }
  step "misspelt" {
    cal /* ERROR "unknown-attribute: .* Did you mean .call.." */ = shop.listOrders
    timeuot /* ERROR "Did you mean .timeout.." */ = "5s"
    accept     = [404, "409" /* ERROR "write 409" */, 40000 /* ERROR "not an HTTP status" */]
    depends_on = [step.none, api /* ERROR ".depends_on. names steps" */, step.none.body /* ERROR "write step.none" */]
    safe       = "true" /* ERROR ".safe. must be true or false: write true" */
  }
  step "lists" {
    call       = shop.listOrders
    accept     = 404 /* ERROR "write .404." */
    depends_on = step.none /* ERROR "write .step.none." */
  }
  step "retry" {
    call = shop.listOrders
    retry {
      attempts = 0 /* ERROR ".attempts. must be at least 1" */
      backoff  = exponential /* ERROR "written in quotes: write .exponential." */
      initial  = "5 seconds" /* ERROR ".5 seconds. is not a duration" */
      max      = var.max /* ERROR ".max. must be a duration" */
      on       = ["5XX" /* ERROR "Did you mean .5xx.." */, "netwrok" /* ERROR "Did you mean .network.." */, 42 /* ERROR "nothing that can be tried again" */]
    }
    catch "4040" /* ERROR ".4040. cannot be caught" */ {
      skip = true
    }
    catch "403" {
      skip = false /* ERROR "skips the step or does not name" */
    }
    catch "402" {
      skip = true
      body /* ERROR ".skip. and .body. do not go together" */ = {}
    }
    catch "404" { /* ERROR "A .catch. block needs .body., .skip. or .call." */
    }
    paginate {
    }
  }
  for_each "stops" {
    in         = []
    on_error   = "stop"
    max_errors /* ERROR "only with on_error = .continue." */ = 3
  }
  for_each "x" {
    in          = []
    concurrency = "4" /* ERROR ".concurrency. must be a whole number: write 4" */
    on_error    = "contnue" /* ERROR ".contnue. is not one of .stop. or .continue.. Did you mean .continue.." */
    aggregate "n" { /* ERROR "An .aggregate. block needs .sum., .count., .list., .min., .max., .first. or .last." */
    }
  }
}

api "shop" {
  spec    = "https://example.com/shop.yaml" /* ERROR "A spec is a file of the project. .tenon add shop https:" */
  timeout = "0s" /* ERROR ".0s. is not a duration" */
  auth "x" {
    type  = "oauth1" /* ERROR "oauth1" */
    token = secret.x
  }
  auth "y" {
  }
  limit {
    rate = "100/s" /* ERROR "is not a rate: write .100/1s." */
  }
}

secret "x" { /* ERROR "A .secret. block needs .env., .file. or .command." */
}

secret "y" {
  env = STRIPE_KEY /* ERROR ".env. must be a string: write .STRIPE_KEY." */
}

secret "z" {
  command = [] /* ERROR ".command. cannot be empty" */
}
