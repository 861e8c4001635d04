package check

import (
	"fmt"
	"maps"
	"slices"

	"tenon/spec/expression"
	"tenon/spec/lang"
	"tenon/spec/media"
	"tenon/spec/plan"
	"tenon/spec/types"
)

// finish says what of each answer must be checked before it is used: as far as the plan reads it.
func (f *flow) finish() {
	for _, r := range f.recorded {
		if r.alias {
			continue
		}
		for _, u := range r.expr.Uses {
			path := u.Path
			if u.Shallow {
				path = with(path, kindOnly)
			}
			if f.download(u, r.at) {
				continue
			}
			f.read(u.Key, path, r.at)
		}
	}
	for _, check := range f.later {
		check()
	}
	for _, id := range keys(f.nodes) {
		f.streams(f.nodes[id])
	}
	for _, a := range f.answers {
		f.guardAnswer(a)
	}
	for _, id := range keys(f.nodes) {
		f.free(f.nodes[id])
	}
}

// relyOnInputs sees to it that what a run is given is held against what was taken for granted of it, as
// answers are: where an input has several alternatives, that one lacks what only another declares.
func (f *flow) relyOnInputs(p *plan.Plan) {
	for _, in := range p.Inputs {
		paths := f.inputReads[in.Name]
		if len(paths) == 0 || in.Type == nil || in.Type.Shape().Untyped || in.Type.Shape().Invalid {
			continue
		}
		slices.SortFunc(paths, slices.Compare)
		relied := types.Project(in.Type, slices.CompactFunc(paths, slices.Equal))
		if types.VerdictOf(types.Assign(in.Type, relied)) != types.Proven {
			in.Type = types.Intersect(in.Type, relied)
		}
	}
}

// kindOnly ends a path where only the kind of value matters: it is the name of no property.
const kindOnly = "\x00"

// read notes that the part at path of a name is read by an expression at a place.
func (f *flow) read(key string, path []string, at site) {
	switch {
	case key == "response" && at.response != nil:
		at.response.whole = at.response.whole || len(path) == 0 || path[0] == "body" || path[0] == "items"
		at.response.readPart(path)
		return
	case key == "request" && at.paging:
		return
	case key == "input" && len(path) > 0:
		f.inputReads[path[0]] = append(f.inputReads[path[0]], path[1:])
		return
	case key == "error" && at.caught != nil:
		if len(path) == 0 || path[0] == "body" {
			for _, r := range at.caught.answers {
				r.read = append(r.read, path[min(1, len(path)):])
			}
		}
		return
	}
	if n := f.nodes[key]; n != nil {
		f.readResult(n, path)
		return
	}
	for b := at.block; b != nil && b.loop != nil; b = b.parent {
		if b.loop.op.Name == key {
			f.readElement(b.loop, path)
			return
		}
	}
}

// readPart is read for the result of a call: its status, headers and body.
func (a *answer) readPart(path []string) {
	if len(path) == 0 || path[0] == "body" {
		a.read = append(a.read, path[min(1, len(path)):])
	}
}

func (f *flow) readResult(n *stage, path []string) {
	switch {
	case n.answer != nil && n.answer.sequence() && len(path) > 0 && path[0] == "items":
		n.answer.list = true
		if n.consumer != nil {
			f.collectedToo(n)
		}
		rest := path[1:]
		if len(rest) == 0 {
			rest = []string{"[]"}
		}
		f.readPages(n, rest)
	case n.answer != nil && n.answer.items != nil && len(path) > 0 && path[0] == "items":
		f.collected(n)
		if n.consumer != nil {
			f.collectedToo(n)
		}
		rest := path[1:]
		if len(rest) == 0 {
			rest = []string{"[]"}
		}
		f.readPages(n, rest)
	case n.answer != nil:
		n.answer.whole = n.answer.whole || len(path) == 0 || path[0] == "body"
		n.answer.readPart(path)
		for _, a := range n.fallbacks {
			a.readPart(path)
		}
	case n.value != nil && (len(path) == 0 || path[0] == "value"):
		if use, plain := n.value.Path(); plain {
			f.read(use.Key, slices.Concat(use.Path, path[min(1, len(path)):]), site{block: n.home})
		}
	}
}

