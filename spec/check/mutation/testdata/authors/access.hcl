# Mails what a user may read.

api "fga" {
  spec   = "openfga.json"
  server = "https://fga.example.com"
}

api "resend" {
  spec       = "resend.yaml"
  on_unknown = "stop"

  auth "bearerAuth" {
    token = secret.resend
  }
}

secret "resend" {
  env = "RESEND_KEY"
}

integration "access_report" {
  input "store" {
    type    = string
    default = "01HVMMBCMGZNT3SED4Z17ECXCA"
  }

  input "user" {
    type    = string({ min_length = 1, max_length = 100 })
    default = "anne"
  }

  step "objects" {
    call   = fga.ListObjects
    params = { store_id = input.store }
    safe   = true
    body = {
      type        = "document"
      relation    = "reader"
      user        = "user:${input.user}"
      consistency = "MINIMIZE_LATENCY"
    }
  }

  step "mail" {
    call = resend.sendEmail
    body = {
      from    = "Access <access@example.com>"
      to      = "${input.user}@example.com"
      subject = "${len(step.objects.body.objects)} documents"
      text    = join(take(sort(step.objects.body.objects), 100), "\n")
    }
    when = len(step.objects.body.objects) > 0
  }

  output "sent" {
    value = !step.mail.skipped
  }
}
