package codec_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"tenon/runtime/codec"
	"tenon/runtime/realserver"
	"tenon/spec/types"
)

// Stripe's own mock reads forms and queries strictly, with nested objects and lists.
func TestStripeReadsWhatIsWritten(t *testing.T) {
	url := realserver.StripeMock(t)
	deep := codec.Encoding{Style: "deepObject", Explode: true}
	body, contentType, err := codec.EncodeBody("application/x-www-form-urlencoded",
		map[string]codec.Encoding{"address": deep, "invoice_settings": deep, "metadata": deep, "preferred_locales": deep, "expand": deep},
		map[string]any{
			"name": "Ada & Söhne", "balance": -5,
			"address":           map[string]any{"line1": "1 Main St", "country": "DE"},
			"invoice_settings":  map[string]any{"custom_fields": []any{map[string]any{"name": "a=b", "value": "1"}, map[string]any{"name": "c", "value": "2"}}},
			"metadata":          map[string]any{"order 1": "x"},
			"preferred_locales": []any{"de", "en"},
			"expand":            []any{"tax", "sources"},
		})
	if err != nil {
		t.Fatal(err)
	}
	status, answer := send(t, "POST", url+"/v1/customers", contentType, string(body))
	customer, err := codec.DecodeBody("application/json", strings.NewReader(answer), codec.DecodeOptions{})
	if status != 200 || err != nil {
		t.Fatalf("%s: status %d, %s, error %v", body, status, answer, err)
	}
	if got := types.Get(customer, "name"); got != "Ada & Söhne" {
		t.Errorf("the name came back as %v", got)
	}
	target, err := codec.EncodeParams("/v1/charges", []codec.Arg{
		{Param: codec.Param{Name: "created", In: "query", Style: "deepObject", Explode: true}, Value: map[string]any{"gte": 1, "lt": 2}},
		{Param: codec.Param{Name: "expand", In: "query", Style: "deepObject", Explode: true}, Value: []any{"data.customer"}},
		{Param: codec.Param{Name: "limit", In: "query", Style: "form", Explode: true}, Value: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	if status, answer := send(t, "GET", url+target.Path+"?"+target.Query, "", ""); status != 200 {
		t.Errorf("?%s: status %d, %s", target.Query, status, answer)
	}
	// The mock is strict indeed: what its specification forbids is refused, nested too.
	if status, answer := send(t, "POST", url+"/v1/customers", contentType, "cash_balance%5Bsettings%5D%5Breconciliation_mode%5D=mars"); status != 400 {
		t.Errorf("an enum member that does not exist was taken: status %d, %s", status, answer)
	}
}

func send(t *testing.T, method, url, contentType, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer sk_test_123")
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(answer)
}
