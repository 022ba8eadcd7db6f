package apigateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

// anyMethod matches every method; defaultRoute every request.
const (
	anyMethod    = "ANY"
	defaultRoute = "$default"
)

var methods = []string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPatch, http.MethodPost, http.MethodPut, anyMethod}

type route struct {
	key      string
	method   string
	segments []segment
	function string
	timeout  time.Duration
	limiter  *rate.Limiter // nil: unthrottled

	authorizer authorizer // nil: anybody may call
}

// A segment is one part of a route's path.
type segment struct {
	text      string // literal, or the parameter's name
	parameter bool
	greedy    bool // a parameter that takes all that is left
}

func parseRoute(in Route) (*route, error) {
	r := &route{key: in.RouteKey, function: in.FunctionArn, timeout: time.Duration(in.TimeoutInMillis) * time.Millisecond}
	if r.timeout == 0 {
		r.timeout = maxTimeout
	}
	if r.timeout < minTimeout || r.timeout > maxTimeout {
		return nil, fmt.Errorf("route %q: Timeout should be between 50 ms and 30000 ms", in.RouteKey)
	}
	if in.RouteKey == defaultRoute {
		return r, nil
	}
	method, path, ok := strings.Cut(in.RouteKey, " ")
	if !ok || !slices.Contains(methods, method) || !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("the provided route key %q is not formatted properly for HTTP protocol. Format should be \"<HTTP METHOD> /<RESOURCE PATH>\" or \"$default\"", in.RouteKey)
	}
	r.method = method
	parts := split(path)
	for i, part := range parts {
		s := segment{text: part}
		if name, ok := strings.CutPrefix(part, "{"); ok {
			if name, ok = strings.CutSuffix(name, "}"); !ok {
				return nil, fmt.Errorf("route %q: malformed path part %q", in.RouteKey, part)
			}
			s.parameter = true
			s.text, s.greedy = strings.CutSuffix(name, "+")
			if s.text == "" || s.greedy && i < len(parts)-1 {
				return nil, fmt.Errorf("route %q: malformed path part %q", in.RouteKey, part)
			}
		}
		r.segments = append(r.segments, s)
	}
	return r, nil
}

// routes are kept most specific first: API Gateway prefers a full match, then
// a greedy one, then $default; and a method over ANY.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
type routes []*route

func (rs *routes) add(r *route) error {
	for _, other := range *rs {
		if other.key == r.key {
			return fmt.Errorf("route with key %s already exists for this API", r.key)
		}
	}
	*rs = append(*rs, r)
	slices.SortStableFunc(*rs, moreSpecific)
	return nil
}

func moreSpecific(a, b *route) int {
	for i := range min(len(a.segments), len(b.segments)) {
		if c := a.segments[i].rank() - b.segments[i].rank(); c != 0 {
			return c
		}
	}
	switch {
	case a.method == "" || b.method == "": // $default last
		return len(b.method) - len(a.method)
	case len(a.segments) != len(b.segments): // never both match, unless greedy
		return len(b.segments) - len(a.segments)
	case a.method == anyMethod && b.method != anyMethod:
		return 1
	case a.method != anyMethod && b.method == anyMethod:
		return -1
	}
	return 0
}

func (s segment) rank() int {
	switch {
	case s.greedy:
		return 2
	case s.parameter:
		return 1
	}
	return 0
}

// find is the route for a request, and its path parameters.
func (rs routes) find(method, escapedPath string) (*route, map[string]string) {
	parts := split(escapedPath)
	for _, r := range rs {
		if r.method != "" && r.method != anyMethod && r.method != method {
			continue
		}
		if parameters, ok := r.match(parts); ok {
			return r, parameters
		}
	}
	return nil, nil
}

func (r *route) match(parts []string) (parameters map[string]string, ok bool) {
	if r.method == "" {
		return nil, true
	}
	for i, s := range r.segments {
		switch {
		case i >= len(parts):
			return nil, false
		case !s.parameter:
			if unescape(parts[i]) != s.text {
				return nil, false
			}
		default:
			value := parts[i]
			if s.greedy {
				value = strings.Join(parts[i:], "/")
			}
			if value == "" {
				return nil, false
			}
			if parameters == nil {
				parameters = make(map[string]string, len(r.segments))
			}
			parameters[s.text] = unescape(value)
			if s.greedy {
				return parameters, true
			}
		}
	}
	return parameters, len(parts) == len(r.segments)
}

func split(path string) []string {
	return strings.Split(strings.TrimPrefix(path, "/"), "/")
}

func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	if text, err := url.PathUnescape(s); err == nil {
		return text
	}
	return s
}
