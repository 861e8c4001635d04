package lang

import (
	"embed"
	"io/fs"
	"sync"
)

//go:embed examples
var examples embed.FS

// ExampleFiles returns the files, by name, that lie beside the examples of rules and blocks:
// openapi/shop.yaml, openapi/billing.yaml, openapi/legacy.yaml, openapi/public.yaml and overlays/shop.yaml.
var ExampleFiles = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	root, err := fs.Sub(examples, "examples")
	if err == nil {
		err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := fs.ReadFile(root, name)
			out[name] = string(text)
			return err
		})
	}
	if err != nil {
		panic("this is a bug in Tenon: embedded examples: " + err.Error())
	}
	return out
})
