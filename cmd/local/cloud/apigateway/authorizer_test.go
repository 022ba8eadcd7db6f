package apigateway_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/apigateway"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/issuer"
)

const (
	shop  = "arn:aws:iam::000000000000:role/shop"
	guest = "arn:aws:iam::000000000000:role/guest"
)

// A gate is an API of one closed route, ANY /orders/{orderId}, that answers with
// who is let in. In asked is what the guard was asked to allow.
type gate struct {
	*apigateway.API
	issuer *issuer.Issuer
	asked  []string
	let    int // requests that reached the function
}

func newGate(t *testing.T, i *issuer.Issuer, route apigateway.Route) *gate {
	t.Helper()
	g := &gate{issuer: i}
	l := lambda.New(lambda.Config{Region: "us-east-1", Account: "000000000000"})
	t.Cleanup(func() { l.Close(context.Background()) })
	f, err := l.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: "f", Timeout: 60,
		Init: func(string) (awslambda.Handler, error) {
			return awslambda.NewHandler(func(e events.APIGatewayV2HTTPRequest) (any, error) {
				g.let++
				return e.RequestContext.Authorizer, nil
			}), nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	service := apigateway.New(apigateway.Config{
		Region: "us-east-1", Account: "000000000000", Lambda: l,
		Identify: func(id string) (string, string, bool) {
			switch id {
			case "SHOP":
				return "shop's secret", shop, true
			case "GUEST":
				return "guest's secret", guest, true
			}
			return "", "", false
		},
		Allow: func(id, action, resource string) bool {
			g.asked = append(g.asked, map[string]string{"SHOP": shop, "GUEST": guest}[id]+" "+action+" "+resource)
			return id == "SHOP"
		},
		Issuers: &http.Client{Transport: inProcess{g.issuer}},
	})
	route.RouteKey, route.FunctionArn = "ANY /orders/{orderId}", f.FunctionArn
	g.API, err = service.CreateApi(t.Context(), &apigateway.CreateApiInput{
		ApiId: "api-id", Routes: []apigateway.Route{route},
		CorsConfiguration: &apigateway.Cors{AllowOrigins: []string{"https://shop.example"}, AllowMethods: []string{"POST"}, AllowHeaders: []string{"authorization"}},
		Authorizers: []apigateway.Authorizer{{
			AuthorizerId: "issuer", IdentitySource: "$request.header.Authorization",
			JwtConfiguration: apigateway.JWTConfiguration{Issuer: issuer.URL, Audience: []string{issuer.Audience, "another"}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func newIssuer(t *testing.T) *issuer.Issuer {
	t.Helper()
	i, err := issuer.New()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

const target = "http://api.example/orders/a%20b?z=1&a=%2F&a=2"

// A signing is how a request is signed, and what becomes of it on its way.
type signing struct {
	id, secret, token string
	service, region   string
	at                time.Time
	header            map[string]string // signed
	then              func(*http.Request)
}

func (s signing) request(t *testing.T, method, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for name, value := range s.header {
		r.Header.Set(name, value)
	}
	hash := sha256.Sum256([]byte(body))
	credentials := aws.Credentials{AccessKeyID: s.id, SecretAccessKey: s.secret, SessionToken: s.token}
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, r, hex.EncodeToString(hash[:]), s.service, s.region, s.at); err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", "not signed")
	if s.then != nil {
		s.then(r)
	}
	return r
}

func TestSignature(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, now := newIssuer(t), time.Now()
		good := signing{id: "SHOP", secret: "shop's secret", service: "execute-api", region: "us-east-1", at: now}
		with := func(change func(*signing)) signing {
			s := good
			change(&s)
			return s
		}
		then := func(then func(*http.Request)) signing { return with(func(s *signing) { s.then = then }) }
		replace := func(old, new string) signing {
			return then(func(r *http.Request) {
				r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, new, 1))
			})
		}
		for _, test := range []struct {
			name string
			how  signing
			ok   bool
		}{
			{"as it should be", good, true},
			{"with a session token", with(func(s *signing) { s.token = "session" }), true},
			{"with a header of its own", with(func(s *signing) { s.header = map[string]string{"Idempotency-Key": "k", "X-Amz-Meta": "m"} }), true},
			{"by another way of writing it", then(func(r *http.Request) {
				r.Header.Set("Authorization", strings.ReplaceAll(r.Header.Get("Authorization"), ", ", ","))
			}), true},
			{"five minutes ago", with(func(s *signing) { s.at = now.Add(-5 * time.Minute) }), true},
			{"in five minutes", with(func(s *signing) { s.at = now.Add(5 * time.Minute) }), true},
			{"a header added that is not signed", then(func(r *http.Request) { r.Header.Set("X-Trace", "1") }), true},

			{"not at all", then(func(r *http.Request) { r.Header.Del("Authorization") }), false},
			{"longer ago", with(func(s *signing) { s.at = now.Add(-5*time.Minute - time.Second) }), false},
			{"for later", with(func(s *signing) { s.at = now.Add(5*time.Minute + time.Second) }), false},
			{"by nobody", with(func(s *signing) { s.id = "NOBODY" }), false},
			{"with another's secret", with(func(s *signing) { s.secret = "guest's secret" }), false},
			{"by who may not invoke", with(func(s *signing) { s.id, s.secret = "GUEST", "guest's secret" }), false},
			{"for another service", with(func(s *signing) { s.service = "states" }), false},
			{"for another region", with(func(s *signing) { s.region = "eu-west-1" }), false},
			{"with another body", then(func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader([]byte(`{"a":2}`))) }), false},
			{"with a longer body", then(func(r *http.Request) {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(`{"a":1}{}`)), 9
			}), false},
			{"for another path", then(func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/orders/c", "" }), false},
			{"for another query", then(func(r *http.Request) { r.URL.RawQuery = "z=2&a=%2F&a=2" }), false},
			{"for another method", then(func(r *http.Request) { r.Method = "PUT" }), false},
			{"for another host", then(func(r *http.Request) { r.Host = "other.example" }), false},
			{"with another header", then(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), false},
			{"without a header", then(func(r *http.Request) { r.Header.Del("Content-Type") }), false},
			{"with another date", then(func(r *http.Request) { r.Header.Set("X-Amz-Date", now.Add(time.Second).Format("20060102T150405Z")) }), false},
			{"without a date", then(func(r *http.Request) { r.Header.Del("X-Amz-Date") }), false},
			{"with another session", with(func(s *signing) {
				s.token, s.then = "session", func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "stolen") }
			}), false},
			{"with a session that is not signed", then(func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", "stolen") }), false},
			{"without the host", replace("content-type;host;", "content-type;"), false},
			{"with another scope", replace("/aws4_request", "/aws4"), false},
			{"by another algorithm", replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), false},
			{"with half a signature", then(func(r *http.Request) {
				r.Header.Set("Authorization", r.Header.Get("Authorization")[:len(r.Header.Get("Authorization"))-32])
			}), false},
			{"without a signature", then(func(r *http.Request) {
				before, _, _ := strings.Cut(r.Header.Get("Authorization"), ", Signature=")
				r.Header.Set("Authorization", before)
			}), false},
			{"in name only", then(func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 ") }), false},
			{"with a token", then(func(r *http.Request) { r.Header.Set("Authorization", "Bearer x.y.z") }), false},
		} {
			g := newGate(t, i, apigateway.Route{AuthorizationType: "AWS_IAM"})
			w := do(g, test.how.request(t, "POST", `{"a":1}`))
			if !test.ok {
				if w.Code != http.StatusForbidden || w.Body.String() != `{"message":"Forbidden"}` || g.let != 0 {
					t.Errorf("signed %s: %d %s", test.name, w.Code, w.Body)
				}
				continue
			}
			if w.Code != http.StatusOK || g.let != 1 {
				t.Errorf("signed %s: %d %s", test.name, w.Code, w.Body)
			}
			if diff := cmp.Diff([]string{shop + " execute-api:Invoke arn:aws:execute-api:us-east-1:000000000000:api-id/$default/POST/orders/a b"}, g.asked); diff != "" {
				t.Errorf("signed %s, is asked:\n%s", test.name, diff)
			}
			var got events.APIGatewayV2HTTPRequestContextAuthorizerDescription
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			want := events.APIGatewayV2HTTPRequestContextAuthorizerDescription{IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{
				AccessKey: "SHOP", AccountID: "000000000000", CallerID: shop, UserARN: shop, UserID: shop,
			}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("signed %s, the function is told:\n%s", test.name, diff)
			}
		}
		// GET and a cancellation have no body.
		for _, method := range []string{"GET", "POST"} {
			if w := do(newGate(t, i, apigateway.Route{AuthorizationType: "AWS_IAM"}), good.request(t, method, "")); w.Code != http.StatusOK {
				t.Errorf("%s without a body: %d %s", method, w.Code, w.Body)
			}
		}
	})
}

func TestToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, other := newIssuer(t), newIssuer(t)
		g := newGate(t, i, apigateway.Route{AuthorizationType: "JWT", AuthorizerId: "issuer"})
		now := time.Now()
		date := func(d time.Duration) any { return now.Add(d).Unix() }
		signed := func(by *issuer.Issuer, change map[string]any) string {
			claims := map[string]any{"iss": issuer.URL, "sub": "c-42", "aud": issuer.Audience, "iat": date(0), "exp": date(time.Hour)}
			maps.Copy(claims, change)
			maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
			token, err := by.Sign(claims)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		token := func(change map[string]any) string { return signed(g.issuer, change) }
		type claims = map[string]any
		good := token(nil)
		parts := strings.Split(good, ".")
		elsewhere := strings.Split(token(claims{"sub": "c-43"}), ".")
		secret, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: bytes.Repeat([]byte("k"), 32)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		symmetric, err := jwt.Signed(secret).Claims(claims{"iss": issuer.URL, "aud": issuer.Audience, "exp": date(time.Hour)}).Serialize()
		if err != nil {
			t.Fatal(err)
		}
		const none = "eyJhbGciOiJub25lIn0." // {"alg":"none"}

		for _, test := range []struct {
			name, authorization string
			want                string // error_description; "" is let in
		}{
			{"after Bearer", "Bearer " + good, ""},
			{"bare", good, ""},
			{"for one of several audiences", "Bearer " + token(claims{"aud": []string{"x", "another"}}), ""},
			{"with client_id for aud", "Bearer " + token(claims{"aud": nil, "client_id": "another"}), ""},
			{"issued and valid from now on", "Bearer " + token(claims{"nbf": date(0)}), ""},

			{"expired", "Bearer " + token(claims{"exp": date(-time.Second)}), "the token has expired"},
			{"expiring now", "Bearer " + token(claims{"exp": date(0)}), "the token has expired"},
			{"without an end", "Bearer " + token(claims{"exp": nil}), "the token has expired"},
			{"not valid yet", "Bearer " + token(claims{"nbf": date(time.Second)}), "the token is not valid yet"},
			{"issued in the future", "Bearer " + token(claims{"iat": date(time.Second)}), "the token was issued in the future"},
			{"for another audience", "Bearer " + token(claims{"aud": "x"}), "the token does not have a valid audience"},
			{"for another audience, whatever its client_id", "Bearer " + token(claims{"aud": "x", "client_id": "another"}), "the token does not have a valid audience"},
			{"for no audience", "Bearer " + token(claims{"aud": nil}), "the token does not have a valid audience"},
			{"for nobody, whatever its client_id", "Bearer " + token(claims{"aud": []string{}, "client_id": "another"}), "the token does not have a valid audience"},
			{"after bearer in small letters twice", "bearer Bearer " + good, "the token is malformed, or its algorithm is not supported"},
			{"of another client", "Bearer " + token(claims{"aud": nil, "client_id": "x"}), "the token does not have a valid audience"},
			{"of another issuer", "Bearer " + token(claims{"iss": "https://other.example"}), "the token does not have a valid issuer or signature"},
			{"of no issuer", "Bearer " + token(claims{"iss": nil}), "the token does not have a valid issuer or signature"},
			{"signed with another key", "Bearer " + signed(other, nil), "the token does not have a valid issuer or signature"},
			{"with another's claims", "Bearer " + parts[0] + "." + elsewhere[1] + "." + parts[2], "the token does not have a valid issuer or signature"},
			{"without a signature", "Bearer " + none + parts[1] + ".", "the token is malformed, or its algorithm is not supported"},
			{"signed with a secret", "Bearer " + symmetric, "the token is malformed, or its algorithm is not supported"},
			{"that is none", "Bearer x", "the token is malformed, or its algorithm is not supported"},
			{"of a signature", "AWS4-HMAC-SHA256 Credential=SHOP/x, SignedHeaders=host, Signature=x", "the token is malformed, or its algorithm is not supported"},
		} {
			g.let = 0
			r := httptest.NewRequest("GET", target, nil)
			r.Header.Set("Authorization", test.authorization)
			w := do(g, r)
			if test.want != "" {
				challenge := `Bearer scope="" error="invalid_token" error_description="` + test.want + `"`
				if got := w.Header().Get("WWW-Authenticate"); w.Code != http.StatusUnauthorized || w.Body.String() != `{"message":"Unauthorized"}` || got != challenge || g.let != 0 {
					t.Errorf("a token %s: %d %s, challenge %s", test.name, w.Code, w.Body, got)
				}
				continue
			}
			if w.Code != http.StatusOK || g.let != 1 {
				t.Errorf("a token %s: %d %s, challenge %s", test.name, w.Code, w.Body, w.Header().Get("WWW-Authenticate"))
			}
		}

		w := do(g, httptest.NewRequest("GET", target, nil))
		if w.Code != http.StatusUnauthorized || w.Body.String() != `{"message":"Unauthorized"}` || w.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("without a token: %d %s %v", w.Code, w.Body, w.Header())
		}

		// What the function is told of a token is text.
		r := httptest.NewRequest("GET", target, nil)
		r.Header.Set("Authorization", "Bearer "+token(claims{"groups": []string{"a", "b"}, "verified": true, "aud": []string{"another"}}))
		var got events.APIGatewayV2HTTPRequestContextAuthorizerDescription
		if err := json.Unmarshal(do(g, r).Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"iss": issuer.URL, "sub": "c-42", "aud": "[another]", "iat": "946684800", "exp": "946688400", "groups": "[a b]", "verified": "true",
		}
		if got.JWT == nil || got.IAM != nil {
			t.Fatalf("the function is told %+v", got)
		}
		if diff := cmp.Diff(want, got.JWT.Claims); diff != "" {
			t.Error(diff)
		}
	})
}

