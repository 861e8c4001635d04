# Starts batches at OpenAI for files that were uploaded for them, and has texts moderated.

api "openai" {
  spec       = "openai.yaml"
  on_unknown = "stop"
  timeout    = "60s"

  auth "ApiKeyAuth" {
    token = secret.openai_key
  }
}

secret "openai_key" {
  env = "OPENAI_API_KEY"
}

variable "model" {
  type    = string
  default = "gpt-5.5"
}

integration "batches" {
  input "text" {
    type    = string({ min_length = 1 })
    default = "Is it going to rain?"
  }

  step "files" {
    call   = openai.listFiles
    params = { purpose = "batch", order = "desc", limit = 100 }

    paginate {
      items = response.body.data
      next  = response.body.has_more ? { after = response.body.last_id } : null
      limit = 1000
    }
  }

  for_each "file" {
    in    = step.files.items
    where = file.status == "processed" && file.bytes > 0
    key   = file.id

    step "batch" {
      call = openai.createBatch
      body = {
        input_file_id     = file.id
        endpoint          = "/v1/chat/completions"
        completion_window = "24h"
        output_expires_after = {
          anchor  = "created_at"
          seconds = 86400
        }
      }
    }

    switch "state" {
      on = step.batch.body.status

      case "failed" "expired" "cancelled" "cancelling" {
        step "explain" {
          value = format("batch %s has no output", step.batch.body.id)
        }
      }
      default {
        step "fine" {
          value = step.batch.body.request_counts.total
        }
      }
    }

    aggregate "batches" {
      list = { id = step.batch.body.id, why = step.explain.value, requests = step.fine.value }
    }
  }

  step "moderation" {
    call = openai.createModeration
    body = { input = input.text, model = "omni-moderation-latest" }
    safe = true
  }

  step "answer" {
    call = openai.createChatCompletion
    safe = true
    body = {
      model = var.model
      messages = [
        { role = "system", content = "Answer in one sentence." },
        { role = "user", content = input.text },
      ]
      temperature           = 0.2
      max_completion_tokens = 200
    }
    when = !first(step.moderation.body.results).flagged
  }

  step "vector" {
    call = openai.createEmbedding
    safe = true
    body = { input = [input.text], model = "text-embedding-3-small", dimensions = 512 }
  }

  output "answer" {
    value = coalesce(first(coalesce(step.answer.body.choices, [])).message.content, "none")
  }

  output "length" {
    value = len(first(step.vector.body.data).embedding)
  }

  output "batches" {
    value = for_each.file.batches
  }
}
