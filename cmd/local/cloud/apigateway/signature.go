package apigateway

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

const (
	signingService = "execute-api"
	invoke         = "execute-api:Invoke"

	signingAlgorithm = "AWS4-HMAC-SHA256"
	signingTime      = "20060102T150405Z" // of X-Amz-Date

	// maxSkew is how far the time of a signature may be from now.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
	maxSkew = 5 * time.Minute
)

// signatureAuthorizer is AWS_IAM: it admits who signs with a key of the
// account, if they may invoke what they ask for. An HTTP API says Forbidden,
// whatever is wrong.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
type signatureAuthorizer struct{ api *API }

var errForbidden = &refusal{status: http.StatusForbidden, message: "Forbidden"}

func (a *signatureAuthorizer) authorize(r *http.Request, body []byte) (*identity, error) {
	claimed, ok := parseSignature(r.Header.Get("Authorization"))
	if !ok {
		return nil, errForbidden
	}
	secret, principal, ok := a.api.cfg.Identify(claimed.accessKeyID)
	if !ok || !claimed.signs(r, body, secret, a.api.cfg.Region) {
		return nil, errForbidden
	}
	if !a.api.cfg.Allow(claimed.accessKeyID, invoke, a.api.arn(r)) {
		return nil, errForbidden
	}
	return &identity{IAM: &events.APIGatewayV2HTTPRequestContextAuthorizerIAMDescription{
		AccessKey: claimed.accessKeyID,
		AccountID: a.api.cfg.Account,
		CallerID:  principal,
		UserARN:   principal,
		UserID:    principal,
	}}, nil
}

// arn is what a request invokes, as policies name it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (a *API) arn(r *http.Request) string {
	return "arn:aws:execute-api:" + a.cfg.Region + ":" + a.cfg.Account + ":" + a.ID + "/$default/" + r.Method + r.URL.Path
}

// A signature is what an Authorization header claims, in Signature Version 4.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type signature struct {
	accessKeyID string
	scope       string   // date/region/service/aws4_request
	headers     []string // that are signed, in small letters
	signature   string   // hexadecimal
}

func parseSignature(authorization string) (s signature, ok bool) {
	fields, ok := strings.CutPrefix(authorization, signingAlgorithm+" ")
	if !ok {
		return signature{}, false
	}
	for field := range strings.SplitSeq(fields, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		switch name {
		case "Credential":
			s.accessKeyID, s.scope, _ = strings.Cut(value, "/")
		case "SignedHeaders":
			s.headers = strings.Split(value, ";")
		case "Signature":
			s.signature = value
		}
	}
	return s, s.accessKeyID != "" && s.scope != "" && s.headers != nil && s.signature != ""
}

// signs tells whether it is the one that the secret makes of the request, now
// and for this service.
func (s signature) signs(r *http.Request, body []byte, secret, region string) bool {
	at, err := time.Parse(signingTime, r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > maxSkew {
		return false
	}
	if s.scope != at.Format("20060102")+"/"+region+"/"+signingService+"/aws4_request" || !s.covers(r) {
		return false
	}
	again := s.unsigned(r)
	hash := sha256.Sum256(body)
	credentials := aws.Credentials{AccessKeyID: s.accessKeyID, SecretAccessKey: secret, SessionToken: r.Header.Get("X-Amz-Security-Token")}
	if err := v4.NewSigner().SignHTTP(r.Context(), credentials, again, hex.EncodeToString(hash[:]), signingService, region, at); err != nil {
		return false
	}
	made, ok := parseSignature(again.Header.Get("Authorization"))
	return ok && slices.Equal(made.headers, s.headers) && hmac.Equal([]byte(made.signature), []byte(s.signature))
}

// covers tells whether all is signed that must be: the host, and whatever
// begins with x-amz-.
func (s signature) covers(r *http.Request) bool {
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && !slices.Contains(s.headers, name) {
			return false
		}
	}
	return slices.Contains(s.headers, "host")
}

// unsigned is the request before it was signed: with no headers but those that
// are.
func (s signature) unsigned(r *http.Request) *http.Request {
	u := *r.URL
	u.Host = r.Host
	before := &http.Request{Method: r.Method, URL: &u, Host: r.Host, Header: http.Header{}}
	for _, name := range s.headers {
		switch name {
		case "host":
		case "content-length":
			before.ContentLength = r.ContentLength
		default:
			if values := r.Header.Values(name); values != nil {
				before.Header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
			}
		}
	}
	return before
}
