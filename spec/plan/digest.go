package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Digest names the plan by its content: "sha256:" and the hex digest of what [Plan.Bare] writes, followed by the names
// and digests of its files. Two plans with one digest do the same.
func (p *Plan) Digest() (string, error) {
	_, digest, err := p.Bare()
	return digest, err
}

// Bare writes the plan as JSON without its files, which are long and which the plans of a project share. [Decode] reads
// it. Beside it stands the digest of the whole plan.
func (p *Plan) Bare() (text []byte, digest string, err error) {
	bare := *p
	bare.Files = nil
	if text, err = json.Marshal(&bare); err != nil {
		return nil, "", fmt.Errorf("plan of %s: %w; this is a bug in Tenon", p.Integration, err)
	}
	h := sha256.New()
	h.Write(text)
	for _, f := range p.Files {
		fmt.Fprintf(h, "\n%q %x", f.Name, f.digest())
	}
	return text, "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// digest is that of the file's text.
func (f *File) digest() [sha256.Size]byte {
	f.once.Do(func() { f.sum = sha256.Sum256([]byte(f.Text)) })
	return f.sum
}
