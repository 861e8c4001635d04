# Stops containers of a Docker host that have been unhealthy for long.

api "docker" {
  spec       = "docker.yaml"
  server     = "http://localhost:2375/v1.56"
  on_unknown = "stop"
}

variable "label" {
  type    = string
  default = "autostop"
}

integration "stop_unhealthy" {
  step "containers" {
    call = docker.ContainerList
    params = {
      all     = false
      limit   = 100
      filters = jsonencode({ health = ["unhealthy"], label = [var.label] })
    }
  }

  for_each "container" {
    in    = step.containers.body
    where = container.State == "running"
    key   = coalesce(container.Id, "")

    step "details" {
      call   = docker.ContainerInspect
      params = { id = must(container.Id, "Docker always tells it"), size = false }
    }

    step "stop" {
      call   = docker.ContainerStop
      params = { id = must(container.Id, "Docker always tells it"), t = 10, signal = "SIGTERM" }
      when   = coalesce(step.details.body.State.Health.FailingStreak, 0) > 5
      accept = [304]
    }

    aggregate "names" {
      list = coalesce(first(coalesce(container.Names, [])), container.Id, "unknown")
    }
  }

  step "network" {
    call = docker.NetworkCreate
    body = {
      Name       = "quarantine"
      Driver     = "bridge"
      Internal   = true
      Attachable = false
      Labels     = { purpose = "quarantine" }
    }

    catch "409" {
      skip = true
    }
  }

  output "stopped" {
    value = for_each.container.names
  }

  output "network" {
    value = step.network.body.Id
  }
}
