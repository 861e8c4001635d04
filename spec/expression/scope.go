package expression

import (
	"maps"
	"slices"
	"sync"

	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/syntax"
	"tenon/spec/types"
)

// Scope is the names in reach of an expression. A scope is built once, by Define, and read by any
// number of checks from then on; nested scopes see their parent's names and may hide them.
type Scope struct {
	parent *Scope
	names  map[string]*Name
	facts  *facts
	files  func(name string) ([]byte, error)
	types  func(*syntax.Expr) *types.Type
}

// Name is one thing that an expression can refer to.
type Name struct {
	// Name is how authors write it: "order", "input"; a member of a namespace without the namespace.
	Name string
	// Key is the name in the run-time environment: "step.orders", "order". Empty means Name.
	Key string
	// Type of the value; nil for something already reported.
	Type *types.Type
	// Secret says that what is read from it is secret; with SecretIn, only these members of it.
	Secret   bool
	SecretIn []string
	// Trail says how it became secret, the latest place first.
	Trail []diag.Related
	// Const is the value where it is known now, which HasConst says.
	Const    any
	HasConst bool
	// Range is where it is defined.
	Range source.Range
	// Members makes it a namespace (step, for_each, mapping): no value itself, its members are names of their own.
	Members map[string]*Name
	// Mapping makes it a mapping; it stands among the Members of "mapping".
	Mapping *Mapping
	// Gone says why a name that exists can't be used here, as a full sentence:
	// "Step x runs after this one." The rule is out-of-scope.
	Gone string
}

// Mapping is a named expression with parameters. Calls of it are inlined.
type Mapping struct {
	Name   string
	Params []Param
	Body   *Tree
	// Result is the declared type of what it makes; nil if none is.
	Result *types.Type
	// Scope is what the body sees beside its parameters.
	Scope *Scope

	own   sync.Once
	wrong bool // found wrong on its own
}

// Param is a parameter of a mapping or function.
type Param struct {
	Name     string
	Type     *types.Type
	Optional bool // of functions: may be left out
	Variadic bool // of functions: the last one, and it may come any number of times
}

// NewScope returns an empty scope inside parent, which may be nil.
func NewScope(parent *Scope) *Scope {
	s := &Scope{parent: parent, names: map[string]*Name{}}
	if parent != nil {
		s.facts, s.files, s.types = parent.facts, parent.files, parent.types
	}
	return s
}

// Define adds a name. It must not be called once the scope is in use.
func (s *Scope) Define(n *Name) { s.names[n.Name] = n }

// Files lets file("…") read files, which happens when the expression is checked.
func (s *Scope) Files(read func(name string) ([]byte, error)) { s.files = read }

// Types lets assert_type read types as they are written. The function reports what is wrong with one
// itself, and gives [types.Invalid] then.
func (s *Scope) Types(read func(*syntax.Expr) *types.Type) { s.types = read }

// Lookup returns the name as it is seen from s, or nil.
func (s *Scope) Lookup(name string) *Name {
	for ; s != nil; s = s.parent {
		if n, ok := s.names[name]; ok {
			return n
		}
	}
	return nil
}

// Names lists all names in reach, sorted.
func (s *Scope) Names() []string {
	all := map[string]bool{}
	for ; s != nil; s = s.parent {
		for n := range s.names {
			all[n] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func (n *Name) key() string {
	if n.Key != "" {
		return n.Key
	}
	return n.Name
}

// reachable lists the names that can be used.
func (s *Scope) reachable() []string {
	return slices.DeleteFunc(s.Names(), func(name string) bool { return s.Lookup(name).Gone != "" })
}

// reachable lists the members that can be used.
func (n *Name) reachable() []string {
	return slices.DeleteFunc(n.memberNames(), func(name string) bool { return n.Members[name].Gone != "" })
}

func (n *Name) memberNames() []string { return slices.Sorted(maps.Keys(n.Members)) }

// Assume returns a scope like s in which the condition t is known to hold (with holds false: not to
// hold): inside a step with `when = x != null`, x is not null. It reports nothing; a condition that
// does not type adds nothing.
func (t *Tree) Assume(s *Scope, holds bool) *Scope {
	c := newChecker(t, s)
	v := c.condition(t.root)
	out := NewScope(s)
	f := v.whenFalse
	if holds {
		f = v.whenTrue
	}
	if f != nil && !v.bad {
		out.facts = f
	}
	return out
}

// Narrow returns a scope like s in which the part at path of the name with the run-time key is in to,
// as in a case of a switch. A key that is not in reach adds nothing.
func (s *Scope) Narrow(key string, path []string, to *types.Type) *Scope {
	out := NewScope(s)
	if n := s.byKey(key); n != nil && n.Type != nil {
		c := &checker{scope: s}
		out.facts = c.learn(s.facts, &spot{&binding{name: n, typ: n.Type}, path}, to, false)
	}
	return out
}

func (s *Scope) byKey(key string) *Name {
	for ; s != nil; s = s.parent {
		for _, n := range s.names {
			if n.Members == nil && n.key() == key {
				return n
			}
			for _, m := range n.Members {
				if m.key() == key && m.Mapping == nil {
					return m
				}
			}
		}
	}
	return nil
}

// Want is what the place expects that an expression's value goes to.
type Want struct {
	// Type that the value must be in; nil: any value at all.
	Type *types.Type
	// What names the place in messages: `parameter "id" of crm.getCustomer`, "the body of billing.createInvoice".
	What string
	// Optional says that the value may be absent as a whole: the place is left out then.
	Optional bool
	// AsText says that scalars become text, as in path, query, header and cookie parameters.
	AsText bool
	// StreamOK says that the whole value may be a stream.
	StreamOK bool
	// SecretOK says that the value may be secret.
	SecretOK bool
	// Locate finds where a specification declares something.
	Locate func(types.Origin) source.Range
	// Missing is where findings about something missing stand, unless there is an object constructor to point at.
	Missing source.Range
}

// TypeOf returns the type of a name as it is known in s, narrowed by what s assumes; nil if there is no such name.
func (s *Scope) TypeOf(name string) *types.Type {
	n := s.Lookup(name)
	if n == nil {
		return nil
	}
	if t := s.facts.find(&binding{name: n}, ""); t != nil {
		return t
	}
	return n.Type
}
