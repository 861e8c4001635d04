//go:build e2e

package stripealertmanager

import (
	"encoding/json"
	"net/http"
	"testing"

	"tenon/runtime/realserver"
)

// What is wrong at Stripe stands in a real Alertmanager afterwards, and running it again adds nothing.
func TestAlertsArrive(t *testing.T) {
	stripe, alertmanager := realserver.StripeMock(t, failures(t)), realserver.Alertmanager(t)
	for range 2 {
		alert(t, ".", "--var", "stripe_url="+stripe, "--var", "alertmanager_url="+alertmanager+"/api/v2")
	}
	resp, err := http.Get(alertmanager + "/api/v2/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var alerts []struct {
		Labels, Annotations    map[string]string
		StartsAt, GeneratorURL string
	}
	if err := json.NewDecoder(resp.Body).Decode(&alerts); err != nil {
		t.Fatal(err)
	}
	byName := map[string]int{}
	for i, a := range alerts {
		byName[a.Labels["alertname"]] = i
	}
	if len(alerts) != 2 || len(byName) != 2 {
		t.Fatalf("got %d alerts: %+v, want one dispute and one payment", len(alerts), alerts)
	}
	dispute, payment := alerts[byName["StripeDisputeOpen"]], alerts[byName["StripePaymentFailed"]]
	if dispute.Labels["severity"] != "warning" || dispute.Labels["reason"] != "general" || dispute.Labels["mode"] != "test" || dispute.Labels["dispute"] == "" {
		t.Errorf("the dispute has labels %v", dispute.Labels)
	}
	if want := "A dispute over 10 USD waits for an answer."; dispute.Annotations["summary"] != want {
		t.Errorf("the dispute's summary is %q, want %q", dispute.Annotations["summary"], want)
	}
	if want := "2009-02-13T23:31:30.000Z"; dispute.StartsAt != want {
		t.Errorf("the dispute starts at %s, want %s", dispute.StartsAt, want)
	}
	if payment.Labels["code"] != "card_declined" || payment.GeneratorURL != "https://dashboard.stripe.com/payments/"+payment.Labels["charge"] {
		t.Errorf("the payment is %+v", payment)
	}
	if want := "A payment of 1 USD failed: Your card was declined."; payment.Annotations["summary"] != want {
		t.Errorf("the payment's summary is %q, want %q", payment.Annotations["summary"], want)
	}
}
