package mockapi

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"tenon/runtime/codec"
	"tenon/spec/openapi"
	"tenon/spec/openapi/openapitest"
	"tenon/spec/types"
)

// verdict is what became of one operation.
type verdict string

const (
	fine       verdict = "fine"
	explained  verdict = "explained"      // the judge or the document is at fault, in a way that is listed below
	unread     verdict = "not read"       // the document does not let the operation be read
	unjudged   verdict = "not judged"     // kin-openapi cannot read it
	unasked    verdict = "not asked"      // no request can be made from its types
	refusedByU verdict = "refused by us"  // the mock refused a request that was made from the operation's own types
	refusedReq verdict = "bad request"    // the oracle refused that request
	unanswered verdict = "not answered"   // the mock says that it cannot answer
	refusedAns verdict = "refused answer" // the oracle refused the answer
)

var verdicts = []verdict{fine, explained, unread, unjudged, unasked, refusedByU, refusedReq, unanswered, refusedAns}

// explanations are why kin-openapi refuses what is as it should be; each is a part of what it says.
var explanations = []string{
	`invalid serialization method: style="deepObject"`,  // it reads objects in that style, but no lists, as Stripe has them
	"unsupported schema of request body's property",     // nor in forms
	`property "enabled_events" is missing`,              // so it misses what is there
	"is no request of",                                  // a path with a fragment
	"in path has an error: empty value is not allowed",  // a parameter whose schema names no type
	"unsupported content type \"image/",                 // it knows no images
	"response header Content-Type has unexpected value", // a declared Content-Type header means nothing (OpenAPI 3.1 §4.8.21)
}

// nullableEnum is how it refuses null where a schema is nullable and has an enum without null. What is
// meant is plain, and servers send null there; kin-openapi reads the words of OpenAPI 3.0.3, where
// null would have to be listed.
func nullableEnum(why string) bool {
	return strings.Contains(why, "Value:\n  null") || strings.Contains(why, "anyOf") && strings.Contains(why, "\"nullable\": true")
}

func isExplained(why string) bool {
	return nullableEnum(why) || slices.ContainsFunc(explanations, func(e string) bool { return strings.Contains(why, e) })
}

// ask makes a request to an operation from its types, has the mock answer it, and has both judged by
// kin-openapi.
func ask(d *openapi.Document, h http.Handler, name openapi.OperationName, seed uint64) (verdict, string) {
	op, err := d.Operation(name.Key())
	if err != nil {
		return unread, err.Error()
	}
	oracle, err := openapitest.New(d, name.Key())
	if err != nil {
		return unjudged, err.Error()
	}
	request, content, err := made(op, rand.New(rand.NewPCG(seed, 0)))
	if err != nil {
		return unasked, err.Error()
	}
	authorize(d, op, request)
	shown := fmt.Sprintf("%s %s %.300q", request.Method, request.URL.RequestURI(), content)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, request)
	request.Body = io.NopCloser(bytes.NewReader(content))
	switch {
	case w.Code == http.StatusNotImplemented:
		return unanswered, shown + ": " + w.Body.String()
	case w.Code >= 400 && strings.HasPrefix(w.Body.String(), `{"error":`):
		return refusedByU, shown + ": " + w.Body.String()
	}
	if success(op.Responses) == nil {
		return explained, "the document declares no success"
	}
	if err := oracle.Request(request); err != nil && !isExplained(err.Error()) {
		return refusedReq, shown + ": " + err.Error()
	}
	if err := oracle.Response(request, w.Code, w.Header(), w.Body.Bytes()); err != nil {
		if isExplained(err.Error()) {
			return explained, err.Error()
		}
		return refusedAns, fmt.Sprintf("%s: %d %.1000s: %v", shown, w.Code, w.Body, err)
	}
	return fine, ""
}

