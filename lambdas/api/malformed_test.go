package api_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/api"
	"orderflow/lambdas/api/apitest"
)

// problem is an application/problem+json as a client reads it.
type problem struct {
	Type, Title, Detail string
	Status              int
	Errors              []struct {
		Pointer                   *string
		Header, Parameter, Detail string
	}
}

// places are what a problem's errors point at.
func (p problem) places() []string {
	var places []string
	for _, e := range p.Errors {
		place := e.Header + e.Parameter
		if e.Pointer != nil {
			place = *e.Pointer
		}
		places = append(places, place)
	}
	return places
}

// unreachable is an HTTP client for tests that must not reach AWS.
type unreachable struct{ t *testing.T }

func (u unreachable) Do(r *http.Request) (*http.Response, error) {
	u.t.Errorf("reaches AWS: %s", r.Header.Get("X-Amz-Target"))
	return nil, http.ErrHandlerTimeout
}

func unreachableConfig(t *testing.T) aws.Config {
	return aws.Config{Region: "us-east-1", HTTPClient: unreachable{t}}
}

// detached is the API with no AWS behind it.
func detached(t *testing.T) lambda.Handler {
	t.Helper()
	h, err := api.New(unreachableConfig(t), func(name string) string {
		return map[string]string{
			"ORDERS_TABLE":      "orders",
			"STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:orders",
		}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestMalformedRequests(t *testing.T) {
	h := detached(t)
	all := apitest.MalformedRequests()
	if len(all) < 45 {
		t.Errorf("only %d malformed requests", len(all))
	}
	seen := map[string]bool{}
	for _, m := range all {
		if seen[m.Name] {
			t.Errorf("two requests are called %q", m.Name)
		}
		seen[m.Name] = true
		for _, encoded := range []bool{false, true} {
			name := m.Name
			if encoded {
				name += " in base64"
			} else if !utf8.ValidString(m.Body) {
				continue // API Gateway encodes it
			}
			t.Run(name, func(t *testing.T) {
				r := newRequest(t, m.Method, m.Target, m.Header, m.Body)
				if encoded {
					r.Body, r.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(m.Body)), true
				}
				answer := serve(t, h, r)
				if answer.StatusCode != m.Status {
					t.Fatalf("status %d, want %d: %s", answer.StatusCode, m.Status, answer.Body)
				}
				if got := answer.Headers["content-type"]; got != "application/problem+json" {
					t.Errorf("content-type %q", got)
				}
				var p problem
				if err := json.Unmarshal([]byte(answer.Body), &p); err != nil {
					t.Fatal(err)
				}
				if p.Status != m.Status || p.Title == "" || p.Detail == "" || !strings.HasPrefix(p.Type, "urn:orderflow:problem:") {
					t.Errorf("an incomplete problem: %s", answer.Body)
				}
				if diff := cmp.Diff(m.Places, p.places()); diff != "" {
					t.Errorf("errors point at (-want +got):\n%s\n%s", diff, answer.Body)
				}
			})
		}
	}
}

func TestMalformedBase64(t *testing.T) {
	r := newRequest(t, "POST", "/orders", map[string]string{"Content-Type": "application/json"}, "%%%")
	r.IsBase64Encoded = true
	if answer := serve(t, detached(t), r); answer.StatusCode != 400 {
		t.Errorf("status %d, want 400", answer.StatusCode)
	}
}

// An answer is bounded however much is wrong with a request.
func TestManyViolations(t *testing.T) {
	body := `{` + strings.Repeat(`"x":0,`, 10_000) + `"x":0}`
	answer := serve(t, detached(t), newRequest(t, "POST", "/orders", map[string]string{"Content-Type": "application/json"}, body))
	var p problem
	if err := json.Unmarshal([]byte(answer.Body), &p); err != nil {
		t.Fatal(err)
	}
	if len(p.Errors) != 100 || !strings.Contains(p.Detail, "the first 100") {
		t.Errorf("%d errors listed, detail %q", len(p.Errors), p.Detail)
	}
}

func TestUnknownRoute(t *testing.T) {
	r := newRequest(t, "GET", "/orders", nil, "")
	r.RouteKey = "DELETE /orders"
	if answer := serve(t, detached(t), r); answer.StatusCode != 404 {
		t.Errorf("status %d, want 404", answer.StatusCode)
	}
}

func TestNewNeedsItsEnvironment(t *testing.T) {
	for _, missing := range []string{"ORDERS_TABLE", "STATE_MACHINE_ARN"} {
		_, err := api.New(aws.Config{}, func(name string) string {
			if name == missing {
				return ""
			}
			return "x"
		})
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: error %v does not name it", missing, err)
		}
	}
}
