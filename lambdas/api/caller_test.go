package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/api"
	"orderflow/lambdas/api/apitest"
	"orderflow/lambdas/order"
)

type (
	authorizer = events.APIGatewayV2HTTPRequestContextAuthorizerDescription
	tokened    = events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription
	signed     = events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription
)

// bearing is what API Gateway says of who brings a token with this subject.
func bearing(subject string) *authorizer {
	return &authorizer{JWT: &tokened{Claims: map[string]string{"sub": subject, "aud": "orders"}}}
}

// ask makes a request of somebody.
func ask(t testing.TB, h lambda.Handler, by *authorizer, method, target, key, body string) events.APIGatewayV2HTTPResponse {
	t.Helper()
	header := map[string]string{"Content-Type": "application/json"}
	if key != "" {
		header["Idempotency-Key"] = key
	}
	r := newRequest(t, method, target, header, body)
	r.RequestContext.Authorizer = by
	return serve(t, h, r)
}

func orderOf(customer string) string { return strings.Replace(apitest.Order, "c-42", customer, 1) }

// Where customers call, who shows no customer is refused whatever they ask for,
// and nothing in AWS is asked on their behalf.
func TestCallerIsNobody(t *testing.T) {
	requests := []struct{ method, target, body string }{
		{"POST", "/orders", apitest.Order},
		{"GET", "/orders", ""},
		{"GET", "/orders?customerId=c-42", ""},
		{"GET", "/orders/0198c5c2-1111-7000-8000-000000000000", ""},
		{"POST", "/orders/0198c5c2-1111-7000-8000-000000000000/cancel", ""},
	}
	for _, test := range []struct {
		name    string
		callers string
		by      *authorizer
	}{
		{"no authorizer", "customers", nil},
		{"an authorizer of nothing", "customers", &authorizer{}},
		{"a signature", "customers", &authorizer{IAM: &signed{UserARN: "arn:aws:iam::000000000000:root"}}},
		{"a Lambda authorizer", "customers", &authorizer{Lambda: map[string]any{"sub": "c-42"}}},
		{"no claims", "customers", &authorizer{JWT: &tokened{}}},
		{"no subject", "customers", &authorizer{JWT: &tokened{Claims: map[string]string{"client_id": "c-42"}}}},
		{"an empty subject", "customers", bearing("")},
		{"a subject that is no customer's ID", "customers", bearing("auth0|42")},
		{"a subject that is too long", "customers", bearing(strings.Repeat("c", 65))},
		{"a subject of two lines", "customers", bearing("c-42\n")},
		// A token makes a customer, even if the environment forgot to say so.
		{"no subject, and the environment says nothing", "", &authorizer{JWT: &tokened{}}},
	} {
		h, err := api.New(unreachableConfig(t), cloudtest.Environment("ORDERS_TABLE", "orders", "STATE_MACHINE_ARN", stateMachine, "CALLERS", test.callers))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range requests {
			var p problem
			decode(t, ask(t, h, test.by, r.method, r.target, "k", r.body), http.StatusForbidden, &p)
			if p.Type != "urn:orderflow:problem:forbidden" {
				t.Errorf("%s: %s %s: %+v", test.name, r.method, r.target, p)
			}
		}
	}
}

func TestCallersAreWhoTheyMayBe(t *testing.T) {
	for callers, ok := range map[string]bool{"": true, "customers": true, "Customers": false, "iam": false} {
		_, err := api.New(unreachableConfig(t), cloudtest.Environment("ORDERS_TABLE", "orders", "STATE_MACHINE_ARN", stateMachine, "CALLERS", callers))
		if (err == nil) != ok {
			t.Errorf("CALLERS %q: %v", callers, err)
		}
	}
}

