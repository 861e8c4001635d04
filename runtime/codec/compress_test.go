package codec

import (
	"bytes"
	stdzlib "compress/flate"
	stdgzip "compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"
)

var plainText = []byte(strings.Repeat("one thing after another, ", 4000))

func compressed(t testing.TB, coding string, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := Compress(coding, &b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inflate(coding string, content []byte) ([]byte, error) {
	r, err := Decompress(coding, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestDecompress(t *testing.T) {
	for _, coding := range []string{"gzip", "deflate", "zstd", "br"} {
		c := compressed(t, coding, plainText)
		if len(c) > len(plainText)/10 {
			t.Errorf("%s: %d bytes from %d", coding, len(c), len(plainText))
		}
		for range 2 { // the second time with what the first gave back
			got, err := inflate(strings.ToUpper(coding), c)
			if err != nil || !bytes.Equal(got, plainText) {
				t.Errorf("%s: %d bytes, %v", coding, len(got), err)
			}
		}
		for _, cut := range []int{1, 2, len(c) / 2, len(c) - 1} {
			var e *Error
			if _, err := inflate(coding, c[:cut]); !errors.As(err, &e) || e.Kind != Truncated {
				t.Errorf("%s cut at %d: %v", coding, cut, err)
			}
		}
		if got, err := inflate(coding, nil); err != nil || len(got) > 0 {
			t.Errorf("%s of nothing: %v", coding, err)
		}
		var e *Error
		if _, err := inflate(coding, []byte("this is no such data, but some text")); !errors.As(err, &e) || e.Kind != Malformed && e.Kind != Truncated {
			t.Errorf("%s of text: %v", coding, err)
		}
	}
	twice := compressed(t, "zstd", compressed(t, "gzip", plainText))
	if got, err := inflate("gzip, zstd", twice); err != nil || !bytes.Equal(got, plainText) {
		t.Errorf("gzip, zstd: %d bytes, %v", len(got), err)
	}
	for _, coding := range []string{"compress", "gzip, gzip, gzip, gzip", "aes128gcm"} {
		var e *Error
		if _, err := inflate(coding, plainText); !errors.As(err, &e) || e.Kind != Unsupported {
			t.Errorf("%s: %v", coding, err)
		}
	}
	if got, err := inflate("identity", plainText); err != nil || !bytes.Equal(got, plainText) {
		t.Errorf("identity: %v", err)
	}
}

// TestDecompressStandard reads what the standard library writes, and deflate without its header.
func TestDecompressStandard(t *testing.T) {
	var z, raw bytes.Buffer
	w := stdgzip.NewWriter(&z)
	w.Write(plainText)
	w.Close()
	f, _ := stdzlib.NewWriter(&raw, 6)
	f.Write(plainText)
	f.Close()
	for coding, content := range map[string][]byte{"gzip": z.Bytes(), "deflate": raw.Bytes()} {
		if got, err := inflate(coding, content); err != nil || !bytes.Equal(got, plainText) {
			t.Errorf("%s: %d bytes, %v", coding, len(got), err)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	for _, coding := range []string{"gzip", "deflate", "zstd", "br"} {
		f.Add(coding, compressed(f, coding, []byte("some text, some text")))
	}
	f.Fuzz(func(t *testing.T, coding string, content []byte) {
		r, err := Decompress(coding, bytes.NewReader(content))
		if err != nil {
			return
		}
		defer r.Close()
		n, err := io.Copy(io.Discard, io.LimitReader(r, 4<<20))
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%d bytes, then an error that is not ours: %v", n, err)
		}
	})
}
