package codec

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// AcceptEncoding lists the content codings that [Decompress] undoes, as a request says it.
const AcceptEncoding = "gzip, zstd, br, deflate"

const (
	maxCodings = 3       // one in another
	zstdWindow = 8 << 20 // what RFC 9659 §3 lets a sender ask for
)

// Compressed reports whether a Content-Encoding field says anything but that the content is as it is.
func Compressed(contentEncoding string) bool { return len(codings(contentEncoding)) > 0 }

// codings are the codings of a Content-Encoding field in the order in which they were applied.
func codings(field string) []string {
	if field == "" {
		return nil
	}
	var out []string
	for name := range strings.SplitSeq(field, ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && name != "identity" {
			out = append(out, name)
		}
	}
	return out
}

// Decompress undoes the content codings of a Content-Encoding field (RFC 9110 §8.4, RFC 8878, RFC 7932):
// gzip, deflate with or without its header, zstd and br. What it reads needs bounded memory, but how much
// comes out is for the caller to bound. Errors of the content are [*Error]. Closing gives back memory;
// it does not close r.
func Decompress(contentEncoding string, r io.Reader) (io.ReadCloser, error) {
	names := codings(contentEncoding)
	if len(names) > maxCodings {
		return nil, errorf(Unsupported, "the body is compressed %d times over", len(names))
	}
	b := &below{r: r}
	out := &inflater{Reader: b, below: b}
	for _, name := range slices.Backward(names) {
		if err := out.add(name); err == io.EOF {
			out.Reader = strings.NewReader("") // nothing at all, which some servers call compressed
			break
		} else if err != nil {
			out.Close()
			return nil, err
		}
	}
	return out, nil
}

// inflater is a chain of decompressors.
type inflater struct {
	io.Reader
	below *below
	last  string
	after []func()
}

func (c *inflater) Close() error {
	for _, f := range c.after {
		f()
	}
	c.after = nil
	return nil
}

func (c *inflater) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	return n, c.broken(err)
}

// broken makes an [*Error] of what a decompressor says; errors of the reader below pass.
func (c *inflater) broken(err error) error {
	var own *Error
	switch {
	case err == nil || err == io.EOF || errors.As(err, &own):
		return err
	case c.below.err != nil:
		return c.below.err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Truncated, fmt.Sprintf("the %s data ends too early", c.last), err}
	}
	return &Error{Malformed, fmt.Sprintf("the body is not the %s data that its Content-Encoding promises: %v", c.last, err), err}
}

// below remembers how reading what is compressed failed, apart from what decompressing it did.
type below struct {
	r   io.Reader
	err error
}

func (b *below) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

func (c *inflater) add(coding string) error {
	c.last = coding
	switch coding {
	case "gzip", "x-gzip":
		z, _ := gzips.Get().(*gzip.Reader)
		if z == nil {
			z = new(gzip.Reader)
		}
		if err := z.Reset(c.Reader); err != nil {
			return c.broken(err)
		}
		c.Reader = z
		c.after = append(c.after, func() { gzips.Put(z) })
	case "deflate":
		z, err := deflated(c.Reader)
		if err != nil {
			return c.broken(err)
		}
		c.Reader = z
	case "zstd":
		z, _ := zstds.Get().(*zstd.Decoder)
		if z == nil {
			z, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		}
		if err := z.Reset(c.Reader); err != nil {
			return c.broken(err)
		}
		c.Reader = z
		c.after = append(c.after, func() {
			z.Reset(nil)
			zstds.Put(z)
		})
	case "br":
		b := bufio.NewReader(c.Reader)
		if _, err := b.Peek(1); err != nil {
			return c.broken(err)
		}
		c.Reader = brotli.NewReader(b)
	default:
		return errorf(Unsupported, "the body is encoded as %.40q, which was not asked for", coding)
	}
	return nil
}

var gzips, zstds sync.Pool

// deflated reads what servers call deflate: zlib's format, as RFC 9110 §8.4.1.2 says, or the bare stream, as
// some send it.
func deflated(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	head, err := b.Peek(2)
	if len(head) == 1 && err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	if head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
		return zlib.NewReader(b)
	}
	return flate.NewReader(b), nil
}

// Compress writes content in a content coding that an operation takes: gzip, deflate, zstd or br. The writer
// must be closed; that does not close w.
func Compress(coding string, w io.Writer) (io.WriteCloser, error) {
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "gzip", "x-gzip":
		return gzip.NewWriter(w), nil
	case "deflate":
		return zlib.NewWriter(w), nil
	case "zstd":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	case "br":
		return brotli.NewWriter(w), nil
	}
	return nil, errorf(Unsupported, "%.40q is no way to compress that Tenon knows", coding)
}
