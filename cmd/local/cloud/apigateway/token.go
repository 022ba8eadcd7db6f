package apigateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// rsa are the algorithms that a JWT authorizer knows.
var rsa = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512}

// tokenAuthorizer is a JWT authorizer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
type tokenAuthorizer struct {
	header   string
	audience []string
	verifier *oidc.IDTokenVerifier
}

// newTokenAuthorizer asks the issuer for its configuration, as API Gateway does
// when the authorizer is made.
func newTokenAuthorizer(ctx context.Context, issuers *http.Client, in Authorizer) (*tokenAuthorizer, error) {
	header, ok := strings.CutPrefix(in.IdentitySource, "$request.header.")
	if !ok || header == "" {
		return nil, fmt.Errorf("identity source %q is not supported by the local cloud: it knows $request.header.NAME", in.IdentitySource)
	}
	if len(in.JwtConfiguration.Audience) == 0 {
		return nil, errors.New("there is no audience")
	}
	if issuers == nil {
		return nil, fmt.Errorf("issuer %q is out of reach", in.JwtConfiguration.Issuer)
	}
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, issuers), in.JwtConfiguration.Issuer)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	var algorithms []string
	for _, a := range rsa {
		algorithms = append(algorithms, string(a))
	}
	return &tokenAuthorizer{
		header:   header,
		audience: in.JwtConfiguration.Audience,
		verifier: provider.VerifierContext(oidc.ClientContext(context.WithoutCancel(ctx), issuers), &oidc.Config{
			SkipClientIDCheck:    true, // client_id may stand in for aud
			SupportedSigningAlgs: algorithms,
		}),
	}, nil
}

// authorize demands a token of the issuer, bare or after "Bearer ".
func (a *tokenAuthorizer) authorize(r *http.Request, _ []byte) (*identity, error) {
	given := r.Header.Get(a.header)
	if given == "" {
		return nil, &refusal{http.StatusUnauthorized, "Unauthorized", "Bearer"}
	}
	claims, err := a.claims(r.Context(), strings.TrimPrefix(given, "Bearer "))
	if err != nil {
		// AWS documents the answer for a wrong audience; others are in its manner.
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-jwt.html
		return nil, &refusal{http.StatusUnauthorized, "Unauthorized", fmt.Sprintf("Bearer scope=\"\" error=\"invalid_token\" error_description=%q", err)}
	}
	return &identity{JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims}}, nil
}

// claims are a token's as texts, which is how a function is given them: a list
// as [a b]. The error says what is wrong with the token.
func (a *tokenAuthorizer) claims(ctx context.Context, raw string) (map[string]string, error) {
	signed, err := jose.ParseSignedCompact(raw, rsa)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, errors.New("the token is malformed, or its algorithm is not supported")
	}
	if signed.Signatures[0].Header.KeyID == "" {
		return nil, errors.New("the token does not name its key")
	}
	token, err := a.verifier.Verify(ctx, raw)
	if _, expired := errors.AsType[*oidc.TokenExpiredError](err); expired {
		return nil, errors.New("the token has expired")
	}
	if err != nil {
		return nil, errors.New("the token does not have a valid issuer or signature")
	}
	var said struct {
		Audience  any      `json:"aud"`
		ClientID  string   `json:"client_id"`
		NotBefore *float64 `json:"nbf"` // seconds since 1970, as all that follow
		IssuedAt  *float64 `json:"iat"`
		Expiry    *float64 `json:"exp"`
	}
	var all json.RawMessage
	if err := errors.Join(token.Claims(&said), token.Claims(&all)); err != nil {
		return nil, errors.New("the token's claims are malformed")
	}
	audience := token.Audience
	if said.Audience == nil { // client_id stands in for it
		audience = []string{said.ClientID}
	}
	now := float64(time.Now().UnixMilli()) / 1000
	switch {
	case said.Expiry == nil || *said.Expiry <= now:
		return nil, errors.New("the token has expired")
	case said.NotBefore != nil && *said.NotBefore > now: // no leeway
		return nil, errors.New("the token is not valid yet")
	case said.IssuedAt != nil && *said.IssuedAt > now:
		return nil, errors.New("the token was issued in the future")
	case !slices.ContainsFunc(audience, func(s string) bool { return slices.Contains(a.audience, s) }):
		return nil, errors.New("the token does not have a valid audience")
	}
	return texts(all)
}

func texts(claims []byte) (map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(claims))
	d.UseNumber()
	var values map[string]any
	if err := d.Decode(&values); err != nil {
		return nil, errors.New("the token's claims are malformed")
	}
	out := make(map[string]string, len(values))
	for name, value := range values {
		out[name] = fmt.Sprint(value)
	}
	return out, nil
}
