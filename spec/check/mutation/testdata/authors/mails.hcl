# Keeps a memo of every mail that Mailpit caught for an address.

api "mailpit" {
  spec   = "mailpit.json"
  server = "http://localhost:8025"
}

api "memos" {
  spec       = "memos.yaml"
  server     = "https://memos.example.com"
  on_unknown = "stop"

  auth "token" {
    type  = "bearer"
    token = secret.memos
  }
}

secret "memos" {
  env = "MEMOS_TOKEN"
}

integration "keep_mails" {
  input "address" {
    type    = string({ min_length = 3 })
    default = "team@example.com"
  }

  step "mails" {
    call   = mailpit.SearchParams
    params = { query = "to:${input.address} is:unread", limit = "50" }
  }

  for_each "mail" {
    in       = coalesce(step.mails.body.messages, [])
    where    = mail.Read != true
    key      = coalesce(mail.ID, mail.MessageID, "")
    on_error = "continue"

    step "memo" {
      call   = memos.MemoService_CreateMemo
      params = { memoId = slug(coalesce(mail.ID, "")) }
      body = {
        state      = "NORMAL"
        visibility = "PRIVATE"
        content    = "# ${coalesce(mail.Subject, "no subject")}\n\n${coalesce(mail.Snippet, "")}"
        pinned     = expr("'urgent' in (mail.Tags ?? [])")
      }
    }

    aggregate "bytes" {
      sum = coalesce(mail.Size, 0)
    }
  }

  output "kept" {
    value = for_each.mail.succeeded
  }

  output "bytes" {
    value = for_each.mail.bytes
  }
}
