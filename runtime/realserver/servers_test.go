package realserver

import (
	"os"
	"strings"
	"testing"
)

func TestStripeMock(t *testing.T) {
	url := StripeMock(t)
	if err := probe(url+"/v1/charges", map[string][]string{"Authorization": {"Bearer sk_test_123"}}); err != nil {
		t.Errorf("stripe-mock at %s: %v", url, err)
	}
	if err := probe(url+"/v1/charges", nil); err == nil || !strings.Contains(err.Error(), "401") {
		t.Errorf("without a key: got %v, want 401", err)
	}
	spec, err := os.ReadFile(StripeSpec(t))
	if err != nil || len(spec) < 5_000_000 {
		t.Errorf("Stripe's specification has %d bytes, error %v", len(spec), err)
	}
}
