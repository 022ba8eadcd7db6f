package apigateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// event is what the function is given, in payload format 2.0.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (a *API) event(r *http.Request, route *route, parameters map[string]string, requestID string, body []byte, caller *identity) []byte {
	now := time.Now().UTC()
	host, port := splitHost(r.Host)
	prefix, _, _ := strings.Cut(host, ".")
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	e := events.APIGatewayV2HTTPRequest{
		Version:               "2.0",
		RouteKey:              route.key,
		RawPath:               r.URL.Path,
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header["Cookie"]),
		Headers:               headers(r, port, source, now),
		QueryStringParameters: query(r.URL.RawQuery),
		PathParameters:        parameters,
		RequestContext: events.APIGatewayV2HTTPRequestContext{
			RouteKey:     route.key,
			AccountID:    a.cfg.Account,
			Stage:        "$default",
			RequestID:    requestID,
			APIID:        a.ID,
			DomainName:   host,
			DomainPrefix: prefix,
			Time:         now.Format("02/Jan/2006:15:04:05 -0700"),
			TimeEpoch:    now.UnixMilli(),
			Authorizer:   caller,
			HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
				Method:    r.Method,
				Path:      r.URL.Path,
				Protocol:  r.Proto,
				SourceIP:  source,
				UserAgent: r.UserAgent(),
			},
		},
	}
	if len(body) > 0 {
		if isText(r.Header.Get("Content-Type")) && utf8.Valid(body) {
			e.Body = string(body)
		} else {
			e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
		}
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(&e); err != nil { // strings, numbers, and maps of them
		panic(err)
	}
	return out.Bytes()
}

func splitHost(hostport string) (host, port string) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return hostport, ""
	}
	return host, port
}

// headers are lower-cased and comma-joined, with what API Gateway adds.
func headers(r *http.Request, port, source string, now time.Time) map[string]string {
	out := make(map[string]string, len(r.Header)+6)
	for name, values := range r.Header {
		if name != "Cookie" {
			out[strings.ToLower(name)] = strings.Join(values, ",")
		}
	}
	out["host"] = r.Host
	if r.ContentLength >= 0 && r.Body != nil && r.Body != http.NoBody {
		out["content-length"] = strconv.FormatInt(r.ContentLength, 10)
	}
	proto, standard := "http", "80"
	if r.TLS != nil {
		proto, standard = "https", "443"
	}
	if port == "" {
		port = standard
	}
	out["x-forwarded-proto"], out["x-forwarded-port"] = proto, port
	if before := out["x-forwarded-for"]; before != "" {
		out["x-forwarded-for"] = before + ", " + source
	} else {
		out["x-forwarded-for"] = source
	}
	if out["x-amzn-trace-id"] == "" {
		out["x-amzn-trace-id"] = fmt.Sprintf("Root=1-%08x-%08x%016x", now.Unix(), rand.Uint32(), rand.Uint64())
	}
	return out
}

func cookies(headers []string) (out []string) {
	for _, h := range headers {
		for cookie := range strings.SplitSeq(h, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				out = append(out, cookie)
			}
		}
	}
	return out
}

// query decodes the parameters; those of one name are joined by commas.
func query(raw string) map[string]string {
	if raw == "" {
		return nil
	}
	out := make(map[string]string)
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = queryUnescape(name), queryUnescape(value)
		if before, ok := out[name]; ok {
			value = before + "," + value
		}
		out[name] = value
	}
	return out
}

func queryUnescape(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

// isText tells whether a body of this type reaches the function as it is. All
// others are base64, a form's among them.
func isText(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		kind, _, _ = strings.Cut(contentType, ";")
		kind = strings.ToLower(strings.TrimSpace(kind))
	}
	switch kind {
	case "application/json", "application/xml", "application/javascript":
		return true
	}
	return strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// readBody reads at most one byte more than API Gateway takes.
func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > 0 && r.ContentLength <= maxPayload {
		body := make([]byte, r.ContentLength)
		_, err := io.ReadFull(r.Body, body)
		return body, err
	}
	return io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
}
