stpe /* ERROR "unknown-block: .stpe. is not a block that stands in a file" */ "x" {
}

stray /* ERROR "unknown-attribute: .stray. is not an attribute of a file" */ = 1

test /* ERROR "unknown-block: Tests stand in files of their own, whose names end in .test.hcl: move this one to blocks.test.hcl" */ "t" {
}

api "shop" { /* ERROR "missing-attribute: An .api. block needs .spec.: a string" */
  headers /* ERROR "unknown-block: .headers. is an attribute, not a block: write headers = { … }" */ {
    a = "b"
  }
  overlays /* ERROR "means something only together with .spec." */ = []
  limit {
    rate = "1/1s"
  }
  limit {
    rate = "5/1h"
  }
  retry {
    attempts = 2
  }
  retry /* ERROR "duplicate-name: Only one .retry. block can stand here" */ {
    attempts = 3
  }
}

integraton /* ERROR "unknown-block: .* Did you mean .integration.." */ "i" {
  outptu /* ERROR "Did you mean .output.." */ "o" {
    vlaue /* ERROR "unknown-attribute: .vlaue. is not an attribute of an .output. block. Did you mean .value.." */ = 1
  }
  step "s" {
    value    = 1
    paginate /* ERROR "unknown-attribute: .paginate. is a block, not an attribute" */ = {}
  }
  step /* ERROR "attribute-value: A .step. block needs a label: step .NAME. { … }" */ {
    value = 1
  }
  step "a" "b" /* ERROR "attribute-value: A .step. block takes one label" */ {
    value = 1
  }
  on_failure "x" /* ERROR "attribute-value: An .on_failure. block takes no label" */ {
  }
  output "" /* ERROR "attribute-value: A label cannot be empty" */ {
    value = 1
  }
  trigger "timer" /* ERROR "attribute-value: .timer. is not one of .schedule., .webhook., .completion. or .operation." */ "nightly" {
    cron = "0 2 * * *"
  }
  trigger "schedule" /* ERROR "attribute-value: A .trigger. block needs 2 labels: trigger .KIND. .NAME. { … }" */ {
    every = "1h"
  }
  trigger "schedule" "empty" { /* ERROR "missing-attribute: A schedule needs .cron. or .every." */
    path /* ERROR "unknown-attribute: .path. is not an attribute of a trigger .schedule." */ = "/hooks"
    verify /* ERROR "unknown-block: .verify. stands only in a trigger .webhook." */ "none" {
    }
  }
  trigger "schedule" "both" {
    cron  = "0 2 * * *"
    every /* ERROR "attribute-value: .cron. and .every. do not go together" */ = "1h"
  }
  trigger "webhook" "both" /* ERROR "duplicate-name: There is another trigger called .both." */ { /* ERROR "missing-attribute: A trigger .webhook. needs .path." */
    verify "hmac" { /* ERROR "missing-attribute: verify .hmac. needs .secret." */ /* ERROR "missing-attribute: verify .hmac. needs .header." */
      token /* ERROR "unknown-attribute: .token. is not an attribute of a verify .hmac." */ = "x"
    }
  }
  trigger "completion" "after" {
    integration = "import" /* ERROR "attribute-value: .integration. must be an integration such as integration.invoices: write integration.import" */
  }
  trigger "webhook" "declared" {
    path    = "/hooks/declared"
    webhook = shop.pushed /* ERROR "attribute-value: .webhook. must be a webhook of a spec" */
  }
}
