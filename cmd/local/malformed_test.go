package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"orderflow/lambdas/api/apitest"
)

// TestMalformedRequests sends what the API refuses to the running program:
// each gets its problem, starts nothing and leaves no trace.
func TestMalformedRequests(t *testing.T) {
	inShop(t, "MUG-BLUE,Blue mug,1250,GBP,350,10\n", func(t *testing.T, s *shop) {
		for _, m := range apitest.MalformedRequests() {
			r, err := http.NewRequest(m.Method, shopAPI+m.Target, strings.NewReader(m.Body))
			if err != nil {
				t.Fatalf("%s: %v", m.Name, err)
			}
			for name, value := range m.Header {
				r.Header.Set(name, value)
			}
			resp, err := s.client.Do(r)
			if err != nil {
				t.Errorf("%s: %v", m.Name, err)
				continue
			}
			answer, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Errorf("%s: %v", m.Name, err)
			}
			var problem struct {
				Type, Title, Detail string
				Status              int
			}
			if err := json.Unmarshal(answer, &problem); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: answer is %s: %s", m.Name, resp.Header.Get("Content-Type"), answer)
			}
			if resp.StatusCode != m.Status || problem.Status != m.Status || problem.Title == "" || problem.Detail == "" {
				t.Errorf("%s: status %d, want %d: %s", m.Name, resp.StatusCode, m.Status, answer)
			}
			if bytes.Contains(answer, []byte("Lovelace")) || bytes.Contains(answer, []byte("goroutine")) {
				t.Errorf("%s: the answer repeats personal data or internals: %s", m.Name, answer)
			}
		}
		s.pass(time.Minute)

		executions, err := sfn.NewFromConfig(s.aws).ListExecutions(t.Context(), &sfn.ListExecutionsInput{
			StateMachineArn: aws.String("arn:aws:states:us-east-1:000000000000:stateMachine:orderflow-OrderStateMachine"),
		})
		if err != nil || len(executions.Executions) > 0 {
			t.Errorf("executions were started: %+v, %v", executions, err)
		}
		for _, table := range []string{"OrdersTable", "ReservationsTable", "ShipmentsTable", "NotificationsTable"} {
			if n := s.count(table); n > 0 {
				t.Errorf("%s has %d items", table, n)
			}
		}
		if analysed := s.analysed(); len(analysed) > 0 {
			t.Errorf("analytics heard of %v", analysed)
		}
		if got := s.stock("MUG-BLUE"); got != "10/0/0" {
			t.Errorf("stock is at %s", got)
		}
	})
}