// collected notes that the items of a step are used as a list.
func (f *flow) collected(n *stage) {
	pages := n.answer.call.Paginate
	if !pages.Collect && pages.Limit == 0 {
		f.diags.Add(lang.UnboundedCollect, n.step.Paginate.Header, "collect(step.%s.items) keeps all items in memory, however many there are.", n.op.Name).
			Explain("Give paginate a limit, or go through the items with for_each, which takes them page by page.")
	}
	pages.Collect = true
}

// collectedToo reports items that are both gone through page by page and kept.
func (f *flow) collectedToo(n *stage) {
	f.diags.Add(expression.StreamNotCollected, n.consumer.loop.In.Range,
		"The items of step %q are read page by page and only once, and collect(step.%s.items) elsewhere reads them already.", n.op.Name, n.op.Name).
		Explain("Write in = collect(step.%s.items) here too.", n.op.Name).Fix = collectFix(n.consumer.loop)
	n.consumer = nil // once
}

// readPages notes what is read of the lists that are the items of a paginated step.
func (f *flow) readPages(n *stage, path []string) {
	switch {
	case n.answer != nil && n.answer.sequence():
		n.answer.used = true
		n.answer.readPart(append([]string{"body"}, path...))
		return
	case n.answer == nil || n.answer.items == nil:
		return // they could not be typed
	}
	if use, plain := n.answer.items.Path(); plain && use.Key == "response" {
		n.answer.readPart(slices.Concat(use.Path, path))
	}
}

// readElement notes what is read of the elements of a loop.
func (f *flow) readElement(n *stage, path []string) {
	each := n.op.ForEach
	if each.Stream != "" {
		f.readPages(f.nodes[each.Stream], slices.Concat([]string{"[]"}, path))
		return
	}
	if each.In == nil {
		return
	}
	if use, plain := each.In.Path(); plain {
		f.read(use.Key, slices.Concat(use.Path, []string{"[]"}, path), site{block: n.home})
	}
}

// guardAnswer sets what is checked of each content.
func (f *flow) guardAnswer(a *answer) {
	for _, r := range a.received {
		paths := slices.Clone(r.read)
		if r.Success || r.Status == "default" && !a.declares2xx() {
			paths = append(paths, a.read...)
		}
		if len(paths) == 0 {
			continue
		}
		if r.unreadable != "" {
			f.diags.Add(lang.MediaType, a.call.Range, "The answer %s of %s is %s, which cannot be read.", r.Status, a.op.name(), r.unreadable).
				Explain("What can be read is %s. The step can be made as long as nothing looks at its body.", media.Readable).
				Relate(f.locate(a.op.Origin), "declared here")
			continue
		}
		slices.SortFunc(paths, slices.Compare)
		paths = slices.CompactFunc(paths, slices.Equal)
		for i, c := range r.Content {
			t := types.Project(r.types[i], paths)
			if s := t.Shape(); s.Untyped || s.Invalid {
				continue
			}
			c.Guard = &plan.Guard{Type: t, What: fmt.Sprintf("the answer %s of %s", r.Status, a.op.name()), Range: a.call.Range}
		}
	}
}

// free lists what the block of a loop reads from outside.
func (f *flow) free(n *stage) {
	if n.inner == nil || n.op.ForEach == nil {
		return
	}
	names := map[string]bool{}
	for _, r := range f.recorded {
		if !n.inner.contains(r.at.block) {
			continue
		}
		for _, u := range r.expr.Uses {
			if !f.boundInside(n, u.Key, r.at) {
				names[u.Key] = true
			}
		}
	}
	n.op.ForEach.Free = keys(names)
}

// boundInside reports whether a name that is used at a place belongs to the block of a loop.
func (f *flow) boundInside(n *stage, key string, at site) bool {
	if key == "response" && at.response != nil || key == "error" && at.caught != nil || key == "request" && at.paging {
		return true
	}
	if x := f.nodes[key]; x != nil {
		return n.inner.contains(x.home)
	}
	for b := at.block; b != nil && b.loop != nil; b = b.parent {
		if b.loop.op.Name == key {
			return true
		}
		if b == n.inner {
			break
		}
	}
	return false
}

