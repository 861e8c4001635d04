package check

import (
	"fmt"
	"strings"

	"tenon/spec/diag"
	"tenon/spec/expression"
	"tenon/spec/model"
	"tenon/spec/types"
)

// mapping is a mapping and what is known of it.
type mapping struct {
	model *model.Mapping
	name  *expression.Name // as it is called
	state visit
}

type visit uint8

const (
	unseen visit = iota
	entered
	left
)

// defineMappings types every mapping once, in its own place, those first that others call.
func (b *builder) defineMappings() {
	members := map[string]*expression.Name{}
	b.globals.Define(&expression.Name{Name: "mapping", Members: members})
	for _, name := range keys(b.mappings) {
		b.defineMapping(b.mappings[name], members, nil)
	}
}

func (b *builder) defineMapping(m *mapping, members map[string]*expression.Name, chain []*mapping) {
	if m.state != unseen {
		return
	}
	m.state = entered
	chain = append(chain, m)
	tree := b.tree(m.model.Value)
	cyclic := false
	if tree != nil {
		for _, r := range tree.Refs() {
			if r.Root != "mapping" || len(r.Path) == 0 {
				continue
			}
			switch callee := b.mappings[r.Path[0]]; {
			case callee == nil:
			case callee.state == entered:
				cyclic = true
				d := b.diags.Add(expression.Cycle, r.Range, "Mapping %q ends up calling itself: %s.", callee.model.Name, mappingChain(chain, callee))
				d.Explain("A mapping is written into the place that calls it, so it cannot contain itself. For a list of unknown depth, map each level in a mapping of its own.")
			default:
				b.defineMapping(callee, members, chain)
			}
		}
	}
	m.state = left
	m.name = b.typeMapping(m.model, tree, cyclic)
	members[m.model.Name] = m.name
}

func mappingChain(chain []*mapping, back *mapping) string {
	var names []string
	for i, m := range chain {
		if m == back {
			for _, x := range chain[i:] {
				names = append(names, x.model.Name)
			}
		}
	}
	return strings.Join(append(names, back.model.Name), " → ")
}

// typeMapping checks a mapping's value against what it declares.
//
// One with errors is not called: what is wrong in it would be told again at every place that does.
func (b *builder) typeMapping(m *model.Mapping, tree *expression.Tree, cyclic bool) *expression.Name {
	before := b.diags.Count(diag.Error)
	scope := expression.NewScope(b.globals)
	def := &expression.Mapping{Name: m.Name, Scope: scope, Body: tree}
	for _, p := range m.From {
		t := b.typeOf(p.Type, types.Response)
		def.Params = append(def.Params, expression.Param{Name: p.Name, Type: t})
		scope.Define(&expression.Name{Name: p.Name, Key: p.Name, Type: t, Range: p.NameRange})
	}
	var to *types.Type
	if m.To != nil {
		to = b.typeOf(m.To, types.Request)
	}
	name := &expression.Name{Name: m.Name, Range: m.Header, Mapping: def}
	if cyclic {
		b.noteRefs(tree)
	}
	if cyclic || tree == nil {
		name.Mapping, name.Type = nil, types.Invalid
		return name
	}
	e := b.check(tree, scope, expression.Want{Type: to, What: fmt.Sprintf("the value of mapping %q", m.Name), Missing: m.Value.Range})
	if b.diags.Count(diag.Error) > before {
		name.Mapping, name.Type = nil, types.Invalid
		return name
	}
	def.Result = to
	if to == nil && e != nil {
		def.Result = e.Type
	}
	return name
}
