package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"orderflow/cmd/local/cloud"
	"orderflow/cmd/local/issuer"
	"orderflow/cmd/orders/caller"
	"orderflow/template"
)

// issuerPrefix is where tokens are given out, at the AWS endpoint.
const issuerPrefix = "/issuer"

// somebody is the customer whom the greeting, the demonstration and the console
// order for.
const somebody = "c-42"

// authModes are those of -auth.
var authModes = []template.AuthMode{template.None, template.IAM, template.JWT}

// parseAuth reads who may call the API at home.
func parseAuth(s string) (template.AuthMode, error) {
	for _, mode := range authModes {
		if s == string(mode) {
			return mode, nil
		}
	}
	return "", errors.New("it is none, iam or jwt")
}

// authAtHome is what the template is told: tokens are the issuer's at home.
func authAtHome(mode template.AuthMode) template.Auth {
	auth := template.Auth{Mode: mode}
	if mode == template.JWT {
		auth.Issuer, auth.Audience = issuer.URL, issuer.Audience
	}
	return auth
}

// asSomebody lets requests to the API show that somebody makes them, or with
// signatures that the account does.
func (s *system) asSomebody(next http.RoundTripper) http.RoundTripper {
	switch s.auth {
	case template.IAM:
		return caller.Signed(s.cloud.AWSConfig(), next)
	case template.JWT:
		return caller.Bearing(func(context.Context) (string, error) { return s.issuer.Token(somebody) }, next)
	}
	return next
}

// credentials are how curl shows the same, as arguments of its own.
func (s *system) credentials() (string, error) {
	switch s.auth {
	case template.IAM:
		return fmt.Sprintf(" --aws-sigv4 aws:amz:%s:execute-api --user %s:%s", cloud.Region, cloud.AccessKeyID, cloud.SecretAccessKey), nil
	case template.JWT:
		token, err := s.issuer.Token(somebody)
		return " -H " + quote("Authorization: Bearer "+token), err
	}
	return "", nil
}

// admission tells in the greeting who may call the API, unless anybody may.
func (s *system) admission() string {
	switch s.auth {
	case template.IAM:
		return "  (signed requests alone)"
	case template.JWT:
		return fmt.Sprintf("  (tokens of other customers: curl 'http://%s%s/token?sub=c-43')", s.aws, issuerPrefix)
	}
	return ""
}
