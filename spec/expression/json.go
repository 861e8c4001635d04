package expression

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"tenon/spec/source"
	"tenon/spec/types"
)

// An expression in a plan is an object; its code is nested arrays:
//
//	[op, file, start, end, name or value, operands…]
//
// so that plans stay small and a reader can still follow them.

type exprJSON struct {
	Source string          `json:"source"`
	Range  source.Range    `json:"range"`
	Secret bool            `json:"secret,omitempty"`
	Uses   []Use           `json:"uses,omitempty"`
	Needs  []string        `json:"needs,omitempty"`
	Fields []Field         `json:"fields,omitempty"`
	Path   *Use            `json:"path,omitempty"`
	Const  bool            `json:"const,omitempty"`
	Files  []string        `json:"files"`
	Code   json.RawMessage `json:"code"`
}

// MarshalJSON writes e without its inferred type and its guard, which the plan holds where it is checked.
func (e *Expr) MarshalJSON() ([]byte, error) {
	if e.code == nil {
		return nil, errors.New("an expression without code can't be written; this is a bug in Tenon")
	}
	code, err := json.Marshal(e.code.encode())
	if err != nil {
		return nil, err
	}
	return json.Marshal(exprJSON{e.Source, e.Range, e.Secret, e.Uses, e.Needs, e.Fields, e.path, e.constant, e.files, code})
}

// UnmarshalJSON reads what MarshalJSON writes. Code that was not made by this package is an error, not a panic.
func (e *Expr) UnmarshalJSON(data []byte) error {
	var x exprJSON
	if err := json.Unmarshal(data, &x); err != nil {
		return err
	}
	d := &codeDecoder{}
	c, err := d.code(x.Code, 0)
	if err != nil {
		return fmt.Errorf("expression %s: %w", x.Source, err)
	}
	*e = Expr{Source: x.Source, Range: x.Range, Secret: x.Secret, Uses: x.Uses, Needs: x.Needs, Fields: x.Fields, code: c, files: x.Files, path: x.Path}
	if x.Const && c.op == opConst {
		e.value, e.constant = c.val, true
	}
	return nil
}

func (c *code) encode() []any {
	out := []any{c.op, c.at.file, c.at.start, c.at.end}
	switch c.op {
	case opConst:
		out = append(out, encodeValue(c.val))
	case opLoad:
		out = append(out, c.name, []any(c.val.(path)))
	case opGet:
		out = append(out, []any(c.val.(path)))
	case opVar, opLet:
		out = append(out, c.name)
	case opObject:
		out = append(out, encodeFields(c.val.([]field)))
	case opCall:
		out = append(out, c.name)
		switch v := c.val.(type) {
		case nil:
			out = append(out, nil)
		case fits:
			out = append(out, map[string]any{"fits": v})
		case *types.Type:
			out = append(out, map[string]any{"type": v})
		default:
			out = append(out, v)
		}
	}
	for _, a := range c.args {
		out = append(out, a.encode())
	}
	return out
}

func encodeFields(fs []field) []any {
	out := make([]any, len(fs))
	for i, f := range fs {
		switch {
		case f.computed:
			out[i] = []any{nil, int(f.drop)}
		default:
			out[i] = []any{f.key, int(f.drop)}
		}
	}
	return out
}

// encodeValue writes a value so that its kind survives: what JSON has no form for is an array whose
// first element names it; an array proper is ["list", …].
func encodeValue(v any) any {
	switch v := v.(type) {
	case types.MissingValue:
		return []any{"absent"}
	case float64:
		return []any{"float", mustNum(v).String()}
	case types.Num:
		return []any{"decimal", v.String()}
	case time.Time:
		return []any{"time", v.Format(time.RFC3339Nano)}
	case time.Duration:
		return []any{"duration", int64(v)}
	case []byte:
		return []any{"bytes", base64.StdEncoding.EncodeToString(v)}
	case []any:
		out := []any{"list"}
		for _, e := range v {
			out = append(out, encodeValue(e))
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = encodeValue(e)
		}
		return out
	}
	return v
}