// The shop's own server acts for all customers, as it does where anybody may
// call.
func TestCallerIsTheShop(t *testing.T) {
	s := newShop(t)
	for _, by := range []*authorizer{nil, {IAM: &signed{UserARN: "arn:aws:iam::000000000000:role/shop"}}} {
		for _, customer := range []string{"c-42", "c-43"} {
			var made struct{ OrderID string }
			decode(t, ask(t, s.h, by, "POST", "/orders", "", orderOf(customer)), http.StatusAccepted, &made)
			var got order.Order
			decode(t, ask(t, s.h, by, "GET", "/orders/"+made.OrderID, "", ""), http.StatusOK, &got)
			if got.Customer.ID != customer {
				t.Errorf("order of %s: %+v", customer, got)
			}
			decode(t, ask(t, s.h, by, "POST", "/orders/"+made.OrderID+"/cancel", "", ""), http.StatusAccepted, &made)
		}
		var p problem
		decode(t, ask(t, s.h, by, "GET", "/orders", "", ""), http.StatusBadRequest, &p)
		if diff := cmp.Diff([]string{"customerId"}, p.places()); diff != "" {
			t.Error(diff)
		}
	}
}

// A customer places orders in their own name.
func TestCustomerPlaces(t *testing.T) {
	s := newShop(t)
	for _, h := range []lambda.Handler{s.serving("customers"), s.h} { // the token tells, with the environment or without
		before := s.executions()
		var p problem
		decode(t, ask(t, h, bearing("c-43"), "POST", "/orders", "", apitest.Order), http.StatusForbidden, &p)
		if diff := cmp.Diff([]string{"/customer/id"}, p.places()); diff != "" {
			t.Error(diff)
		}
		decode(t, ask(t, h, bearing("c-43"), "POST", "/orders", "", strings.Replace(apitest.Order, `"id": "c-42", `, "", 1)), http.StatusBadRequest, &p)
		if diff := cmp.Diff([]string{"/customer/id"}, p.places()); diff != "" {
			t.Errorf("an order of nobody's: %s", diff)
		}
		if s.executions() != before {
			t.Error("something was placed")
		}
		var made struct{ OrderID string }
		decode(t, ask(t, h, bearing("c-42"), "POST", "/orders", "", apitest.Order), http.StatusAccepted, &made)
		if s.executions() != before+1 {
			t.Error("nothing was placed")
		}
	}
}

// With another's key a customer learns nothing, not even that it was used.
func TestCustomerWithAnothersKey(t *testing.T) {
	s := newShop(t)
	h := s.serving("customers")
	var theirs, own struct{ OrderID string }
	decode(t, ask(t, h, bearing("c-42"), "POST", "/orders", "k", apitest.Order), http.StatusAccepted, &theirs)
	decode(t, ask(t, h, bearing("c-43"), "POST", "/orders", "k", orderOf("c-43")), http.StatusAccepted, &own)
	if own.OrderID == theirs.OrderID || s.executions() != 2 {
		t.Errorf("orders %s and %s, %d executions", theirs.OrderID, own.OrderID, s.executions())
	}
	for _, body := range []string{apitest.Order, strings.Replace(apitest.Order, `"quantity": 2`, `"quantity": 3`, 1)} {
		answer := ask(t, h, bearing("c-43"), "POST", "/orders", "k", body)
		if answer.StatusCode != http.StatusForbidden || strings.Contains(answer.Body, theirs.OrderID) {
			t.Errorf("another's order with their key: %d %s", answer.StatusCode, answer.Body)
		}
	}
}

// Another customer's order is answered like one that there is not, word for
// word and after as long a search, however far it has come.
func TestAnothersOrder(t *testing.T) {
	for _, test := range []struct {
		name string
		key  string
		have func(s *shop, id string)
	}{
		{"running, not stored", "", func(*shop, string) {}},
		{"running, stored", "", func(s *shop, id string) { s.store(id, order.Pending, nil) }},
		{"placed with a key", "k", func(s *shop, id string) { s.store(id, order.Pending, nil) }},
		{"placed with a key, not stored", "k", func(*shop, string) {}},
		{"confirmed", "", func(s *shop, id string) { s.store(id, order.Confirmed, nil); s.stop(id) }},
		{"cancelled", "", func(s *shop, id string) { s.store(id, order.Cancelled, nil) }},
		{"ended, never stored", "", func(s *shop, id string) { s.stop(id) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t)
				h := s.serving("customers")
				id := placed(t, s.h, apitest.Order, test.key)
				test.have(s, id)
				rows := s.Items("orders", "orderId")
				none := uuid.NewSHA1(uuid.Nil, nil).String()
				if test.key == "" {
					none = id[:len(id)-12] + "000000000000" // of the same moment
				}
				for _, r := range []struct{ method, suffix string }{{"GET", ""}, {"POST", "/cancel"}} {
					alike := func(id string) (string, time.Duration) {
						began := time.Now()
						answer := ask(t, h, bearing("c-43"), r.method, "/orders/"+id+r.suffix, "", "")
						answer.Body = strings.ReplaceAll(answer.Body, id, "ID")
						text, err := json.Marshal(answer)
						if err != nil {
							t.Fatal(err)
						}
						return string(text), time.Since(began)
					}
					theirs, took := alike(id)
					nobodys, wouldTake := alike(none)
					if diff := cmp.Diff(nobodys, theirs); diff != "" || !strings.Contains(theirs, `"statusCode":404`) {
						t.Errorf("%s: %s\n%s", r.method, theirs, diff)
					}
					if took != wouldTake {
						t.Errorf("%s: another's order takes %v, none %v", r.method, took, wouldTake)
					}
				}
				if diff := cmp.Diff(rows, s.Items("orders", "orderId")); diff != "" {
					t.Errorf("the table has changed:\n%s", diff)
				}
			})
		})
	}
}

