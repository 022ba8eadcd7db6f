// Package apigateway is API Gateway's HTTP APIs: routes to Lambda proxy
// integrations with payload format 2.0, authorisation by IAM and by tokens, CORS,
// throttling, and the limits and error bodies of AWS.
//
// An API has the $default stage only, and no Lambda authorizer.
package apigateway

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"orderflow/cmd/local/cloud/lambda"
)

// Lambda runs the functions behind the routes.
type Lambda interface {
	Invoke(context.Context, *lambda.InvokeInput) (*lambda.InvokeOutput, error)
}

// Config is what the service runs with.
type Config struct {
	Region, Account string
	Lambda          Lambda

	// Identify knows the account's keys: the secret of an access key, and whose
	// it is. Allow tells whether who has it may do something to a resource.
	// Without them no route is authorised by IAM.
	Identify func(accessKeyID string) (secret, principalARN string, ok bool)
	Allow    func(accessKeyID, action, resourceARN string) bool

	// Issuers reaches those of tokens. Nil: no route is authorised by JWT.
	Issuers *http.Client
}

// Service makes APIs.
type Service struct{ cfg Config }

// New is API Gateway in one account and region.
func New(cfg Config) *Service { return &Service{cfg} }

// Limits of an HTTP API.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
const (
	maxRoutes  = 300
	maxPayload = 10 << 20
	maxHeaders = 10240 // bytes of request line and header values
	maxTimeout = 30 * time.Second
	minTimeout = 50 * time.Millisecond
)

// CreateApiInput describes an HTTP API with its routes.
type CreateApiInput struct {
	Name        string
	ApiId       string // "": made up
	Routes      []Route
	Authorizers []Authorizer

	CorsConfiguration    *Cors
	DefaultRouteSettings RouteSettings
}

// A Route leads requests to a function. Its key is "METHOD /path", where the
// method may be ANY and the path may have {name} segments and end in a greedy
// {name+}, or "$default".
type Route struct {
	RouteKey        string
	FunctionArn     string
	TimeoutInMillis int // 50 to 30,000; 0: 30,000

	AuthorizationType string // NONE, AWS_IAM or JWT; "": NONE
	AuthorizerId      string // of JWT
}

// RouteSettings throttle each route; zero values leave it unthrottled.
type RouteSettings struct {
	ThrottlingRateLimit  float64 // requests a second
	ThrottlingBurstLimit int
}

// API is an HTTP API. It serves its requests.
type API struct {
	ID       string
	Endpoint string // as AWS would name it

	cfg    Config
	name   string
	routes routes
	cors   *Cors
}

// CreateApi makes an API.
func (s *Service) CreateApi(ctx context.Context, in *CreateApiInput) (*API, error) {
	a := &API{ID: in.ApiId, cfg: s.cfg, name: in.Name, cors: in.CorsConfiguration}
	if a.ID == "" {
		a.ID = randomID("abcdefghijklmnopqrstuvwxyz0123456789", 10)
	}
	a.Endpoint = fmt.Sprintf("https://%s.execute-api.%s.amazonaws.com", a.ID, s.cfg.Region)
	if len(in.Routes) > maxRoutes {
		return nil, fmt.Errorf("apigateway: api %q has more than %d routes", in.Name, maxRoutes)
	}
	authorizers, err := a.authorizers(ctx, in.Authorizers)
	if err != nil {
		return nil, fmt.Errorf("apigateway: api %q: %w", in.Name, err)
	}
	for _, r := range in.Routes {
		parsed, err := parseRoute(r)
		if err == nil {
			parsed.authorizer, err = a.authorizerOf(r, authorizers)
		}
		if err != nil {
			return nil, fmt.Errorf("apigateway: api %q: %w", in.Name, err)
		}
		if t := in.DefaultRouteSettings; t.ThrottlingRateLimit > 0 || t.ThrottlingBurstLimit > 0 {
			parsed.limiter = rate.NewLimiter(rate.Limit(t.ThrottlingRateLimit), t.ThrottlingBurstLimit)
		}
		if err := a.routes.add(parsed); err != nil {
			return nil, fmt.Errorf("apigateway: api %q: %w", in.Name, err)
		}
	}
	if a.cors != nil {
		if err := a.cors.check(); err != nil {
			return nil, fmt.Errorf("apigateway: api %q: %w", in.Name, err)
		}
	}
	return a, nil
}

// ServeHTTP answers as the API's endpoint does.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := newRequestID()
	w.Header().Set("Apigw-Requestid", requestID)
	if a.cors != nil {
		if a.cors.preflight(w, r) {
			return
		}
		a.cors.allow(w.Header(), r.Header.Get("Origin"))
	}
	if headerSize(r) > maxHeaders {
		refuse(w, http.StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large")
		return
	}
	route, parameters := a.routes.find(r.Method, r.URL.EscapedPath())
	if route == nil {
		refuse(w, http.StatusNotFound, "Not Found")
		return
	}
	if route.limiter != nil && !route.limiter.Allow() {
		refuse(w, http.StatusTooManyRequests, "Too Many Requests")
		return
	}
	body, err := readBody(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "Bad Request")
		return
	}
	if len(body) > maxPayload {
		refuse(w, http.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return
	}
	var caller *identity
	if route.authorizer != nil {
		if caller, err = route.authorizer.authorize(r, body); err != nil {
			turnAway(w, err)
			return
		}
	}
	a.integrate(w, r, route, a.event(r, route, parameters, requestID, body, caller))
}

// integrate runs the route's function and writes what it answers.
func (a *API) integrate(w http.ResponseWriter, r *http.Request, route *route, event []byte) {
	ctx, cancel := context.WithTimeout(r.Context(), route.timeout)
	defer cancel()
	out, err := a.cfg.Lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: route.function, Payload: event})
	switch {
	case err != nil:
		status := failureStatus(ctx, err)
		refuse(w, status, http.StatusText(status))
	case out.FunctionError != "":
		refuse(w, http.StatusInternalServerError, "Internal Server Error")
	default:
		a.respond(w, r, out.Payload)
	}
}

func headerSize(r *http.Request) int {
	n := len(r.Method) + len(r.RequestURI) + len(r.Proto) + len(r.Host)
	if r.RequestURI == "" {
		n += len(r.URL.RequestURI())
	}
	for name, values := range r.Header {
		for _, v := range values {
			n += len(name) + len(v)
		}
	}
	return n
}

// newRequestID has the form of API Gateway's extended request IDs.
func newRequestID() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return randomID(alphabet, 15) + "="
}

func randomID(alphabet string, n int) string {
	var b strings.Builder
	b.Grow(n + 1)
	for range n {
		b.WriteByte(alphabet[rand.IntN(len(alphabet))])
	}
	return b.String()
}
