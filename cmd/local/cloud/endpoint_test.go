package cloud

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/sns"
)

func TestServiceOf(t *testing.T) {
	const form = "application/x-www-form-urlencoded; charset=utf-8"
	tests := []struct {
		name                          string
		url, authorization, target    string
		contentType, body, wantedName string
	}{
		{name: "signed", authorization: "AWS4-HMAC-SHA256 Credential=AKID/20250101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=x", wantedName: "states"},
		{name: "signed without spaces", authorization: "AWS4-HMAC-SHA256 SignedHeaders=host,Credential=AKID/20250101/us-east-1/s3/aws4_request,Signature=x", wantedName: "s3"},
		{name: "signed by version 4A", authorization: "AWS4-ECDSA-P256-SHA256 Credential=AKID/20250101/s3/aws4_request, Signature=x", wantedName: "s3"},
		{name: "signature before target", authorization: "AWS4-HMAC-SHA256 Credential=A/2/r/iam/aws4_request", target: "AmazonSQS.SendMessage", wantedName: "iam"},
		{name: "bearer", authorization: "Bearer x", wantedName: ""},
		{name: "DynamoDB target", target: "DynamoDB_20120810.PutItem", wantedName: "dynamodb"},
		{name: "SQS target", target: "AmazonSQS.SendMessage", wantedName: "sqs"},
		{name: "Step Functions target", target: "AWSStepFunctions.StartExecution", wantedName: "states"},
		{name: "CloudWatch Logs target", target: "Logs_20140328.PutLogEvents", wantedName: "logs"},
		{name: "another target", target: "Kinesis_20131202.PutRecord", wantedName: "Kinesis_20131202"},
		{name: "presigned", url: "/bucket/key?X-Amz-Credential=AKID%2F20250101%2Fus-east-1%2Fs3%2Faws4_request", wantedName: "s3"},
		{name: "query", url: "/?Action=Publish&Version=2010-03-31", wantedName: "sns"},
		{name: "form", contentType: form, body: "Action=SendMessage&Version=2012-11-05", wantedName: "sqs"},
		{name: "form of another service", contentType: form, body: "Action=X&Version=2010-05-08", wantedName: "query 2010-05-08"},
		{name: "form of no service", contentType: form, body: "a=b", wantedName: ""},
		{name: "page", url: "/health", wantedName: ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.url == "" {
				test.url = "/"
			}
			r := httptest.NewRequest("POST", test.url, strings.NewReader(test.body))
			for name, value := range map[string]string{"Authorization": test.authorization, "X-Amz-Target": test.target, "Content-Type": test.contentType} {
				if value != "" {
					r.Header.Set(name, value)
				}
			}
			if got := serviceOf(r); got != test.wantedName {
				t.Errorf("service %q, want %q", got, test.wantedName)
			}
			if body, _ := io.ReadAll(r.Body); string(body) != test.body {
				t.Errorf("left the body %q, want %q", body, test.body)
			}
		})
	}
}

