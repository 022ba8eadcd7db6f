package caller_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/orders/caller"
)

// server answers with nothing, and keeps what it was asked.
type server struct {
	asked *http.Request
	body  string
}

func (s *server) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked = r
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		s.body = string(body)
	}
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
}

// TestSigned compares with a signature that botocore 1.43.127 makes (SigV4Auth) of the
// same request, at the beginning of a bubble's time.
func TestSigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		client := &http.Client{Transport: caller.Signed(aws.Config{
			Region:      "eu-west-1",
			Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", "SESSION"),
		}, s)}
		r, err := http.NewRequestWithContext(t.Context(), "POST", "https://api.example/orders?a=b", strings.NewReader(`{"a":1}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		if _, err := client.Do(r); err != nil {
			t.Fatal(err)
		}
		const want = "AWS4-HMAC-SHA256 Credential=AKID/20000101/eu-west-1/execute-api/aws4_request, " +
			"SignedHeaders=content-length;content-type;host;x-amz-date;x-amz-security-token, " +
			"Signature=f779716ebece3bcffd0f02bb7cd1345caa738dfb0a61a5c5bbc9261b867b3cbf"
		if diff := cmp.Diff(want, s.asked.Header.Get("Authorization")); diff != "" {
			t.Error(diff)
		}
		if s.body != `{"a":1}` || s.asked.ContentLength != 7 {
			t.Errorf("body %q of %d bytes", s.body, s.asked.ContentLength)
		}
		if r.Header.Get("Authorization") != "" {
			t.Error("the caller's own request was changed")
		}
	})
}

func TestSignedWithoutCredentials(t *testing.T) {
	for name, provider := range map[string]aws.CredentialsProvider{
		"none":     nil,
		"none now": aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, errors.New("sign in") }),
	} {
		s := &server{}
		client := &http.Client{Transport: caller.Signed(aws.Config{Region: "eu-west-1", Credentials: provider}, s)}
		if _, err := client.Get("https://api.example/orders"); err == nil || s.asked != nil {
			t.Errorf("%s: %v, asked %v", name, err, s.asked)
		}
	}
}

// TestBearing: each request asks for the token again, and none is made without.
func TestBearing(t *testing.T) {
	s := &server{}
	tokens := []string{"one", "two"}
	client := &http.Client{Transport: caller.Bearing(func(context.Context) (string, error) {
		if len(tokens) == 0 {
			return "", errors.New("there are no more")
		}
		token := tokens[0]
		tokens = tokens[1:]
		return token, nil
	}, s)}
	for _, want := range []string{"Bearer one", "Bearer two"} {
		if _, err := client.Get("https://api.example/orders"); err != nil {
			t.Fatal(err)
		}
		if got := s.asked.Header.Get("Authorization"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	s.asked = nil
	if _, err := client.Post("https://api.example/orders", "text/plain", strings.NewReader("x")); err == nil || s.asked != nil {
		t.Errorf("without a token: %v, asked %v", err, s.asked)
	}
}
