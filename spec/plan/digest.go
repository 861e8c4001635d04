package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Digest names the plan by its content: "sha256:" and the hex digest of its JSON. Two plans with one
// digest do the same.
func (p *Plan) Digest() (string, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("plan of %s: %w; this is a bug in Tenon", p.Integration, err)
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}
