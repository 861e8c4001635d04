# Raises an alert for every deployment that has fewer replicas than it asks for, and writes a
# summary into a config map.

api "kubernetes" {
  spec   = "kubernetes-v2.json"
  server = "https://kubernetes.default.svc"

  auth "BearerToken" {
    value = "Bearer ${secret.cluster_token}"
  }
}

api "alertmanager" {
  spec   = "alertmanager.yaml"
  server = "http://alertmanager.monitoring.svc:9093/api/v2"
}

secret "cluster_token" {
  file = "/var/run/secrets/kubernetes.io/serviceaccount/token"
}

integration "replicas" {
  input "namespace" {
    type    = string({ pattern = "^[a-z0-9-]{1,63}$" })
    default = "default"
  }

  step "deployments" {
    call   = kubernetes.listAppsV1NamespacedDeployment
    params = { namespace = input.namespace, limit = 200 }

    paginate {
      items = response.body.items
      next = coalesce(response.body.metadata.continue, "") != "" ? {
        continue = response.body.metadata.continue
      } : null
    }
  }

  for_each "deployment" {
    in    = step.deployments.items
    where = coalesce(deployment.status.availableReplicas, 0) < coalesce(deployment.spec.replicas, 1)
    key   = deployment.metadata.name

    step "reason" {
      value = expr(<<-EOT
        let bad = filter(deployment.status.conditions ?? [], .status == "False");
        join(map(bad, .type + ": " + (.reason ?? "no reason")), "; ")
      EOT
      )
    }

    step "alert" {
      call       = alertmanager.postAlerts
      idempotent = true
      body = [{
        labels = {
          alertname  = "TooFewReplicas"
          namespace  = input.namespace
          deployment = coalesce(deployment.metadata.name, "unknown")
        }
        annotations = {
          summary = "${coalesce(deployment.status.availableReplicas, 0)} of ${coalesce(deployment.spec.replicas, 1)} replicas are there."
          reason  = step.reason.value
        }
        startsAt = deployment.metadata.creationTimestamp
        endsAt   = now() + duration("10m")
      }]
    }

    aggregate "names" {
      list = deployment.metadata.name
    }
  }

  step "summary" {
    call   = kubernetes.replaceCoreV1NamespacedConfigMap
    params = { namespace = input.namespace, name = "too-few-replicas", fieldManager = "tenon" }
    body = {
      apiVersion = "v1"
      kind       = "ConfigMap"
      metadata   = { name = "too-few-replicas", labels = { "app.kubernetes.io/managed-by" = "tenon" } }
      data = {
        count = string(for_each.deployment.count)
        names = jsonencode(for_each.deployment.names)
      }
    }
  }

  output "version" {
    value = step.summary.body.metadata.resourceVersion
  }
}
