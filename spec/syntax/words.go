package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"tenon/spec/diag"
)

// words says in few words what a problem of hcl means, by hcl's summary. A "%" stands for the text
// at fault.
var words = map[string]string{
	"Attribute redefined":                             "% is already set in this block.",
	"Invalid argument name":                           "The name of an attribute is written without quotes.",
	"Unclosed configuration block":                    "This block is never closed: a } is missing.",
	"Unclosed configuration body":                     "A } is missing.",
	"Argument or block definition required":           "Expected an attribute (name = value) or a block here, found %.",
	"Argument definition required":                    "A block on one line can hold a single attribute only. Give each attribute and each block a line of its own.",
	"Invalid single-argument block definition":        "A block on one line can hold a single attribute only. Give each attribute a line of its own.",
	"Missing newline after argument":                  "Expected the end of the line after this attribute's value, found %.",
	"Unexpected comma after argument":                 "Attributes are separated by line ends, not by commas.",
	"Missing newline after block definition":          "Expected the end of the line after the block, found %.",
	"Missing false expression in conditional":         "The second value of the conditional is missing: condition ? a : b.",
	"Invalid attribute name":                          "Expected a name after the dot, found %.",
	"Missing close bracket on index":                  "The ] of this index is missing.",
	"Missing close bracket on splat index":            "Expected ] right after the *.",
	"Unbalanced parentheses":                          "A ) is missing here.",
	"Missing expression":                              "Expected a value, found the end of the file.",
	"Invalid expression":                              "Expected a value here, found %.",
	"Missing function name":                           "Expected a name after ::, found %.",
	"Missing open parenthesis":                        "Expected ( after the function's name, found %.",
	"Missing closing parenthesis":                     "Expected ) after the expanded argument, found %.",
	"Unterminated function call":                      "This call is never closed: a ) is missing.",
	"Missing argument separator":                      "Expected a comma or ) in this call, found %.",
	"Unterminated tuple constructor expression":       "This list is never closed: a ] is missing.",
	"Missing item separator":                          "Expected a comma between the elements of this list, found %.",
	"Missing attribute value":                         "Expected = and a value after this name.",
	"Missing key/value separator":                     "Expected = after the name, found %. A name with dots or spaces is written in quotes.",
	"Unterminated object constructor expression":      "This object is never closed: a } is missing.",
	"Missing attribute separator":                     "Expected a comma or the end of the line after this value, found %.",
	"Invalid 'for' expression":                        "This is not a for expression: [for x in list : value] makes a list, {for k, v in object : k => v} an object.",
	"Unterminated string literal":                     "The closing quote of this string is missing.",
	"Unterminated template string":                    "The end of this text is missing: a closing quote, or the word that ends a heredoc.",
	"Invalid escape sequence":                         "% is not an escape. A backslash itself is written \\\\.",
	"Unexpected end of template":                      "A %{ endif } or %{ endfor } is missing.",
	"Unexpected else directive":                       "There is no %{ if … } that this else belongs to.",
	"Unclosed template interpolation sequence":        "This ${ is never closed: a } is missing.",
	"Extra characters after interpolation expression": "Expected } to end the ${ …, found %. A literal ${ is written $${.",
	"Invalid template directive":                      "Expected if or for after %{. A literal %{ is written %%{.",
	"Invalid template control keyword":                "Expected if or for after %{. A literal %{ is written %%{.",
	"Invalid 'for' directive":                         "This is not a for directive: %{ for x in list }…%{ endfor }.",
	"Invalid legacy index syntax":                     "Indexes are written in brackets: a[0][1].",
	"Nested splat expression not allowed":             "There can be only one .* in a row; use [*].",
	"Invalid multi-line string":                       "A closing quote is missing: a string ends on the line where it begins. Text of several lines is a heredoc: <<-TEXT … TEXT.",
	"Invalid character encoding":                      "The file is not valid UTF-8 here. Save it as UTF-8.",
	"Invalid number literal":                          "% is not a number.",
}

// say fills in a finding: what is wrong with text, which is followed by after.
func say(d *diag.Diagnostic, p *hcl.Diagnostic, text, after string) {
	switch {
	case special(d, p, text, after):
	case words[p.Summary] != "":
		message := words[p.Summary]
		if before, behind, ok := strings.Cut(message, "%"); ok && !strings.HasPrefix(behind, "{") {
			message = before + shown(text, after) + behind
		}
		d.Message = message
	default: // a problem that this table does not know
		first, rest, _ := strings.Cut(p.Detail, ". ")
		if first == "" {
			first = p.Summary
		}
		d.Message, d.Detail = strings.TrimSuffix(oneLine(first), ".")+".", rest
	}
}

