package cloud

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"

	"orderflow/cmd/local/cloud/protocol"
)

// ServeHTTP is the AWS endpoint: a signed request goes to the service that its
// signature names, all else to the pages of the endpoint itself. A page of
// another site, open in a browser on this machine, changes nothing here.
func (c *Cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.forged(r) {
		refuse(w, r, &protocol.Error{
			Code:    "AccessDenied",
			Message: "a web page of another site has made this request, which the local cloud does not allow: use the AWS CLI, an SDK outside the browser, or a page that this endpoint serves itself",
			Status:  http.StatusForbidden,
		})
		return
	}
	name := serviceOf(r)
	if name == "" {
		c.pages.ServeHTTP(w, r)
		return
	}
	if name == "ses" && isForm(r) {
		refuse(w, r, &protocol.Error{
			Code:    "InvalidAction",
			Message: fmt.Sprintf("action %q is of the SES API v1, which is not supported by the local cloud: it serves v2, as aws sesv2 speaks it", r.FormValue("Action")),
			Status:  http.StatusBadRequest,
		})
		return
	}
	service, ok := c.endpoints[name]
	if !ok {
		refuse(w, r, &protocol.Error{
			Code:    "UnknownService",
			Message: fmt.Sprintf("service %q is not part of the local cloud", name),
			Status:  http.StatusNotImplemented,
		})
		return
	}
	r = c.authenticated(r)
	if e := offLimits(r, name); e != nil {
		refuse(w, r, e)
		return
	}
	service.ServeHTTP(w, r)
}

// forged tells whether a browser makes a request that may change something for
// a page of another site. An action in a URL may, though it is a GET.
func (c *Cloud) forged(r *http.Request) bool {
	if r.URL.RawQuery != "" && r.URL.Query().Has("Action") {
		unsafe := *r
		unsafe.Method = http.MethodPost
		r = &unsafe
	}
	return c.browsers.Check(r) != nil
}

// serviceOf is the signing name of the service that a request is for, or ""
// when nothing tells.
func serviceOf(r *http.Request) string {
	if scope, ok := credential(r.Header.Get("Authorization")); ok {
		return scopeService(scope)
	}
	if target, _, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
		return targetService(target)
	}
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		if scope := query.Get("X-Amz-Credential"); scope != "" { // presigned
			return scopeService(scope)
		}
		if query.Get("Action") != "" {
			return versionService(query.Get("Version"))
		}
	}
	if isForm(r) {
		return formService(r)
	}
	return ""
}

// isForm tells whether r speaks the Query protocol.
func isForm(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// credential finds Credential=… in an Authorization header of Signature
// Version 4. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
func credential(authorization string) (scope string, ok bool) {
	if !strings.HasPrefix(authorization, "AWS4-") {
		return "", false
	}
	_, scope, ok = strings.Cut(authorization, "Credential=")
	if i := strings.IndexAny(scope, ", "); i >= 0 {
		scope = scope[:i]
	}
	return scope, ok
}

// scopeService takes the service from key/date/region/service/aws4_request;
// Signature Version 4A leaves the region out.
func scopeService(scope string) string {
	scope = strings.TrimSuffix(scope, "/aws4_request")
	return scope[strings.LastIndexByte(scope, '/')+1:]
}

func targetService(target string) string {
	switch target {
	case "AmazonSQS":
		return "sqs"
	case "AWSStepFunctions":
		return "states"
	case "Logs_20140328":
		return "logs"
	}
	if strings.HasPrefix(target, "DynamoDB_") {
		return "dynamodb"
	}
	return target
}

// versionService tells the services of the Query protocol apart.
func versionService(version string) string {
	switch version {
	case "2010-03-31":
		return "sns"
	case "2010-05-15":
		return "cloudformation"
	case "2012-11-05":
		return "sqs"
	}
	return "query " + version
}

// formService reads an unsigned form as far as it must, and leaves the body
// for the service.
func formService(r *http.Request) string {
	body, err := protocol.ReadBody(r)
	if err != nil {
		return ""
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	for pair := range strings.SplitSeq(string(body), "&") {
		if version, ok := strings.CutPrefix(pair, "Version="); ok {
			return versionService(version)
		}
	}
	return ""
}

// refuse answers in the protocol that the request was made in.
func refuse(w http.ResponseWriter, r *http.Request, e *protocol.Error) {
	if isForm(r) {
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(e.Status)
		fmt.Fprint(w, "<ErrorResponse><Error><Type>Sender</Type><Code>"+e.Code+"</Code><Message>")
		xml.EscapeText(w, []byte(e.Message)) // the reader has gone: nobody is left to tell
		fmt.Fprint(w, "</Message></Error></ErrorResponse>")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", e.Code)
	w.WriteHeader(e.Status)
	json.NewEncoder(w).Encode(map[string]string{"__type": e.Code, "message": e.Message}) // likewise
}
