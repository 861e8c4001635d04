test "somebody new gets an account and a code" {
  integration = integration.joiner
  inputs = {
    person = { number = "004711", email = "Ada@example.com", first = "Ada", last = "Lovelace", teams = ["sales", "support"] }
  }

  mock "unknown" {
    call   = ory.getIdentityByExternalID
    when   = request.params.externalID == "004711"
    status = 404
    body   = { error = { message = "Unable to locate the resource", status_code = 404 } }
  }
  mock "created" {
    call    = ory.createIdentity
    status  = 201
    body    = { id = "9f425a8d-7efc-4768-8f23-7647a74fdf13", schema_id = request.body.schema_id, traits = request.body.traits, state = "active" }
    partial = true
  }
  mock "a code" {
    call   = ory.createRecoveryCodeForIdentity
    status = 201
    body   = { recovery_code = "76453943", recovery_link = "https://shop-1.projects.oryapis.com/self-service/recovery", expires_at = "2026-02-06T09:00:00Z" }
  }

  expect {
    outputs = { id = "9f425a8d-7efc-4768-8f23-7647a74fdf13", created = true, until = "2026-02-06T09:00:00Z" }
    check "the traits" {
      assert  = [for c in calls.ory.createIdentity : c.body.traits] == [{ email = "ada@example.com", name = { first = "Ada", last = "Lovelace" }, teams = ["sales", "support"] }]
      message = jsonencode([for c in calls.ory.createIdentity : c.body])
    }
    check "the teams" {
      assert = [for p in calls.ory.patchRelationships[0].body : p.relation_tuple.object] == ["sales", "support"]
    }
    check "the address" {
      assert = [for c in calls.ory.createIdentity : c.body.verifiable_addresses[0].verified] == [false]
    }
  }
}

test "leavers are signed out and disabled" {
  integration = integration.leavers
  inputs      = { numbers = ["004711", "004712", "004711"] }
  state       = { gone = 7 }

  mock "one is gone already" {
    call   = ory.getIdentityByExternalID
    when   = request.params.externalID == "004712"
    status = 404
    body   = { error = { message = "gone" } }
  }
  mock "one is there" {
    call    = ory.getIdentityByExternalID
    body    = { id = "9f425a8d-7efc-4768-8f23-7647a74fdf13", schema_id = "person_v2", state = "active" }
    partial = true
  }
  mock "one session" {
    call    = ory.listIdentitySessions
    body    = [{ id = "1a425a8d-7efc-4768-8f23-7647a74fdf13", active = true }]
    partial = true
  }
  mock "in sales" {
    call = ory.getRelationships
    when = request.params.subject_id == "004711"
    body = { relation_tuples = [{ namespace = "Team", object = "sales", relation = "members", subject_id = "004711" }] }
  }
  mock "nowhere" {
    call = ory.getRelationships
    body = { relation_tuples = [] }
  }

  expect {
    outputs = { gone = 1, errors = 0 }
    state   = { gone = 8 }
    check "what is changed" {
      assert = [for c in calls.ory.patchIdentity : c.body[0]] == [{ op = "replace", path = "/state", value = "inactive" }]
    }
    check "nothing is erased" {
      assert = len(calls.ory.deleteIdentity) == 0 && [for c in calls.ory.deleteIdentitySessions : c.params.id] == ["9f425a8d-7efc-4768-8f23-7647a74fdf13"]
    }
    check "the team" {
      assert = [for c in calls.ory.patchRelationships : c.body[0].action] == ["delete"]
    }
  }
}

test "an account that there is not" {
  integration = integration.account
  inputs      = { number = "000000" }

  mock "unknown" {
    call   = ory.getIdentityByExternalID
    status = 404
    body   = { error = { message = "unknown" } }
  }

  expect {
    status = "failed"
    assert = error.status == 404 && error.step == "identity"
  }
}

test "an account" {
  integration = integration.account
  inputs      = { number = "004711" }

  mock "there" {
    call    = ory.getIdentityByExternalID
    body    = { id = "9f425a8d-7efc-4768-8f23-7647a74fdf13", state = "inactive", created_at = "2026-01-01T00:00:00Z" }
    partial = true
  }
  mock "in support" {
    call = ory.getRelationships
    body = { relation_tuples = [{ namespace = "Team", object = "support", relation = "members", subject_id = request.params.subject_id }] }
  }

  expect {
    outputs = { account = { id = "9f425a8d-7efc-4768-8f23-7647a74fdf13", state = "disabled", teams = ["support"], created = "2026-01-01T00:00:00Z" } }
  }
}