// made is a request that the operation's types allow, and its body.
func made(op *openapi.Operation, r *rand.Rand) (*http.Request, []byte, error) {
	var args []codec.Arg
	for _, p := range op.Parameters {
		if !p.Required && r.IntN(3) > 0 {
			continue
		}
		v, err := types.Generate(p.Type.Without(types.Absent), r, types.GenerateOptions{})
		if err != nil {
			return nil, nil, err
		}
		args = append(args, codec.Arg{Param: codec.Param{Name: p.Name, In: p.In, Style: p.Style, Explode: p.Explode,
			AllowReserved: p.AllowReserved, ContentType: p.ContentType}, Value: v})
	}
	path, _, _ := strings.Cut(op.Path, "?")
	target, err := codec.EncodeParams(path, args)
	if err != nil {
		return nil, nil, err
	}
	var content []byte
	contentType := ""
	if op.Body != nil && (op.Body.Required || r.IntN(2) == 0) {
		i := slices.IndexFunc(op.Body.Content, func(m *openapi.MediaType) bool { return codec.IsJSON(m.Name) })
		if i < 0 {
			i = slices.IndexFunc(op.Body.Content, func(m *openapi.MediaType) bool { return codec.Supported(m.Name) })
		}
		if i < 0 && op.Body.Required {
			return nil, nil, fmt.Errorf("its body is %s", strings.Join(mediaTypes(op.Body.Content), " or "))
		}
		if i >= 0 {
			m := op.Body.Content[i]
			v, err := types.Generate(m.Value(types.Request).Without(types.Absent|types.File), r, types.GenerateOptions{})
			if err != nil {
				return nil, nil, err
			}
			written, err := codec.Encode(m.Name, layout(m), v)
			if err != nil {
				return nil, nil, err
			}
			content, contentType = written.Bytes, written.Type
		}
	}
	url := "http://mock.example.com" + target.Path
	if target.Query != "" {
		url += "?" + target.Query
	}
	request, err := http.NewRequest(op.Method, url, bytes.NewReader(content))
	if err != nil {
		return nil, nil, err
	}
	request.Header = target.Header
	if target.Cookie != "" {
		request.Header.Set("Cookie", target.Cookie)
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	return request, content, nil
}

// authorize adds the credentials of the first alternative of the operation.
func authorize(d *openapi.Document, op *openapi.Operation, r *http.Request) {
	if len(op.Security) == 0 {
		return
	}
	for _, s := range d.SecuritySchemes() {
		if !slices.ContainsFunc(op.Security[0], func(use openapi.SchemeUse) bool { return use.Scheme == s.Name }) {
			continue
		}
		switch {
		case s.Type == "api_key" && s.In == "header":
			r.Header.Set(s.ParamName, "key")
		case s.Type == "api_key" && s.In == "query":
			r.URL.RawQuery = strings.TrimPrefix(r.URL.RawQuery+"&"+s.ParamName+"=key", "&")
		case s.Type == "api_key":
			r.AddCookie(&http.Cookie{Name: s.ParamName, Value: "key"})
		case s.Type == "basic":
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("a:b")))
		case s.Type == "digest":
			r.Header.Set("Authorization", "Digest x")
		case s.Type != "mutual_tls":
			r.Header.Set("Authorization", "Bearer token")
		}
	}
}

// Every answer to every operation of the documents in the tree is one that kin-openapi accepts.
func TestAnswersAreValid(t *testing.T) {
	files := []string{"testdata/shop.yaml"}
	for _, pattern := range []string{"../../integrations/*/openapi/*.yaml", "../../spec/openapi/testdata/shop-*", "../../testdata/specs/*"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	judge(t, files, 40, 3, nil)
}

// The same of answers that are completed from part of one.
func TestCompletedAnswersAreValid(t *testing.T) {
	files, err := filepath.Glob("../../testdata/specs/*")
	if err != nil {
		t.Fatal(err)
	}
	judge(t, append(files, "testdata/shop.yaml"), 20, 2, completing)
}

// The same of the documents of real providers, where they lie beside the checkout.
func TestRealDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	var files []string
	for _, dir := range []string{"../../../shared/specs", "../../../../shared/specs"} {
		for _, pattern := range []string{"*.json", "*.yaml", "*.yml"} {
			found, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, found...)
		}
	}
	if len(files) == 0 {
		t.Skip("no documents beside the checkout")
	}
	judge(t, files, 5, 1, nil)
	judge(t, files, 5, 1, completing)
}

// judge asks operations of documents, at most so many of each and so often, and reports what was not fine. respond
// answers; nil: the mock by itself.
func judge(t *testing.T, files []string, operations, times int, respond func(*Request) *Reply) {
	var table strings.Builder
	tab := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "document\t")
	for _, v := range verdicts {
		fmt.Fprintf(tab, "%s\t", v)
	}
	fmt.Fprintln(tab)
	totals := map[verdict]int{}
	var reasons strings.Builder
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := openapi.Load(filepath.Base(file), src, openapi.Options{Name: "api"})
		if err != nil {
			continue // its own test's concern
		}
		h := New(d, Options{Seed: 1, Respond: respond})
		counts := map[verdict]int{}
		for _, name := range sample(d.Operations(), operations) {
			for seed := range times {
				v, why := ask(d, h, name, uint64(seed))
				counts[v]++
				totals[v]++
				if v != fine {
					fmt.Fprintf(&reasons, "%s: %s: %s: %.1500s\n\n", filepath.Base(file), v, name, why)
				}
			}
		}
		row(tab, filepath.Base(file), counts)
	}
	row(tab, "all", totals)
	tab.Flush()
	t.Logf("\n%s", table.String())
	if path := os.Getenv("MOCK_REASONS"); path != "" {
		if err := os.WriteFile(path, []byte(reasons.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if bad := totals[refusedByU] + totals[refusedReq] + totals[refusedAns]; bad > 0 {
		t.Errorf("%d of %d were refused:\n%.20000s", bad, totals[fine]+bad, reasons.String())
	}
}

func row(w io.Writer, name string, counts map[verdict]int) {
	fmt.Fprintf(w, "%s\t", name)
	for _, v := range verdicts {
		fmt.Fprintf(w, "%d\t", counts[v])
	}
	fmt.Fprintln(w)
}

// sample picks n operations, the same ones each time, spread over the document.
func sample(all []openapi.OperationName, n int) []openapi.OperationName {
	rank := func(name openapi.OperationName) uint32 {
		h := fnv.New32a()
		io.WriteString(h, name.Key())
		return h.Sum32()
	}
	picked := slices.Clone(all)
	slices.SortFunc(picked, func(a, b openapi.OperationName) int { return int(int64(rank(a)) - int64(rank(b))) })
	return picked[:min(n, len(picked))]
}
