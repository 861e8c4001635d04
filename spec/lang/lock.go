package lang

// LockFile is the root of the vocabulary of tenon.lock.hcl.
var LockFile = &Block{
	Name:   "lock file",
	Blocks: []*Block{lockedSpec, lockedPart, lockedOverlay},
	Doc:    "Written by `tenon lock`: the digest of every spec and overlay that the project names, and of the files that specs refer to.",
}

var lockedSpec = &Block{
	Name:   "spec",
	Unique: "file",
	Labels: []*Label{{Name: "FILE", Kind: AnyText, Doc: "The spec, as the api names it."}},
	Attrs: []*Attr{
		{Name: "digest", Kind: Text, Required: true, Doc: "The SHA-256 of the document: `sha256:` and 64 hexadecimal digits."},
	},
	Doc: "A spec as it was when it was pinned.",
}

var lockedPart = &Block{
	Name:   "part",
	Unique: "file",
	Labels: []*Label{{Name: "FILE", Kind: AnyText, Doc: "A file that a spec refers to, relative to the project."}},
	Attrs: []*Attr{
		{Name: "digest", Kind: Text, Required: true, Doc: "The SHA-256 of the file: `sha256:` and 64 hexadecimal digits."},
	},
	Doc: "A further file of a spec as it was when it was pinned.",
}

var lockedOverlay = &Block{
	Name:   "overlay",
	Unique: "file",
	Labels: []*Label{{Name: "FILE", Kind: AnyText, Doc: "The overlay, as the api names it."}},
	Attrs: []*Attr{
		{Name: "digest", Kind: Text, Required: true, Doc: "The SHA-256 of the overlay: `sha256:` and 64 hexadecimal digits."},
	},
	Doc: "An overlay as it was when it was pinned.",
}
