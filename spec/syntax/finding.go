package syntax

import (
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
		place := at(f, 0, 0)
		if p.Subject != nil {
			place = rangeOf(f, *p.Subject)
		}
		if said[place.Start] {
			continue
		}
		if len(said) == MaxFindings {
			break // whatever this is, it is not a slip or two
		}
		said[place.Start] = true
		say(diags.Add(Syntax, place, ""), p, f.Text(place), string(f.Src[place.End:min(len(f.Src), place.End+80)]))
	}
	return diags
}
