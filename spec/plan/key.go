package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// KeyForms are the forms of idempotency keys, the first that a header takes being used: a UUID of version 8, made
// of what one pleases (RFC 9562 §5.8); one that says to be of version 4, for providers that insist; and hexadecimal digits.
var KeyForms = []string{"uuid", "uuid4", "hex32", "hex24", "hex16"}

// MintKey returns an idempotency key for a request: the same for the same request of the same run, another for any
// other. form is one of [KeyForms], or "" for the first.
func MintKey(form, run, request string) string {
	sum := sha256.Sum256([]byte(run + "\x00" + request))
	if digits, ok := strings.CutPrefix(form, "hex"); ok {
		n, _ := strconv.Atoi(digits)
		return hex.EncodeToString(sum[:])[:n]
	}
	b := sum[:16]
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	if form == "uuid4" {
		b[6] = b[6]&0x0f | 0x40
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func knownForm(form string) bool { return form == "" || slices.Contains(KeyForms, form) }
