package expression

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"

	"tenon/spec/types"
)

// Function is one function that expressions can call. The table of them is read by the checker, the
// compiler, the reference and completion.
type Function struct {
	Name string
	// Group gathers functions in the reference: text, numbers, lists, objects, time, encoding, presence.
	Group string
	// Signature is the declaration as the reference shows it: truncate(s string, n integer) string. A
	// parameter with ? may be left out, one with … may come any number of times.
	Signature string
	Doc       string // Markdown, one or two sentences
	Params    []Param
	Examples  []Example
	// Pure functions give the same result for the same arguments; the others need a [Runtime].
	Pure bool

	closure bool // takes a closure in expr("…") notation
	passes  passing
	shallow bool // only the kind of its argument matters, and how many parts it has
	result  func(args []*types.Type) *types.Type
	special func(c *checker, n ast.Node, args []ast.Node) value
	prim    primitive
}

// passing says that a function gives (part of) its first argument, so that what is read of the result
// is read of that.
type passing int

const (
	passesNothing passing = iota
	passesSame            // the value or some of its elements
	passesElement         // one element
)

// Example is an expression in native HCL notation and the JSON of its value.
type Example struct{ Expr, Want string }

// primitive is a Go function that programs call, in one of several forms. Text is for functions whose
// result may be long; many gets all arguments; make is given what the code says beside its operands.
type primitive struct {
	test bool // always gives a bool
	one  func(any) any
	two  func(a, b any) any
	text func(*frame, any) any
	many func(*frame, []any) any
	make func(val any) func(any) any
	// makeIn is make for functions that account for their work.
	makeIn func(val any) func(*frame, any) any
	// What make and makeIn are given: the table of a conversion, a type, a pattern, or else a text.
	fits, typed, pattern bool
}

func (p primitive) run(f *frame, val any, args []any) any {
	switch {
	case p.make != nil:
		return p.make(val)(args[0])
	case p.makeIn != nil:
		return p.makeIn(val)(f, args[0])
	case p.one != nil:
		return p.one(args[0])
	case p.two != nil:
		return p.two(args[0], args[1])
	case p.text != nil:
		return p.text(f, args[0])
	}
	return p.many(f, args)
}

// Functions lists all functions by name.
func Functions() []*Function {
	all := functions()
	out := make([]*Function, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, all[name])
	}
	return out
}

// table is made on first use: functions and what types their calls refer to each other.
var table struct {
	once       sync.Once
	functions  map[string]*Function
	primitives map[string]primitive
	names      []string
}

func functions() map[string]*Function {
	table.once.Do(makeTable)
	return table.functions
}

func functionNames() []string {
	table.once.Do(makeTable)
	return table.names
}

// primitives are the functions that code can name: those of the language and the operators.
func primitives() map[string]primitive {
	table.once.Do(makeTable)
	return table.primitives
}

func makeTable() {
	groups := []struct {
		name string
		list []*Function
	}{
		{"presence", presenceFunctions()}, {"text", textFunctions()}, {"numbers", numberFunctions()}, {"lists", listFunctions()},
		{"closures", closureFunctions()}, {"objects", objectFunctions()}, {"time", timeFunctions()}, {"encoding", encodingFunctions()}, {"encoding", xmlFunctions()}, {"files", fileFunctions()},
	}
	table.functions, table.primitives = map[string]*Function{}, operatorPrimitives()
	for _, g := range groups {
		for _, f := range g.list {
			f.Group = g.name
			f.declare()
			if table.functions[f.Name] != nil {
				panic("function " + f.Name + " is declared twice; this is a bug in Tenon")
			}
			table.functions[f.Name] = f
			table.primitives[f.Name] = f.prim
		}
	}
	table.names = slices.Sorted(maps.Keys(table.functions))
}

// declare reads the signature.
func (f *Function) declare() {
	open, end := strings.IndexByte(f.Signature, '('), strings.LastIndexByte(f.Signature, ')')
	f.Name = f.Signature[:open]
	// The result may be list(T), so the parameters end at the bracket that matches.
	depth := 0
	for i := open; i < len(f.Signature); i++ {
		switch f.Signature[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				end = i
				i = len(f.Signature)
			}
		}
	}
	for _, p := range strings.Split(f.Signature[open+1:end], ", ") {
		if p == "" {
			continue
		}
		name, typ, _ := strings.Cut(p, " ")
		param := Param{Name: strings.TrimRight(name, "?…"), Type: typeNamed(typ)}
		param.Optional = strings.HasSuffix(name, "?") || strings.HasSuffix(name, "…")
		param.Variadic = strings.HasSuffix(name, "…")
		f.Params = append(f.Params, param)
	}
	if f.result == nil {
		t := typeNamed(strings.TrimSpace(f.Signature[end+1:]))
		f.result = func([]*types.Type) *types.Type { return t }
	}
}

// anything is every value there is, null included.
var anything = types.New(&types.Shape{Kinds: types.AnyJSON | types.Time | types.Duration | types.Bytes})

func typeNamed(s string) *types.Type {
	var ts []*types.Type
	for _, word := range words(s) {
		inner, isList := strings.CutPrefix(word, "list(")
		if isList {
			ts = append(ts, types.ListOf(typeNamed(strings.TrimSuffix(inner, ")"))))
			continue
		}
		if text, err := strconv.Unquote(word); err == nil {
			ts = append(ts, types.Const(text))
			continue
		}
		t, ok := typeWords[word]
		if !ok {
			panic("no type called " + word + "; this is a bug in Tenon")
		}
		ts = append(ts, t)
	}
	return types.Union(ts...)
}

