package syntax

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"tenon/spec/diag"
	"tenon/spec/source"
)

// Syntax is the rule of everything that is not HCL.
var Syntax = &diag.Rule{
	Name:  "syntax",
	Title: "Not valid HCL",
	Explain: "The file could not be read as HCL, so what stands there has no meaning yet. Everything that could be " +
		"read is checked all the same; mend this first and lint again.\n\n" +
		"Attributes are written `name = value`, one a line; blocks `type \"label\" { … }`; strings in double quotes. " +
		"Text of several lines is a heredoc: `<<-TEXT` … `TEXT`.",
	Bad: `variable "region" {
  type    = string
  default = 'eu'
}
`,
	Good: `variable "region" {
  type    = string
  default = "eu"
}
`,
}

// Rules are the rules that this package reports.
var Rules = []*diag.Rule{Syntax}

// rewrite turns hcl's problems into findings.
func rewrite(f *source.File, problems hcl.Diagnostics) diag.List {
	var diags diag.List
	said := map[int]bool{} // places; the first problem there is the cause, others follow from it
	for _, p := range problems {
		var place source.Range
		if p.Subject != nil {
			place = rangeOf(f, *p.Subject)
		} else {
			place = at(f, 0, 0)
		}
		if said[place.Start] {
			continue
		}
		said[place.Start] = true
		message, detail := plain(p)
		diags.Add(Syntax, place, "%s", message).Explain("%s", detail)
	}
	return diags
}

// plain says in few words what hcl means.
func plain(p *hcl.Diagnostic) (message, detail string) {
	first, rest, _ := strings.Cut(p.Detail, ". ")
	if first == "" {
		return p.Summary + ".", ""
	}
	return strings.TrimSuffix(first, ".") + ".", rest
}
