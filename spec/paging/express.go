package paging

import (
	"fmt"
	"strconv"
	"strings"

	"tenon/spec/types"
)

// ItemsText is the expression of a page's items.
func (s *Scheme) ItemsText() string { return reference("response.body", s.Items) }

// ItemsText is the expression of the items of a page, where they are known.
func (f *Finding) ItemsText() string { return reference("response.body", f.Items) }

// NextText is the expression that asks for the next page, in terms of response and request.
func (s *Scheme) NextText() string {
	switch s.Rule {
	case ByLink:
		return `link_url(response.headers.link, "next")`
	case ByURL:
		return reference("response.body", s.next)
	case ByToken:
		next := s.give(reference("response.body", s.next))
		if s.more == nil {
			return next
		}
		return fmt.Sprintf("%s ? %s : null", s.known(s.more, "true"), next)
	case ByKey:
		return fmt.Sprintf("%s ? %s : null", s.known(s.more, s.some()), s.give(fmt.Sprintf("last(%s)%s", s.list(), step(s.id))))
	}
	return s.count()
}

// Brief is the scheme in a few words: what is given where, or where the URL stands.
func (s *Scheme) Brief() string {
	switch {
	case s.Rule == ByLink:
		return "Link"
	case s.Rule == ByURL:
		return dotted(s.next)
	case s.Rule == ByKey:
		return s.Param.String() + "=" + s.id
	case s.next != nil && s.Rule == ByToken:
		return s.Param.String() + "=" + dotted(s.next)
	}
	return s.Param.String()
}

// count is the expression of a scheme that counts.
func (s *Scheme) count() string {
	if s.next != nil {
		return s.give(reference("response.body", s.next))
	}
	here := fmt.Sprintf("coalesce(%s, %d)", s.asked(), s.First)
	if s.Param.Text {
		here = fmt.Sprintf("int(coalesce(%s, \"%d\"))", s.asked(), s.First)
	}
	next := here + " + 1"
	if s.Rule == ByOffset {
		next = fmt.Sprintf("%s + len(%s)", here, s.list())
	}
	var until string
	switch {
	case s.more != nil:
		until = s.known(s.more, s.some())
	case s.last != nil:
		until = "!" + s.known(s.last, s.none())
	case s.pages != nil:
		count := s.known(s.pages, next)
		if s.First == 0 {
			until = fmt.Sprintf("%s < %s", next, count)
		} else {
			until = fmt.Sprintf("%s < %s", here, count)
		}
		if !strings.HasPrefix(count, "coalesce") {
			break
		}
		until = s.some() + " && " + until
	case s.total != nil:
		until = fmt.Sprintf("%s && %s < %s", s.some(), next, s.known(s.total, next+" + 1"))
	default:
		until = s.some()
	}
	if n := stepOf(s.Param.Type); s.Rule == ByOffset && n > 1 { // a page that is not full is the last one
		until += fmt.Sprintf(" && len(%s) %% %d == 0", s.list(), n)
	}
	if s.Param.Text {
		next = fmt.Sprintf("string(%s)", next)
	}
	return fmt.Sprintf("%s ? %s : null", until, s.give(next))
}

// stepOf is the number of which all values of a type are multiples; 1 if there is none.
func stepOf(t *types.Type) int {
	for _, n := range t.Shape().Numbers {
		if n.MultipleOf != nil {
			if step, ok := n.MultipleOf.Int(); ok && step > 1 {
				return step
			}
		}
	}
	return 1
}

// list is the items of a page, none where there is no list.
func (s *Scheme) list() string {
	if missing(s.answer, s.Items) {
		return fmt.Sprintf("coalesce(%s, [])", s.ItemsText())
	}
	return s.ItemsText()
}

func (s *Scheme) some() string { return fmt.Sprintf("len(%s) > 0", s.list()) }
func (s *Scheme) none() string { return fmt.Sprintf("len(%s) == 0", s.list()) }

// known is a signal, or what to take where it is missing.
func (s *Scheme) known(x *signal, otherwise string) string {
	text := reference("response.body", x.path)
	if missing(s.answer, x.path) {
		return fmt.Sprintf("coalesce(%s, %s)", text, otherwise)
	}
	return text
}

func missing(t *types.Type, path []string) bool { return at(t, path).May(types.Absent | types.Null) }

// give is the object that puts a value where it asks for the next page.
func (s *Scheme) give(value string) string {
	if s.Param.In != "body" {
		return fmt.Sprintf("{ %s = %s }", key(s.Param.Name()), value)
	}
	text := value
	for i := len(s.Param.Path) - 1; i >= 0; i-- {
		text = fmt.Sprintf("{ %s = %s }", key(s.Param.Path[i]), text)
	}
	return fmt.Sprintf("{ body = %s }", text)
}

// asked is what the page's own request said in the same place.
func (s *Scheme) asked() string {
	if s.Param.In == "body" {
		return reference("request.body", s.Param.Path)
	}
	return reference("request.params", s.Param.Path)
}

// reference writes a path behind a name.
func reference(root string, path []string) string {
	for _, name := range path {
		root += step(name)
	}
	return root
}

func step(name string) string {
	if isWord(name) {
		return "." + name
	}
	return "[" + quote(name) + "]"
}

func key(name string) string {
	if isWord(name) {
		return name
	}
	return quote(name)
}

// quote writes a name as an HCL string without templates.
func quote(name string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(strconv.Quote(name))
}

func isWord(s string) bool {
	for i, r := range s {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && s != "null" && s != "true" && s != "false"
}
