package types

import "testing"

func TestRound(t *testing.T) {
	for _, c := range []struct {
		in     string
		places int
		want   string
	}{
		{"2.5", 0, "3"}, {"-2.5", 0, "-3"}, {"2.4999", 0, "2"}, {"2", 2, "2.00"}, {"1.005", 2, "1.01"}, {"1250", -2, "1300"}, {"1e3", 0, "1000"},
	} {
		n, err := ParseNum(c.in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := n.Round(c.places)
		if err != nil || got.Plain() != c.want {
			t.Errorf("Round(%s, %d) = %s, %v; want %s", c.in, c.places, got.Plain(), err, c.want)
		}
	}
	n, _ := ParseNum("-1.2")
	if f, _ := n.Floor(); f.String() != "-2" {
		t.Errorf("Floor(-1.2) = %s, want -2", f)
	}
	if c, _ := n.Ceil(); c.String() != "-1" {
		t.Errorf("Ceil(-1.2) = %s, want -1", c)
	}
	if a := n.Abs(); a.String() != "1.2" {
		t.Errorf("Abs(-1.2) = %s, want 1.2", a)
	}
}
