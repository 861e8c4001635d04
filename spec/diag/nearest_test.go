package diag

import "testing"

func TestAlike(t *testing.T) {
	operations := []string{"ListOrders", "ListCustomerCards", "RetrieveCustomer", "atlassianAddcomment", "atlassianGetcommentsbyids", "chat_postMessage"}
	for name, want := range map[string]string{
		"GetCustomer": "RetrieveCustomer", "addComment": "atlassianAddcomment", "message.post": "chat_postMessage", "customers": "RetrieveCustomer",
		"nothing": "ListOrders", "": "ListOrders",
	} {
		got := Alike(name, operations)
		if got[0] != want || len(got) != len(operations) {
			t.Errorf("%s: %v, want %s first", name, got, want)
		}
	}
}
