package apigateway

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Cors is an API's CORS configuration. With one, API Gateway answers
// preflight requests itself and ignores the CORS headers of functions.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
type Cors struct {
	AllowOrigins     []string
	AllowMethods     []string
	AllowHeaders     []string
	ExposeHeaders    []string
	MaxAge           *int // seconds, -1 to 86,400
	AllowCredentials bool
}

func (c *Cors) check() error {
	for name, list := range map[string][]string{"AllowOrigins": c.AllowOrigins, "AllowMethods": c.AllowMethods, "AllowHeaders": c.AllowHeaders, "ExposeHeaders": c.ExposeHeaders} {
		if c.AllowCredentials && slices.Contains(list, "*") {
			return fmt.Errorf("CORS: %s may not be \"*\" when AllowCredentials is true", name)
		}
	}
	for _, origin := range c.AllowOrigins {
		if origin != "*" && !strings.Contains(origin, "://") {
			return fmt.Errorf("CORS: origin %q must be \"*\" or a scheme and host", origin)
		}
	}
	if c.MaxAge != nil && (*c.MaxAge < -1 || *c.MaxAge > 86400) {
		return fmt.Errorf("CORS: MaxAge %d must be between -1 and 86400", *c.MaxAge)
	}
	return nil
}

// preflight answers a preflight request, and reports whether it was one.
func (c *Cors) preflight(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodOptions || r.Header.Get("Origin") == "" || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h := w.Header()
	if c.allow(h, r.Header.Get("Origin")) {
		set(h, "Access-Control-Allow-Methods", c.AllowMethods)
		set(h, "Access-Control-Allow-Headers", c.AllowHeaders)
		if c.MaxAge != nil {
			h.Set("Access-Control-Max-Age", strconv.Itoa(*c.MaxAge))
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}

// allow writes the headers of any answer to an origin, if it is allowed.
func (c *Cors) allow(h http.Header, origin string) bool {
	switch {
	case origin == "":
		return false
	case slices.Contains(c.AllowOrigins, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.ContainsFunc(c.AllowOrigins, func(allowed string) bool { return matchOrigin(allowed, origin) }):
		h.Set("Access-Control-Allow-Origin", origin)
		h.Add("Vary", "Origin")
	default:
		return false
	}
	if c.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	set(h, "Access-Control-Expose-Headers", c.ExposeHeaders)
	return true
}

// matchOrigin compares an origin with an allowed one, whose host may begin
// with a wildcard.
func matchOrigin(allowed, origin string) bool {
	scheme, host, _ := strings.Cut(allowed, "://")
	if host == "*" || strings.HasPrefix(host, "*.") {
		return strings.HasPrefix(origin, scheme+"://") && strings.HasSuffix(origin, host[1:])
	}
	return strings.EqualFold(allowed, origin)
}

func set(h http.Header, name string, values []string) {
	if len(values) > 0 {
		h.Set(name, strings.Join(values, ","))
	}
}

func isCorsHeader(name string) bool {
	return strings.HasPrefix(http.CanonicalHeaderKey(name), "Access-Control-")
}
