package add

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"tenon/spec/openapi"
	"tenon/spec/syntax"
)

// Block is what is written for an API: HCL text, and what it needs from outside.
type Block struct {
	Text        []byte
	Server      string // as written or as the document has it; "" if a variable gives it
	Auth        []Auth
	Environment []Env // to be set before anything runs for real
	Notes       []string
}

// Auth is a credential of the block.
type Auth struct {
	Scheme string `json:"scheme"`
	Type   string `json:"type"`
}

// Env is an environment variable that the block reads.
type Env struct {
	Name string `json:"name"`
	What string `json:"what"`
}

// Names are those that the project has already.
type Names struct{ Secrets, Variables []string }

// Compose writes the api block for a document. file and overlays are its names in the project; at is the
// URL that it came from, if it came from one.
func Compose(name, file string, overlays []string, doc *openapi.Document, at string, taken Names) *Block {
	c := &composer{name: name, doc: doc, block: &Block{}, taken: taken}
	c.line("# %s", oneLine(title(doc)))
	for _, line := range c.about(at) {
		c.line("# %s", line)
	}
	c.line("api %s {", quote(name))
	c.line("spec = %s", quote(file))
	if len(overlays) > 0 {
		quoted := make([]string, len(overlays))
		for i, o := range overlays {
			quoted[i] = quote(o)
		}
		c.line("overlays = [%s]", strings.Join(quoted, ", "))
	}
	c.server(at)
	c.auth()
	c.pages()
	if l := doc.RateLimit(); l != nil {
		c.limit(l)
	}
	c.line("}")
	c.text.WriteString(c.after.String())
	c.block.Text, _ = syntax.Format(name+".hcl", []byte(c.text.String()))
	return c.block
}

type composer struct {
	name  string
	doc   *openapi.Document
	block *Block
	text  strings.Builder
	after strings.Builder // what stands behind the api block
	taken Names
}

func (c *composer) line(format string, args ...any) { fmt.Fprintf(&c.text, format+"\n", args...) }

func (c *composer) note(format string, args ...any) {
	c.block.Notes = append(c.block.Notes, fmt.Sprintf(format, args...))
}

func title(doc *openapi.Document) string {
	if doc.Title != "" {
		return doc.Title
	}
	return "An API without a title"
}

// about tells where the document is from and what it has.
func (c *composer) about(at string) []string {
	n := len(c.doc.Operations())
	text := fmt.Sprintf("OpenAPI %s, %d operations", c.doc.Version, n)
	if n == 1 {
		text = fmt.Sprintf("OpenAPI %s, 1 operation", c.doc.Version)
	}
	if at != "" {
		text += ", from " + at
	}
	return []string{oneLine(text) + "."}
}

// oneLine makes text safe for a comment.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)), " ")
	if r := []rune(s); len(r) > 200 {
		s = string(r[:200]) + "…"
	}
	return s
}

// quote writes a string of HCL.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(s) + `"`
}

// server writes where the API is, unless the document's first server says so.
func (c *composer) server(at string) {
	servers := c.doc.Servers()
	if len(servers) == 0 || servers[0].URL == "" || servers[0].URL == "/" && at == "" {
		c.serverVariable("The base URL of " + c.name + ", which its document does not name.")
		return
	}
	s := servers[0]
	for _, other := range servers {
		if strings.HasPrefix(s.URL, "http://") && strings.HasPrefix(other.URL, "https://") {
			s = other
			c.line("server = %s", quote(s.URL))
		}
	}
	switch {
	case s.Relative() && at == "":
		c.serverVariable("The base URL of " + c.name + "; its document only has the path " + s.URL + ".")
		return
	case s.Relative():
		if s.URL = resolve(at, s.URL); s.URL != "" {
			c.line("server = %s", quote(s.URL))
		}
	case !strings.HasPrefix(s.URL, "https://") && !strings.HasPrefix(s.URL, "http://"):
		c.serverVariable("The base URL of " + c.name + ".")
		return
	}
	c.block.Server = s.URL
	c.variables(s)
}

// resolve takes a server's relative URL from where the document was found (OpenAPI 3.1 §4.8.5).
func resolve(at, server string) string {
	base, err := url.Parse(at)
	if err != nil {
		return ""
	}
	base.User = nil
	u, err := base.Parse(server)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.String(), "/")
}

