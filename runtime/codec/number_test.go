package codec

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"tenon/spec/types"
)

// TestQuickNumber holds that the quick way gives what the careful one does.
func TestQuickNumber(t *testing.T) {
	quick := 0
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`-?(0|0?[0-9]{1,9})(\.[0-9]{0,6})?(e1)?`).Draw(t, "s")
		v, ok := quickNumber(s)
		if !ok {
			return
		}
		quick++
		if want, err := types.DecodeJSON([]byte(s), types.Limits{}); err != nil || !reflect.DeepEqual(v, want) {
			t.Fatalf("%q: %#v, want %#v, %v", s, v, want, err)
		}
	})
	if quick == 0 {
		t.Error("nothing was quick")
	}
}