func decodeValue(raw json.RawMessage, depth int) (any, error) {
	if depth > 1000 {
		return nil, errCode
	}
	switch firstByte(raw) {
	case '{':
		var m map[string]json.RawMessage
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, err
		}
		out := make(map[string]any, len(m))
		for k, r := range m {
			v, err := decodeValue(r, depth+1)
			if err != nil {
				return nil, err
			}
			out[k] = v
		}
		return out, nil
	case '[':
		return decodeTagged(raw, depth)
	}
	v, err := types.DecodeJSON(raw, types.Limits{})
	if err != nil {
		return nil, err
	}
	return v, nil
}

func firstByte(raw json.RawMessage) byte {
	for _, b := range raw {
		if b != ' ' && b != '\n' && b != '\t' && b != '\r' {
			return b
		}
	}
	return 0
}

func decodeTagged(raw json.RawMessage, depth int) (any, error) {
	var parts []json.RawMessage
	var tag, text string
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) == 0 || json.Unmarshal(parts[0], &tag) != nil {
		return nil, errCode
	}
	if tag == "list" {
		out := make([]any, len(parts)-1)
		for i, p := range parts[1:] {
			v, err := decodeValue(p, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = v
		}
		return out, nil
	}
	if tag == "absent" {
		return types.Missing, nil
	}
	if len(parts) != 2 {
		return nil, errCode
	}
	if tag == "duration" {
		var n int64
		err := json.Unmarshal(parts[1], &n)
		return time.Duration(n), err
	}
	if err := json.Unmarshal(parts[1], &text); err != nil {
		return nil, err
	}
	switch tag {
	case "float":
		n, err := types.ParseNum(text)
		return n.Float64(), err
	case "decimal":
		return types.ParseNum(text)
	case "time":
		return time.Parse(time.RFC3339Nano, text)
	case "bytes":
		return base64.StdEncoding.DecodeString(text)
	}
	return nil, errCode
}

var errCode = errors.New("its code is not of this version of Tenon")

// operands says how many operands an operation has; -1: any number.
var operands = map[string]int{
	opConst: 0, opLoad: 0, opVar: 0, opGet: 1, opCall: -1, opObject: -1, opList: -1, opIf: 3, opAnd: 2, opOr: 2, opNot: 1, opLet: 2,
	opMap: 2, opFilter: -1, opAll: 2, opAny: 2, opNone: 2, opOne: 2, opCount: 2, opFindIndex: 2, opFindLastIndex: 2, opReduce: -1,
	opItem: 0, opIndex: 0, opAcc: 0,
}

// codeDecoder reads code and makes sure that compiling it can't fail.
type codeDecoder struct {
	nodes int
}

func (d *codeDecoder) code(raw json.RawMessage, depth int) (*code, error) {
	if d.nodes++; d.nodes > 4*maxNodes || depth > 8*maxDepth {
		return nil, errors.New("its code is too large")
	}
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) < 4 {
		return nil, errCode
	}
	c := &code{}
	for i, to := range []any{&c.op, &c.at.file, &c.at.start, &c.at.end} {
		if err := json.Unmarshal(parts[i], to); err != nil {
			return nil, errCode
		}
	}
	want, ok := operands[c.op]
	if !ok {
		return nil, errCode
	}
	rest, err := d.head(c, parts[4:])
	if err != nil {
		return nil, err
	}
	for _, r := range rest {
		a, err := d.code(r, depth+1)
		if err != nil {
			return nil, err
		}
		c.args = append(c.args, a)
	}
	if want >= 0 && len(c.args) != want || !c.wellFormed() {
		return nil, errCode
	}
	return c, nil
}

