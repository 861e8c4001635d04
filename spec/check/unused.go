package check

import (
	"tenon/spec/diag"
	"tenon/spec/lang"
	"tenon/spec/model"
)

// reportUnused reports definitions that nothing refers to. What a misspelt name most likely means is
// not also unused.
func (b *builder) reportUnused() {
	for _, m := range b.project.APIs {
		if a := b.apis[m.Name]; a.plan == nil {
			b.noteAPI(m)
		}
		b.unused(&m.Decl, "api")
	}
	for _, v := range b.project.Variables {
		b.unused(&v.Decl, "variable")
	}
	for _, s := range b.project.Secrets {
		b.unused(&s.Decl, "secret")
	}
	for _, s := range b.project.Schemas {
		b.unused(&s.Decl, "schema")
	}
	for _, m := range b.project.Mappings {
		b.unused(&m.Decl, "mapping")
	}
}

func (b *builder) unused(d *model.Decl, kind string) {
	if b.used[d] || b.nearlyNamed(d.Name) {
		return
	}
	b.diags.Add(lang.Unused, d.NameRange, "Nothing uses %s %q.", kind, d.Name)
}

// nearlyNamed reports whether a name that does not exist may have meant this one.
func (b *builder) nearlyNamed(name string) bool {
	for _, u := range b.unresolved {
		if u == name || diag.Nearest(u, []string{name}) != "" {
			return true
		}
	}
	return false
}

// noteAPI marks what an api refers to that nothing calls, so that it is reported alone.
func (b *builder) noteAPI(m *model.API) {
	if t := b.tree(m.Server); t != nil {
		b.noteRefs(t)
	}
	for _, auth := range m.Auths {
		for _, attr := range auth.Attrs {
			if t := b.tree(attr.Value); t != nil {
				b.noteRefs(t)
			}
		}
	}
	if t := b.tree(m.Headers); t != nil {
		b.noteRefs(t)
	}
}

// unusedSteps reports steps that only find something out, which nobody then asks for.
func (f *flow) unusedSteps() {
	for _, id := range keys(f.nodes) {
		n := f.nodes[id]
		if n.step == nil || f.used[n.decl] || len(n.step.Checks) > 0 || f.nearlyNamed(n.op.Name) {
			continue
		}
		switch {
		case n.op.Call != nil && n.op.Call.Safe:
			f.diags.Add(lang.Unused, n.decl.NameRange, "Step %q only reads, and nothing uses what it finds.", n.op.Name)
		case n.op.Value != nil:
			f.diags.Add(lang.Unused, n.decl.NameRange, "Nothing uses the value of step %q.", n.op.Name)
		}
	}
}
