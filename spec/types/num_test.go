package types

import "testing"

func TestDivWritesNoNeedlessZeros(t *testing.T) {
	tests := []struct{ a, b, want string }{
		{"1000", "100", "10"},
		{"1999", "100", "19.99"},
		{"100", "0.01", "10000"},
		{"19.90", "2", "9.95"},
		{"1.00", "1", "1.00"},
		{"1", "8", "0.125"},
		{"1", "3", "0.3333333333333333333333333333333333"},
		{"0", "5", "0"},
		{"-1000", "10", "-100"},
	}
	for _, tt := range tests {
		a, errA := ParseNum(tt.a)
		b, errB := ParseNum(tt.b)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if q, err := a.Div(b); err != nil || q.String() != tt.want {
			t.Errorf("%s ÷ %s = %s, error %v; want %s", tt.a, tt.b, q, err, tt.want)
		}
	}
}
