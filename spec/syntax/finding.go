package syntax

import (
	"bytes"
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
	Bad: `integration "greet" {
  output "greeting" {
    value = 'hello'
  }
}
`,
	Good: `integration "greet" {
  output "greeting" {
    value = "hello"
  }
}
`,
}

// Rules are the rules that this package reports.
var Rules = []*diag.Rule{Syntax}

// rewrite turns hcl's problems into findings.
func rewrite(f *source.File, problems hcl.Diagnostics) diag.List {
	var diags diag.List
	said := map[int]bool{} // places; the first problem there is the cause, others follow from it
	open := firstOpenString(f, problems)
	for _, p := range problems {
		place := at(f, 0, 0)
		if p.Subject != nil {
			place = rangeOf(f, *p.Subject)
		}
		if said[place.Start] || place.Start > open || p.Summary == multiLine && sameString(f, diags, place) {
			continue
		}
		if len(said) == MaxFindings {
			break // whatever this is, it is not a slip or two
		}
		said[place.Start] = true
		d := diags.Add(Syntax, place, "")
		say(d, p, f.Text(place), string(f.Src[place.End:min(len(f.Src), place.End+80)]))
		if header := headerOf(f, p); header != "" && p.Summary == "Invalid block definition" && f.Text(place) != "=" {
			d.Message += header
		}
	}
	return diags
}

// firstOpenString is where the first string that lacks its closing quote ends. From there on text is taken for
// code and code for text, so nothing that is found there can be believed.
func firstOpenString(f *source.File, problems hcl.Diagnostics) int {
	first := len(f.Src)
	for _, p := range problems {
		if p.Summary == multiLine && p.Subject != nil {
			first = min(first, rangeOf(f, *p.Subject).Start)
		}
	}
	return first
}

// headerOf reads `name "value"` before a problem as the attribute that it may have been meant to be.
func headerOf(f *source.File, p *hcl.Diagnostic) string {
	if p.Context == nil || p.Subject == nil {
		return ""
	}
	context := rangeOf(f, *p.Context)
	name, value, ok := strings.Cut(strings.TrimSpace(string(f.Src[context.Start:max(context.Start, min(context.End, p.Subject.Start.Byte))])), " ")
	if !ok || !isWord(name) || len(value) > 60 {
		return ""
	}
	return " An attribute is written with =: " + name + " = " + strings.TrimSpace(value) + "."
}

// multiLine is hcl's summary of a string that goes on in the next line; it comes once for each line.
const multiLine = "Invalid multi-line string"

// sameString reports whether no string begins between the last finding and place.
func sameString(f *source.File, diags diag.List, place source.Range) bool {
	return len(diags) > 0 && !bytes.ContainsRune(f.Src[min(diags[len(diags)-1].Range.Start, place.Start):place.Start], '"')
}
