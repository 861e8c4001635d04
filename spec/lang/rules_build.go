package lang

import "slices"

// buildRules are the rules that spec/check reports while it builds plans.
var buildRules = slices.Concat(requestRules, flowRules, authRules, triggerRules, testRules)