// A browser asks before it shows who it is: whatever the routes demand, API
// Gateway answers that, and its refusals can be read.
func TestPreflightOfAClosedAPI(t *testing.T) {
	i := newIssuer(t)
	for _, route := range []apigateway.Route{{AuthorizationType: "AWS_IAM"}, {AuthorizationType: "JWT", AuthorizerId: "issuer"}} {
		g := newGate(t, i, route)
		r := httptest.NewRequest("OPTIONS", target, nil)
		r.Header.Set("Origin", "https://shop.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		w := do(g, r)
		if w.Code != http.StatusNoContent || w.Header().Get("Access-Control-Allow-Headers") != "authorization" || g.let != 0 {
			t.Errorf("%s: %d %v", route.AuthorizationType, w.Code, w.Header())
		}
		r = httptest.NewRequest("POST", target, nil)
		r.Header.Set("Origin", "https://shop.example")
		if w := do(g, r); w.Code < 400 || w.Header().Get("Access-Control-Allow-Origin") != "https://shop.example" || g.let != 0 {
			t.Errorf("%s: %d %v", route.AuthorizationType, w.Code, w.Header())
		}
		// Without its headers OPTIONS is a request like any other: it is no way in.
		if w := do(g, httptest.NewRequest("OPTIONS", target, nil)); w.Code < 400 || g.let != 0 {
			t.Errorf("%s: a plain OPTIONS is answered %d", route.AuthorizationType, w.Code)
		}
	}
}

func TestAuthorizersAreRefused(t *testing.T) {
	i := newIssuer(t)
	sound := apigateway.Authorizer{AuthorizerId: "i", IdentitySource: "$request.header.Authorization", JwtConfiguration: apigateway.JWTConfiguration{Issuer: issuer.URL, Audience: []string{"a"}}}
	change := func(change func(*apigateway.Authorizer)) []apigateway.Authorizer {
		a := sound
		change(&a)
		return []apigateway.Authorizer{a}
	}
	issuers := &http.Client{Transport: inProcess{i}}
	for _, test := range []struct {
		name   string
		config apigateway.Config
		in     apigateway.CreateApiInput
		want   string
	}{
		{"IAM without an account", apigateway.Config{}, apigateway.CreateApiInput{Routes: []apigateway.Route{{RouteKey: "$default", AuthorizationType: "AWS_IAM"}}}, "nobody knows the account's keys"},
		{"no such authorizer", apigateway.Config{Issuers: issuers}, apigateway.CreateApiInput{Routes: []apigateway.Route{{RouteKey: "$default", AuthorizationType: "JWT", AuthorizerId: "x"}}}, `there is no authorizer "x"`},
		{"another type", apigateway.Config{}, apigateway.CreateApiInput{Routes: []apigateway.Route{{RouteKey: "$default", AuthorizationType: "CUSTOM"}}}, `authorization type "CUSTOM" is not supported`},
		{"twice", apigateway.Config{Issuers: issuers}, apigateway.CreateApiInput{Authorizers: []apigateway.Authorizer{sound, sound}}, `authorizer "i" exists already`},
		{"no way to the issuer", apigateway.Config{}, apigateway.CreateApiInput{Authorizers: []apigateway.Authorizer{sound}}, "is out of reach"},
		{"no audience", apigateway.Config{Issuers: issuers}, apigateway.CreateApiInput{Authorizers: change(func(a *apigateway.Authorizer) { a.JwtConfiguration.Audience = nil })}, "there is no audience"},
		{"a query parameter", apigateway.Config{Issuers: issuers}, apigateway.CreateApiInput{Authorizers: change(func(a *apigateway.Authorizer) { a.IdentitySource = "$request.querystring.token" })}, "is not supported by the local cloud"},
		{"an issuer that calls itself otherwise", apigateway.Config{Issuers: issuers}, apigateway.CreateApiInput{Authorizers: change(func(a *apigateway.Authorizer) { a.JwtConfiguration.Issuer = issuer.URL + "/" })}, "issuer"},
	} {
		_, err := apigateway.New(test.config).CreateApi(t.Context(), &test.in)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