// special says what depends on more than the summary.
func special(d *diag.Diagnostic, p *hcl.Diagnostic, text, after string) bool {
	fix := func(message, replacement string) bool {
		d.Message = message
		d.Fix = &diag.Edit{Range: d.Range, New: replacement}
		return true
	}
	next := strings.TrimLeft(after, " \t")
	switch p.Summary {
	case "Argument or block definition required":
		switch {
		case strings.HasPrefix(next, ":") && isWord(text):
			d.Message = "An attribute is written with =, not with a colon: " + text + " = …."
			return true
		case isWord(text) && next != "" && next[0] >= '0' && next[0] <= '9' && strings.Contains(next, "{"):
			label, _, _ := strings.Cut(next, " ")
			d.Message = "The label of a block is written in quotes: " + text + ` "` + label + `" {.`
			return true
		case isWord(text):
			d.Message = text + " stands alone. An attribute is written " + text + " = …, a block " + text + " { … }."
			return true
		}
	case "Invalid expression":
		switch text {
		case "?":
			d.Message = `?? is written coalesce(a, b), or within expr("a ?? b").`
			return true
		case ".":
			d.Message = `?. is written as a dot alone, which leads to nothing where something is missing; expr("a?.b") takes it, too.`
			return true
		}
	case "Invalid argument name":
		if name, _, ok := strings.Cut(after, `"`); ok && isWord(name) {
			d.Range.End += len(name) + 1
			return fix(words[p.Summary], name)
		}
	case "Unexpected comma after argument":
		if strings.HasPrefix(strings.TrimLeft(next, "\r"), "\n") {
			return fix(words[p.Summary], "")
		}
		return fix(words[p.Summary], "\n")
	case "Invalid block definition":
		d.Message = blockHeader(text)
		return true
	case "Invalid string literal":
		d.Message = "A label is plain text: no ${…} can stand in it."
		return true
	case "Unsupported operator", "Invalid character":
		return character(fix, d, text)
	}
	return false
}

func blockHeader(text string) string {
	switch {
	case text == "=":
		return "A block is written without =."
	case strings.TrimSpace(text) == "":
		return "The { of a block stands on the same line as its type and labels."
	}
	return "Expected a label in quotes or { here, found " + shown(text, "") + "."
}

// character says what to write instead of a character that HCL does not use.
func character(fix func(message, replacement string) bool, d *diag.Diagnostic, text string) bool {
	switch {
	case text == "'":
		d.Message = `Single quotes mean nothing in HCL. Strings are written in double quotes ("…").`
	case text == "&":
		return fix("There are no operators on bits. And is written &&.", "&&")
	case text == "|":
		return fix("There are no operators on bits, and no pipes outside of expr(\"…\"). Or is written ||.", "||")
	case text == "~" || text == "^":
		d.Message = "There are no operators on bits. Not is written !."
	case text == "**":
		d.Message = "There is no operator ** outside of expr(\"…\")."
	case text == "`":
		d.Message = "Backquotes mean nothing in HCL. Text of several lines is a heredoc: <<-TEXT … TEXT."
	case text == ";":
		return fix("Attributes are separated by line ends, not by semicolons.", "\n")
	case strings.Trim(text, "\t") == "" && text != "":
		return fix("Lines are indented with spaces, not with tabs.", strings.Repeat("  ", len(text)))
	case text == "“" || text == "”":
		return fix("These are typographic quotes. Strings are written in straight ones (\").", `"`)
	default:
		d.Message = "The character " + shown(text, "") + " means nothing here."
	}
	return true
}

func isWord(s string) bool {
	for i, r := range s {
		if r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (i == 0 || r != '-' && (r < '0' || r > '9')) {
			return false
		}
	}
	return s != ""
}

// shown names the text at fault as a reader sees it.
func shown(text, after string) string {
	switch {
	case text == "" && after == "":
		return "the end of the file"
	case text == "":
		return "nothing"
	case strings.TrimSpace(text) == "":
		return "the end of the line"
	case utf8.RuneCountInString(text) > 40:
		return strconv.Quote(string([]rune(oneLine(text))[:40]) + "…")
	}
	return strconv.Quote(oneLine(text))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
