package console_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"orderflow/lambdas/order"
)

// build makes the program, once.
var build = sync.OnceValues(func() (program string, _ error) {
	dir, err := os.MkdirTemp("", "orderflow")
	if err != nil {
		return "", err
	}
	ends = append(ends, func() { os.RemoveAll(dir) })
	program = filepath.Join(dir, "local")
	args := append([]string{"build", "-o", program}, buildFlags...)
	out, err := exec.Command("go", append(args, "orderflow/cmd/local")...).CombinedOutput()
	if err != nil {
		os.Stderr.Write(out)
	}
	return program, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	for _, end := range ends {
		end()
	}
	os.Exit(code)
}

// ends undo what tests share, when all are done: the program, and then the
// browser, which is started on a program that runs.
var ends []func()

// running is the program, serving as it was started.
type running struct {
	api, aws  string // URLs, as it printed them
	interrupt func() // ends it, if it has not ended yet
}

// start runs the program on free ports until the test ends, and then wants it
// to have ended cleanly, with nothing to complain of.
func start(t testing.TB, args ...string) running {
	t.Helper()
	var stderr bytes.Buffer
	t.Cleanup(func() { // after the program has ended
		if stderr.Len() > 0 {
			t.Errorf("stderr:\n%s", stderr.String())
		}
	})
	return startNoisily(t, &stderr, args...)
}

// startNoisily does so for a program that will have something to tell.
func startNoisily(t testing.TB, stderr *bytes.Buffer, args ...string) running {
	t.Helper()
	program, err := build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append(args, "-api", "127.0.0.1:0", "-aws", "127.0.0.1:0")...)
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stdout)
	r := running{interrupt: sync.OnceFunc(func() { cmd.Process.Signal(os.Interrupt) })} // a second one would end it at once
	for lines.Scan() && (r.api == "" || r.aws == "") {
		line := lines.Text()
		if address, ok := strings.CutPrefix(line, "  API "); ok {
			r.api = strings.Fields(address)[0]
		}
		if address, ok := strings.CutPrefix(line, "  AWS endpoint "); ok {
			r.aws = strings.Fields(address)[0]
		}
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for lines.Scan() {
		}
	}()
	t.Cleanup(func() {
		r.interrupt()
		<-drained
		if err := cmd.Wait(); err != nil {
			t.Errorf("the program ended with %v, stderr:\n%s", err, stderr.String())
		}
	})
	if r.api == "" || r.aws == "" {
		t.Fatal("it printed no addresses")
	}
	return r
}

func (r running) config() aws.Config {
	return aws.Config{
		Region:       "us-east-1",
		BaseEndpoint: &r.aws,
		Credentials:  credentials.NewStaticCredentialsProvider("any", "thing", ""),
	}
}

// place posts an order, and returns its ID.
func (r running) place(t testing.TB, customer order.Customer, sku string, quantity int, country string) (orderID string) {
	t.Helper()
	customer.Email = "ada@example.com"
	body, err := json.Marshal(map[string]any{
		"customer":        customer,
		"items":           []order.Item{{SKU: sku, Quantity: quantity}},
		"shippingAddress": order.Address{Name: "Ada", Line1: "1 Byron St", City: "London", PostalCode: "N1 1AA", Country: country},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(r.api+"/orders", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		t.Fatalf("POST /orders answers %s", resp.Status)
	}
	return strings.TrimPrefix(resp.Header.Get("Location"), "/orders/")
}
