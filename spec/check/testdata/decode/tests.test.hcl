test "a" { /* ERROR "missing-attribute: A .test. block needs .integration." */
  now  = "2026-01-01" /* ERROR "attribute-value: .2026-01-01. is not a time as RFC 3339 writes it: write .2026-01-01T00:00:00Z." */
  seed = -1           /* ERROR "attribute-value: .seed. must be" */

  mock "c" {
    call      = shop.getOrder
    status /* ERROR "attribute-value: .responses. and .status. do not go together" */ = "404" /* ERROR "attribute-value: This is not an HTTP status.*write 404" */
    responses = [
      { status = 5 /* ERROR "attribute-value: This is not an HTTP status" */, body = x, status /* ERROR "duplicate-name: .status. is already given" */ = 200, (y) /* ERROR "attribute-value: The names in .responses. must be written out" */ = 1 },
      { eror /* ERROR "unknown-attribute: An answer has no .eror.\\. Did you mean .error." */ = "network", valid = 1 /* ERROR "attribute-value: .valid. must be true or false" */ },
      { error = "timeout", body /* ERROR "attribute-value: .error. and .body. do not go together: with a failure there is no answer" */ = 1 },
      7 /* ERROR "attribute-value: Each of .responses. is written as an object" */,
    ]
  }
  mock "c" /* ERROR "duplicate-name: There is another mock called .c." */ { /* ERROR "missing-attribute: A .mock. block needs .call." */
    responses = { status = 503 } /* ERROR "attribute-value: .responses. must be a list of answers.*write \\[{ status = 503 }\\]" */
  }
  expect {
    status = succeeded /* ERROR "attribute-value: .status. is written in quotes: write .succeeded." */
    check "e" {
      assert = true
    }
    check "e" /* ERROR "duplicate-name: There is another check called .e." */ {
      assert = true
    }
  }
}

test "b" {
  integration = "a" /* ERROR "attribute-value: .integration. must be an integration.*write integration.a" */
  now         = 7   /* ERROR "attribute-value: .now. must be a time" */
  mock "c" {
    call      = shop.getOrder
    responses = [] /* ERROR "attribute-value: .responses. cannot be empty" */
  }
  expect {
    check "e" { /* ERROR "missing-attribute: A .check. block needs .assert." */
    }
  }
  expect /* ERROR "duplicate-name: Only one .expect. block can stand here" */ {
  }
}

api /* ERROR "unknown-block: A file of tests holds nothing but tests" */ "x" {
}
