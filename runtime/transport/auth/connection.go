package auth

import (
	"context"
	"net/http"

	"tenon/runtime/transport"
)

// connection is the credential of mutual TLS: the connection itself has it, requests do not.
type connection struct{}

func (connection) ID() string                                      { return "" }
func (connection) Sign(context.Context, *transport.Outgoing) error { return nil }
func (connection) Hide(*transport.Outgoing)                        {}
func (connection) Answered(context.Context, *transport.Outgoing, int, http.Header) (bool, error) {
	return false, nil
}
