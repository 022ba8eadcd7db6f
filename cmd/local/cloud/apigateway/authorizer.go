package apigateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// How a route is authorised. "" is NONE.
const (
	authorizedByNone = "NONE"
	authorizedByIAM  = "AWS_IAM"
	authorizedByJWT  = "JWT"
)

// An Authorizer admits whom a token shows to be who they are.
// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-authorizers.html
type Authorizer struct {
	AuthorizerId     string
	IdentitySource   string // "$request.header.NAME"
	JwtConfiguration JWTConfiguration
}

// JWTConfiguration is whose tokens are taken, and which.
type JWTConfiguration struct {
	Audience []string
	Issuer   string // where OpenID Connect discovery starts
}

type identity = events.APIGatewayV2HTTPRequestContextAuthorizerDescription

// An authorizer tells who makes a request, or why it is refused: a *refusal.
type authorizer interface {
	authorize(r *http.Request, body []byte) (*identity, error)
}

// A refusal is how API Gateway answers whom it does not let in.
type refusal struct {
	status    int
	message   string
	challenge string // WWW-Authenticate; "" is none
}

func (r *refusal) Error() string { return "apigateway: " + r.message }

// authorizers makes those of an API, by ID.
func (a *API) authorizers(ctx context.Context, in []Authorizer) (map[string]authorizer, error) {
	made := map[string]authorizer{}
	for _, one := range in {
		if made[one.AuthorizerId] != nil {
			return nil, fmt.Errorf("authorizer %q exists already", one.AuthorizerId)
		}
		by, err := newTokenAuthorizer(ctx, a.cfg.Issuers, one)
		if err != nil {
			return nil, fmt.Errorf("authorizer %q: %w", one.AuthorizerId, err)
		}
		made[one.AuthorizerId] = by
	}
	return made, nil
}

// authorizerOf is a route's, nil where anybody may call.
func (a *API) authorizerOf(r Route, all map[string]authorizer) (authorizer, error) {
	switch r.AuthorizationType {
	case "", authorizedByNone:
		return nil, nil
	case authorizedByIAM:
		if a.cfg.Identify == nil || a.cfg.Allow == nil {
			return nil, fmt.Errorf("route %q: nobody knows the account's keys", r.RouteKey)
		}
		return &signatureAuthorizer{a}, nil
	case authorizedByJWT:
		if by := all[r.AuthorizerId]; by != nil {
			return by, nil
		}
		return nil, fmt.Errorf("route %q: there is no authorizer %q", r.RouteKey, r.AuthorizerId)
	}
	return nil, fmt.Errorf("route %q: authorization type %q is not supported by the local cloud", r.RouteKey, r.AuthorizationType)
}

// turnAway answers whom an authorizer does not let in.
func turnAway(w http.ResponseWriter, err error) {
	no, ok := errors.AsType[*refusal](err)
	if !ok {
		no = &refusal{status: http.StatusInternalServerError, message: "Internal Server Error"}
	}
	if no.challenge != "" {
		w.Header().Set("WWW-Authenticate", no.challenge)
	}
	refuse(w, no.status, no.message)
}
