package secret

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf16"
)

// shortest is the length under which a secret is not searched for: taking "7" out of everything said
// would hide the message, not the secret. Where credentials travel they are hidden by place as well.
const shortest = 4

// Redactor takes secrets out of text, in the forms in which they travel: as they are, escaped for
// URLs and JSON, in hex, and in base64 wherever they stand in the encoded text. The zero Redactor
// knows none. It is safe for concurrent use.
type Redactor struct {
	mu      sync.Mutex
	added   map[string]bool
	forms   map[string]bool
	derived []string // the latest last
	rep     atomic.Pointer[replacer]
}

// remembered bounds how many derived texts are known at a time.
const remembered = 256

// chunk is how much of a long derived text is looked for in one piece.
const chunk = 1 << 10

// replacer is what a Redactor knows at some time, made when it is first needed.
type replacer struct {
	once  sync.Once
	make  func() []string // the forms, longest first
	forms []string
	rep   *strings.Replacer
}

func (p *replacer) ready() *replacer {
	p.once.Do(func() {
		p.forms = p.make()
		pairs := make([]string, 0, 2*len(p.forms))
		for _, f := range p.forms {
			pairs = append(pairs, f, shown)
		}
		p.rep = strings.NewReplacer(pairs...)
	})
	return p
}

// AddDerived makes r know a text that was computed from a secret, such as a signature. There may be any
// number of them in a run, so only the latest few hundred are remembered.
func (r *Redactor) AddDerived(text string) {
	if len(text) < shortest {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms[text] || len(r.derived) > 0 && r.derived[len(r.derived)-1] == text {
		return
	}
	r.derived = slices.DeleteFunc(slices.Clone(r.derived), func(s string) bool { return s == text })
	for len(text) > 2*chunk {
		r.derived = append(r.derived, text[:chunk])
		text = text[chunk:]
	}
	r.derived = append(r.derived, text)
	r.derived = r.derived[max(0, len(r.derived)-remembered):]
	r.changed()
}

// changed prepares for what is known now.
func (r *Redactor) changed() {
	known, derived := maps.Clone(r.forms), r.derived
	r.rep.Store(&replacer{make: func() []string {
		all := known
		if all == nil {
			all = map[string]bool{}
		}
		for _, text := range derived {
			addForms(all, text)
		}
		forms := slices.Collect(maps.Keys(all))
		slices.SortFunc(forms, func(a, b string) int {
			return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
		})
		return forms
	}})
}

// Add makes r know a secret. Texts shorter than four bytes are ignored. The lines of a secret of several
// lines, such as a private key, count as secrets too.
func (r *Redactor) Add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.added[text] {
		return
	}
	if r.forms == nil {
		r.forms, r.added = map[string]bool{}, map[string]bool{}
	}
	r.added[text] = true
	r.add(text)
	if lines := strings.Split(text, "\n"); len(lines) > 1 {
		for _, l := range lines {
			if l = strings.TrimSpace(l); len(l) >= 16 {
				r.add(l)
			}
		}
	}
	r.changed()
}

func (r *Redactor) add(text string) { addForms(r.forms, text) }

// addForms adds the forms in which a text travels.
func addForms(forms map[string]bool, text string) {
	if len(text) < shortest {
		return
	}
	quoted, _ := json.Marshal(text)
	plain := new(bytes.Buffer)
	enc := json.NewEncoder(plain)
	enc.SetEscapeHTML(false)
	enc.Encode(text)
	query := url.QueryEscape(text)
	for _, form := range []string{
		text, string(quoted[1 : len(quoted)-1]), strings.Trim(strings.TrimSpace(plain.String()), `"`),
		query, strings.ReplaceAll(query, "+", "%20"), lowerEscapes(query), url.PathEscape(text), hex.EncodeToString([]byte(text)),
		strings.ToUpper(hex.EncodeToString([]byte(text))), url.QueryEscape(query), strconv.QuoteToASCII(text)[1 : len(strconv.QuoteToASCII(text))-1],
	} {
		if len(form) >= shortest {
			forms[form] = true
		}
	}
	for _, escaped := range []string{asciiJSON(text, "%04x"), asciiJSON(text, "%04X")} {
		forms[escaped] = true
		forms[strings.ReplaceAll(escaped, "/", `\/`)] = true
	}
	forms[strings.ReplaceAll(string(quoted[1:len(quoted)-1]), "/", `\/`)] = true
	forms[html.EscapeString(text)] = true
	for offset := range 3 {
		addBase64(forms, text, offset)
	}
}