// words splits a|list(b|c) at the bars outside of brackets.
func words(s string) []string {
	var out []string
	depth, start := 0, 0
	for i, r := range s {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == '|' && depth == 0:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}

var typeWords = map[string]*types.Type{
	"any": anything, "string": types.AnyString, "integer": types.AnyInteger, "number": types.AnyNumber, "bool": types.AnyBoolean,
	"list": types.ListOf(anything), "object": types.MapOf(types.Any), "time": types.AnyTime, "duration": types.AnyDuration,
	"bytes": types.AnyBytes, "file": types.AnyFile, "null": types.JustNull, "absent": types.JustAbsent, "closure": anything,
	"json": types.Any, "stream": types.StreamOf(anything),
}

func (f *Function) arity() (least, most int) {
	for _, p := range f.Params {
		if p.Variadic {
			return least, -1
		}
		if !p.Optional {
			least++
		}
		most++
	}
	return least, most
}

func (f *Function) param(i int) Param { return f.Params[min(i, len(f.Params)-1)] }

func itoa(n int) string { return strconv.Itoa(n) }

// misnomers are names from other tools; the value is the function, or a sentence that helps.
var misnomers = map[string]string{
	"length": "len", "size": "len", "strlen": "len", "count_of": "len",
	"toLowerCase": "lower", "tolower": "lower", "downcase": "lower", "lowercase": "lower", "lcase": "lower",
	"toUpperCase": "upper", "toUpper": "upper", "toLower": "lower", "upcase": "upper", "uppercase": "upper", "ucase": "upper",
	"substr": "truncate", "substring": "truncate", "left": "truncate",
	"trimspace": "trim", "strip": "trim", "trimprefix": "trimPrefix", "trimsuffix": "trimSuffix",
	"startswith": "hasPrefix", "startsWith": "hasPrefix", "endswith": "hasSuffix", "endsWith": "hasSuffix",
	"distinct": "uniq", "unique": "uniq", "toset": "uniq", "compact": "It is [for x in xs : x if x != null].",
	"contains": "It is an operator in expr notation: expr(\"x in xs\"), expr(\"s contains part\").",
	"includes": "It is an operator in expr notation: expr(\"x in xs\").",
	"element":  "Write xs[i].", "index": "indexOf",
	"tostring": "string", "str": "string", "toString": "string", "tonumber": "float", "parseFloat": "float", "parseInt": "int", "toint": "int", "integer": "int", "number": "float",
	"tolist": "A list is written [a, b].", "tomap": "An object is written { a = b }.", "object": "An object is written { a = b }.", "list": "A list is written [a, b].",
	"regex": "regex_find", "regexall": "regex_find_all", "match_all": "regex_find_all", "regexp_replace": "regex_replace", "gsub": "regex_replace",
	"base64encode": "base64_encode", "base64decode": "base64_decode", "btoa": "base64_encode", "atob": "base64_decode", "toBase64": "base64_encode", "fromBase64": "base64_decode",
	"toJSON": "jsonencode", "fromJSON": "jsondecode", "json_encode": "jsonencode", "json_decode": "jsondecode", "parseJson": "jsondecode", "stringify": "jsonencode",
	"urlencode": "url_encode", "encodeURIComponent": "url_encode", "urldecode": "url_parse",
	"timestamp": "now", "today": "now", "date": "parse_time", "parseDate": "parse_time", "strptime": "parse_time", "timeadd": "Times are added with +: t + duration(\"1h\").",
	"formatdate": "format_time", "strftime": "format_time", "formatDate": "format_time", "timezone": "Give format_time a zone as its third argument.",
	"get": "lookup", "dig": "lookup", "try": "coalesce", "can": "Navigation never fails: a?.b is simply a.b, and absent where a is.",
	"default": "coalesce", "ifnull": "coalesce", "nvl": "coalesce", "isnull": "Write x == null.", "isset": "Write x != null.", "defined": "Write x != null.",
	"mapvalues": "Write {for k, v in m : k => f(v)}.", "foreach": "Write [for x in xs : f(x)].", "flatmap": "Write flatten([for x in xs : f(x)]).",
	"average": "mean", "avg": "mean", "pow": "It is an operator in expr notation: expr(\"x ** y\").", "ceiling": "ceil", "money": "decimal", "bigdecimal": "decimal",
	"sha1": "sha256", "hash": "sha256", "hmac": "hmac_sha256", "uuidv4": "uuid", "uuidv5": "uuid5", "guid": "uuid",
	"slugify": "slug", "titlecase": "title", "capitalize": "title", "lpad": "pad_left", "padStart": "pad_left", "padLeft": "pad_left", "sprintf": "format", "printf": "format",
	"append": "concat", "push": "concat", "union": "concat", "assign": "merge", "extend": "merge", "head": "first", "tail": "Write expr(\"xs[1:]\").",
	"env": "A value from outside is a variable (var.NAME) or a secret (secret.NAME).", "getenv": "A value from outside is a variable (var.NAME) or a secret (secret.NAME).",
	"http": "Requests are made by steps, not by functions.", "templatefile": "A template is written in place: \"… ${x} …\".", "yamlencode": "jsonencode", "switch": "match", "case": "match", "if": "Write condition ? a : b.",
}