// apisBroken reports whether an api that the integration calls has errors of its own.
func (f *flow) apisBroken() bool {
	for _, a := range f.answers {
		if a.op.api.broken {
			return true
		}
	}
	return false
}

// runsBroken reports whether an integration that this one runs has errors of its own.
func (f *flow) runsBroken() bool {
	return slices.ContainsFunc(f.runs, func(p *planned) bool { return p.plan == nil })
}

// complete gives the plan the definitions that it uses, so that nothing else is needed to run it.
func (f *flow) complete(p *plan.Plan) {
	exprs := f.defining
	for _, r := range f.recorded {
		exprs = append(exprs, r.expr)
	}
	files := map[string]bool{f.model.Range.File: true}
	for _, a := range f.answers {
		api := a.op.api
		p.APIs[api.model.Name] = api.plan
		files[api.plan.Range.File] = true
		exprs = append(exprs, api.plan.Exprs()...)
	}
	for _, m := range f.mappings {
		if f.used[&m.model.Decl] {
			files[m.model.Range.File] = true
		}
	}
	for _, child := range f.runs {
		f.include(p, child.plan, files)
	}
	f.keepFiles(p, files)
	f.define(p, exprs...)
}

// include gives the plan what the plan of an integration that it runs needs.
func (f *flow) include(p, child *plan.Plan, files map[string]bool) {
	maps.Copy(p.APIs, child.APIs)
	for _, file := range child.Files {
		files[file.Name] = true
	}
	// define adds those that it finds here
	p.Variables = append(p.Variables, child.Variables...)
	p.Secrets = append(p.Secrets, child.Secrets...)
}

// define gives the plan the variables, secrets and files that expressions use, beside those it has.
func (b *builder) define(p *plan.Plan, exprs ...*plan.Expr) {
	vars, secrets, files := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, v := range p.Variables {
		vars[v.Name] = true
	}
	for _, s := range p.Secrets {
		secrets[s.Name] = true
	}
	for _, x := range exprs {
		if x == nil {
			continue
		}
		files[x.Range.File] = true
		for _, u := range x.Uses {
			switch {
			case u.Key != "var" && u.Key != "secret":
			case len(u.Path) > 0:
				map[bool]map[string]bool{true: vars, false: secrets}[u.Key == "var"][u.Path[0]] = true
			case u.Key == "var":
				for _, v := range b.project.Variables {
					vars[v.Name] = true
				}
			default:
				for _, s := range b.project.Secrets {
					secrets[s.Name] = true
				}
			}
		}
	}
	p.Variables, p.Secrets = nil, nil
	for i, v := range b.project.Variables {
		if vars[v.Name] {
			p.Variables = append(p.Variables, b.vars[i])
			files[v.Range.File] = true
		}
	}
	for _, s := range b.project.Secrets {
		if secrets[s.Name] {
			p.Secrets = append(p.Secrets, &plan.Secret{Name: s.Name, Env: s.Env.Value, File: s.File.Value, Command: s.Command.Value, Range: s.Header})
			files[s.Range.File] = true
		}
	}
	b.keepFiles(p, files)
}

// keepFiles keeps the text of the author's files, by name, so that failures can show their lines.
func (b *builder) keepFiles(p *plan.Plan, files map[string]bool) {
	for _, f := range p.Files {
		files[f.Name] = true
	}
	p.Files = b.fileTexts(files)
}

// fileTexts are the texts of the author's files, by name.
func (b *builder) fileTexts(files map[string]bool) []*plan.File {
	var out []*plan.File
	for _, name := range keys(files) {
		if file := b.project.Files[name]; file != nil {
			if b.kept[name] == nil { // one text for all plans: a file may have a thousand integrations
				b.kept[name] = &plan.File{Name: name, Text: string(file.Src)}
			}
			out = append(out, b.kept[name])
		}
	}
	return out
}
