package template

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/cloudformation"

	"github.com/google/go-cmp/cmp"
)

// customers is an Auth of each kind.
var (
	customers = Auth{Mode: JWT, Issuer: "https://id.shop.example/pool", Audience: "orders"}
	anybody   = Auth{Mode: None}
)

// door is the API's OpenAPI document, as API Gateway imports it.
type door struct {
	Paths      map[string]map[string]struct{ Security []map[string][]string }
	Components struct {
		SecuritySchemes map[string]any
	}
	Cors any `json:"x-amazon-apigateway-cors"`
}

func doorOf(t *testing.T, resources map[string]cloudformation.Resource) door {
	t.Helper()
	body, err := json.Marshal(resources[ordersAPI].Properties["Body"])
	if err != nil {
		t.Fatal(err)
	}
	var d door
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// Every route is closed, in the terms of what API Gateway imports: AWS_IAM is
// the authtype awsSigv4, JWT an authorizer of that type.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
func TestEveryRouteIsClosed(t *testing.T) {
	routes := []string{"get /orders", "get /orders/{orderId}", "post /orders", "post /orders/{orderId}/cancel"}
	for _, test := range []struct {
		name    string
		auth    Auth
		scheme  string // that every route demands; "" is none
		is      any    // that scheme
		callers any    // that the function is told of
	}{
		{name: "by default", scheme: "AWS_IAM", is: map[string]any{
			"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4",
		}},
		{name: "iam", auth: Auth{Mode: IAM}, scheme: "AWS_IAM", is: map[string]any{
			"type": "apiKey", "name": "Authorization", "in": "header", "x-amazon-apigateway-authtype": "awsSigv4",
		}},
		{name: "jwt", auth: customers, scheme: "Issuer", callers: "customers", is: map[string]any{
			"type": "oauth2", "x-amazon-apigateway-authorizer": map[string]any{
				"type": "jwt", "identitySource": "$request.header.Authorization",
				"jwtConfiguration": map[string]any{"issuer": "https://id.shop.example/pool", "audience": []any{"orders"}},
			},
		}},
		{name: "none", auth: anybody},
	} {
		t.Run(test.name, func(t *testing.T) {
			resources := translate(t, New(Consumers(), test.auth)).deployed(t, nil)
			d := doorOf(t, resources)
			var found []string
			for path, methods := range d.Paths {
				for method, route := range methods {
					found = append(found, method+" "+path)
					var want []map[string][]string
					if test.scheme != "" {
						want = []map[string][]string{{test.scheme: {}}}
					}
					if diff := cmp.Diff(want, route.Security); diff != "" {
						t.Errorf("%s %s demands:\n%s", method, path, diff)
					}
				}
			}
			slices.Sort(found)
			if diff := cmp.Diff(routes, found); diff != "" {
				t.Errorf("routes, $default and OPTIONS would be others:\n%s", diff)
			}
			if diff := cmp.Diff(test.is, d.Components.SecuritySchemes[test.scheme]); diff != "" {
				t.Error(diff)
			}
			for id, r := range resources {
				if r.Type == "AWS::ApiGatewayV2::Route" {
					t.Errorf("%s is a route beside the document", id)
				}
			}
			variables := at(t, resources["ApiFunction"].Properties, "Environment", "Variables").(map[string]any)
			if got := variables["CALLERS"]; got != test.callers {
				t.Errorf("the function serves %v, want %v", got, test.callers)
			}
		})
	}
}

// API Gateway answers preflight requests itself once there is a configuration,
// whatever the routes demand.
func TestCrossOrigin(t *testing.T) {
	if d := doorOf(t, translate(t, New(Consumers(), Auth{})).deployed(t, nil)); d.Cors != nil {
		t.Errorf("by default %v may call the API", d.Cors)
	}
	for _, origin := range []string{"https://shop.example.com", "*"} {
		// SAM reads parameters within CORS itself, as they are given to the
		// deployment; the translator here is given defaults alone.
		tmpl := New(Consumers(), Auth{})
		for _, g := range tmpl.Parameters {
			for i := range g.Parameters {
				if g.Parameters[i].ID == corsAllowOrigin {
					g.Parameters[i].Default = origin
				}
			}
		}
		d := doorOf(t, translate(t, tmpl).deployed(t, nil))
		if diff := cmp.Diff(map[string]any{
			"allowOrigins":  []any{origin},
			"allowMethods":  []any{"GET", "POST"},
			"allowHeaders":  []any{"authorization", "content-type", "idempotency-key", "x-amz-date", "x-amz-security-token"},
			"exposeHeaders": []any{"location", "retry-after"},
			"maxAge":        3600.0,
		}, d.Cors); diff != "" {
			t.Errorf("%s:\n%s", origin, diff)
		}
	}
}

// What the access log holds of a request is neither who made it nor what of.
func TestAccessLogIsImpersonal(t *testing.T) {
	for _, auth := range []Auth{{}, customers, anybody} {
		found := 0
		for _, r := range translate(t, New(Consumers(), auth)).deployed(t, nil) {
			if r.Type != "AWS::ApiGatewayV2::Stage" {
				continue
			}
			found++
			settings := at(t, r.Properties, "AccessLogSettings").(map[string]any)
			if got := settings["DestinationArn"]; got != "ApiAccessLogGroup.Arn" {
				t.Errorf("the access log goes to %v", got)
			}
			var format map[string]string
			if err := json.Unmarshal([]byte(settings["Format"].(string)), &format); err != nil {
				t.Fatal(err)
			}
			// None of $context.identity, .authorizer, .path and .domainName is among these.
			want := []string{
				"$context.error.message", "$context.integrationErrorMessage", "$context.integrationLatency", "$context.requestId",
				"$context.requestTime", "$context.responseLatency", "$context.responseLength", "$context.routeKey", "$context.status",
			}
			if diff := cmp.Diff(want, slices.Sorted(maps.Values(format))); diff != "" {
				t.Errorf("the access log holds:\n%s", diff)
			}
		}
		if found != 1 {
			t.Errorf("%d stages", found)
		}
	}
}

func TestThrottling(t *testing.T) {
	found := 0
	for _, r := range translate(t, New(Consumers(), Auth{})).deployed(t, map[string]string{"ApiRateLimit": "70", "ApiBurstLimit": "90"}) {
		if r.Type != "AWS::ApiGatewayV2::Stage" {
			continue
		}
		found++
		settings := at(t, r.Properties, "DefaultRouteSettings").(map[string]any)
		if diff := cmp.Diff(map[string]any{"DetailedMetricsEnabled": true, "ThrottlingRateLimit": "70", "ThrottlingBurstLimit": "90"}, settings); diff != "" {
			t.Error(diff)
		}
	}
	if found != 1 {
		t.Errorf("%d stages", found)
	}
}

func TestAuthIsChecked(t *testing.T) {
	for _, test := range []struct {
		auth Auth
		want string // "" is nothing wrong
	}{
		{Auth{}, ""},
		{customers, ""},
		{anybody, ""},
		{Auth{Mode: JWT, Audience: "orders"}, `issuer "" is no https URL`},
		{Auth{Mode: JWT, Issuer: "http://id.shop.example", Audience: "orders"}, `issuer "http://id.shop.example" is no https URL`},
		{Auth{Mode: JWT, Issuer: "id.shop.example", Audience: "orders"}, "is no https URL"},
		{Auth{Mode: JWT, Issuer: "https:///pool", Audience: "orders"}, "is no https URL"},
		{Auth{Mode: JWT, Issuer: "https://id.shop.example?x", Audience: "orders"}, "is no https URL"},
		{Auth{Mode: JWT, Issuer: "https://id.shop.example"}, "there is no audience"},
		{Auth{Mode: IAM, Issuer: "https://id.shop.example"}, `are for "jwt" alone`},
		{Auth{Mode: None, Audience: "orders"}, `are for "jwt" alone`},
		{Auth{Mode: "open"}, `auth "open" is none of "iam", "jwt" and "none"`},
	} {
		_, err := New(Consumers(), test.auth).JSON()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: %v, want %q", test.auth, err, test.want)
		}
	}
}
