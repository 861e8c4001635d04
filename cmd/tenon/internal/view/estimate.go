package view

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"tenon/spec/plan"
)

// calls says how many requests go to each API when nothing fails, and what its limits make of that.
func (v *planView) calls() {
	estimates := v.p.Estimates()
	if len(estimates) == 0 {
		return
	}
	v.section("Requests")
	width := 0
	for _, e := range estimates {
		width = max(width, utf8.RuneCountInString(e.API))
	}
	for _, e := range estimates {
		var parts []string
		for _, p := range e.Parts {
			parts = append(parts, partText(p))
		}
		v.printf("  %s  %s%s\n", v.s.Cyan(pad(clean(e.API), width)), strings.Join(parts, ", and "), v.s.Dim(v.pace(e)))
	}
}

func partText(p plan.Part) string {
	text := ""
	switch {
	case p.Max < 0 && p.Min == 0:
		text = "any number"
	case p.Max < 0:
		text = fmt.Sprintf("%s or more", count(p.Min))
	case p.Min == p.Max:
		text = count(p.Min)
	case p.Min == 0:
		text = fmt.Sprintf("at most %s", count(p.Max))
	default:
		text = fmt.Sprintf("%s to %s", count(p.Min), count(p.Max))
	}
	for i := len(p.Each) - 1; i >= 0; i-- {
		text += " for each item of " + clean(p.Each[i])
	}
	return text
}

// pace is the time that an API's limits make the requests take at least: those of a run, or of 1,000 items.
func (v *planView) pace(e plan.Estimate) string {
	api := v.p.APIs[e.API]
	if api == nil || len(api.Limits) == 0 {
		return ""
	}
	var parts []string
	for _, p := range e.Parts {
		n, what := p.Min, "that takes"
		if len(p.Each) > 0 {
			n, what = 1000*max(p.Min, p.Max), "1,000 items take"
		}
		if d := plan.Least(n, api.Limits); d > 0 {
			parts = append(parts, fmt.Sprintf("%s at least %s", what, duration(d.Round(time.Second))))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "; within its limits " + strings.Join(parts, ", ")
}
