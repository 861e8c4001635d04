package exec

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
	"tenon/spec/types"
)

func keptValue(depth int) *rapid.Generator[any] {
	num, err := types.ParseNum("12345678901234567890.5")
	if err != nil {
		panic(err)
	}
	text := rapid.SampledFrom([]string{"", "~", "v", "absent", "ä\x00\"", "time"})
	leaf := rapid.OneOf(rapid.Just[any](nil), rapid.Just[any](types.Missing), rapid.Just[any](true), rapid.Just[any](num), rapid.Just[any](0.25),
		rapid.Just[any]([]byte{0, 255}), rapid.Just[any](time.Unix(1e9, 123).UTC()), rapid.Just[any](time.Duration(-1)),
		rapid.Map(rapid.Int(), func(i int) any { return i }), rapid.Map(text, func(s string) any { return s }))
	if depth == 0 {
		return leaf
	}
	return rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(keptValue(depth-1), 0, 3), func(l []any) any { return l }),
		rapid.Map(rapid.MapOfN(text, keptValue(depth-1), 0, 3), func(m map[string]any) any { return m }))
}

func TestKeptValuesSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := keptValue(3).Draw(t, "value")
		data, err := json.Marshal(kept{v})
		if err != nil {
			t.Fatal(err)
		}
		var back kept
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if !reflect.DeepEqual(v, back.v) {
			t.Fatalf("%s: %#v became %#v", data, v, back.v)
		}
	})
}
