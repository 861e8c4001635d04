//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"tenon/spec/check/checktest"
)

// BenchmarkIdle measures what a daemon costs that has 1,000 integrations over five documents and nothing to do:
// the released binary, from start until it serves, and then for a while. docs/performance.md says how to read it.
func BenchmarkIdle(b *testing.B) {
	for _, p := range idleProjects() {
		b.Run(p.Name, func(b *testing.B) { benchIdle(b, writeProject(b, p.Files)) })
	}
}

// idleFor is how long the daemon is watched. Longer than anything that it does now and then but once a minute.
const idleFor = 20 * time.Second

func benchIdle(b *testing.B, dir string) {
	tenon := buildBinary(b)
	cache := b.TempDir()
	lint := exec.Command(tenon, "lint", dir)
	lint.Env = append(os.Environ(), "TENON_CACHE="+cache)
	if out, err := lint.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var start, starting, idle time.Duration
	var rss, anon, file, peak int
	for b.Loop() {
		cmd := exec.Command(tenon, "serve", dir, "--listen", "127.0.0.1:0", "--state-dir", b.TempDir())
		cmd.Env = append(os.Environ(), "TENON_CACHE="+cache, "XDG_CONFIG_HOME="+b.TempDir(), "IDLE_TOKEN=whsec_c3Rvcm0gc2VjcmV0")
		log, err := cmd.StderrPipe()
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		lines := bufio.NewScanner(log)
		var last string
		for lines.Scan() && !strings.Contains(lines.Text(), "msg=serving") {
			last = lines.Text()
		}
		if lines.Text() == "" {
			b.Fatalf("it does not serve: %s", last)
		}
		start += time.Since(began)
		go func() {
			for lines.Scan() {
			}
		}()
		time.Sleep(5 * time.Second) // until it has settled
		before := processorTime(b, cmd.Process.Pid)
		starting += before
		time.Sleep(idleFor)
		idle += processorTime(b, cmd.Process.Pid) - before
		rss += resident(b, cmd.Process.Pid, "VmRSS")
		anon += resident(b, cmd.Process.Pid, "RssAnon")
		file += resident(b, cmd.Process.Pid, "RssFile")
		peak += resident(b, cmd.Process.Pid, "VmHWM")
		cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	}
	n := float64(b.N)
	b.ReportMetric(start.Seconds()/n, "start-s")
	b.ReportMetric(starting.Seconds()/n, "start-cpu-s")
	b.ReportMetric(float64(rss)/1000/n, "rss-MB")
	b.ReportMetric(float64(anon)/1000/n, "anon-MB")
	b.ReportMetric(float64(file)/1000/n, "file-MB")
	b.ReportMetric(float64(peak)/1000/n, "peak-MB")
	b.ReportMetric(100*idle.Seconds()/idleFor.Seconds()/n, "cpu-%")
}

// resident is a line of /proc/PID/status, in kB (proc_pid_status(5)).
func resident(b *testing.B, pid int, name string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("/proc/%d/status has no %s", pid, name)
	return 0
}

