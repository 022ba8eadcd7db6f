package template

import (
	"fmt"
	"net/url"
)

// Auth is who may call the API. The zero value is IAM: closed but to callers
// of this account that an IAM policy admits.
type Auth struct {
	Mode AuthMode

	// Issuer and Audience are those of the tokens that JWT admits: the URL that
	// OpenID Connect discovery starts from, and who the tokens are meant for.
	Issuer, Audience string
}

// An AuthMode is how callers of the API show who they are.
type AuthMode string

const (
	IAM  AuthMode = "iam"  // requests are signed (SigV4): shops' own servers
	JWT  AuthMode = "jwt"  // a bearer token's subject is the customer, who sees and cancels their own orders
	None AuthMode = "none" // whoever knows the URL
)

// Check tells what is wrong with it, if anything. Rendering does so too.
func (a Auth) Check() error {
	switch a.Mode {
	case "", IAM, None:
		if a.Issuer != "" || a.Audience != "" {
			return fmt.Errorf("template: an issuer and an audience are for %q alone", JWT)
		}
		return nil
	case JWT:
		issuer, err := url.Parse(a.Issuer)
		if err != nil || issuer.Scheme != "https" || issuer.Host == "" || issuer.User != nil || issuer.RawQuery != "" || issuer.Fragment != "" {
			return fmt.Errorf("template: issuer %q is no https URL without query and fragment: %q needs that of who issues the tokens", a.Issuer, JWT)
		}
		if a.Audience == "" {
			return fmt.Errorf("template: there is no audience: %q needs the one that tokens for this API name", JWT)
		}
		return nil
	}
	return fmt.Errorf("template: auth %q is none of %q, %q and %q", a.Mode, IAM, JWT, None)
}

// byIssuer is the name of the authorizer that checks tokens.
const byIssuer = "Issuer"

// properties are what SAM calls Auth. A default authorizer closes every route,
// those to come as well.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-httpapi-httpapiauth.html
func (a Auth) properties() map[string]any {
	switch a.Mode {
	case None:
		return nil
	case JWT:
		return map[string]any{"Auth": map[string]any{
			"DefaultAuthorizer": byIssuer,
			"Authorizers": map[string]any{byIssuer: map[string]any{
				"IdentitySource":   "$request.header.Authorization",
				"JwtConfiguration": map[string]any{"issuer": a.Issuer, "audience": []string{a.Audience}},
			}},
		}}
	}
	return map[string]any{"Auth": map[string]any{"EnableIamAuthorizer": true, "DefaultAuthorizer": "AWS_IAM"}}
}

// environment tells the api function whom it serves: without a word, who calls
// may act for all customers.
func (a Auth) environment() map[string]string {
	if a.Mode == JWT {
		return map[string]string{"CALLERS": "customers"}
	}
	return nil
}
