package inbound

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"tenon/runtime/codec"
	"tenon/spec/types"
)

func TestFind(t *testing.T) {
	var rs Routes[string]
	rs.Add("GET", "/orders/{id}", "one")
	rs.Add("GET", "/orders/mine", "mine")
	rs.Add("DELETE", "/orders/{id}", "drop")
	rs.Add("HEAD", "/orders/mine", "look")
	rs.Add("GET", "/orders/{id}", "late")
	rs.Add("POST", "/orders?kind=x#frag", "post")
	for _, tt := range []struct{ method, path, want, id string }{
		{"GET", "/orders/7", "one", "7"},
		{"GET", "/orders/mine", "mine", ""},
		{"HEAD", "/orders/mine", "look", ""},
		{"HEAD", "/orders/7", "one", "7"},
		{"DELETE", "/orders/mine", "drop", "mine"},
		{"GET", "/orders/a%2Fb", "one", "a%2Fb"},
		{"POST", "/orders", "post", ""},
		{"PUT", "/orders/7", "", ""},
		{"GET", "/orders/", "", ""},
		{"GET", "orders/7", "", ""},
		{"GET", "", "", ""},
		{"GET", "/orders/7/", "", ""},
	} {
		got, values, ok := rs.Find(tt.method, tt.path)
		if got != tt.want || ok != (tt.want != "") || values["id"] != tt.id {
			t.Errorf("%s %s: %q %v %v, want %q %q", tt.method, tt.path, got, values, ok, tt.want, tt.id)
		}
	}
	if got, want := rs.Methods("/orders/mine"), []string{"DELETE", "GET", "HEAD"}; !slices.Equal(got, want) {
		t.Errorf("methods %v, want %v", got, want)
	}
	if got := rs.Methods("/nothing"); got != nil {
		t.Errorf("methods %v at no path", got)
	}
	var none Routes[int]
	if _, _, ok := none.Find("GET", "/"); ok {
		t.Error("nothing serves something")
	}
}

func TestAccepts(t *testing.T) {
	for _, tt := range []struct {
		accept    []string
		mediaType string
		want      bool
	}{
		{nil, "application/json", true},
		{[]string{"*/*"}, "application/json", true},
		{[]string{"text/html, application/*;q=0.5"}, "application/json", true},
		{[]string{"text/html"}, "application/json", false},
		{[]string{"text/html", "application/JSON; charset=utf-8"}, "application/json", true},
		{[]string{"*/*, application/json;q=0"}, "application/json", false},
		{[]string{"application/json; q=0.0, */*"}, "application/json", false},
		{[]string{"application/json;q=0, application/json"}, "application/json", true},
		{[]string{""}, "application/json", false},
		{[]string{"application/problem+json"}, "application/json", false},
		{[]string{"text/plain"}, "*/*", true},
	} {
		if got := Accepts(tt.accept, tt.mediaType); got != tt.want {
			t.Errorf("%q accepts %s: %v", tt.accept, tt.mediaType, got)
		}
	}
}

func TestParams(t *testing.T) {
	number := types.AnyInteger
	params := []codec.Param{
		{Name: "id", In: "path", Required: true, Type: number},
		{Name: "n", In: "query", Required: true, Type: number},
		{Name: "X-Odd", In: "header", Type: types.Enum("a", "b")},
	}
	r := httptest.NewRequest("GET", "/x?n=1", nil)
	values, problems := Params(params, r, map[string]string{"id": "7"})
	if len(problems) > 0 || values[0] != 7 || values[1] != 1 || !types.IsMissing(values[2]) {
		t.Errorf("%v %v", values, problems)
	}
	r = httptest.NewRequest("GET", "/x", nil)
	r.Header.Set("X-Odd", "c")
	_, problems = Params(params, r, map[string]string{"id": "seven"})
	if len(problems) != 3 || problems[0].In != "path" || problems[1].String() != "query n: it is required and not there" || problems[2].In != "header" {
		t.Errorf("%v", problems)
	}
}

func FuzzFind(f *testing.F) {
	f.Add("/orders/{id}", "/orders/7")
	f.Add("/{a}{b}/{c}-{d}.json", "/xy/1-2.json")
	f.Add("/{", "/%7B")
	f.Fuzz(func(t *testing.T, template, path string) {
		var rs Routes[int]
		rs.Add("GET", template, 1)
		_, values, ok := rs.Find("GET", path)
		if len(rs.Methods(path)) > 0 != ok {
			t.Errorf("%q is at %q: %v", template, path, ok)
		}
		for _, name := range Names(template) {
			if _, found := values[name]; ok && !found && !strings.ContainsAny(template, "?#") {
				t.Errorf("%q matches %q without %q", template, path, name)
			}
		}
	})
}
