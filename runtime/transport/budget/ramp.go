package budget

import "time"

// ramp bounds the calls at once while it is not known how many the API takes.
type ramp struct {
	most   float64 // 0: no bound
	steep  float64 // up to here it doubles with every round of answers; beyond, it grows by one a round
	at     time.Time
	told   bool // a refusal was not explained by any quota, so quotas do not lift the bound
	active bool
}

// hesitation is how long the ramp waits for an answer before it lets more calls go all the same.
const hesitation = 250 * time.Millisecond

// enough is where the ramp ends.
const enough = 256

// bound returns how many calls may be under way.
func (r *ramp) bound(now time.Time) int {
	if r.most == 0 {
		return 1 << 30
	}
	if !r.active {
		r.active, r.at = true, now
	}
	for now.Sub(r.at) >= hesitation {
		r.at = r.at.Add(hesitation)
		r.grow(r.most)
	}
	if r.most == 0 {
		return 1 << 30
	}
	return int(r.most)
}

// next is when the bound rises without an answer.
func (r *ramp) next() time.Time { return r.at.Add(hesitation) }

// known says that a rate bounds the calls from the beginning.
func (r *ramp) known() {
	if r.steep == 0 {
		r.most = 0
	}
}

// well notes an answer that is no refusal; quotas says that answers tell of quotas.
func (r *ramp) well(quotas bool) {
	switch {
	case r.most == 0:
	case quotas && !r.told:
		r.most = 0
	case r.steep == 0 || r.most < r.steep:
		r.grow(1)
	default:
		r.grow(1 / r.most)
	}
}

func (r *ramp) grow(by float64) {
	if r.most += by; r.most >= enough {
		r.most, r.told = 0, false
	}
}

// refused notes a refusal with so many calls under way: after until they begin anew with one, and beyond half as
// many they grow slowly.
func (r *ramp) refused(now, until time.Time, under int, explained bool) {
	if !explained {
		r.told = true
	}
	if r.most == 0 || float64(under)/2 < r.steep || r.steep == 0 {
		r.steep = max(1, float64(under)/2)
	}
	r.most, r.at, r.active = 1, now, true
	if until.After(now) {
		r.at = until
	}
}