// variables writes what a server's URL needs.
func (c *composer) variables(s openapi.Server) {
	var given []string
	for _, m := range templateName.FindAllStringSubmatch(s.URL, -1) {
		i := slices.IndexFunc(s.Variables, func(v openapi.ServerVariable) bool { return v.Name == m[1] })
		switch {
		case i >= 0 && s.Variables[i].Default != "":
			v := s.Variables[i]
			text := fmt.Sprintf("{%s} in its server's URL is %q unless you write server = { variables = { %s = \"…\" } }", v.Name, v.Default, key(v.Name))
			if len(v.Enum) > 1 {
				text += fmt.Sprintf("; it may be %s", strings.Join(v.Enum, ", "))
			}
			c.note("%s", oneLine(text))
		default:
			name := c.variable(c.name+"_"+snake(m[1]), fmt.Sprintf("{%s} in the URL of %s.", m[1], c.name))
			given = append(given, fmt.Sprintf("%s = var.%s", key(m[1]), name))
		}
	}
	if len(given) > 0 {
		c.line("server = { variables = { %s } }", strings.Join(given, ", "))
	}
}

var templateName = regexp.MustCompile(`\{([^{}]+)\}`)

var plain = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// key writes a name in an object.
func key(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return quote(s)
}

func (c *composer) serverVariable(description string) {
	c.line("server = var.%s", c.variable(c.name+"_url", description))
}

// variable declares a variable that must be given, and returns its name.
func (c *composer) variable(name, description string) string {
	if !slices.Contains(c.taken.Variables, name) {
		c.taken.Variables = append(c.taken.Variables, name)
		fmt.Fprintf(&c.after, "\nvariable %s {\ndescription = %s\ntype = string\n}\n", quote(name), quote(description))
		c.block.Environment = append(c.block.Environment, Env{"TENON_VAR_" + name, strings.TrimSuffix(description, ".")})
	}
	return name
}

// secret declares a secret that is read from the environment, and returns the expression for it.
func (c *composer) secret(name, what string) string {
	if !slices.Contains(c.taken.Secrets, name) {
		c.taken.Secrets = append(c.taken.Secrets, name)
		env := strings.ToUpper(name)
		fmt.Fprintf(&c.after, "\nsecret %s {\nenv = %s\n}\n", quote(name), quote(env))
		c.block.Environment = append(c.block.Environment, Env{env, what})
	}
	return "secret." + name
}

// snake makes a name of words: "X-API-Key" and "apiKeyAuth" become x_api_key and api_key_auth.
func snake(s string) string {
	var b strings.Builder
	last := rune('_')
	for _, r := range s {
		switch {
		case r >= 'A' && r <= 'Z':
			if last != '_' && !(last >= 'A' && last <= 'Z') {
				b.WriteByte('_')
			}
			b.WriteRune(r + 'a' - 'A')
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		default:
			if last != '_' {
				b.WriteByte('_')
			}
			r = '_'
		}
		last = r
	}
	if out := strings.Trim(b.String(), "_"); out != "" {
		return out
	}
	return "value"
}

// limit writes what the provider allows.
func (c *composer) limit(l *openapi.RateLimit) {
	c.line("\nlimit {")
	if l.Count > 0 {
		c.line("rate = %s", quote(fmt.Sprintf("%d/%s", l.Count, duration(l))))
	}
	if l.Burst > 0 && l.Count > 0 {
		c.line("burst = %d", l.Burst)
	}
	if l.Concurrency > 0 {
		c.line("concurrency = %d", l.Concurrency)
	}
	c.line("}")
}

// duration writes the time of a rate with one unit.
func duration(l *openapi.RateLimit) string {
	for _, u := range []struct {
		name string
		ms   int64
	}{{"d", 86_400_000}, {"h", 3_600_000}, {"m", 60_000}, {"s", 1000}} {
		if n := l.Per.Milliseconds(); n%u.ms == 0 {
			return fmt.Sprintf("%d%s", n/u.ms, u.name)
		}
	}
	return fmt.Sprintf("%dms", l.Per.Milliseconds())
}
