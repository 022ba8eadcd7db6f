package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"orderflow/cmd/local/issuer"
	"orderflow/cmd/orders/caller"
	"orderflow/cmd/orders/cli"
	"orderflow/lambdas/order"
	"orderflow/template"
)

// as is the shop as somebody else calls its API.
func (s *shop) as(who func(http.RoundTripper) http.RoundTripper) *shop {
	other := *s
	other.client = &http.Client{Transport: who(s.client.Transport)}
	return &other
}

// bearing is the shop as who has this token calls it.
func (s *shop) bearing(token string) *shop {
	return s.as(func(next http.RoundTripper) http.RoundTripper {
		return caller.Bearing(func(context.Context) (string, error) { return token, nil }, next)
	})
}

// customer is the shop as a customer calls it, who has just got a token.
func (s *shop) customer(id string) *shop {
	s.t.Helper()
	resp, err := s.client.Get(shopAWS + issuerPrefix + "/token?sub=" + url.QueryEscape(id))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	token, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.t.Fatalf("token of %q: %s %s %v", id, resp.Status, token, err)
	}
	return s.bearing(string(token))
}

// signing is the shop as who has this key calls it.
func (s *shop) signing(id, secret string) *shop {
	config := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(id, secret, "")}
	return s.as(func(next http.RoundTripper) http.RoundTripper { return caller.Signed(config, next) })
}

func orderFrom(customer string) orderRequest {
	r := orderFor("MUG", 1, "GB")
	r.Customer.ID = customer
	return r
}

// turnedAway wants every route closed to a caller, and nothing come of it.
func (s *shop) turnedAway(who string, status int, body string) {
	s.t.Helper()
	before := s.count("OrdersTable")
	for _, r := range []struct {
		method, path string
		body         any
	}{
		{"POST", "/orders", orderFrom("c-42")},
		{"GET", "/orders?customerId=c-42", nil},
		{"GET", "/orders/00dc6acf-ac00-7000-8000-000000000000", nil},
		{"POST", "/orders/00dc6acf-ac00-7000-8000-000000000000/cancel", nil},
	} {
		if got, answer, _ := s.call(r.method, r.path, nil, r.body); got != status || string(answer) != body {
			s.t.Errorf("%s: %s %s is answered %d %s, want %d %s", who, r.method, r.path, got, answer, status, body)
		}
	}
	s.settle()
	if after := s.count("OrdersTable"); after != before {
		s.t.Errorf("%s: there are %d orders, and were %d", who, after, before)
	}
}

const (
	catalogueOfMugs = "MUG,Blue mug,1250,GBP,350,10\n"

	unauthorized = `{"message":"Unauthorized"}`
	forbidden    = `{"message":"Forbidden"}`
)

// TestCustomersCall: with tokens each customer has orders of their own, and
// nobody else's.
func TestCustomersCall(t *testing.T) {
	inShop(t, catalogueOfMugs, func(t *testing.T, s *shop) {
		ada, eve := s.customer("c-42"), s.customer("c-43")
		placed := ada.place(orderFrom("c-42"))
		s.settle()
		if got := ada.get(placed); got.Status != order.Confirmed {
			t.Errorf("order %+v", got)
		}
		s.consume("InventoryFunction", false)
		pending := ada.place(orderFrom("c-42"))
		s.settle()

		for _, id := range []string{placed, pending} {
			for _, r := range []struct{ method, suffix string }{{"GET", ""}, {"POST", "/cancel"}} {
				status, answer, _ := eve.call(r.method, "/orders/"+id+r.suffix, nil, nil)
				none := "00dc6ace-0000-7000-8000-000000000000"
				_, want, _ := eve.call(r.method, "/orders/"+none+r.suffix, nil, nil)
				if status != http.StatusNotFound || strings.ReplaceAll(string(answer), id, none) != string(want) {
					t.Errorf("%s of another's order is answered %d %s, of none %s", r.method, status, answer, want)
				}
			}
		}
		if got := ada.get(pending); got.Status != order.Pending {
			t.Errorf("another customer has made it %s", got.Status)
		}
		if status, answer, _ := ada.call("POST", "/orders/"+pending+"/cancel", nil, nil); status != http.StatusAccepted {
			t.Errorf("cancelling one's own is answered %d %s", status, answer)
		}
		s.consume("InventoryFunction", true)
		s.settle()

		for _, test := range []struct {
			who    *shop
			query  string
			status int
			orders int
		}{
			{ada, "", http.StatusOK, 2},
			{ada, "?customerId=c-42", http.StatusOK, 2},
			{ada, "?customerId=c-43", http.StatusForbidden, 0},
			{eve, "", http.StatusOK, 0},
			{eve, "?customerId=c-42", http.StatusForbidden, 0},
		} {
			status, answer, _ := test.who.call("GET", "/orders"+test.query, nil, nil)
			var page struct{ Orders []order.Order }
			if err := json.Unmarshal(answer, &page); err != nil || status != test.status || len(page.Orders) != test.orders {
				t.Errorf("the list %q is answered %d %s", test.query, status, answer)
			}
		}
		if status, answer, _ := eve.call("POST", "/orders", nil, orderFrom("c-42")); status != http.StatusForbidden || !strings.Contains(string(answer), `"pointer":"/customer/id"`) {
			t.Errorf("an order in another's name is answered %d %s", status, answer)
		}
		if status, answer, _ := s.customer("not|a|customer").call("GET", "/orders", nil, nil); status != http.StatusForbidden {
			t.Errorf("whose subject is no customer's ID is answered %d %s", status, answer)
		}

		s.turnedAway("without a token", http.StatusUnauthorized, unauthorized)
		s.signing("local", "local").turnedAway("with a signature", http.StatusUnauthorized, unauthorized)
		foreign, err := issuer.New()
		if err != nil {
			t.Fatal(err)
		}
		token, err := foreign.Token("c-42")
		if err != nil {
			t.Fatal(err)
		}
		s.bearing(token).turnedAway("with another issuer's token", http.StatusUnauthorized, unauthorized)
		s.pass(issuer.Lifetime)
		ada.turnedAway("with a token that has expired", http.StatusUnauthorized, unauthorized)
		s.customer("c-42").place(orderFrom("c-42")) // a new one will do
		s.settle()
	}, "-auth", "jwt")
}

