package carrier

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const london = `{"address": {"name": "Ada", "line1": "1 Byron St", "city": "London", "postalCode": "N1 1AA", "country": "GB"}, "weightGrams": 700}`

func TestBookAndCancel(t *testing.T) {
	c := New()
	status, first := call(t, c, "PUT", "/shipments/o-1", london)
	if status != 201 || first["carrier"] != Name || !strings.HasPrefix(first["trackingNumber"].(string), "HPX") {
		t.Fatalf("booking: %d %v", status, first)
	}
	status, again := call(t, c, "PUT", "/shipments/o-1", london)
	if status != 200 || again["trackingNumber"] != first["trackingNumber"] {
		t.Errorf("booking again: %d %v, want 200 and the same number", status, again)
	}
	for range 2 {
		if status, _ := call(t, c, "DELETE", "/shipments/o-1", ""); status != 204 {
			t.Errorf("cancelling: %d", status)
		}
	}
	if status, shipment := call(t, c, "GET", "/shipments/o-1", ""); status != 200 || shipment["state"] != "CANCELLED" {
		t.Errorf("after cancellation: %d %v", status, shipment)
	}
}

func TestCancelledBeforeBooked(t *testing.T) {
	c := New()
	if status, _ := call(t, c, "DELETE", "/shipments/o-1", ""); status != 204 {
		t.Fatalf("cancelling: %d", status)
	}
	if status, body := call(t, c, "PUT", "/shipments/o-1", london); status != 409 || body["reason"] != "cancelled" {
		t.Errorf("late booking: %d %v", status, body)
	}
}

func TestRefused(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		reason                   string
	}{
		{"Antarctica", "PUT", "/shipments/o", strings.Replace(london, "GB", "AQ", 1), 422, "no delivery to country AQ"},
		{"no JSON", "PUT", "/shipments/o", "{", 400, "cannot be read"},
		{"unknown member", "PUT", "/shipments/o", `{"weight": 1}`, 400, "weight"},
		{"no address", "PUT", "/shipments/o", `{"weightGrams": 1}`, 400, "address"},
		{"negative weight", "PUT", "/shipments/o", strings.Replace(london, "700", "-1", 1), 400, "negative"},
		{"too large", "PUT", "/shipments/o", `{"address": {"name": "` + strings.Repeat("x", maxBody) + `"}}`, 413, "too large"},
		{"unknown order", "GET", "/shipments/o", "", 404, "no such shipment"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := New()
			status, body := call(t, c, test.method, test.path, test.body)
			if status != test.status || !strings.Contains(fmt.Sprint(body["reason"]), test.reason) {
				t.Errorf("%d %v, want %d %q", status, body, test.status, test.reason)
			}
			if n := len(c.Shipments()); n != 0 {
				t.Errorf("left %d shipments", n)
			}
		})
	}
}

func TestForgetsAfterRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New()
		_, first := call(t, c, "PUT", "/shipments/o-1", london)
		time.Sleep(Retention / 2)
		call(t, c, "PUT", "/shipments/o-2", london)
		call(t, c, "PUT", "/shipments/o-3", london)
		time.Sleep(Retention/2 + time.Second)
		call(t, c, "DELETE", "/shipments/o-2", "")
		if n := len(c.Shipments()); n != 2 {
			t.Errorf("remembers %d shipments, want 2", n)
		}
		if _, again := call(t, c, "PUT", "/shipments/o-1", london); again["trackingNumber"] != first["trackingNumber"] {
			t.Errorf("tracking number changed from %v to %v", first, again)
		}
		time.Sleep(Retention/2 + time.Second)
		call(t, c, "PUT", "/shipments/o-4", london)
		var left []string
		for _, s := range c.Shipments() {
			left = append(left, s.OrderID)
		}
		if got := strings.Join(left, " "); got != "o-1 o-2 o-4" {
			t.Errorf("remembers %s, want o-1 o-2 o-4", got)
		}
	})
}

func TestConcurrentBookingsMakeOneShipment(t *testing.T) {
	c := New()
	var wg sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	for range 20 {
		wg.Go(func() {
			status, _ := call(t, c, "PUT", "/shipments/o-1", london)
			mu.Lock()
			statuses[status]++
			mu.Unlock()
		})
	}
	wg.Wait()
	if statuses[201] != 1 || statuses[200] != 19 {
		t.Errorf("statuses %v, want one 201 and nineteen 200", statuses)
	}
}

func call(t *testing.T, c *Carrier, method, path, body string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	c.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(body)))
	var answer map[string]any
	if w.Code != http.StatusNoContent {
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Errorf("%s %s: %v in %q", method, path, err, w.Body)
		}
	}
	return w.Code, answer
}
