package openapi

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"tenon/spec/diag"
	"tenon/spec/types"
)

// Members whose names start with x-tenon- say what OpenAPI has no words for. They stand in an
// operation, in a path item for its operations, or at the document's top for all; most come from
// overlays. The nearest one holds.
const (
	extensionPrefix      = "x-tenon-"
	paginationExtension  = "x-tenon-pagination"
	idempotencyExtension = "x-tenon-idempotency"
	rateLimitExtension   = "x-tenon-rate-limit"
)

// Extensions are the names of the members that are understood.
var Extensions = []string{paginationExtension, idempotencyExtension, rateLimitExtension}

// Pagination says how an operation's answers continue (x-tenon-pagination): an object with items, next
// or both, or false.
type Pagination struct {
	// None says that the answers do not come in pages, whatever they look like (false). Then there is
	// nothing else.
	None bool
	// Items and Next are expressions as in a paginate block: `response.body.data`. One of them may be
	// empty: it is left to be inferred.
	Items, Next Text
	Origin      types.Origin
}

// Idempotency says how to send a write so that sending it again does no harm (x-tenon-idempotency): an
// object with header.
type Idempotency struct {
	Header string // the name of the request header that carries a key
	Origin types.Origin
}

// RateLimit says how fast the provider may be called (x-tenon-rate-limit): an object with rate ("100/1s"),
// burst, concurrency. Zero values mean that nothing is said; at least one of Count and Concurrency is set.
type RateLimit struct {
	Count       int // requests in Per
	Per         time.Duration
	Burst       int
	Concurrency int
	Origin      types.Origin
}

// Text is a piece of text in a document and where it stands.
type Text struct {
	Value  string
	Origin types.Origin
}

// RateLimit is what the document's top says about all operations together; nil if it does not.
func (d *Document) RateLimit() *RateLimit {
	d.checkExtensions(d.root)
	return rateLimit(d.root.get(rateLimitExtension))
}

// extend reads the x-tenon- members that are about an operation. What stands further out holds only
// where it can mean something: pagination for what reads, idempotency for what is not idempotent by its
// method.
func (d *Document) extend(o *Operation, op, item fields) {
	for _, f := range []fields{op, item, d.root} {
		d.checkExtensions(f)
	}
	reads := o.Method == "GET" || o.Method == "QUERY"
	writes := o.Method == "POST" || o.Method == "PATCH"
	o.Pagination = pagination(op.get(paginationExtension))
	o.Idempotency = idempotency(op.get(idempotencyExtension))
	for _, outer := range []fields{item, d.root} {
		if o.Pagination == nil && reads {
			o.Pagination = pagination(outer.get(paginationExtension))
		}
		if o.Idempotency == nil && writes {
			o.Idempotency = idempotency(outer.get(idempotencyExtension))
		}
	}
	if o.RateLimit = rateLimit(op.get(rateLimitExtension)); o.RateLimit == nil {
		o.RateLimit = rateLimit(item.get(rateLimitExtension))
	}
}

// checkExtensions notes members that only look like ours.
func (d *Document) checkExtensions(f fields) {
	for _, m := range f.list {
		if strings.HasPrefix(m.name, extensionPrefix) && !slices.Contains(Extensions, m.name) {
			f.node(m).defect("%s", unknownExtension(m.name))
		}
	}
}

func unknownExtension(name string) string {
	if near := diag.Nearest(name, Extensions); near != "" {
		return name + " is no extension that Tenon knows; did it mean " + near + "?"
	}
	return name + " is no extension that Tenon knows; there are " + strings.Join(Extensions, ", ")
}

// extension reads an extension's object. Its members are checked against those that it can have.
func extension(n node, known ...string) (fields, bool) {
	if !n.given() {
		return fields{}, false
	}
	f := n.object()
	for _, m := range f.list {
		if !slices.Contains(known, m.name) {
			f.node(m).defect("%s has no %q, only %s", n.name(), m.name, strings.Join(known, ", "))
		}
	}
	return f, n.lead() == '{'
}

// name is the last token of the node's place.
func (n node) name() string { return unescape(n.ptr[strings.LastIndexByte(n.ptr, '/')+1:]) }

func pagination(n node) *Pagination {
	if n.lead() == 'f' {
		return &Pagination{None: true, Origin: n.origin()}
	}
	f, ok := extension(n, "items", "next")
	if !ok {
		return nil
	}
	p := &Pagination{Items: hintText(f.get("items")), Next: hintText(f.get("next")), Origin: n.origin()}
	if p.Items.Value == "" && p.Next.Value == "" {
		n.defect("%s needs items, next or both: expressions such as response.body.data", paginationExtension)
		return nil
	}
	return p
}

func hintText(n node) Text {
	s := strings.TrimSpace(n.string())
	if s == "" {
		return Text{}
	}
	return Text{s, n.origin()}
}

func idempotency(n node) *Idempotency {
	f, ok := extension(n, "header")
	if !ok {
		return nil
	}
	i := &Idempotency{Header: f.get("header").string(), Origin: n.origin()}
	if !isHeaderName(i.Header) {
		n.defect("%s needs header, the name of the header that carries the key", idempotencyExtension)
		return nil
	}
	return i
}

// isHeaderName reports whether s can be a header's name (RFC 9110 §5.1).
func isHeaderName(s string) bool {
	for _, r := range s {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
			return false
		}
	}
	return s != ""
}

func rateLimit(n node) *RateLimit {
	f, ok := extension(n, "rate", "burst", "concurrency")
	if !ok {
		return nil
	}
	l := &RateLimit{Burst: atLeastOne(f.get("burst")), Concurrency: atLeastOne(f.get("concurrency")), Origin: n.origin()}
	if rate := f.get("rate"); rate.given() {
		if l.Count, l.Per, ok = parseRate(rate.string()); !ok {
			rate.defect("%q is no rate: a number of requests and a duration, such as 100/1s", rate.string())
		}
	}
	if l.Count == 0 && l.Concurrency == 0 {
		n.defect("%s needs rate, such as 100/1s, or concurrency", rateLimitExtension)
		return nil
	}
	return l
}

// atLeastOne reads a whole number above zero; 0 if there is none.
func atLeastOne(n node) int {
	if !n.given() {
		return 0
	}
	v, err := strconv.Atoi(n.string())
	if err != nil || v < 1 || v > 1_000_000 {
		n.defect("must be a whole number from 1 to 1000000")
		return 0
	}
	return v
}

// parseRate reads "100/1s": requests in a time from a millisecond to a year.
func parseRate(s string) (count int, per time.Duration, ok bool) {
	before, after, _ := strings.Cut(s, "/")
	count, err := strconv.Atoi(strings.TrimSpace(before))
	if err != nil || count < 1 || count > 1_000_000 {
		return 0, 0, false
	}
	after = strings.TrimSpace(after)
	if days, ok := strings.CutSuffix(after, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 365 {
			return 0, 0, false
		}
		return count, time.Duration(n) * 24 * time.Hour, true
	}
	per, err = time.ParseDuration(after)
	if err != nil || per < time.Millisecond || per > 365*24*time.Hour {
		return 0, 0, false
	}
	return count, per, true
}
