package cloud

import (
	"fmt"
	"net/http"

	"orderflow/cmd/local/cloud/apigateway"
)

// The account's own key, which the clients of this process sign with too.
const (
	AccessKeyID     = "local"
	SecretAccessKey = "local"
)

const accountARN = "arn:aws:iam::" + Account + ":root"

// identify knows the key of the account itself, and those that roles have.
func (c *Cloud) identify(accessKeyID string) (secret, principalARN string, ok bool) {
	if accessKeyID == AccessKeyID {
		return SecretAccessKey, accountARN, true
	}
	return c.IAM.Identify(accessKeyID)
}

// issuers reach, without a socket, who issues tokens: hosts by name.
type issuers map[string]http.Handler

func (i issuers) RoundTrip(r *http.Request) (*http.Response, error) {
	handler, ok := i[r.URL.Host]
	if !ok {
		return nil, fmt.Errorf("cloud: issuer %q is out of reach", r.URL.Host)
	}
	return (&transport{host: r.URL.Host, handler: handler}).RoundTrip(r)
}

// httpAPIAuth is what SAM calls Auth. The default authorizer is every route's:
// routes have none of their own.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-httpapi-httpapiauth.html
type httpAPIAuth struct {
	Authorizers map[string]struct {
		IdentitySource   string `cfn:",required"`
		JwtConfiguration struct {
			Audience []string `cfn:"audience,required"`
			Issuer   string   `cfn:"issuer,required"`
		} `cfn:",required"`
	}
	DefaultAuthorizer   string
	EnableIamAuthorizer bool
}

const iamAuthorizer = "AWS_IAM"

func (auth httpAPIAuth) authorizers() (all []apigateway.Authorizer) {
	for name, a := range auth.Authorizers {
		all = append(all, apigateway.Authorizer{
			AuthorizerId:     name,
			IdentitySource:   a.IdentitySource,
			JwtConfiguration: apigateway.JWTConfiguration(a.JwtConfiguration),
		})
	}
	return all
}

// route is one that demands what the default authorizer does.
func (auth httpAPIAuth) route() (apigateway.Route, error) {
	_, known := auth.Authorizers[auth.DefaultAuthorizer]
	switch {
	case auth.DefaultAuthorizer == "":
		return apigateway.Route{}, nil
	case auth.DefaultAuthorizer == iamAuthorizer && auth.EnableIamAuthorizer:
		return apigateway.Route{AuthorizationType: iamAuthorizer}, nil
	case known:
		return apigateway.Route{AuthorizationType: "JWT", AuthorizerId: auth.DefaultAuthorizer}, nil
	}
	return apigateway.Route{}, fmt.Errorf("there is no authorizer %q", auth.DefaultAuthorizer)
}
