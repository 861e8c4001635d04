# Copies address records from Cloudflare to a PowerDNS server, as a fallback.

api "cloudflare" {
  spec = "cloudflare.json"

  auth "api_email" {
    value = "dns@example.com"
  }

  auth "api_key" {
    value = secret.cloudflare_key
  }
}

api "powerdns" {
  spec   = "powerdns.yaml"
  server = "http://ns1.internal:8081/api/v1"

  auth "APIKeyHeader" {
    value = secret.powerdns_key
  }
}

secret "cloudflare_key" {
  env = "CLOUDFLARE_KEY"
}

secret "powerdns_key" {
  env = "POWERDNS_KEY"
}

variable "zones" {
  description = "Cloudflare's identifiers of the zones, by name."
  type        = map(string({ max_length = 32 }))
  default     = { "example.com" = "023e105f4ecef8ad9ca31a8372d0c353" }
}

mapping "fqdn" {
  from  = { name = string }
  to    = string
  value = hasSuffix(name, ".") ? name : "${name}."
}

integration "fallback_dns" {
  for_each "zone" {
    in  = keys(var.zones)
    key = zone

    step "records" {
      call   = cloudflare["dns-records-for-a-zone-list-dns-records"]
      params = { zone_id = must(var.zones[zone], "zone is one of its keys"), per_page = 100, page = 1 }

      paginate {
        items = response.body.result
        next = len(response.body.result) == 100 ? {
          page = coalesce(response.body.result_info.page, 1) + 1
        } : null
      }
    }

    for_each "record" {
      in    = step.records.items
      where = expr("record.type in ['A', 'AAAA', 'CNAME']")
      key   = record.id

      step "put" {
        call       = powerdns.patchZone
        params     = { server_id = "localhost", zone_id = mapping::fqdn(zone) }
        idempotent = true
        body = {
          rrsets = [{
            name       = mapping::fqdn(record.name)
            type       = record.type
            ttl        = coalesce(record.ttl, 1) == 1 ? 300 : round(coalesce(record.ttl, 300))
            changetype = "REPLACE"
            records = [{
              content  = record.type == "CNAME" ? mapping::fqdn(must(record.content, "a CNAME has content")) : must(record.content, "an address record has content")
              disabled = false
            }]
            comments = [{
              content     = coalesce(record.comment, "from Cloudflare")
              account     = "tenon"
              modified_at = unix(parse_time(record.modified_on))
            }]
          }]
        }
      }
    }

    aggregate "records" {
      sum = for_each.record.succeeded
    }
  }

  output "records" {
    value = for_each.zone.records
  }
}
