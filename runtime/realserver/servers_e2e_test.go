//go:build e2e

package realserver

import (
	"net/http"
	"testing"
)

func TestAlertmanager(t *testing.T) {
	url := Alertmanager(t)
	if err := probe(url+"/api/v2/alerts", nil); err != nil {
		t.Error(err)
	}
}

func TestPowerDNS(t *testing.T) {
	url := PowerDNS(t)
	if err := probe(url+"/api/docs", http.Header{"X-Api-Key": {PowerDNSKey}}); err != nil {
		t.Error(err)
	}
}