// processorTime is what a process has used, in hundredths of a second (proc_pid_stat(5)).
func processorTime(b *testing.B, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		b.Fatalf("/proc/%d/stat is %q", pid, text)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// idleProjects are 1,000 integrations over generated documents and, where they are at hand, over five real ones.
func idleProjects() []checktest.Project {
	list := []checktest.Project{generatedIdle()}
	real := checktest.Project{Name: "real", Files: map[string][]byte{"apis.hcl": []byte(idleAPIs)}}
	for _, name := range []string{"github.json", "stripe.json", "resend.yaml", "gotify.json", "alertmanager.yaml"} {
		content, err := os.ReadFile(filepath.Join(repository(), "..", "shared", "specs", name))
		if err != nil {
			return list
		}
		real.Files["openapi/"+name] = content
	}
	for i, text := range idleKinds {
		real.Files[fmt.Sprintf("kind%d.hcl", i)] = idleIntegrations(text)
	}
	return append(list, real)
}

// idleIntegrations are 200 of a kind.
func idleIntegrations(text string) []byte {
	var all strings.Builder
	for n := range 200 {
		number := strconv.Itoa
		strings.NewReplacer("@N@", number(n), "@MINUTE@", number(n%60), "@HOUR@", number(n%24), "@EVERY@", number(n%23+1), "@PRIORITY@", number(n%9)).WriteString(&all, text)
		all.WriteByte('\n')
	}
	return []byte(all.String())
}

// generatedIdle has the integrations of the generated project of the checker's benchmarks, 200 times, over five documents.
func generatedIdle() checktest.Project {
	p := checktest.Generated()
	p.Files["apis.hcl"] = append(p.Files["apis.hcl"], `
api "more" {
  spec = "openapi/more.json"
}

api "other" {
  spec = "openapi/other.json"
}

api "shop" {
  spec       = "openapi/shop.yaml"
  server     = "http://localhost"
  on_unknown = "stop"
}
`...)
	p.Files["openapi/more.json"], p.Files["openapi/other.json"], p.Files["openapi/shop.yaml"] = p.Files["openapi/big.json"], p.Files["openapi/forms.json"], []byte(serveSpec)
	for i := range 5 {
		name := fmt.Sprintf("number%d.hcl", i+1)
		text := strings.Replace(string(p.Files[name]), fmt.Sprintf("integration \"number%d\" {\n", i+1), fmt.Sprintf(`integration "number%d_@N@" {
  trigger "schedule" "often" {
    cron = "@MINUTE@ @HOUR@ * * *"
  }
`, i+1), 1)
		switch i {
		case 1:
			text = strings.NewReplacer("big.", "more.", "forms.", "other.").Replace(text)
		case 2:
			text = `integration "note_@N@" {
  input "text" {
    type = string
  }
  trigger "webhook" "said" {
    path   = "/hooks/note@N@"
    body   = object({ id = string, text = string })
    key    = trigger.body.id
    inputs = { text = trigger.body.text }
    verify "none" {}
  }
  step "note" {
    call = shop.addNote
    body = { text = "@N@: ${input.text}" }
  }
  output "id" {
    value = step.note.body.id
  }
}
`
		}
		p.Files[name] = idleIntegrations(text)
	}
	return p
}

const idleAPIs = `api "github" {
  spec = "openapi/github.json"
  auth "token" {
    type  = "bearer"
    token = secret.token
  }
}
api "stripe" {
  spec = "openapi/stripe.json"
  auth "bearerAuth" {
    token = secret.token
  }
}
api "resend" {
  spec       = "openapi/resend.yaml"
  on_unknown = "stop"
  auth "bearerAuth" {
    token = secret.token
  }
}
api "gotify" {
  spec       = "openapi/gotify.json"
  server     = "http://localhost"
  on_unknown = "stop"
  auth "appTokenHeader" {
    value = secret.token
  }
  auth "clientTokenHeader" {
    value = secret.token
  }
}
api "alerts" {
  spec   = "openapi/alertmanager.yaml"
  server = "http://localhost/api/v2"
}
secret "token" {
  env = "IDLE_TOKEN"
}
`

// idleKinds are integrations of five kinds.
var idleKinds = []string{`integration "triage@N@" {
  trigger "schedule" "often" {
    cron = "@MINUTE@ @HOUR@ * * *"
  }
  step "issues" {
    call   = github["issues/list-for-repo"]
    params = { owner = "acme", repo = "r@N@", state = "open" }
    paginate {}
  }
  for_each "issue" {
    in          = step.issues.items
    where       = issue.comments == 0 && !issue.locked
    key         = string(issue.number)
    concurrency = 4
    step "label" {
      call       = github["issues/add-labels"]
      params     = { owner = "acme", repo = "r@N@", issue_number = issue.number }
      body       = { labels = ["triage-@N@"] }
      idempotent = true
    }
  }
  output "count" {
    value = for_each.issue.count
  }
}
`, `integration "bill@N@" {
  input "customer" {
    type = string
  }
  trigger "webhook" "asked" {
    path   = "/hooks/bill@N@"
    body   = object({ id = string, customer = string })
    key    = trigger.body.id
    inputs = { customer = trigger.body.customer }
    verify "stripe" {
      secret = secret.token
    }
  }
  step "customer" {
    call   = stripe.GetCustomersCustomer
    params = { customer = input.customer }
  }
  step "item" {
    call = stripe.PostInvoiceitems
    body = { customer = step.customer.body.id, amount = @MINUTE@00, currency = "eur", description = "plan @N@" }
  }
  step "invoice" {
    call  = stripe.PostInvoices
    body  = { customer = input.customer, days_until_due = 14, collection_method = "send_invoice" }
  }
  output "invoice" {
    value = step.invoice.body.id
  }
}
`, `integration "mail@N@" {
  input "to" {
    type = string
  }
  input "subject" {
    type = string
  }
  trigger "webhook" "asked" {
    path   = "/hooks/mail@N@"
    body   = object({ id = string, to = string, subject = string, kind = string })
    key    = trigger.body.id
    when   = trigger.body.kind == "mail@N@"
    inputs = { to = trigger.body.to, subject = trigger.body.subject }
    verify "hmac" {
      secret = secret.token
      header = "X-Signature"
    }
  }
  step "send" {
    call = resend.sendEmail
    body = { to = input.to, from = "shop@N@@example.com", subject = "${input.subject} (@N@)", html = "<p>${input.subject}</p>" }
  }
}
`, `integration "push@N@" {
  trigger "schedule" "often" {
    every  = "@EVERY@h"
    jitter = "10m"
  }
  step "apps" {
    call = gotify.getApps
  }
  for_each "app" {
    in = step.apps.body
    step "push" {
      call = gotify.createMessage
      body = { title = "Report @N@", message = "${app.name} is there", priority = @PRIORITY@ }
    }
  }
}
`, `integration "watch@N@" {
  trigger "schedule" "often" {
    cron     = "@MINUTE@ */6 * * 1-5"
    timezone = "Europe/Berlin"
  }
  step "alerts" {
    call = alerts.getAlerts
  }
  for_each "alert" {
    in    = step.alerts.body
    where = alert.status.state == "active"
    step "issue" {
      call   = github["issues/create"]
      params = { owner = "acme", repo = "ops@N@" }
      body   = { title = "Alert @N@: ${alert.fingerprint}", labels = ["alert"] }
      idempotent = true
    }
  }
}
`}
