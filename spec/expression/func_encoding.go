package expression

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/hex"
	"io"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"tenon/spec/types"
)

func bytesOf(v any) []byte {
	switch v := v.(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	}
	fail("text or bytes are expected, and this is %s", types.Shapeof(v))
	return nil
}

func hexType(n int) func([]*types.Type) *types.Type {
	return func([]*types.Type) *types.Type { return sized(n, n) }
}

func encodingFunctions() []*Function {
	return []*Function{
		{Signature: "sha256(x string|bytes) string", Doc: "The SHA-256 digest, in hex.", Pure: true,
			Examples: ex(`sha256("")`, `"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"`), result: hexType(64), prim: primitive{one: func(v any) any {
				d := sha256.Sum256(bytesOf(v))
				return hex.EncodeToString(d[:])
			}}},
		{Signature: "md5(x string|bytes) string", Doc: "The MD5 digest, in hex. Not for anything that must be safe.", Pure: true,
			Examples: ex(`md5("")`, `"d41d8cd98f00b204e9800998ecf8427e"`), result: hexType(32), prim: primitive{one: func(v any) any {
				d := md5.Sum(bytesOf(v))
				return hex.EncodeToString(d[:])
			}}},
		{Signature: "hmac_sha256(key string|bytes, x string|bytes) string", Doc: "The HMAC with SHA-256 (RFC 2104), in hex.", Pure: true,
			Examples: ex(`hmac_sha256("key", "text")`, `"6afa9046a9579cad143a384c1b564b9a250d27d6f6a63f9f20bf3a7594c9e2c6"`), result: hexType(64), prim: primitive{two: func(k, v any) any {
				m := hmac.New(sha256.New, bytesOf(k))
				m.Write(bytesOf(v))
				return hex.EncodeToString(m.Sum(nil))
			}}},
		{Signature: "hex_encode(x string|bytes) string", Doc: "The bytes in hex.", Pure: true,
			Examples: ex(`hex_encode("az")`, `"617a"`), prim: primitive{text: func(f *frame, v any) any { return f.text(hex.EncodeToString(bytesOf(v))) }}},
		{Signature: "hex_decode(s string) bytes", Doc: "The bytes that hex digits write.", Pure: true,
			Examples: ex(`hex_encode(hex_decode("617a"))`, `"617a"`), prim: primitive{text: func(f *frame, v any) any {
				b, err := hex.DecodeString(mustText(v))
				if err != nil {
					fail("this is not hex")
				}
				f.made(len(b))
				return b
			}}},
		{Signature: "base64_encode(x string|bytes) string", Doc: "The bytes in base64 (RFC 4648 §4).", Pure: true,
			Examples: ex(`base64_encode("user:pass")`, `"dXNlcjpwYXNz"`), prim: primitive{text: func(f *frame, v any) any {
				return f.text(base64.StdEncoding.EncodeToString(bytesOf(v)))
			}}},
		{Signature: "base64_decode(s string) string", Doc: "The text that base64 writes, in its standard or its URL-safe alphabet, with or without padding. Bytes that are not UTF-8 fail.", Pure: true,
			Examples: ex(`base64_decode("dXNlcjpwYXNz")`, `"user:pass"`), prim: primitive{text: func(f *frame, v any) any {
				s := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(mustText(v), "="))
				b, err := base64.RawStdEncoding.DecodeString(s)
				if err != nil {
					fail("this is not base64")
				}
				return f.text(validText(b))
			}}},
		{Signature: "uuid5(namespace string, name string) string", Doc: "The UUID of a name in a namespace (RFC 9562, version 5): always the same. The namespace is a UUID, or `\"dns\"` or `\"url\"`.", Pure: true,
			Examples: ex(`uuid5("dns", "example.com")`, `"cfbff0d1-9375-5685-968c-48ce8b15ae17"`), result: func([]*types.Type) *types.Type { return formatted("uuid") }, prim: primitive{two: func(a, b any) any {
				return uuid5(mustText(a), mustText(b))
			}}},
		{Signature: "url_encode(s string) string", Doc: "`s` with everything escaped that is not a letter, a digit or one of `-._~` (RFC 3986 §2.3).", Pure: true,
			Examples: ex(`url_encode("a b/c")`, `"a%20b%2Fc"`), prim: onText(func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") })},
		{Signature: "url_parse(s string) object", Doc: "The parts of a URL: `scheme`, `host`, `port`, `path`, `query` (each name's values) and `fragment`.", Pure: true,
			Examples: ex(`url_parse("https://a.example/b?c=d").host`, `"a.example"`), result: func([]*types.Type) *types.Type { return urlType }, prim: primitive{one: urlParse}},
		{Signature: "link_url(header string|null|absent, rel string) string|absent",
			Doc: "The URL that a `Link` header (RFC 8288) gives for a relation, as it is written there; absent when it gives none. The next page of many lists is `link_url(response.headers.link, \"next\")`.", Pure: true,
			Examples: ex(`link_url("</a?page=2>; rel=\"next\", </a?page=9>; rel=last", "next")`, `"/a?page=2"`), prim: primitive{two: linkURL}},
		{Signature: "jsonencode(x any) string", Doc: "The JSON of `x`, with sorted names.", Pure: true,
			Examples: ex(`jsonencode({ b = 1, a = [true, null] })`, `"{\"a\":[true,null],\"b\":1}"`), prim: primitive{text: func(f *frame, v any) any {
				f.whole(v)
				b, err := types.AppendJSON(nil, v)
				if err != nil {
					fail("this has no JSON: %s", err)
				}
				return f.text(string(b))
			}}},
		{Signature: "jsondecode(s string) json", Doc: "The value that a JSON text writes.", Pure: true,
			Examples: ex(`jsondecode("{\"a\": 1.50}").a`, `1.5`), prim: primitive{text: func(f *frame, v any) any {
				x, err := types.DecodeJSON([]byte(mustText(v)), types.Limits{})
				if err != nil {
					fail("this is not JSON: %s", err)
				}
				f.cells(weigh(x, f.limits.Values+1))
				return x
			}}},
		{Signature: "yamldecode(s string) json", Doc: "The value that a YAML text writes, as far as JSON has such values.", Pure: true,
			Examples: ex(`yamldecode("a: [1, x]").a`, `[1,"x"]`), prim: primitive{text: func(f *frame, v any) any { return yamlDecode(f, mustText(v)) }}},
		{Signature: "csvencode(rows list(object), separator? string) string", Doc: "Rows as CSV (RFC 4180) with a line of names; the names are those of the first row, sorted.", Pure: true,
			Examples: ex(`csvencode([{ a = 1, b = "x,y" }])`, `"a,b\r\n1,\"x,y\"\r\n"`), prim: primitive{many: csvEncode}},
		{Signature: "csvdecode(s string, separator? string) list(object)", Doc: "The rows of a CSV text (RFC 4180) whose first line has the names; every value is a string.", Pure: true,
			Examples: ex(`csvdecode("a,b\n1,x")[0].b`, `"x"`), result: func([]*types.Type) *types.Type { return types.ListOf(types.MapOf(types.AnyString)) }, prim: primitive{many: csvDecode}},
	}
}

func validText(b []byte) string {
	if !bytes.Equal(bytes.ToValidUTF8(b, nil), b) {
		fail("these bytes are not text in UTF-8")
	}
	return string(b)
}

var namespaces = map[string]string{"dns": "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "url": "6ba7b811-9dad-11d1-80b4-00c04fd430c8"}

func uuid5(space, name string) string {
	if s, ok := namespaces[space]; ok {
		space = s
	}
	ns, err := hex.DecodeString(strings.ReplaceAll(space, "-", ""))
	if err != nil || len(ns) != 16 {
		fail(`the namespace of uuid5 is a UUID, "dns" or "url"`)
	}
	h := sha1.New()
	h.Write(ns)
	io.WriteString(h, name)
	u := h.Sum(nil)[:16]
	u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
	s := hex.EncodeToString(u)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

var urlType = types.ObjectOf(
	&types.Property{Name: "scheme", Type: types.AnyString, Required: true},
	&types.Property{Name: "host", Type: types.AnyString, Required: true},
	&types.Property{Name: "port", Type: types.AnyInteger},
	&types.Property{Name: "path", Type: types.AnyString, Required: true},
	&types.Property{Name: "query", Type: types.MapOf(nonEmptyList(types.AnyString)), Required: true},
	&types.Property{Name: "fragment", Type: types.AnyString, Required: true},
)

func urlParse(v any) any {
	u, err := url.Parse(mustText(v))
	if err != nil {
		fail("this is not a URL")
	}
	query := map[string]any{}
	for k, vs := range u.Query() {
		l := make([]any, len(vs))
		for i, s := range vs {
			l[i] = s
		}
		query[k] = l
	}
	m := map[string]any{"scheme": u.Scheme, "host": u.Hostname(), "path": u.Path, "query": query, "fragment": u.Fragment}
	if p := u.Port(); p != "" {
		m["port"] = toInt(p)
	}
	return m
}

// yamlDecode reads one document. Aliases are followed, but the whole is bounded.
func yamlDecode(f *frame, s string) any {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(s), &doc); err != nil {
		fail("this is not YAML: %s", strings.TrimPrefix(oneLine(err.Error(), 100), "yaml: "))
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return yamlValue(f, doc.Content[0], 0)
}

func yamlValue(f *frame, n *yaml.Node, depth int) any {
	f.cells(1)
	if depth > 200 {
		fail("the YAML is nested too deeply")
	}
	switch n.Kind {
	case yaml.AliasNode:
		return yamlValue(f, n.Alias, depth+1)
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, c := range n.Content {
			out[i] = yamlValue(f, c, depth+1)
		}
		return out
	case yaml.MappingNode:
		out := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind != yaml.ScalarNode {
				fail("a YAML key on line %d is not a text", k.Line)
			}
			if _, twice := out[k.Value]; twice {
				fail("a YAML key stands twice, on line %d", k.Line)
			}
			out[k.Value] = yamlValue(f, n.Content[i+1], depth+1)
		}
		return out
	}
	return yamlScalar(n)
}

func yamlScalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true") || strings.EqualFold(n.Value, "y") || strings.EqualFold(n.Value, "yes") || strings.EqualFold(n.Value, "on")
	case "!!int", "!!float":
		if v, err := number(strings.ReplaceAll(strings.TrimPrefix(n.Value, "+"), "_", "")); err == nil {
			return v
		}
		var i int
		if n.Decode(&i) == nil {
			return i
		}
		var x float64
		if n.Decode(&x) == nil {
			return finite(x)
		}
	}
	return n.Value
}

