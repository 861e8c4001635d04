package types

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeJSON(t *testing.T) {
	tests := []struct {
		text string
		want any
	}{
		{`null`, nil},
		{` true `, true},
		{`"a\u00e9\n"`, "aé\n"},
		{`1`, 1},
		{`-0`, 0},
		{`-0.0`, 0},
		{`2.0`, 2},
		{`1e3`, 1000},
		{`19.99`, 19.99},
		{`0.1`, 0.1},
		{`9223372036854775807`, 9223372036854775807},
		{`-9223372036854775808`, -9223372036854775808},
		{`9223372036854775807.0`, 9223372036854775807},
		{`1e20`, 1e20},
		{`1e-7`, 1e-7},
		{`[1,[],{"a":{"b":null}}]`, []any{1, []any{}, map[string]any{"a": map[string]any{"b": nil}}}},
	}
	for _, test := range tests {
		got, err := DecodeJSON([]byte(test.text), Limits{})
		if err != nil {
			t.Errorf("%s: %v", test.text, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.text, diff)
		}
	}
}

func TestDecodeJSONKeepsNumbersExactly(t *testing.T) {
	for _, text := range []string{"9223372036854775808", "0.1234567890123456789", "12345678901234567890", "1E+400", "1.00000000000000000001", "1E-400"} {
		v := decode(t, text)
		if _, ok := v.(Num); !ok {
			t.Errorf("%s is a %T", text, v)
		}
		back, err := AppendJSON(nil, v)
		if err != nil || string(back) != text {
			t.Errorf("%s came back as %s, %v", text, back, err)
		}
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	tests := []struct{ text, want string }{
		{``, "too early"},
		{`[1,`, "too early"},
		{`{"a":1,"a":2}`, "twice"},
		{`1 2`, "more after"},
		{`{"a":tru}`, "byte"},
		{`"` + "\xff" + `"`, "UTF-8"},
		{strings.Repeat("[", 600) + strings.Repeat("]", 600), "deep"},
		{`1e99999`, "digits"},
		{strings.Repeat("9", 20_000), "digits"},
	}
	for _, test := range tests {
		v, err := DecodeJSON([]byte(test.text), Limits{})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.30q gave %v, %v, want an error about %q", test.text, v, err, test.want)
		}
	}
	_, err := DecodeJSON([]byte(`{"a":`), Limits{})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a truncated text gives %v, want an unexpected EOF", err)
	}
	if _, err := DecodeJSON([]byte(`[1,2,3,4]`), Limits{Values: 4}); err == nil {
		t.Error("more values than the limit are taken")
	}
	if _, err := DecodeJSON([]byte(`"12345678"`), Limits{Bytes: 4}); err == nil {
		t.Error("more bytes than the limit are taken")
	}
}

func TestDecoderReadsOneValueAfterTheOther(t *testing.T) {
	d := NewDecoder(strings.NewReader("{\"a\":1}\n[2]\n\n\"x\"\n"), Limits{})
	var got []any
	for {
		v, err := d.Value()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v)
	}
	if diff := cmp.Diff([]any{map[string]any{"a": 1}, []any{2}, "x"}, got); diff != "" {
		t.Error(diff)
	}
}

// endless gives the elements of a list without end.
type endless struct{ element string }

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.element) <= len(p) {
		n += copy(p[n:], e.element)
	}
	return n, nil
}

func TestDecoderArrayStreams(t *testing.T) {
	stop := errors.New("enough")
	n := 0
	d := NewDecoder(io.MultiReader(strings.NewReader("[0"), endless{`,{"id":12345}`}), Limits{Bytes: 1000})
	err := d.Array(func(v any) error {
		if n++; n == 1_000_000 {
			return stop
		}
		return nil
	})
	if err != stop {
		t.Errorf("got %v after %d elements", err, n)
	}
	long := NewDecoder(io.MultiReader(strings.NewReader(`["`), endless{"x"}), Limits{Bytes: 1 << 20})
	if err := long.Array(func(any) error { return nil }); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("an endless string gives %v", err)
	}
}
