package cloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTransport(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		method  string
		status  int
		body    string
		length  int64
	}{
		{"body", func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, body)
		}, "POST", 200, "POST /a?b=c hello", 17},
		{"nothing written", func(http.ResponseWriter, *http.Request) {}, "GET", 200, "", 0},
		{"status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "GET", 404, "", 0},
		{"first status wins", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.WriteHeader(500) }, "GET", 201, "", 0},
		{"informational status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(103); w.WriteHeader(409) }, "GET", 409, "", 0},
		{"HEAD", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5")
			io.WriteString(w, "hello")
		}, "HEAD", 200, "", 5},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			client := &http.Client{Transport: &transport{host: "cloud:1", handler: test.handler}}
			r, err := http.NewRequest(test.method, "http://cloud:1/a?b=c", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != test.status || string(body) != test.body || resp.ContentLength != test.length {
				t.Errorf("status %d, body %q, length %d; want %d, %q, %d", resp.StatusCode, body, resp.ContentLength, test.status, test.body, test.length)
			}
			resp.Body.Close()
			if _, err := resp.Body.Read(make([]byte, 1)); !errors.Is(err, http.ErrBodyReadAfterClose) {
				t.Errorf("reading a closed body: %v", err)
			}
		})
	}
}

func TestTransportReachesOneHost(t *testing.T) {
	client := &http.Client{Transport: &transport{host: "cloud:1", handler: http.NotFoundHandler()}}
	_, err := client.Get("http://example.com/")
	if err == nil || !strings.Contains(err.Error(), `host "example.com" is out of reach`) {
		t.Errorf("error = %v", err)
	}
}

// TestTransportEndsWithItsContext: what the handler did stays done, but the
// caller hears of the end of its context alone.
func TestTransportEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served bool
		client := &transport{host: "cloud:1", handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			<-r.Context().Done() // as a long poll
			served = true
			io.WriteString(w, "too late")
		})}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, "GET", "http://cloud:1/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Do(r); !errors.Is(err, context.DeadlineExceeded) || !served {
			t.Errorf("error = %v, served = %t", err, served)
		}
		if _, err := client.Do(r); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a call with a context that has ended: %v", err)
		}
	})
}

func TestTransportConcurrently(t *testing.T) {
	client := &transport{host: "cloud:1", handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			want := bytes.Repeat([]byte{byte(i)}, 1000*i)
			r, err := http.NewRequest("PUT", "http://cloud:1/", bytes.NewReader(want))
			if err != nil {
				t.Error(err)
				return
			}
			resp, err := client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if got, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(got, want) {
				t.Errorf("call %d: %d bytes, error %v", i, len(got), err)
			}
		})
	}
	wg.Wait()
}