func separator(a []any) rune {
	if len(a) < 2 {
		return ','
	}
	s := []rune(mustText(a[1]))
	if len(s) != 1 || s[0] == '"' || s[0] == '\r' || s[0] == '\n' {
		fail("the separator of CSV is one character")
	}
	return s[0]
}

func csvEncode(f *frame, a []any) any {
	rows := mustElements(a[0])
	if len(rows) == 0 {
		return ""
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = separator(a), true
	names := keysOf(mustObject(rows[0]))
	w.Write(names)
	record := make([]string, len(names))
	for _, r := range rows {
		m := mustObject(r)
		for i, n := range names {
			record[i] = ""
			if v, ok := m[n]; ok && v != nil {
				record[i] = textOfValue(v)
			}
		}
		before := b.Len()
		w.Write(record)
		f.made(65 + b.Len() - before)
		if len(m) > len(names) {
			fail("a row has names that the first row has not")
		}
	}
	if w.Flush(); w.Error() != nil {
		fail("the CSV can't be written: %s", w.Error())
	}
	return f.text(b.String())
}

func csvDecode(f *frame, a []any) any {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(mustText(a[0]), "\ufeff")))
	r.Comma = separator(a)
	names, err := r.Read()
	out := []any{}
	if err == io.EOF {
		return out
	}
	for err == nil {
		var record []string
		if record, err = r.Read(); err != nil {
			break
		}
		f.cells(len(record) + 1)
		row := make(map[string]any, len(names))
		for i, n := range names {
			row[n] = record[i]
		}
		out = append(out, row)
	}
	if err != io.EOF {
		fail("this is not CSV: %s", err)
	}
	return out
}