// head reads what stands before the operands.
func (d *codeDecoder) head(c *code, parts []json.RawMessage) ([]json.RawMessage, error) {
	take := func(to any) error {
		if len(parts) == 0 {
			return errCode
		}
		err := json.Unmarshal(parts[0], to)
		parts = parts[1:]
		return err
	}
	var err error
	switch c.op {
	case opConst:
		if len(parts) == 0 {
			return nil, errCode
		}
		c.val, err = decodeValue(parts[0], 0)
		parts = parts[1:]
	case opLoad:
		if err = take(&c.name); err == nil {
			c.val, err = decodePath(&parts)
		}
	case opGet:
		c.val, err = decodePath(&parts)
	case opVar, opLet:
		err = take(&c.name)
	case opObject:
		var fs [][2]any
		if err = take(&fs); err == nil {
			c.val, err = decodeFields(fs)
		}
	case opCall:
		if err = take(&c.name); err == nil {
			var raw json.RawMessage
			if err = take(&raw); err == nil {
				c.val, err = decodeExtra(raw)
			}
		}
	}
	return parts, err
}

func decodePath(parts *[]json.RawMessage) (path, error) {
	var steps []any
	if len(*parts) == 0 || json.Unmarshal((*parts)[0], &steps) != nil {
		return nil, errCode
	}
	*parts = (*parts)[1:]
	out := make(path, len(steps))
	for i, s := range steps {
		switch s := s.(type) {
		case string:
			out[i] = s
		case float64:
			out[i] = int(s)
		default:
			return nil, errCode
		}
	}
	return out, nil
}

func decodeFields(fs [][2]any) ([]field, error) {
	out := make([]field, len(fs))
	for i, f := range fs {
		n, ok := f[1].(float64)
		if !ok || n < 0 || n > float64(dropNull) {
			return nil, errCode
		}
		out[i].drop = drop(n)
		switch k := f[0].(type) {
		case nil:
			out[i].computed = true
		case string:
			out[i].key = k
		default:
			return nil, errCode
		}
	}
	return out, nil
}

func decodeExtra(raw json.RawMessage) (any, error) {
	switch firstByte(raw) {
	case 'n':
		return nil, nil
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err
	}
	var x struct {
		Fits *fits           `json:"fits"`
		Type json.RawMessage `json:"type"`
	}
	if err := json.Unmarshal(raw, &x); err != nil || (x.Fits == nil) == (x.Type == nil) {
		return nil, errCode
	}
	if x.Type != nil {
		return types.ParseType(x.Type)
	}
	return *x.Fits, x.Fits.check()
}

func (t fits) check() error {
	ok := func(i int) bool { return i >= 0 && i < len(t.Table) }
	valid := ok(t.Root)
	for _, x := range t.Table {
		valid = valid && ok(x.Items)
		for _, i := range x.Props {
			valid = valid && ok(i)
		}
	}
	if !valid {
		return errCode
	}
	return nil
}

// wellFormed reports whether an operation has what compiling and running it takes for granted.
func (c *code) wellFormed() bool {
	n := len(c.args)
	switch c.op {
	case opObject:
		for _, f := range c.val.([]field) {
			n--
			if f.computed {
				n--
			}
		}
		return n == 0
	case opFilter, opReduce:
		return n == 2 || n == 3
	case opCall:
		p, ok := primitives()[c.name]
		switch {
		case !ok:
			return false
		case p.make != nil, p.makeIn != nil:
			return n == 1 && p.extra(c.val)
		case p.one != nil, p.text != nil:
			return n == 1
		case p.two != nil:
			return n == 2
		}
		f := functions()[c.name]
		if f == nil {
			return p.many != nil && n >= manyArity[c.name]
		}
		least, most := f.arity()
		if f.closure {
			least = max(least, 1)
		}
		return p.many != nil && n >= least && (most < 0 || n <= most)
	}
	return true
}

// manyArity is how many operands the operators need that get all of theirs at once.
var manyArity = map[string]int{"+": 2, "== deep": 2, "!= deep": 2, "in": 2, "..": 2, "[:]": 3, "template join": 1, "entries": 1, "toObject": 1, "toGroups": 1}

// extra reports whether val is what make takes.
func (p primitive) extra(val any) bool {
	if s, ok := val.(string); ok {
		if p.pattern {
			_, err := regexp.Compile(s)
			return err == nil
		}
		return !p.fits && !p.typed
	}
	if t, ok := val.(*types.Type); ok {
		return p.typed && t != nil
	}
	_, ok := val.(fits)
	return ok && p.fits
}
