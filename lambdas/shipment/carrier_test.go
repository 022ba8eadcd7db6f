package shipment

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/order"
)

// direct sends requests to a handler without a socket.
type direct struct{ http.Handler }

func (d direct) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

func TestHTTPCarrierBook(t *testing.T) {
	parcel := Parcel{Address: order.Address{Name: "Ada", Line1: "1 Byron St", City: "London", Region: "Essex", PostalCode: "N1 1AA", Country: "GB"}, WeightGrams: 700}
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   Label
		err    string // part of it
		is     error
	}{
		{"booked", 201, `{"carrier":"ACME","trackingNumber":"A-1"}`, Label{"ACME", "A-1"}, "", nil},
		{"booked before", 200, `{"carrier":"ACME","trackingNumber":"A-1","more":1}`, Label{"ACME", "A-1"}, "", nil},
		{"refused", 422, `{"reason":"no delivery to AQ"}`, Label{}, "", Refusal{"no delivery to AQ"}},
		{"refused without a word", 422, ``, Label{}, "", Refusal{"the carrier refuses the parcel"}},
		{"refused with the recipient's data", 422, `{"reason":"there is no 1 BYRON ST"}`, Label{}, "", Refusal{"the carrier refuses the parcel"}},
		{"refused with part of it", 422, `{"reason":"Byron Road is closed"}`, Label{}, "", Refusal{"the carrier refuses the parcel"}},
		{"refused with it run together", 422, `{"reason":"1byronst. is no street"}`, Label{}, "", Refusal{"the carrier refuses the parcel"}},
		{"refused with the region", 422, `{"reason":"no delivery in ESSEX."}`, Label{}, "", Refusal{"the carrier refuses the parcel"}},
		{"refused with the postal code", 422, `{"reason":"no delivery to N11AA"}`, Label{}, "", Refusal{"the carrier refuses the parcel"}},
		{"refused at length", 422, `{"reason":"` + strings.Repeat("x", 301) + `"}`, Label{}, "", Refusal{"the carrier refuses the parcel"}},
		{"cancelled before", 409, `{"reason":"cancelled"}`, Label{}, "", ErrBookingCancelled},
		{"away", 503, `{}`, Label{}, "status 503", nil},
		{"lost", 404, ``, Label{}, "status 404", nil},
		{"elsewhere", 302, ``, Label{}, "status 302", nil},
		{"no label", 200, `hello`, Label{}, "no label", nil},
		{"half a label", 200, `{"carrier":"ACME"}`, Label{}, "incomplete label", nil},
		{"a label with a line break", 200, `{"carrier":"ACME","trackingNumber":"A\n1"}`, Label{}, "incomplete label", nil},
		{"an endless answer", 200, strings.Repeat(" ", maxAnswer+1), Label{}, "more than", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got Parcel
			c, err := NewHTTPCarrier("https://carrier.example/v1/", direct{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != "PUT" || r.URL.String() != "https://carrier.example/v1/shipments/o-1" {
					t.Errorf("%s %s", r.Method, r.URL)
				}
				if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
					t.Error(err)
				}
				w.WriteHeader(test.status)
				w.Write([]byte(test.body))
			})})
			if err != nil {
				t.Fatal(err)
			}
			label, err := c.Book(t.Context(), "o-1", parcel)
			if label != test.want {
				t.Errorf("label %v, want %v", label, test.want)
			}
			switch {
			case test.is != nil && !errors.Is(err, test.is):
				t.Errorf("error %v, want %v", err, test.is)
			case test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)):
				t.Errorf("error %v, want one with %q", err, test.err)
			case test.err == "" && test.is == nil && err != nil:
				t.Error(err)
			}
			if diff := cmp.Diff(parcel, got); diff != "" {
				t.Errorf("parcel (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHTTPCarrierCancel(t *testing.T) {
	for status, ok := range map[int]bool{204: true, 200: false, 404: false, 500: false} {
		c, err := NewHTTPCarrier("http://carrier.example", direct{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != "DELETE" || r.URL.EscapedPath() != "/shipments/o%2F1" {
				t.Errorf("%s %s", r.Method, r.URL.EscapedPath())
			}
			w.WriteHeader(status)
		})})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Cancel(t.Context(), "o/1"); (err == nil) != ok {
			t.Errorf("status %d: error %v", status, err)
		}
	}
}

func TestCarrierURL(t *testing.T) {
	for _, u := range []string{"", "carrier", "/carrier", "ftp://carrier", "http://", "http://%zz"} {
		if _, err := NewHTTPCarrier(u, http.DefaultClient); err == nil || !strings.Contains(err.Error(), "CARRIER_URL") {
			t.Errorf("URL %q: error %v", u, err)
		}
	}
}
