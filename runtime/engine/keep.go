package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"tenon/runtime/store"
	"tenon/spec/types"
)

// State is what the store has of an integration. A run that is repeated sees what it saw before, each time that it asked.
func (h *host) State(ctx context.Context, integration string) (map[string]any, error) {
	h.mu.Lock()
	if h.asked == nil {
		h.asked = map[string]int{}
	}
	h.asked[integration]++
	key := kindState + " " + integration + " " + strconv.Itoa(h.asked[integration])
	h.mu.Unlock()
	var state map[string]json.RawMessage
	var err error
	if e := h.j.take(key); e != nil {
		err = h.j.read(key, e.data, &state)
	} else if state, err = h.d.k.Store.State(ctx, integration); err == nil {
		err = h.j.put(kindState, key, state, nil)
	}
	if err != nil {
		return nil, h.stop(fmt.Errorf("the state of %s: %w", integration, err))
	}
	return decodeState(integration, state)
}

func decodeState(integration string, state map[string]json.RawMessage) (_ map[string]any, err error) {
	out := make(map[string]any, len(state))
	for name, text := range state {
		if out[name], err = types.DecodeJSON(text, types.Limits{}); err != nil {
			return nil, fmt.Errorf("the state of %s: %s: %w", integration, name, err)
		}
	}
	return out, nil
}

// Commit notes what is kept with the run's success, in the same transaction.
func (h *host) Commit(_ context.Context, states map[string]map[string]any) error {
	var kept []store.Change
	for integration, state := range states {
		values := map[string]json.RawMessage{}
		for name, v := range state {
			text, err := types.AppendJSON(nil, v)
			if err != nil {
				return fmt.Errorf("state %s: %w", name, err)
			}
			values[name] = text
		}
		kept = append(kept, store.SetState{Integration: integration, Values: values})
	}
	h.kept = kept
	return nil
}
