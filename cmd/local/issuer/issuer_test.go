package issuer_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"orderflow/cmd/local/issuer"
)

// client reaches the issuer by its name.
type client struct{ *issuer.Issuer }

func (c client) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return w.Result(), nil
}

// TestToken: who knows the issuer's URL alone can tell whose a token is.
func TestToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i, err := issuer.New()
		if err != nil {
			t.Fatal(err)
		}
		ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: client{i}})
		provider, err := oidc.NewProvider(ctx, issuer.URL)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		i.ServeHTTP(w, httptest.NewRequest("GET", "/token?sub=c-43", nil))
		if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", w.Code, w.Header())
		}
		verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: issuer.Audience})
		token, err := verifier.Verify(t.Context(), w.Body.String())
		if err != nil {
			t.Fatal(err)
		}
		if token.Subject != "c-43" || !slices.Equal(token.Audience, []string{issuer.Audience}) || !token.Expiry.Equal(time.Now().Add(issuer.Lifetime)) {
			t.Errorf("token %+v", token)
		}
		time.Sleep(issuer.Lifetime + time.Second)
		if _, err := verifier.Verify(t.Context(), w.Body.String()); err == nil {
			t.Error("it is valid for longer than it should be")
		}

		other, err := issuer.New()
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := other.Token("c-43")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verifier.Verify(t.Context(), foreign); err == nil {
			t.Error("a token signed with another key is taken")
		}
	})
}

func TestTokenOfNobody(t *testing.T) {
	i, err := issuer.New()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, httptest.NewRequest("GET", "/token", nil))
	if w.Code != http.StatusBadRequest {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