// Their own order is theirs to see and to cancel at each of those stages.
func TestOwnOrder(t *testing.T) {
	for name, have := range map[string]func(s *shop, id string){
		"not stored": func(*shop, string) {},
		"stored":     func(s *shop, id string) { s.store(id, order.Pending, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			h := s.serving("customers")
			id := placed(t, s.h, apitest.Order, "")
			have(s, id)
			var got order.Order
			decode(t, ask(t, h, bearing("c-42"), "GET", "/orders/"+id, "", ""), http.StatusOK, &got)
			if got.ID != id || got.Status != order.Pending {
				t.Errorf("order %+v", got)
			}
			for range 2 {
				decode(t, ask(t, h, bearing("c-42"), "POST", "/orders/"+id+"/cancel", "", ""), http.StatusAccepted, &got)
			}
			if row := s.Items("orders", "orderId")[id]; row["status"] != "CANCELLED" {
				t.Errorf("row %v", row)
			}
		})
	}
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "")
	s.store(id, order.Confirmed, nil)
	var p problem
	decode(t, ask(t, s.serving("customers"), bearing("c-42"), "POST", "/orders/"+id+"/cancel", "", ""), http.StatusConflict, &p)
}

// A customer lists their own orders, whether they say whose or not.
func TestCustomerLists(t *testing.T) {
	s := newShop(t)
	h := s.serving("customers")
	for i, customer := range []string{"c-42", "c-43", "c-42"} {
		s.store(placed(t, s.h, orderOf(customer), ""), order.Pending, map[string]any{"createdAt": fmt.Sprintf("2026-01-02T03:04:%02d.000Z", i)})
	}
	type page struct {
		Orders []order.Order
		Cursor string
	}
	for _, target := range []string{"/orders", "/orders?customerId=c-42"} {
		var p page
		decode(t, ask(t, h, bearing("c-42"), "GET", target, "", ""), http.StatusOK, &p)
		if len(p.Orders) != 2 || p.Orders[0].Customer.ID != "c-42" || p.Orders[1].Customer.ID != "c-42" {
			t.Errorf("%s: %+v", target, p.Orders)
		}
	}
	var first, second page
	decode(t, ask(t, h, bearing("c-42"), "GET", "/orders?limit=1", "", ""), http.StatusOK, &first)
	decode(t, ask(t, h, bearing("c-42"), "GET", "/orders?limit=1&cursor="+first.Cursor, "", ""), http.StatusOK, &second)
	if len(second.Orders) != 1 || second.Orders[0].ID == first.Orders[0].ID {
		t.Errorf("the second page: %+v", second)
	}
	for target, want := range map[string]int{
		"/orders?customerId=c-42":                http.StatusForbidden,
		"/orders?customerId=nobody":              http.StatusForbidden,
		"/orders?customerId=":                    http.StatusBadRequest,
		"/orders?customerId=c-43,c-42":           http.StatusBadRequest,
		"/orders?limit=1&cursor=" + first.Cursor: http.StatusBadRequest, // it was c-42's
	} {
		var p problem
		decode(t, ask(t, h, bearing("c-43"), "GET", target, "", ""), want, &p)
		if place := p.places(); len(place) != 1 {
			t.Errorf("%s: %+v", target, p)
		}
	}
}
