package syntax

import (
	"os"
	"testing"
)

func quickstart(b *testing.B) []byte {
	src, err := os.ReadFile("../../integrations/quickstart/main.hcl")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	return src
}

func BenchmarkParse(b *testing.B) {
	src := quickstart(b)
	for b.Loop() {
		Parse("main.hcl", src)
	}
}

// BenchmarkFormat formats a file that is in canonical form already, as lint does.
func BenchmarkFormat(b *testing.B) {
	src := quickstart(b)
	for b.Loop() {
		if _, diags := Format("main.hcl", src); len(diags) > 0 {
			b.Fatal(diags[0].Message)
		}
	}
}