func TestEndpoint(t *testing.T) {
	c := New(Config{Endpoint: "127.0.0.1:4566", APIEndpoint: "127.0.0.1:8080"})
	defer c.Close(t.Context())
	get := func(method, path string, header map[string]string) (int, string) {
		r := httptest.NewRequest(method, "http://127.0.0.1:4566"+path, nil)
		for name, value := range header {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	if status, _ := get("GET", "/health", nil); status != 503 {
		t.Errorf("/health before it is ready: %d", status)
	}
	c.SetReady(true)
	if status, body := get("GET", "/health", nil); status != 200 || body != "ok\n" {
		t.Errorf("/health: %d %q", status, body)
	}
	if status, body := get("GET", "/", nil); status != 200 || !strings.Contains(body, "dynamodb") || !strings.Contains(body, "127.0.0.1:8080") {
		t.Errorf("/: %d %q", status, body)
	}
	if status, body := get("GET", "/bucket/key", nil); status != 403 || !strings.Contains(body, "MissingAuthenticationToken") {
		t.Errorf("unsigned: %d %q", status, body)
	}
	scope := "AWS4-HMAC-SHA256 Credential=A/20250101/us-east-1/iam/aws4_request"
	if status, body := get("POST", "/", map[string]string{"Authorization": scope}); status != 501 || !strings.Contains(body, `service \"iam\" is not part`) {
		t.Errorf("unknown service: %d %q", status, body)
	}
	status, body := get("POST", "/", map[string]string{"Authorization": scope, "Content-Type": "application/x-www-form-urlencoded"})
	if status != 501 || !strings.HasPrefix(body, "<ErrorResponse>") || !strings.Contains(body, "&#34;iam&#34;") {
		t.Errorf("unknown service of the Query protocol: %d %q", status, body)
	}
}

// TestOtherSites: what a page of another site could forge is refused, and the
// same request is not when it comes from a page of ours or from no browser.
func TestOtherSites(t *testing.T) {
	const endpoint = "http://127.0.0.1:4566"
	create := url.Values{"Action": {"CreateTopic"}, "Version": {"2010-03-31"}, "Name": {"Forged"}}.Encode()
	form := func() *http.Request {
		r := httptest.NewRequest("POST", endpoint+"/", strings.NewReader(create))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	link := func() *http.Request { return httptest.NewRequest("GET", endpoint+"/?"+create, nil) }
	page := func() *http.Request { return httptest.NewRequest("GET", endpoint+"/health", nil) }
	for _, test := range []struct {
		name    string
		request *http.Request
		headers []string
		forged  bool
	}{
		{"form of another site", form(), []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, true},
		{"form of another port", form(), []string{"Sec-Fetch-Site", "same-site", "Origin", "http://127.0.0.1:3000"}, true},
		{"form in an old browser", form(), []string{"Origin", "https://evil.example"}, true},
		{"form in a sandbox", form(), []string{"Origin", "null"}, true},
		{"image of another site", link(), []string{"Sec-Fetch-Site", "cross-site"}, true},
		{"form of ours", form(), []string{"Sec-Fetch-Site", "same-origin", "Origin", endpoint}, false},
		{"form of ours in an old browser", form(), []string{"Origin", endpoint}, false},
		{"form by no browser", form(), nil, false},
		{"link by no browser", link(), nil, false},
		{"typed by hand", link(), []string{"Sec-Fetch-Site", "none"}, false},
		{"link of another site to a page", page(), []string{"Sec-Fetch-Site", "cross-site"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := New(Config{Endpoint: "127.0.0.1:4566", APIEndpoint: "127.0.0.1:8080"})
			defer c.Close(t.Context())
			c.SetReady(true)
			for i := 0; i < len(test.headers); i += 2 {
				test.request.Header.Set(test.headers[i], test.headers[i+1])
			}
			w := httptest.NewRecorder()
			c.ServeHTTP(w, test.request)
			topics, err := c.SNS.ListTopics(t.Context(), &sns.ListTopicsInput{})
			if err != nil {
				t.Fatal(err)
			}
			if !test.forged {
				if w.Code != 200 || len(topics.Topics) == 0 && test.request.URL.Path != "/health" {
					t.Errorf("it is answered %d %s, and there are %d topics", w.Code, w.Body, len(topics.Topics))
				}
				return
			}
			if w.Code != 403 || !strings.Contains(w.Body.String(), "use the AWS CLI") || len(topics.Topics) > 0 {
				t.Errorf("it is answered %d %s, and there are %d topics", w.Code, w.Body, len(topics.Topics))
			}
		})
	}
}

// TestHosts: the endpoint's pages are for those who ask for this machine, and
// not for a page elsewhere whose name was made to point here.
func TestHosts(t *testing.T) {
	c := New(Config{Endpoint: "127.0.0.1:4566", APIEndpoint: "127.0.0.1:8080", Host: "Shop.internal"})
	defer c.Close(t.Context())
	c.SetReady(true)
	for host, want := range map[string]int{
		"127.0.0.1:4566":             200,
		"127.0.0.1":                  200,
		"[::1]:4566":                 200,
		"[::1]":                      200,
		"192.168.1.7:4566":           200,
		"localhost:4566":             200,
		"LocalHost":                  200,
		"console.localhost:4566":     200,
		"shop.internal:4566":         200,
		"shop.internal":              200,
		"evil.example:4566":          421,
		"evil.example":               421,
		"localhost.evil.example":     421,
		"notlocalhost":               421,
		"127.0.0.1.evil.example":     421,
		"shop.internal.evil.example": 421,
		"":                           421,
	} {
		for _, path := range []string{"/health", "/", "/_local/outbox"} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			c.ServeHTTP(w, r)
			if w.Code != want || want == 421 && !strings.Contains(w.Body.String(), "ask for http://127.0.0.1:4566"+path) {
				t.Errorf("%s at host %q: %d %s, want %d", path, host, w.Code, w.Body, want)
			}
		}
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader("Action=ListTopics&Version=2010-03-31"))
	r.Host = "aws.internal"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20250101/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=x")
	w := httptest.NewRecorder()
	if c.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("an AWS request by another name is answered %d %s", w.Code, w.Body)
	}
}

// TestOldSES: the Query API of SES is refused in its own protocol, by name.
func TestOldSES(t *testing.T) {
	c := New(Config{Endpoint: "127.0.0.1:4566", APIEndpoint: "127.0.0.1:8080"})
	defer c.Close(t.Context())
	r := httptest.NewRequest("POST", "/", strings.NewReader("Action=SendEmail&Version=2010-12-01"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/20250101/us-east-1/ses/aws4_request, SignedHeaders=host, Signature=x")
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	if body := w.Body.String(); w.Code != 400 || !strings.Contains(body, "<Code>InvalidAction</Code>") || !strings.Contains(body, "SendEmail") {
		t.Errorf("%d: %s", w.Code, body)
	}
}
