package main

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"orderflow/lambdas/metric"
)

// TestRefusedToStart: a clear error on stderr, nothing on stdout, exit 2.
func TestRefusedToStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := func(content string) string {
		name := filepath.Join(t.TempDir(), "shop.csv")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	missing := filepath.Join(t.TempDir(), "none.csv")
	bad := file(header + "MUG,Mug,1,GBP,1,1\nPOT,Pot,1.5,GBP,1,1\n")
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"unknown flag", []string{"-port", "80"}, "local: flag provided but not defined: -port\nlocal -help"},
		{"flag without value", []string{"-api"}, "local: flag needs an argument: -api"},
		{"bad boolean", []string{"-demo=maybe"}, `local: invalid boolean value "maybe" for -demo`},
		{"unknown auth", []string{"-auth", "open"}, `local: invalid value "open" for flag -auth: it is none, iam or jwt`},
		{"stray argument", []string{"-demo", "serve"}, `local: unexpected argument "serve"`},
		{"api port in use", []string{"-api", taken.Addr().String(), "-aws", "127.0.0.1:0"}, "local: -api " + taken.Addr().String() + ": the address is in use\n"},
		{"aws port in use", []string{"-aws", taken.Addr().String()}, "local: -aws " + taken.Addr().String() + ": the address is in use\n"},
		{"no address", []string{"-aws", "nonsense"}, `local: -aws "nonsense": address nonsense: missing port in address`},
		{"port beyond range", []string{"-aws", "127.0.0.1:99999"}, `local: -aws "127.0.0.1:99999"`},
		{"no such file", []string{"-catalogue", missing}, "local: -catalogue: open " + missing},
		{"malformed file", []string{"-catalogue", bad}, "local: -catalogue: " + bad + `:3: unitPrice "1.5" is not a whole number`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			ctx, cancel := context.WithCancel(t.Context())
			cancel() // whatever starts ends at once
			code := run(ctx, test.args, &stdout, &stderr, network{net.Listen, new(net.Dialer).DialContext})
			if code != exitUsage || !strings.HasPrefix(stderr.String(), test.want) || stdout.Len() > 0 {
				t.Errorf("exit %d, stdout %q, stderr %q; want exit 2 and %q", code, stdout.String(), stderr.String(), test.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	for _, arg := range []string{"-help", "-h", "--help"} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), []string{arg}, &stdout, &stderr, inMemory())
		if code != exitOK || stderr.Len() > 0 {
			t.Errorf("%s: exit %d, stderr %q", arg, code, stderr.String())
		}
		for _, flag := range []string{"-api ADDR", "-aws ADDR", "-catalogue FILE", "-demo", "-auth WHO", "Examples:", "AQ"} {
			if !strings.Contains(stdout.String(), flag) {
				t.Errorf("%s does not tell of %s", arg, flag)
			}
		}
	}
}

// TestInterrupted: a long poll is hung up on, an invocation may finish, and
// the program ends at once with exit code 0.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sockets := inMemory()
		ctx, interrupt := context.WithCancel(t.Context())
		var stdout, stderr bytes.Buffer
		exit := make(chan int, 1)
		go func() { exit <- run(ctx, nil, &stdout, &stderr, sockets) }()
		synctest.Wait()

		client := &http.Client{Transport: &http.Transport{DialContext: sockets.dial}}
		poll := make(chan struct{})
		go func() {
			defer close(poll)
			r, err := http.NewRequest("POST", "http://127.0.0.1:4566/", strings.NewReader(
				`{"QueueUrl": "http://127.0.0.1:4566/000000000000/orderflow-InventoryDeadLetterQueue", "WaitTimeSeconds": 20}`))
			if err != nil {
				t.Error(err)
				return
			}
			r.Header.Set("X-Amz-Target", "AmazonSQS.ReceiveMessage")
			resp, err := client.Do(r)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusServiceUnavailable { // SDKs try elsewhere, or again
				t.Errorf("the poll was answered %s", resp.Status)
			}
		}()
		time.Sleep(time.Second)
		began := time.Now()
		interrupt()
		if code := <-exit; code != exitOK || stderr.Len() > 0 {
			t.Errorf("exit %d, stderr %q", code, stderr.String())
		}
		if took := time.Since(began); took > drainTime/2 {
			t.Errorf("it took %v to end", took)
		}
		<-poll
		client.CloseIdleConnections()
		if _, err := sockets.dial(t.Context(), "tcp", "127.0.0.1:8080"); err == nil {
			t.Error("it still listens")
		}
	})
}

// TestHalfRequests: who never finishes a request does not keep the program
// from ending.
func TestHalfRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sockets := inMemory()
		ctx, interrupt := context.WithCancel(t.Context())
		var stdout, stderr bytes.Buffer
		exit := make(chan int, 1)
		go func() { exit <- run(ctx, nil, &stdout, &stderr, sockets) }()
		synctest.Wait()
		for _, address := range []string{"127.0.0.1:8080", "127.0.0.1:4566"} {
			for _, half := range []string{
				"POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{",
				"GET /orders HTTP/1.1\r\n",
			} {
				c, err := sockets.dial(ctx, "tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				if _, err := c.Write([]byte(half)); err != nil {
					t.Fatal(err)
				}
			}
		}
		synctest.Wait()
		began := time.Now()
		interrupt()
		if code := <-exit; code != exitOK {
			t.Errorf("exit %d, stderr %q", code, stderr.String())
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("it took %v to end", took)
		}
	})
}

// TestAnyAddress: what is printed can be reached, whatever was listened on.
func TestAnyAddress(t *testing.T) {
	for address, want := range map[string]string{
		"0.0.0.0:80": "127.0.0.1:80", "[::]:80": "127.0.0.1:80", "127.0.0.1:80": "127.0.0.1:80", "[::1]:80": "[::1]:80", "192.0.2.1:80": "192.0.2.1:80",
	} {
		a := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))
		if got := reachable(a); got != want {
			t.Errorf("%s is reachable at %s, want %s", address, got, want)
		}
	}
}

// TestTerminal: what makes metrics of a line is not for people.
func TestTerminal(t *testing.T) {
	var stderr bytes.Buffer
	slog.New(terminal(&stderr)).Error("event failed", "orderId", "o-1", metric.BatchFailures, 1, metric.Embed("orderflow", metric.BatchFailures).Attr())
	if _, line, _ := strings.Cut(stderr.String(), " "); line != "level=ERROR msg=\"event failed\" orderId=o-1 BatchFailures=1\n" {
		t.Errorf("the line is %q", line)
	}
}