// TestServersCall: who signs as the account acts for all customers.
func TestServersCall(t *testing.T) {
	inShop(t, catalogueOfMugs, func(t *testing.T, s *shop) {
		server := s.signing("local", "local")
		for _, customer := range []string{"c-42", "c-43"} {
			id := server.place(orderFrom(customer))
			s.settle()
			if got := server.get(id); got.Status != order.Confirmed || got.Customer.ID != customer {
				t.Errorf("order %+v", got)
			}
			if status, answer, _ := server.call("GET", "/orders?limit=5&customerId="+customer, nil, nil); status != http.StatusOK || !bytes.Contains(answer, []byte(id)) {
				t.Errorf("the list is answered %d %s", status, answer)
			}
			if status, answer, _ := server.call("POST", "/orders/"+id+"/cancel", nil, nil); status != http.StatusConflict {
				t.Errorf("cancelling is answered %d %s", status, answer)
			}
		}
		s.turnedAway("without a signature", http.StatusForbidden, forbidden)
		s.signing("any", "thing").turnedAway("with another key", http.StatusForbidden, forbidden)
		s.signing("local", "guessed").turnedAway("with another secret", http.StatusForbidden, forbidden)
		s.bearing("x.y.z").turnedAway("with a token", http.StatusForbidden, forbidden)
		config := aws.Config{Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("local", "local", "")}
		tampered := s.as(func(next http.RoundTripper) http.RoundTripper { return caller.Signed(config, tamper{next}) })
		if status, answer, _ := tampered.call("POST", "/orders", nil, orderFrom("c-42")); status != http.StatusForbidden || string(answer) != forbidden {
			t.Errorf("an order changed on its way is answered %d %s", status, answer)
		}
		if got := s.count("OrdersTable"); got != 2 {
			t.Errorf("there are %d orders", got)
		}
	}, "-auth", "iam")
}

// tamper changes the customer of an order on its way.
type tamper struct{ next http.RoundTripper }

func (t tamper) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte("c-42"), []byte("c-43"), 1)))
	return t.next.RoundTrip(r)
}

// TestPagesCall: the origin that a parameter names may call from a browser,
// which asks before it shows a token.
func TestPagesCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct{ allowed, want string }{{"", ""}, {"https://shop.example", "https://shop.example"}, {"*", "*"}, {"https://other.example", ""}} {
			s, err := newSystem(t.Context(), systemConfig{
				api: "127.0.0.1:8080", aws: "127.0.0.1:4566", auth: "jwt",
				products: []product{{sku: "MUG", name: "Mug", stocked: 1}}, parameters: map[string]string{"CorsAllowOrigin": test.allowed},
			})
			if err != nil {
				t.Fatal(err)
			}
			r, err := http.NewRequestWithContext(t.Context(), "OPTIONS", "http://127.0.0.1:8080/orders", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Origin", "https://shop.example")
			r.Header.Set("Access-Control-Request-Method", "POST")
			resp, err := s.cloud.APIClient().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.Header.Get("Access-Control-Allow-Origin"); got != test.want || resp.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("allowed is %q: %s %v", test.allowed, resp.Status, resp.Header)
			}
			if test.want != "" && (resp.StatusCode != http.StatusNoContent || !strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "idempotency-key")) {
				t.Errorf("allowed is %q: %s %v", test.allowed, resp.Status, resp.Header)
			}
			s.Close(t.Context())
		}
	})
}

