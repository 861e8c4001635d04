package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// shortest is the length under which a secret is not searched for: taking "7" out of everything said
// would hide the message, not the secret. Where credentials travel they are hidden by place as well.
const shortest = 4

// Redactor takes secrets out of text, in the forms in which they travel: as they are, escaped for
// URLs and JSON, in hex, and in base64 wherever they stand in the encoded text. The zero Redactor
// knows none. It is safe for concurrent use.
type Redactor struct {
	mu    sync.Mutex
	forms map[string]bool
	rep   atomic.Pointer[strings.Replacer]
}

// Add makes r know a secret. Texts shorter than four bytes are ignored. The lines of a secret of several
// lines, such as a private key, count as secrets too.
func (r *Redactor) Add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forms == nil {
		r.forms = map[string]bool{}
	}
	r.add(text)
	if lines := strings.Split(text, "\n"); len(lines) > 1 {
		for _, l := range lines {
			if l = strings.TrimSpace(l); len(l) >= 16 {
				r.add(l)
			}
		}
	}
	r.rep.Store(r.replacer())
}

func (r *Redactor) add(text string) {
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
	} {
		r.forms[form] = true
	}
	for offset := range 3 {
		r.addBase64(text, offset)
	}
}

// addBase64 adds what text looks like inside base64 when offset bytes of other text (modulo 3) stand
// before it. The characters that also depend on the neighbours are left out.
func (r *Redactor) addBase64(text string, offset int) {
	whole := append(make([]byte, offset), text...)
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		s := enc.EncodeToString(whole)
		first := (offset*8 + 5) / 6
		last := len(whole) * 8 / 6
		if s = s[first:last]; len(s) >= 6 {
			r.forms[s] = true
		}
	}
}

// replacer prefers the longest form where several start at the same place.
func (r *Redactor) replacer() *strings.Replacer {
	forms := make([]string, 0, len(r.forms))
	for f := range r.forms {
		forms = append(forms, f)
	}
	slices.SortFunc(forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range forms {
		pairs = append(pairs, f, shown)
	}
	return strings.NewReplacer(pairs...)
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

// Redact returns s with every secret replaced by "(secret)".
func (r *Redactor) Redact(s string) string {
	rep := r.rep.Load()
	if rep == nil || len(s) < shortest {
		return s
	}
	return rep.Replace(s)
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
