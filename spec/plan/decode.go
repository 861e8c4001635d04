package plan

import (
	"encoding/json"
	"fmt"
)

// Decode reads a plan that was written as JSON. It refuses plans of another version and plans that
// could not be carried out: a plan that is returned keeps every promise of this package.
func Decode(data []byte) (*Plan, error) {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("not a plan: %w", err)
	}
	if head.Version != Version {
		return nil, fmt.Errorf("a plan of version %d; this Tenon reads version %d", head.Version, Version)
	}
	p := &Plan{}
	if err := json.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("malformed plan: %w", err)
	}
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("malformed plan: %w", err)
	}
	return p, nil
}
