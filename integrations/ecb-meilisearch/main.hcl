# The European Central Bank's reference rates become documents of a Meilisearch index.
#
#   tenon run rates --mock   over HTTP, against mocks of both APIs
#   tenon run rates          for real; set MEILISEARCH_KEY

api "ecb" {
  server = var.ecb_url

  operation "rates" {
    request       = "GET /stats/eurofxref/{file}.xml"
    params        = { file = enum("eurofxref-daily", "eurofxref-hist-90d", "eurofxref-hist") }
    response      = schema.rates
    response_type = "application/xml"
  }
}

api "meilisearch" {
  spec     = "openapi/meilisearch.json"
  overlays = ["overlays/meilisearch.yaml"]
  server   = var.meilisearch_url

  auth "Bearer" {
    token = secret.meilisearch_key
  }
}

schema "rates" {
  file = "schemas/ecb.yaml"
}

secret "meilisearch_key" {
  env = "MEILISEARCH_KEY"
}

variable "ecb_url" {
  description = "Where the European Central Bank publishes."
  type        = string
  default     = "https://www.ecb.europa.eu"
}

variable "meilisearch_url" {
  description = "Where Meilisearch is."
  type        = string
  default     = "http://localhost:7700"
}

integration "rates" {
  description = "Reference rates become documents, one for each currency and day."
  timeout     = "10m"

  input "file" {
    description = "The last day, the last 90 days or all of them since 1999."
    type        = enum("eurofxref-daily", "eurofxref-hist-90d", "eurofxref-hist")
    default     = "eurofxref-daily"
  }

  input "index" {
    type    = string({ pattern = "^[A-Za-z0-9_-]+$" })
    default = "rates"
  }

  step "published" {
    call   = ecb.rates
    params = { file = input.file }
  }

  step "documents" {
    value = flatten([for day in step.published.body.Cube.Cube : [for rate in day.Cube : {
      id       = "${day.time}-${rate.currency}"
      date     = day.time
      currency = rate.currency
      rate     = rate.rate
    }]])
  }

  step "add" {
    call         = meilisearch.replace_documents
    idempotent   = true # documents with the same id are replaced
    params       = { indexUid = input.index, primaryKey = "id" }
    content_type = "application/x-ndjson"
    body         = step.documents.value
  }

  # Meilisearch takes documents at once and indexes them later; only then it says what was wrong.
  step "indexed" {
    call   = meilisearch.get_task
    params = { taskUid = step.add.body.taskUid }

    repeat {
      until   = response.body.status != "enqueued" && response.body.status != "processing"
      every   = "500ms"
      timeout = "2m"
    }

    check "succeeded" {
      assert  = response.body.status == "succeeded"
      message = "Meilisearch did not index the rates: ${coalesce(response.body.error.message, response.body.status)}"
    }
  }

  output "documents" {
    value = len(step.documents.value)
  }
}
