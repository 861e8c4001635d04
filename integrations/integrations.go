// Package integrations carries the integrations that ship with Tenon. They are linted and tested as
// a user's would be.
package integrations

import (
	"embed"
	"io/fs"
)

//go:embed quickstart
var files embed.FS

// Quickstart is the project that `tenon init` writes: two small specs and one integration that bills
// the orders of a shop.
func Quickstart() fs.FS {
	sub, err := fs.Sub(files, "quickstart")
	if err != nil {
		panic("this is a bug in Tenon: " + err.Error())
	}
	return sub
}
