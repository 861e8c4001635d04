# Keeps a search index of bank transactions up to date.

api "plaid" {
  spec = "plaid.yml"

  auth "clientId" {
    value = secret.plaid_client
  }

  auth "secret" {
    value = secret.plaid_secret
  }

  auth "plaidVersion" {
    value = "2020-09-14"
  }
}

api "search" {
  spec   = "meilisearch.json"
  server = "http://localhost:7700"

  auth "Bearer" {
    token = secret.search_key
  }
}

secret "plaid_client" {
  env = "PLAID_CLIENT_ID"
}

secret "plaid_secret" {
  env = "PLAID_SECRET"
}

secret "search_key" {
  env = "MEILI_KEY"
}

mapping "document" {
  from = { t = plaid.schemas.Transaction }
  value = {
    id       = regex_replace(t.transaction_id, "[^a-zA-Z0-9_-]", "_")
    account  = t.account_id
    name     = coalesce(t.merchant_name, t.name)
    cents    = round(decimal(t.amount) * 100)
    currency = coalesce(t.iso_currency_code, t.unofficial_currency_code, "unknown")
    day      = coalesce(t.authorized_date, t.date)
    month    = truncate(t.date, 7)
    channel  = match(t.payment_channel, { online = "web", "in store" = "shop", other = "other" })
    pending  = t.pending
    category = coalesce(t.personal_finance_category.primary, "UNCATEGORIZED")
    city     = t.location.city
  }
}

integration "transactions" {
  input "access_token" {
    type    = string
    default = "access-sandbox-1"
  }

  step "sync" {
    call = plaid.transactionsSync
    safe = true
    body = { access_token = input.access_token, count = 500 }

    paginate {
      items = response.body.added
    }
  }

  step "documents" {
    value = [for t in collect(step.sync.items) : mapping::document(t)]
  }

  for_each "part" {
    in = chunk(step.documents.value, 1000)

    step "index" {
      call   = search.replace_documents
      params = { indexUid = "transactions", primaryKey = "id", csvDelimiter = "," }
      body   = part
    }

    step "task" {
      call   = search.get_task
      params = { taskUid = step.index.body.taskUid }
    }

    aggregate "failed" {
      count = step.task.body.status == "failed"
    }
  }

  output "spent" {
    value = sum([for d in step.documents.value : d.cents if d.cents > 0 && !d.pending])
  }

  output "by_month" {
    value = { for d in step.documents.value : d.month => d.cents... }
  }

  output "failed" {
    value = for_each.part.failed
  }
}
