package integrations

import (
	"embed"
	"slices"
)

//go:embed overlays
var overlays embed.FS

// Overlays are the overlays that ship with Tenon: for which host's document, and the file below overlays.
// `tenon add` puts them into projects.
var Overlays = []struct{ Host, File string }{
	{"api.stripe.com", "stripe.yaml"},
	{"api.github.com", "github.yaml"},
}

// OverlayFor returns the overlay for a document whose servers have these hosts, if there is one.
func OverlayFor(hosts []string) ([]byte, bool) {
	for _, o := range Overlays {
		if slices.Contains(hosts, o.Host) {
			src, err := overlays.ReadFile("overlays/" + o.File)
			if err != nil {
				panic("this is a bug in Tenon: " + err.Error())
			}
			return src, true
		}
	}
	return nil, false
}
