package expression

import (
	"fmt"
	"reflect"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"tenon/spec/source"
)

// Program is a compiled expression. It is immutable; any number of goroutines may run it at once.
type Program struct {
	vm     *vm.Program
	keys   []string // names that it reads from the environment, by slot
	places []source.Range
	whole  source.Range
}

// Compile makes e runnable. It works on expressions read from JSON, too.
func (e *Expr) Compile() (*Program, error) {
	if e.code == nil {
		return nil, fmt.Errorf("expression at %s:%d has no code; this is a bug in Tenon", e.Range.File, e.Range.Start)
	}
	b := &builder{slots: map[string]int{}, files: e.files}
	tree := &parser.Tree{Node: b.node(e.code)}
	p, err := compiler.Compile(tree, &conf.Config{Optimize: true, ShortCircuit: true})
	if err != nil {
		return nil, fmt.Errorf("expression %s: %w; this is a bug in Tenon", e.Source, err)
	}
	return &Program{vm: p, keys: b.keys, places: b.places, whole: e.Range}, nil
}

// builder turns code into expr-lang's tree for its compiler. Locations are indexes into places.
//
// Operations are calls of Go functions that stand in the program as constants and have one of the few
// signatures that expr-lang's VM calls without reflection and without an argument buffer:
// func(any) any, func(any, any) any and func([]any) any. What a function needs to know beforehand, it
// has closed over. The environment as the VM sees it is the run's *frame.
type builder struct {
	slots  map[string]int
	keys   []string
	files  []string
	places []source.Range
}

var (
	boolType  = reflect.TypeFor[bool]()
	listType  = reflect.TypeFor[[]any]()
	unaryType = reflect.TypeFor[func(any) any]()
	pairType  = reflect.TypeFor[func(any, any) any]()
	manyType  = reflect.TypeFor[func([]any) any]()
)

func (b *builder) slot(name string) int {
	i, ok := b.slots[name]
	if !ok {
		i = len(b.keys)
		b.slots[name] = i
		b.keys = append(b.keys, name)
	}
	return i
}

func (b *builder) node(c *code) ast.Node {
	b.places = append(b.places, place(b.files, c.at))
	n := b.shape(c, len(b.places)-1)
	n.SetLocation(file.Location{From: len(b.places) - 1})
	// A node's own operations come after its operands', so its location must be its own again.
	return n
}

func (b *builder) shape(c *code, at int) ast.Node {
	loc := file.Location{From: at}
	set := func(n ast.Node) ast.Node { n.SetLocation(loc); return n }
	switch c.op {
	case opConst:
		return set(&ast.ConstantNode{Value: c.val})
	case opLoad:
		return b.invoke(loc, unaryType, loader(b.slot(c.name), c.val.(path)), frameNode())
	case opVar:
		return set(&ast.IdentifierNode{Value: c.name})
	case opGet:
		return b.invoke(loc, unaryType, getter(c.val.(path)), b.node(c.args[0]))
	case opObject:
		return b.invoke(loc, manyType, constructor(c.val.([]field)), b.array(c.args))
	case opList:
		return b.invoke(loc, manyType, listOf, b.array(c.args))
	case opCall:
		return b.call(c, loc)
	case opIf:
		return set(&ast.ConditionalNode{Cond: b.cond(c.args[0]), Exp1: b.node(c.args[1]), Exp2: b.node(c.args[2])})
	case opAnd:
		return set(b.typed(&ast.BinaryNode{Operator: "&&", Left: b.cond(c.args[0]), Right: b.cond(c.args[1])}, boolType))
	case opOr:
		return set(b.typed(&ast.BinaryNode{Operator: "||", Left: b.cond(c.args[0]), Right: b.cond(c.args[1])}, boolType))
	case opNot:
		return set(b.typed(&ast.UnaryNode{Operator: "!", Node: b.cond(c.args[0])}, boolType))
	case opLet:
		return set(&ast.VariableDeclaratorNode{Name: c.name, Value: b.node(c.args[0]), Expr: b.node(c.args[1])})
	case opItem:
		return set(&ast.PointerNode{})
	case opIndex:
		return set(&ast.PointerNode{Name: "index"})
	case opAcc:
		return set(&ast.PointerNode{Name: "acc"})
	}
	return set(b.loop(c))
}

