# Sends contracts that lie in a Box folder out to be signed, and moves them on.

api "box" {
  spec = "box.json"

  auth "OAuth2Security" {
    token = secret.box_token
  }
}

api "docusign" {
  spec   = "docusign-esign.json"
  server = "https://demo.docusign.net/restapi"

  auth "token" {
    type  = "bearer"
    token = secret.docusign_token
  }
}

secret "box_token" {
  env = "BOX_TOKEN"
}

secret "docusign_token" {
  env = "DOCUSIGN_TOKEN"
}

variable "account" {
  type    = string
  default = "12345678"
}

integration "contracts" {
  input "folder" {
    type    = string
    default = "1234"
  }

  input "signed_folder" {
    type    = string
    default = "5678"
  }

  step "items" {
    call   = box.get_folders_id_items
    params = { folder_id = input.folder, fields = ["name", "extension", "description", "type"], usemarker = true, limit = 200 }

    paginate {}
  }

  for_each "file" {
    in       = step.items.items
    where    = file.type == "file" && file.extension == "pdf"
    key      = file.id
    on_error = "continue"

    step "signer" {
      value = regex_find("signer: *([^ ]+@[^ ]+)", coalesce(file.description, ""))
    }

    step "link" {
      call   = box.put_files_id
      params = { file_id = file.id, fields = ["shared_link"] }
      body   = { shared_link = { access = "open", permissions = { can_download = true } } }
    }

    step "envelope" {
      call   = docusign.Envelopes_PostEnvelopes
      params = { accountId = var.account }
      body = {
        emailSubject = truncate("Please sign ${coalesce(file.name, "this contract")}", 100)
        status       = "sent"
        documents = [{
          documentId    = "1"
          name          = file.name
          fileExtension = "pdf"
          remoteUrl     = step.link.body.shared_link.download_url
        }]
        recipients = {
          signers = [{
            recipientId  = "1"
            routingOrder = "1"
            email        = must(step.signer.value, "when asks for it")
            name         = title(replace(first(split(must(step.signer.value, "when asks for it"), "@")), ".", " "))
          }]
        }
        customFields = { textCustomFields = [{ name = "box_file", value = file.id, show = "false" }] }
      }
      when = step.signer.value != null
    }

    step "move" {
      call       = box.put_files_id
      params     = { file_id = file.id }
      body       = { parent = { id = input.signed_folder }, tags = ["sent", "envelope-${coalesce(step.envelope.body.envelopeId, "none")}"] }
      when       = step.envelope.status == 201
      depends_on = [step.envelope]

      catch "409" {
        skip = true
      }
    }
  }

  output "files" {
    value = for_each.file.count
  }
}
