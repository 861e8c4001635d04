package expression

import (
	"tenon/spec/diag"
	"tenon/spec/source"
	"tenon/spec/syntax"
)

// Implied reads an expression that nobody wrote: text in native notation that stands for what an author
// left out at a place. It is typed like a written one; its findings and failures point at that place.
func Implied(text string, at source.Range) (*Tree, diag.List) {
	const name = "implied = "
	file, diags := syntax.Parse(at.File, []byte(name+text))
	a := file.Body.Attribute("implied")
	if a == nil {
		return nil, moved(diags, at)
	}
	t, more := Parse(a.Expr)
	t.implied = at
	return t, moved(append(diags, more...), at)
}

func moved(list diag.List, at source.Range) diag.List {
	for _, d := range list {
		d.Range, d.Fix = at, nil
	}
	return list
}

// move makes an expression stand at a place.
func (e *Expr) move(at source.Range) {
	e.Range = at
	for i := range e.Fields {
		e.Fields[i].Range = at
	}
	var all func(c *code)
	all = func(c *code) {
		if c == nil {
			return
		}
		c.at = span{0, at.Start, at.End}
		for _, a := range c.args {
			all(a)
		}
	}
	all(e.code)
}