func (b *builder) typed(n ast.Node, t reflect.Type) ast.Node {
	n.SetType(t)
	return n
}

func frameNode() ast.Node { return &ast.IdentifierNode{Value: "$env"} }

func (b *builder) array(args []*code) ast.Node {
	a := &ast.ArrayNode{Nodes: make([]ast.Node, len(args))}
	for i, x := range args {
		a.Nodes[i] = b.node(x)
	}
	return a
}

// invoke calls a Go function of the given type.
func (b *builder) invoke(loc file.Location, t reflect.Type, fn any, args ...ast.Node) ast.Node {
	callee := &ast.ConstantNode{Value: fn}
	callee.SetType(t)
	callee.SetLocation(loc)
	n := &ast.CallNode{Callee: callee, Arguments: args}
	n.SetLocation(loc)
	return n
}

// cond builds a node that gives a bool, whatever its data says.
func (b *builder) cond(c *code) ast.Node {
	n := b.node(c)
	if !c.isBool() {
		n = b.invoke(n.Location(), unaryType, mustBool, n)
	}
	return b.typed(n, boolType)
}

func (b *builder) call(c *code, loc file.Location) ast.Node {
	p, ok := primitives()[c.name]
	if !ok {
		panic(fmt.Sprintf("no function called %q", c.name)) // compiler.Compile is not reached; see Compile
	}
	switch {
	case p.make != nil:
		return b.invoke(loc, unaryType, p.make(c.val), b.node(c.args[0]))
	case p.makeIn != nil:
		fn := p.makeIn(c.val)
		return b.invoke(loc, pairType, func(f, a any) any { return fn(f.(*frame), a) }, frameNode(), b.node(c.args[0]))
	case p.one != nil:
		return b.invoke(loc, unaryType, p.one, b.node(c.args[0]))
	case p.two != nil:
		return b.invoke(loc, pairType, p.two, b.node(c.args[0]), b.node(c.args[1]))
	case p.text != nil:
		fn := p.text
		return b.invoke(loc, pairType, func(f, a any) any { return fn(f.(*frame), a) }, frameNode(), b.node(c.args[0]))
	}
	many := p.many
	args := b.array(c.args).(*ast.ArrayNode)
	args.Nodes = append([]ast.Node{frameNode()}, args.Nodes...)
	return b.invoke(loc, manyType, func(a []any) any { return many(a[0].(*frame), a[1:]) }, args)
}

// loop builds a loop over a list. Every turn passes through frame.turn, which bounds the work.
func (b *builder) loop(c *code) ast.Node {
	list := b.node(c.args[0])
	list = b.typed(b.invoke(list.Location(), unaryType, mustList, list), listType)
	n := &ast.BuiltinNode{Name: c.op, Arguments: []ast.Node{list}}
	body := func(x *code, test bool) ast.Node {
		node := b.node(x)
		if test && !x.isBool() {
			node = b.invoke(node.Location(), unaryType, mustBool, node)
		}
		node = b.invoke(node.Location(), pairType, turn, frameNode(), node)
		if test {
			node = b.typed(node, boolType)
		}
		return node
	}
	switch c.op {
	case opMap:
		n.Arguments = append(n.Arguments, body(c.args[1], false))
	case opFilter:
		n.Arguments = append(n.Arguments, body(c.args[1], true))
		if len(c.args) == 3 {
			n.Map = b.node(c.args[2])
		}
	case opReduce:
		n.Arguments = append(n.Arguments, body(c.args[1], false))
		if len(c.args) == 3 {
			initial := b.node(c.args[2])
			n.Arguments = append(n.Arguments, initial)
		}
	case opFindLastIndex:
		// expr-lang's own leaves values behind on the VM's stack.
		n.Name = opMap
		n.Arguments = append(n.Arguments, body(c.args[1], true))
		return b.invoke(n.Location(), unaryType, lastTrue, n)
	case opAll, opAny, opNone, opOne, opCount, opFindIndex:
		n.Arguments = append(n.Arguments, body(c.args[1], true))
	default:
		panic(fmt.Sprintf("no operation called %q", c.op))
	}
	if c.op == opAll || c.op == opAny || c.op == opNone || c.op == opOne {
		return b.typed(n, boolType)
	}
	if c.op == opFindIndex {
		return b.invoke(n.Location(), unaryType, nilMissing, n)
	}
	return n
}
