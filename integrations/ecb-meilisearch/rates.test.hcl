test "each rate of each day becomes a document" {
  integration = integration.rates

  mock "two days" {
    call = ecb.rates
    when = request.params.file == "eurofxref-daily"
    body = {
      Cube = {
        Cube = [
          { time = "2026-11-27", Cube = [{ currency = "USD", rate = 1.1575 }, { currency = "JPY", rate = 180.83 }] },
          { time = "2026-11-26", Cube = [{ currency = "USD", rate = 1.16 }] },
        ]
      }
    }
  }
  mock "taken" {
    call = meilisearch.replace_documents
    body = { taskUid = 7, indexUid = "rates", status = "enqueued", type = "documentAdditionOrUpdate", enqueuedAt = "2026-11-27T15:00:00Z" }
  }
  mock "indexed after a while" {
    call = meilisearch.get_task
    when = request.params.taskUid == "7"
    responses = [
      { body = { uid = 7, status = "enqueued", type = "documentAdditionOrUpdate", enqueuedAt = "2026-11-27T15:00:00Z" } },
      { body = { uid = 7, status = "processing", type = "documentAdditionOrUpdate", enqueuedAt = "2026-11-27T15:00:00Z" } },
      { body = { uid = 7, status = "succeeded", type = "documentAdditionOrUpdate", enqueuedAt = "2026-11-27T15:00:00Z" } },
    ]
  }

  expect {
    outputs = { documents = 3 }
    assert  = len(calls.meilisearch.get_task) == 3
    check "the documents" {
      assert  = calls.meilisearch.replace_documents[0].body == [{ id = "2026-11-27-USD", date = "2026-11-27", currency = "USD", rate = 1.1575 }, { id = "2026-11-27-JPY", date = "2026-11-27", currency = "JPY", rate = 180.83 }, { id = "2026-11-26-USD", date = "2026-11-26", currency = "USD", rate = 1.16 }]
      message = jsonencode(calls.meilisearch.replace_documents)
    }
  }
}

test "what Meilisearch cannot index fails the run" {
  integration = integration.rates

  mock "refused" {
    call = meilisearch.get_task
    body = {
      uid   = 7, status = "failed", type = "documentAdditionOrUpdate", enqueuedAt = "2026-11-27T15:00:00Z"
      error = { message = "no primary key", code = "index_primary_key_no_candidate_found", type = "invalid_request", link = "https://docs.meilisearch.com/errors" }
    }
  }

  expect {
    status = "failed"
    assert = error.kind == "check" && error.step == "indexed"
  }
}
