package lang

import "tenon/spec/diag"

// buildRules are the rules that spec/check reports while it builds plans.
var buildRules = []*diag.Rule{}
