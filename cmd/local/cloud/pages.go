package cloud

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"orderflow/cmd/local/cloud/protocol"
)

// pageMux serves what is not AWS at the endpoint, to those who ask for it by a
// name of ours.
func (c *Cloud) pageMux() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", c.health)
	mux.HandleFunc("GET /{$}", c.index)
	mux.Handle("GET /_local/outbox", c.SES.OutboxHandler())
	for prefix, handler := range c.config.Neighbours {
		mux.Handle(prefix, http.StripPrefix(strings.TrimSuffix(prefix, "/"), handler))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, &protocol.Error{
			Code:    "MissingAuthenticationToken",
			Message: "the request is not signed, so there is no telling which service it is for; any credentials will do",
			Status:  http.StatusForbidden,
		})
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.isOurs(hostname(r.Host)) {
			http.Error(w, fmt.Sprintf("host %q is not where this endpoint listens: ask for http://%s%s", r.Host, c.config.Endpoint, r.URL.Path), http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// isOurs tells whether a name is this machine's, and not one that its owner
// lets point here, so that a page of his may read ours: DNS rebinding.
func (c *Cloud) isOurs(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		host != "" && (host == strings.ToLower(c.config.Host) || host == hostname(c.config.Endpoint))
}

// hostname is a host without port and brackets, in lower case.
func hostname(hostPort string) string {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = strings.Trim(hostPort, "[]")
	}
	return strings.ToLower(host)
}

func (c *Cloud) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !c.ready.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "starting")
		return
	}
	fmt.Fprintln(w, "ok")
}

func (c *Cloud) index(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, `This is the AWS endpoint of orderflow's local cloud.

Region %s, account %s, any credentials. It serves
%s.

    export AWS_DEFAULT_REGION=%[1]s AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x
    aws --endpoint-url http://%[4]s stepfunctions list-state-machines

Beside AWS:

    /health         200 once orders are accepted
    /_local/outbox  the mails sent, ?to=ADDRESS those to one address, ?messageId=ID the one
`, Region, Account, strings.Join(slices.Sorted(maps.Keys(c.endpoints)), ", "), c.config.Endpoint)
	for _, prefix := range slices.Sorted(maps.Keys(c.config.Neighbours)) {
		fmt.Fprintf(w, "    %s\n", prefix)
	}
	fmt.Fprintf(w, "\nOrders are placed at http://%s/orders\n", c.config.APIEndpoint)
}
