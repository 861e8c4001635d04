package check

import (
	"regexp"
	"slices"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Ignore takes out of list what the authors of files asked not to hear: a comment
//
//	# tenon:ignore RULE reason
//
// hides warnings and notes of the rule on its own line or, standing alone, on the next line that is
// no comment. Errors cannot be hidden. An ignore that is written wrongly is itself a finding; so is
// one that hides nothing, unless errors are left, which may be why there was nothing to hide, or another command
// reports the rule.
func Ignore(files []*syntax.File, list diag.List) diag.List {
	out, all := hide(files, list)
	errors := out.HasErrors()
	for _, ig := range all {
		switch {
		case ig.used || lang.Rule(ig.rule).On != "":
		case ig.error:
			out.Add(lang.IgnoreUnused, ig.at, "Errors cannot be ignored, and this finding of %s is one.", ig.rule)
		case !errors:
			out.Add(lang.IgnoreUnused, ig.at, "There is no finding of %s to ignore on line %d.", ig.rule, ig.line)
		}
	}
	return out
}

// Hide takes out of list what the authors of files asked not to hear, for findings of one command among others: it
// says nothing of ignores that hide nothing.
func Hide(files []*syntax.File, list diag.List) diag.List {
	out, _ := hide(files, list)
	return slices.DeleteFunc(out, func(d *diag.Diagnostic) bool { return d.Rule == lang.IgnoreUnused })
}

// hide is list without what is hidden, with what is wrong with the form of ignores, and all of them.
func hide(files []*syntax.File, list diag.List) (out diag.List, all []*ignore) {
	ignores := map[lineOf][]*ignore{}
	sources := source.Set{}
	for _, f := range files {
		sources[f.Source.Name] = f.Source
		for _, c := range f.Comments {
			if ig := readIgnore(f, c, &out); ig != nil {
				ignores[lineOf{f.Source.Name, ig.line}] = append(ignores[lineOf{f.Source.Name, ig.line}], ig)
				all = append(all, ig)
			}
		}
	}
	for _, d := range list {
		if !hidden(ignores[lineOf{d.Range.File, sources.Position(d.Range).Line}], d) {
			out = append(out, d)
		}
	}
	return out, all
}

type lineOf struct {
	file string
	line int
}

// ignore is one well-formed comment.
type ignore struct {
	rule  string
	line  int // whose findings it hides
	at    source.Range
	used  bool
	error bool // met an error that it cannot hide
}

func hidden(ignores []*ignore, d *diag.Diagnostic) bool {
	for _, ig := range ignores {
		if ig.rule != d.Rule.Name {
			continue
		}
		if d.Severity == diag.Error {
			ig.error = true
			return false
		}
		ig.used = true
		return true
	}
	return false
}

var ignoreForm = regexp.MustCompile(`^(?:#|//|/\*)\s*tenon:ignore(?:\s+([^\s*]+))?(?:\s+(.*?))?\s*(?:\*/)?$`)

// readIgnore reads a comment, and reports one that says tenon:ignore in a wrong form. It returns nil
// for those and for all other comments.
func readIgnore(f *syntax.File, c syntax.Comment, diags *diag.List) *ignore {
	m := ignoreForm.FindStringSubmatch(c.Text)
	if m == nil {
		return nil
	}
	rule, reason := m[1], m[2]
	switch {
	case rule == "":
		diags.Add(lang.IgnoreUnused, c.Range, "This ignore names no rule: # tenon:ignore RULE reason.")
	case lang.Rule(rule) == nil:
		d := diags.Add(lang.IgnoreUnused, c.Range, "There is no rule %q.", rule)
		if near := diag.Nearest(rule, lang.RuleNames()); near != "" {
			start := c.Range.Start + strings.Index(c.Text, rule)
			d.Suggest(near, near).Fix.Range = source.Range{File: c.Range.File, Start: start, End: start + len(rule)}
		}
	case reason == "":
		diags.Add(lang.IgnoreUnused, c.Range, "This ignore gives no reason: # tenon:ignore %s reason.", rule)
	default:
		return &ignore{rule: rule, line: ignoredLine(f, c), at: c.Range}
	}
	return nil
}

// ignoredLine returns the line that a comment speaks of: its own, or if it stands there alone, the next
// one with anything but comments on it.
func ignoredLine(f *syntax.File, c syntax.Comment) int {
	line := f.Source.Position(c.Range.Start).Line
	text, start := f.Source.Line(line)
	if strings.TrimSpace(text[:c.Range.Start-start]) != "" {
		return line
	}
	for {
		line++
		text, _ = f.Source.Line(line)
		text = strings.TrimSpace(text)
		if !strings.HasPrefix(text, "#") && !strings.HasPrefix(text, "//") {
			return line
		}
	}
}
