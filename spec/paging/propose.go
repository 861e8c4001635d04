package paging

import (
	"fmt"
	"slices"
)

const linkNext = `link_url(response.headers.link, "next")`

// OnlyItems reports whether nothing lacks but where the items are.
func (f *Finding) OnlyItems() bool { return !f.HasItems && f.guess != nil }

// Asks reports whether a parameter of this name asks for a page other than the first.
func (f *Finding) Asks(name string) bool {
	places := append([]*Place{f.asked.Page, f.asked.Offset}, f.asked.Cursors...)
	return slices.ContainsFunc(places, func(p *Place) bool { return p != nil && p.In != "body" && p.Name() == name })
}

// Proposal is a next as far as it is known, with … for the rest.
func (f *Finding) Proposal() string {
	if f.guess != nil {
		g := *f.guess
		g.answer = f.answer
		if f.HasItems || g.Rule == ByLink || g.Rule == ByURL || g.Rule == ByToken {
			g.Items = f.Items
			return g.NextText()
		}
	}
	switch more := find(f.signals, More); {
	case len(f.asked.Cursors) == 0 && f.asked.Page == nil && f.asked.Offset == nil:
		return linkNext
	case len(f.asked.Cursors) == 0:
		p := f.asked.Page
		if p == nil {
			p = f.asked.Offset
		}
		return fmt.Sprintf("{ %s = … }", key(p.Name()))
	case more != nil:
		return fmt.Sprintf("%s ? { %s = … } : null", reference("response.body", more.path), key(f.asked.Cursors[0].Name()))
	}
	return fmt.Sprintf("{ %s = response.body.… }", key(f.asked.Cursors[0].Name()))
}
