# Deployments of a Kubernetes cluster that have fewer replicas than they ask for become alerts.
#
#   tenon run replicas --mock   over HTTP, against mocks of both specs
#   tenon run replicas          for real; set KUBERNETES_TOKEN and kubernetes_url
#
# Run it every minute or two: an alert ends ten minutes after it was last sent.

api "kubernetes" {
  spec   = "openapi/kubernetes.json"
  server = var.kubernetes_url

  auth "BearerToken" {
    value = "Bearer ${secret.kubernetes_token}"
  }
}

api "alertmanager" {
  spec    = "openapi/alertmanager.yaml"
  server  = var.alertmanager_url
  timeout = "10s"
}

secret "kubernetes_token" {
  env = "KUBERNETES_TOKEN"
}

variable "kubernetes_url" {
  description = "Where the cluster's API is."
  type        = string
  default     = "https://kubernetes.default.svc"
}

variable "alertmanager_url" {
  description = "Where Alertmanager's API is."
  type        = string
  default     = "http://localhost:9093/api/v2"
}

integration "replicas" {
  description = "Deployments with too few replicas become alerts."
  timeout     = "2m"

  input "selector" {
    description = "Which deployments to look at, as a label selector; all of them if empty."
    type        = string
    default     = ""
  }

  step "deployments" {
    call   = kubernetes.listAppsV1DeploymentForAllNamespaces
    params = { labelSelector = input.selector, limit = 200 }
    paginate {}
  }

  for_each "deployment" {
    in          = step.deployments.items
    where       = coalesce(deployment.status.availableReplicas, 0) < coalesce(deployment.spec.replicas, 1)
    key         = coalesce(deployment.metadata.uid, deployment.metadata.name, "unnamed")
    concurrency = 4
    on_error    = "continue"

    step "reason" {
      value = expr(<<-EOT
        let bad = filter(deployment.status.conditions ?? [], .status == "False");
        join(map(bad, .type + ": " + (.reason ?? "no reason")), "; ")
      EOT
      )
    }

    step "alert" {
      call       = alertmanager.postAlerts
      idempotent = true # alerts with the same labels are one alert
      body = [{
        labels = {
          alertname  = "DeploymentReplicasMissing"
          severity   = coalesce(deployment.status.availableReplicas, 0) == 0 ? "critical" : "warning"
          namespace  = deployment.metadata.namespace
          deployment = deployment.metadata.name
        }
        annotations = {
          summary = "${coalesce(deployment.status.availableReplicas, 0)} of ${coalesce(deployment.spec.replicas, 1)} replicas are available."
          reason  = step.reason.value
        }
        endsAt = now() + duration("10m")
      }]
    }
  }

  output "deployments" {
    value = for_each.deployment.count
  }

  output "alerts" {
    value = for_each.deployment.succeeded
  }
}
