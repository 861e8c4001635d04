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
		if t.When != nil {
			v.printf("    when %s\n", v.source(t.When))
		}
		if t.Inputs != nil {
			v.printf("    inputs %s\n", v.source(t.Inputs))
		}
	}
}

// starts says when a trigger starts a run.
func starts(t *plan.Trigger) string {
	switch {
	case t.Webhook != nil:
		return "POST " + t.Webhook.Path
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
