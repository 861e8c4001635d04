package types

import (
	"fmt"

	"github.com/cockroachdb/apd/v3"
)

// Num is an exact decimal number of any size, immutable and safe for concurrent use.
type Num struct{ d *apd.Decimal }

// ParseNum reads a JSON number (RFC 8259 §6).
func ParseNum(s string) (Num, error) {
	d, _, err := apd.NewFromString(s)
	if err != nil || d.Form != apd.Finite {
		return Num{}, fmt.Errorf("%q is not a number", s)
	}
	return Num{d}, nil
}
