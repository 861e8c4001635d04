// Package secret holds values that do not print, finds them where a project says they are, and takes
// them out of everything a run says. It does not know where secrets may be sent; spec/check does.
package secret

import "fmt"

const shown = "(secret)"

// Value is a secret. However it is printed or encoded, it shows as "(secret)".
type Value struct{ text string }

// New makes a secret of text.
func New(text string) Value { return Value{text} }

// Reveal returns the secret itself. Callers send it where it belongs and put it nowhere else.
func (v Value) Reveal() string { return v.text }

// IsZero reports whether there is no secret, or an empty one.
func (v Value) IsZero() bool { return v.text == "" }

func (v Value) String() string               { return shown }
func (v Value) GoString() string             { return shown }
func (v Value) Format(f fmt.State, _ rune)   { fmt.Fprint(f, shown) }
func (v Value) MarshalText() ([]byte, error) { return []byte(shown), nil }
