package daemon

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/fstest"

	"tenon/runtime/engine"
	"tenon/runtime/exec"
	"tenon/runtime/secret"
	"tenon/runtime/store"
	"tenon/spec/check"
	"tenon/spec/diag"
	"tenon/spec/syntax"
)

// A project over the daemon's own API: it is linted without a finding, and its answers keep to the document, since
// they are checked wherever the project reads them.
const overItself = `
api "tenon" {
  spec   = "openapi.yaml"
  server = var.url
  auth "token" {
    token = secret.token
  }
}
secret "token" {
  env = "TOKEN"
}
variable "url" {
  type = string({ format = "uri" })
}
integration "look" {
  step "health" {
    call = tenon.getHealth
  }
  step "ready" {
    call = tenon.getReadiness
  }
  step "loaded" {
    call = tenon.listIntegrations
  }
  step "start" {
    call   = tenon.startRun
    params = { integration = "note", "Idempotency-Key" = "once" }
    body   = { inputs = { text = "by itself" } }
    idempotent = true
  }
  step "again" {
    call   = tenon.startRun
    params = { integration = "note", "Idempotency-Key" = "once" }
    body   = { inputs = { text = "by itself" } }
    idempotent = true
  }
  step "run" {
    call       = tenon.getRun
    params     = { run = step.start.body.run }
    depends_on = [step.again]
    catch "404" {
      skip = true
    }
  }
  step "runs" {
    call   = tenon.listRuns
    params = { limit = 1 }
    paginate {}
  }
  step "unknown" {
    call   = tenon.getRun
    params = { run = "none" }
    catch "404" {
      body = { id = "none", integration = error.body.title, status = "failed" }
    }
  }
  for_each "one" {
    in = step.runs.items
    aggregate "integrations" {
      list = one.integration
    }
  }
  output "same" {
    value = step.start.body.run == step.again.body.run && step.again.body.duplicate
  }
  output "seen" {
    value = coalesce(step.run.body.status, "not yet")
  }
  output "status" {
    value = step.ready.body.status
  }
  output "health" {
    value = step.health.body.status
  }
  output "names" {
    value = [for x in step.loaded.body.integrations : x.name]
  }
  output "paths" {
    value = [for x in step.loaded.body.integrations[1].triggers : x.path]
  }
  output "missing" {
    value = step.unknown.body.integration
  }
  output "runs" {
    value = for_each.one.integrations
  }
}
`

func TestDescriptionIsTrue(t *testing.T) {
	f, diags := syntax.Parse("main.hcl", []byte(overItself))
	m, found := check.Decode([]*syntax.File{f})
	diags.Append(found)
	r, found := check.Build(m, check.NewSpecs(fstest.MapFS{"openapi.yaml": {Data: Description}}, nil), check.Options{})
	diags.Append(found)
	for _, d := range diags {
		if d.Severity != diag.Note {
			t.Errorf("%s: %s", d.Rule.Name, d.Message)
		}
	}
	program, err := exec.Compile(r.Plans["look"])
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, "")
	d, _ := w.daemon(store.NewMemory(), func(o *Options) { o.Token = secret.New("tok") })
	for _, text := range []string{"a", "b"} {
		deliver(d, `{"id":"`+text+`","text":"`+text+`"}`)
	}
	eventually(t, "four runs", func() bool { return w.count("after a") == 1 && w.count("after b") == 1 })
	server := httptest.NewServer(d.Admin())
	defer server.Close()
	e := engine.New(engine.Options{})
	defer e.Close()
	res := e.Run(context.Background(), program, exec.Inputs{
		Variables: map[string]any{"url": server.URL}, Secrets: map[string]secret.Value{"token": secret.New("tok")},
	})
	if res.Error != nil {
		t.Fatalf("%+v", res.Error)
	}
	out := res.Outputs
	if out["same"] != true || out["status"] != "ok" || out["health"] != "ok" || out["missing"] != "Not Found" {
		t.Errorf("%v", out)
	}
	if runs := out["runs"].([]any); len(runs) < 4 {
		t.Errorf("runs of %v", runs)
	}
}
