package check

import (
	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/plan"
)

// taint notes that a member of a node's result is secret, if the expression that makes it is.
func (n *stage) taint(x *plan.Expr, member string) {
	if x.Tainted {
		n.secret = append(n.secret, member)
		n.trail = append(n.trail, secretSince(x, n.op.ID+"."+member)...)
	}
}

// tainted gives a name for n's result what is known of secrets in it.
func (n *stage) tainted(name *expression.Name) *expression.Name {
	if len(n.secret) > 0 {
		name.Secret, name.SecretIn, name.Trail = true, n.secret, n.trail
	}
	return name
}

// secretSince says how something became secret: the expression that makes it, and what that refers to.
func secretSince(x *plan.Expr, what string) []diag.Related {
	return append([]diag.Related{{Range: x.Range, Message: what + " is secret, since it is computed from a secret here"}}, x.Trail...)
}
