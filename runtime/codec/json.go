package codec

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"tenon/spec/types"
)

func encodeJSON(v any) ([]byte, error) {
	out, err := types.AppendJSON(buffers.Get().(*bytes.Buffer).AvailableBuffer(), v)
	content := bytes.Clone(out)
	release(bytes.NewBuffer(out)) // the memory as it has grown
	return content, err
}

// decodeJSON reads one JSON value with exact numbers.
func decodeJSON(contentType string, content []byte) (any, error) {
	content, err := toUTF8(content, contentType)
	if err != nil {
		return nil, err
	}
	v, err := types.DecodeJSON(content, types.Limits{})
	if err != nil {
		return nil, jsonError(content, err)
	}
	return v, nil
}

// jsonError says what is wrong with JSON, and shows what is there instead where it is no JSON at all.
func jsonError(content []byte, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &Error{Truncated, fmt.Sprintf("the JSON ends too early, after %d bytes", len(content)), err}
	}
	return &Error{Malformed, fmt.Sprintf("the body is %v; it begins with: %s", err, excerpt(content)), err}
}