// TestConsoleCalls: the console places and cancels orders whoever may call.
func TestConsoleCalls(t *testing.T) {
	for _, mode := range authModes {
		t.Run(string(mode), func(t *testing.T) {
			inShop(t, catalogueOfMugs, func(t *testing.T, s *shop) {
				body, err := json.Marshal(orderFrom(somebody))
				if err != nil {
					t.Fatal(err)
				}
				resp, err := s.client.PostForm(shopAWS+"/console/orders", url.Values{"body": {string(body)}, "key": {"k"}})
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				page, err := io.ReadAll(resp.Body)
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Fatalf("%s %v", resp.Status, err)
				}
				s.settle()
				if got := s.count("OrdersTable"); got != 1 {
					t.Errorf("there are %d orders:\n%s", got, page)
				}
			}, "-auth", string(mode))
		})
	}
}

// TestDemoOfAClosedAPI: the demonstration calls as it must.
func TestDemoOfAClosedAPI(t *testing.T) {
	for _, mode := range authModes[1:] {
		synctest.Test(t, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			var stdout, stderr bytes.Buffer
			exit := make(chan int, 1)
			go func() { exit <- run(ctx, []string{"-demo", "-auth", string(mode)}, &stdout, &stderr, inMemory()) }()
			<-time.After(time.Hour)
			interrupt()
			if code := <-exit; code != exitOK || stderr.Len() > 0 {
				t.Errorf("%s: exit %d, stderr:\n%s", mode, code, stderr.String())
			}
			if got := strings.Count(stdout.String(), "answers REJECTED for"); got != 3 || !strings.Contains(stdout.String(), "answers CONFIRMED") {
				t.Errorf("%s:\n%s", mode, stdout.String())
			}
		})
	}
}

// TestOrdersCalls: the operator's command line signs by itself, and calls as a
// customer whose token it is given, which it tells nobody.
func TestOrdersCalls(t *testing.T) {
	for _, mode := range authModes {
		t.Run(string(mode), func(t *testing.T) {
			r := start(t, "-auth", string(mode))
			orders := func(args ...string) (code int, output string) {
				var out bytes.Buffer
				code = cli.Run(t.Context(), append([]string{"--endpoint", r.aws}, args...), strings.NewReader(""), &out, &out, func(string) string { return "" })
				return code, out.String()
			}
			token := "no.token.atall"
			if mode == template.JWT {
				resp, err := http.Get(r.aws + issuerPrefix + "/token?sub=c-43")
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				text, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				token = string(text)
			}
			file := filepath.Join(t.TempDir(), "token")
			if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			const signatureAlone = "orders: the API does not let this caller in: POST /orders answers 403: {\"message\":\"Forbidden\"}\n" +
				"this API asks for a signature: leave --token-file out"
			tokenAlone := "orders: the API does not let this caller in without a token that it trusts: POST /orders answers 401: {\"message\":\"Unauthorized\"}\n" +
				"customers call this API: act as one, with --token-file FILE; a new one is to be had by: curl -o FILE '" + r.aws + "/issuer/token?sub=c-42'"
			wants := map[template.AuthMode][3]string{ // signed; with the token, for its customer and for another
				template.None: {"is placed", "is placed", "is placed"},
				template.IAM:  {"is placed", signatureAlone, signatureAlone},
				template.JWT:  {tokenAlone, "is placed", `/customer/id: must be "c-43"`},
			}
			for i, args := range [][]string{
				{"place", "--item", "MUG-BLUE=1"},
				{"--token-file", file, "place", "--item", "MUG-BLUE=1", "--customer", "c-43"},
				{"--token-file", file, "place", "--item", "MUG-BLUE=1", "--customer", "c-42"},
			} {
				want := wants[mode][i]
				code, output := orders(args...)
				if !strings.Contains(output, want) || (code == 0) != (want == "is placed") {
					t.Errorf("orders %v: exit %d: %s", args, code, output)
				}
				if strings.Contains(output, token) {
					t.Errorf("orders %v tells the token: %s", args, output)
				}
			}
			if err := os.WriteFile(file, []byte("no.token.atall"), 0o600); err != nil {
				t.Fatal(err)
			}
			expired := "the token in " + file + " has expired, or is another issuer's or audience's; a new one is to be had by: curl"
			if code, output := orders("--token-file", file, "get", "o-1"); code == 0 || strings.Contains(output, expired) != (mode == template.JWT) {
				t.Errorf("orders get with a token of nobody's: exit %d: %s", code, output)
			}
			if code, output := orders("list"); code != 0 { // it asks AWS, not the API
				t.Errorf("orders list: exit %d: %s", code, output)
			}
		})
	}
}
