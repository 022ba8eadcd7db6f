// Package issuer issues the tokens that customers show to the local cloud's
// HTTP API, as an identity provider does on AWS: in the manner of OpenID Connect,
// and to whoever asks, for it is there to try things out.
//
//	GET /.well-known/openid-configuration  what OpenID Connect discovery reads
//	GET /keys                              the public key, a JSON Web Key Set
//	GET /token?sub=c-42                    → 200 a token for customer c-42, as text
//	                                       → 400 without a sub
package issuer

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Who issues the tokens, and for what. Nobody but the local cloud finds the
// host: API Gateway wants an https URL, which no port of this machine is.
const (
	Host     = "issuer.orderflow.example"
	URL      = "https://" + Host
	Audience = "orderflow"
)

// Lifetime is how long a token is valid: a working day.
const Lifetime = 12 * time.Hour

// API Gateway knows RSA alone.
const (
	algorithm = jose.RS256
	keyBits   = 2048
)

// An Issuer issues tokens, all signed with a key of its own.
type Issuer struct {
	mux    http.ServeMux
	signer jose.Signer
	keys   jose.JSONWebKeySet // public
}

// New is an issuer with a new key: what others issued, before this program was
// started for example, is not valid.
func New() (*Issuer, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	key := jose.JSONWebKey{Key: private, Algorithm: string(algorithm), Use: "sig"}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	i := &Issuer{keys: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{key.Public()}}}
	i.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, new(jose.SignerOptions).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("issuer: %w", err)
	}
	i.mux.HandleFunc("GET /.well-known/openid-configuration", i.configuration)
	i.mux.HandleFunc("GET /keys", i.jwks)
	i.mux.HandleFunc("GET /token", i.token)
	return i, nil
}

// ServeHTTP implements http.Handler.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) { i.mux.ServeHTTP(w, r) }

// Token is a customer's, valid from now on.
func (i *Issuer) Token(customerID string) (string, error) {
	now := time.Now()
	return i.Sign(jwt.Claims{
		Issuer:   URL,
		Subject:  customerID,
		Audience: jwt.Audience{Audience},
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(Lifetime)),
	})
}

// Sign makes a token of any claims.
func (i *Issuer) Sign(claims any) (string, error) {
	token, err := jwt.Signed(i.signer).Claims(claims).Serialize()
	if err != nil {
		return "", fmt.Errorf("issuer: %w", err)
	}
	return token, nil
}

// https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata
func (i *Issuer) configuration(w http.ResponseWriter, _ *http.Request) {
	answer(w, map[string]any{
		"issuer":                                URL,
		"jwks_uri":                              URL + "/keys",
		"token_endpoint":                        URL + "/token",
		"response_types_supported":              []string{"token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []jose.SignatureAlgorithm{algorithm},
	})
}

func (i *Issuer) jwks(w http.ResponseWriter, _ *http.Request) { answer(w, i.keys) }

func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	customer := r.URL.Query().Get("sub")
	if customer == "" {
		http.Error(w, "whose token? ask for /token?sub=c-42", http.StatusBadRequest)
		return
	}
	token, err := i.Token(customer)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	fmt.Fprint(w, token)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) // the reader has gone: nobody is left to tell
}
