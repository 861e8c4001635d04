test "deployments with too few replicas become alerts" {
  integration = integration.replicas
  now         = "2026-02-03T12:00:00Z"

  mock "one is well, one has one of three, one has none" {
    call = kubernetes.listAppsV1DeploymentForAllNamespaces
    body = {
      items = [
        { metadata = { name = "well", namespace = "web", uid = "u-1" }, status = { availableReplicas = 1 } },
        { metadata = { name = "slow", namespace = "web", uid = "u-2" }, spec = { replicas = 3, selector = {}, template = {} }, status = { availableReplicas = 1 } },
        {
          metadata = { name = "down", namespace = "shop", uid = "u-3" }
          status   = { conditions = [{ type = "Available", status = "False", reason = "MinimumReplicasUnavailable" }, { type = "Progressing", status = "True" }] }
        },
      ]
    }
  }
  mock "taken" {
    call = alertmanager.postAlerts
  }

  expect {
    outputs = { deployments = 2, alerts = 2 }

    check "what is down altogether is critical, and the reason is told" {
      assert = [for c in calls.alertmanager.postAlerts : c.body if c.body[0].labels.deployment == "down"] == [[{
        labels      = { alertname = "DeploymentReplicasMissing", severity = "critical", namespace = "shop", deployment = "down" }
        annotations = { summary = "0 of 1 replicas are available.", reason = "Available: MinimumReplicasUnavailable" }
        endsAt      = "2026-02-03T12:10:00Z"
      }]]
      message = jsonencode([for c in calls.alertmanager.postAlerts : c.body])
    }
    check "what is merely slow is a warning" {
      assert = len([for c in calls.alertmanager.postAlerts : c if c.body[0].labels.deployment == "slow" && c.body[0].labels.severity == "warning"]) == 1
    }
  }
}

test "an Alertmanager that refuses does not keep the rest from being told" {
  integration = integration.replicas

  mock "two are down" {
    call = kubernetes.listAppsV1DeploymentForAllNamespaces
    body = { items = [{ metadata = { name = "a", namespace = "web", uid = "u-1" } }, { metadata = { name = "b", namespace = "web", uid = "u-2" } }] }
  }
  mock "a is refused" {
    call   = alertmanager.postAlerts
    when   = request.body[0].labels.deployment == "a"
    status = 400
    body   = "no"
  }

  expect {
    outputs = { deployments = 2, alerts = 1 }
  }
}