// asciiJSON is text as it stands in JSON where everything beyond ASCII is escaped (RFC 8259 §7).
func asciiJSON(text, digits string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		switch {
		case u == '"' || u == '\\':
			b.WriteByte('\\')
			b.WriteByte(byte(u))
		case u == '\n':
			b.WriteString(`\n`)
		case u == '\t':
			b.WriteString(`\t`)
		case u == '\r':
			b.WriteString(`\r`)
		case u < ' ' || u > '~':
			fmt.Fprintf(&b, `\u`+digits, u)
		default:
			b.WriteByte(byte(u))
		}
	}
	return b.String()
}

// addBase64 adds what text looks like inside base64 when offset bytes of other text (modulo 3) stand
// before it. The characters that also depend on the neighbours are left out.
func addBase64(forms map[string]bool, text string, offset int) {
	whole := append(make([]byte, offset), text...)
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		s := enc.EncodeToString(whole)
		first := (offset*8 + 5) / 6
		last := len(whole) * 8 / 6
		if s = s[first:last]; len(s) >= 6 {
			forms[s] = true
		}
	}
}

func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], bytes.ToLower(b[i+1:i+3]))
		}
	}
	return string(b)
}

// Empty reports whether r knows no secret, so that nothing needs to pass it.
func (r *Redactor) Empty() bool { return r.rep.Load() == nil }

// Finds reports whether a secret stands in s.
func (r *Redactor) Finds(s string) bool { return !r.Empty() && r.Redact(s) != s }

// Redact returns s with every secret replaced by "(secret)".
func (r *Redactor) Redact(s string) string {
	rep := r.rep.Load()
	if rep == nil || len(s) < shortest {
		return s
	}
	rep.ready()
	return rep.excerpt(rep.rep.Replace(s))
}

// cut is how an excerpt ends (see event.Excerpt).
const cut = "… ("

// excerpt takes the beginning of a secret out of where a text was cut short.
func (p *replacer) excerpt(s string) string {
	end := strings.LastIndex(s, cut)
	if end < 0 {
		return s
	}
	longest := 0
	for _, f := range p.forms {
		for k := min(len(f)-1, end); k >= shortest && k > longest; k-- {
			if strings.HasSuffix(s[:end], f[:k]) {
				longest = k
			}
		}
	}
	if longest == 0 {
		return s
	}
	return s[:end-longest] + shown + s[end:]
}

// Writer returns a writer that passes on whole lines, redacted. Close writes the last line, if it has
// no end; it does not close w. The writer is not for concurrent use.
func (r *Redactor) Writer(w io.Writer) io.WriteCloser { return &lineWriter{r: r, w: w} }

type lineWriter struct {
	r   *Redactor
	w   io.Writer
	buf []byte
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.buf = append(l.buf, p...)
	end := bytes.LastIndexByte(l.buf, '\n') + 1
	if end == 0 {
		return len(p), nil
	}
	_, err := io.WriteString(l.w, l.r.Redact(string(l.buf[:end])))
	l.buf = append(l.buf[:0], l.buf[end:]...)
	return len(p), err
}

func (l *lineWriter) Close() error {
	_, err := io.WriteString(l.w, l.r.Redact(string(l.buf)))
	l.buf = nil
	return err
}
