// Package caller lets requests to orderflow's HTTP API show who makes them: an
// API that demands nothing ignores it.
package caller

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Signed signs requests with Signature Version 4 for API Gateway, with the
// credentials of an AWS configuration and for its region.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
func Signed(config aws.Config, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if config.Credentials == nil {
			return nil, errors.New("caller: there are no AWS credentials to sign with")
		}
		credentials, err := config.Credentials.Retrieve(r.Context())
		if err != nil {
			return nil, fmt.Errorf("caller: AWS credentials: %w", err)
		}
		signed, body, err := copied(r)
		if err != nil {
			return nil, err
		}
		hash := sha256.Sum256(body)
		if err := v4.NewSigner().SignHTTP(r.Context(), credentials, signed, hex.EncodeToString(hash[:]), "execute-api", config.Region, time.Now()); err != nil {
			return nil, fmt.Errorf("caller: %w", err)
		}
		return next.RoundTrip(signed)
	})
}

// copied is a request that may be changed, and its body.
func copied(r *http.Request) (*http.Request, []byte, error) {
	again := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return again, nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("caller: body: %w", err)
	}
	again.Body = io.NopCloser(bytes.NewReader(body))
	again.ContentLength = int64(len(body))
	return again, body, nil
}

// A Token is asked for with each request, so that it may be renewed.
type Token func(context.Context) (string, error)

// Bearing lets requests bring a token, a customer's.
func Bearing(token Token, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		value, err := token(r.Context())
		if err != nil {
			if r.Body != nil {
				r.Body.Close()
			}
			return nil, fmt.Errorf("caller: token: %w", err)
		}
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+value)
		return next.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
