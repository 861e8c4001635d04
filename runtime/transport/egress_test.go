package transport

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"tenon/runtime/event"
)

// serveTLS serves over TLS and returns what a client must trust.
func serveTLS(t *testing.T, http2 bool, h http.HandlerFunc) (*url.URL, *TLS) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = http2
	s.StartTLS()
	t.Cleanup(s.Close)
	u, _ := url.Parse(s.URL)
	trust, err := ParseTLS(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})), "", "")
	if err != nil {
		t.Fatal(err)
	}
	return u, trust
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string][2]bool{ // to a host that data names; by a name of the author's
		"93.184.216.34":          {true, true},
		"2606:2800:220:1::1":     {true, true},
		"127.0.0.1":              {false, true},
		"127.8.9.1":              {false, true},
		"0.0.0.0":                {false, true},
		"0.1.2.3":                {false, true},
		"10.1.2.3":               {false, true},
		"172.16.0.1":             {false, true},
		"172.32.0.1":             {true, true},
		"192.168.1.1":            {false, true},
		"100.64.0.1":             {false, true},
		"192.0.2.1":              {false, true},
		"198.18.0.1":             {false, true},
		"224.0.0.1":              {false, true},
		"255.255.255.255":        {false, true},
		"169.254.169.254":        {false, false},
		"100.100.100.200":        {false, false},
		"168.63.129.16":          {false, false},
		"::1":                    {false, true},
		"::":                     {false, true},
		"fc00::1":                {false, true},
		"fd00:ec2::254":          {false, false},
		"fe80::1":                {false, false},
		"fe80::1%eth0":           {false, false},
		"ff02::1":                {false, true},
		"::ffff:127.0.0.1":       {false, true},
		"::ffff:169.254.169.254": {false, false},
		"::ffff:93.184.216.34":   {true, true},
		"::7f00:1":               {false, true},
		"64:ff9b::7f00:1":        {false, true},
		"64:ff9b::a9fe:a9fe":     {false, false},
		"64:ff9b::5db8:d822":     {true, true},
		"2002:7f00:1::1":         {false, true},
		"2001:db8::1":            {false, true},
	} {
		ip := netip.MustParseAddr(address)
		if got := [2]bool{unnamed(ip, false) == "", named(ip, false) == ""}; got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
		if named(ip, true) != "" {
			t.Errorf("%s cannot be reached even if the author writes it", address)
		}
	}
}

func TestHostsFromDataAreReachedAtPublicAddressesOnly(t *testing.T) {
	reached := 0
	u := serve(t, func(w http.ResponseWriter, r *http.Request) { reached++ })
	c := New(Options{})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		at := *u
		at.Host = host + ":" + u.Port()
		r := to(&at, "POST")
		if host != "[::ffff:127.0.0.1]" { // a connection that an author's host has left open is not lent
			if res, err := c.Do(context.Background(), r); err != nil || res.Status != 200 {
				t.Fatal(err)
			}
		}
		before := reached
		r.Named = nil
		r.Policy = Policy{Attempts: 3, On: []string{"network"}, Rand: c.Random}
		_, err := c.Do(context.Background(), r)
		e := wantError(t, err, event.InvalidRequest, "is this machine, and the author named no such server")
		if e.Sent || e.Attempts != 1 || reached != before {
			t.Errorf("%s: sent %v, %d attempts, reached %d times", host, e.Sent, e.Attempts, reached-before)
		}
		if host == "localhost" && !strings.HasPrefix(e.Message, "localhost leads to ") {
			t.Errorf("the message does not say where the name leads: %s", e.Message)
		}
	}
	if NewGuarded().Proxy != nil || NewBase().Proxy == nil {
		t.Error("a proxy would look up the names of hosts that come from data")
	}
}

func TestRedirectsThatWouldLeak(t *testing.T) {
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Errorf("reached %s with %v", r.URL, r.Header) })
	var location string
	status := 302
	home, trust := serveTLS(t, false, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	})
	c := New(Options{})
	for _, tc := range []struct {
		method, location string
		status           int
		note             string
	}{
		{"GET", plain.String(), 302, "it would leave TLS"},
		{"GET", "https://user:secret@" + home.Host + "/", 302, "it names a user"},
		{"GET", "https://evil.example.com/", 307, "is not a host of any server that the plan names"},
		{"GET", "//evil.example.com/", 301, "is not a host of any server that the plan names"},
		{"GET", "file:///etc/passwd", 302, "only http and https are"},
		{"POST", "https://other.example.com/", 307, "a POST stays on its host"},
		{"POST", "https://other.example.com/", 308, "a POST stays on its host"},
		{"POST", "/", 303, "it would lose the body"},
	} {
		location, status = tc.location, tc.status
		r := to(home, tc.method)
		r.TLS, r.Body = trust, []byte("secret")
		r.Hosts = append(r.Hosts, Host(plain), "other.example.com:443")
		r.Named = r.Hosts
		res, err := c.Do(context.Background(), r)
		if err != nil || res.Status != tc.status || !strings.Contains(res.Note, tc.note) || strings.Contains(res.Note, "secret") {
			t.Errorf("%s %d to %s: %+v, %v", tc.method, tc.status, tc.location, res, err)
		}
	}
}
