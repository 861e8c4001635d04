package view

import (
	"fmt"
	"strings"

	"tenon/spec/plan"
)

// triggers shows what starts the integration by itself.
func (v *planView) triggers() {
	if len(v.p.Triggers) == 0 {
		return
	}
	v.section("Triggers")
	for _, t := range v.p.Triggers {
		v.printf("  %s %s  %s\n", t.Kind, v.s.Bold(clean(t.Name)), clean(starts(t)))
		if w := t.Webhook; w != nil {
			if w.What != "" {
				v.printf("    body %s, validated whole\n", clean(w.What))
			}
			v.printf("    %s\n", verified(w.Verify))
			if w.Key != nil {
				v.printf("    once per %s\n", v.source(w.Key))
			}
		}
		if t.Operation != nil {
			v.taken(t.Operation)
		}
		if t.When != nil {
			v.printf("    when %s\n", v.source(t.When))
		}
		if t.Inputs != nil {
			v.printf("    inputs %s\n", v.source(t.Inputs))
		}
		if t.Operation != nil {
			v.replies(t.Operation)
		}
	}
}

// taken tells which requests of a served operation are taken.
func (v *planView) taken(o *plan.Operation) {
	if b := o.Body; b != nil {
		var types []string
		for _, c := range b.Content {
			types = append(types, c.ContentType)
		}
		v.printf("    body %s, validated whole\n", clean(strings.Join(types, " or ")))
	}
	shown := "nothing to show"
	if len(o.Security) > 0 {
		var all []string
		for _, s := range o.Security {
			all = append(all, strings.Join(s, " with "))
		}
		shown = "shows " + strings.Join(all, ", or ")
	}
	v.printf("    client %s, waits %s\n", clean(shown), duration(o.Timeout))
	for _, l := range o.Limits {
		v.printf("    each client %s\n", limit(l))
	}
	if o.KeyHeader != "" {
		v.printf("    once per %s\n", clean(o.KeyHeader))
	}
	if o.Cache > 0 {
		v.printf("    answers are kept %s\n", duration(o.Cache))
	}
}

// replies tells what the client of a served operation gets.
func (v *planView) replies(o *plan.Operation) {
	for _, r := range o.Responds {
		v.printf("    answers %d", r.Status)
		if r.On == "failed" {
			v.printf(" if it failed")
		}
		if r.When != nil {
			v.printf(" when %s", v.source(r.When))
		}
		if r.Body != nil {
			v.printf(" %s%s", v.source(r.Body.Value), v.guarded(r.Body.Value, r.Body.Guard))
		}
		v.printf("\n")
	}
}

// starts says when a trigger starts a run.
func starts(t *plan.Trigger) string {
	switch {
	case t.Webhook != nil:
		return "POST " + t.Webhook.Path
	case t.Operation != nil:
		return fmt.Sprintf("%s %s%s", t.Operation.Method, t.Operation.Bases[0], t.Operation.Path)
	case t.Completion != nil:
		how := map[string]string{"succeeded": "has succeeded", "failed": "has failed", "any": "has ended"}[t.Completion.On]
		return fmt.Sprintf("when %s %s", t.Completion.Integration, how)
	}
	s := t.Schedule
	text := "every " + duration(s.Every)
	if s.Cron != "" {
		text = fmt.Sprintf("%s in %s", s.Cron, s.Timezone)
	}
	if s.Jitter > 0 {
		text += ", up to " + duration(s.Jitter) + " later"
	}
	return text + map[string]string{
		"latest": "; of missed runs the latest is caught up", "all": "; missed runs are caught up", "none": "; missed runs are left out",
	}[s.CatchUp]
}

func verified(p *plan.Verify) string {
	switch {
	case p == nil || p.Method == "none":
		return "not verified"
	case p.Method == "hmac":
		return clean(fmt.Sprintf("verified by hmac %s in %s", p.Algorithm, p.Header))
	}
	return "verified by " + strings.ReplaceAll(p.Method, "_", " ")
}
