package states

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine"
)

// orderCloud runs the order state machine against services that agree to
// everything; answers are sent for the tokens that answer admits.
func orderCloud(t testing.TB, answer func(state string) bool) (c *cloud, machine string) {
	ok := func(out string) func(context.Context, []byte) (any, error) {
		return func(context.Context, []byte) (any, error) { return json.RawMessage(out), nil }
	}
	publish := func(ctx context.Context, input []byte) (any, error) {
		var in struct{ Message string }
		var message struct {
			ID   string
			Data struct{ TaskToken string }
		}
		if err := errors.Join(json.Unmarshal(input, &in), json.Unmarshal([]byte(in.Message), &message)); err != nil {
			return nil, err
		}
		_, state, _ := strings.Cut(message.ID, "/")
		if token := message.Data.TaskToken; token != "" && answer(state) {
			output := `{"reservationId":"r-1","reservedAt":"2026-03-01T12:00:00.123Z"}`
			if state == "ArrangeShipment" {
				output = `{"carrier":"local","trackingNumber":"LC1234567890","bookedAt":"2026-03-01T12:00:00.125Z"}`
			}
			if _, err := c.Service.SendTaskSuccess(ctx, &SendTaskSuccessInput{TaskToken: &token, Output: &output}); err != nil {
				return nil, err
			}
		}
		return json.RawMessage(`{"MessageId":"94a8f9ec-2d4b-5b8e-a1f0-000000000000"}`), nil
	}
	c = newCloud(t, map[string]protocol.Actions{
		"dynamodb": {"PutItem": ok(`{}`), "UpdateItem": ok(`{}`), "GetItem": ok(`{}`), "DeleteItem": ok(`{}`)},
		"sns":      {"Publish": publish},
	}, func(_ context.Context, _ string, payload []byte) (*Invocation, error) {
		return &Invocation{Payload: []byte(`{"lines":[{"sku":"MUG-BLUE","name":"Blue mug","quantity":2,"unitPrice":1250,"total":2500,"currency":"GBP","weightGrams":350},{"sku":"TEE-M","name":"T-shirt, medium","quantity":1,"unitPrice":1900,"total":1900,"currency":"GBP","weightGrams":180}],"total":{"amount":4400,"currency":"GBP"}}`)}, nil
	})
	definition := strings.NewReplacer(
		"${"+statemachine.SubstituteValidationFunction+"}", "ValidationFunction",
		"${"+statemachine.SubstituteOrdersTable+"}", "OrdersTable",
		"${"+statemachine.SubstituteOrdersTopic+"}", "arn:aws:sns:us-east-1:000000000000:OrdersTopic",
		"${"+statemachine.SubstituteCallbackTimeoutSeconds+"}", "86400",
	).Replace(string(statemachine.Definition))
	name, roleARN := "Order", role
	out, err := c.Service.CreateStateMachine(context.Background(), &CreateStateMachineInput{Name: &name, Definition: &definition, RoleArn: &roleARN})
	if err != nil {
		t.Fatal(err)
	}
	return c, out.StateMachineArn
}

func orderInput(n int) string {
	return fmt.Sprintf(`{"fingerprint":"%064x","customer":{"id":"c-%d","name":"Ada Lovelace","email":"ada%d@example.com","phone":"+4420%07d"},"items":[{"sku":"MUG-BLUE","quantity":2},{"sku":"TEE-M","quantity":1}],"shippingAddress":{"name":"Ada Lovelace","line1":"%d Byron St","city":"London","postalCode":"N1 1AA","country":"GB"}}`, n*1234567, n, n, n, n)
}

func (c *cloud) startOrder(machine string, n int) string {
	name, input := fmt.Sprintf("0199f3a0-%04x-7000-8000-%012x", n%65536, n), orderInput(n)
	out, err := c.Service.StartExecution(context.Background(), &StartExecutionInput{StateMachineArn: &machine, Name: &name, Input: &input})
	if err != nil {
		c.t.Fatal(err)
	}
	return out.ExecutionArn
}

// The order state machine runs through the service to CONFIRMED.
func TestOrder(t *testing.T) {
	c, machine := orderCloud(t, func(string) bool { return true })
	arn := c.startOrder(machine, 1)
	if got := c.wait(arn); got != types.ExecutionStatusSucceeded {
		t.Fatalf("status %s: %s", got, eventTypes(c.history(arn)))
	}
	var order struct{ Status string }
	if err := json.Unmarshal([]byte(*c.describe(arn).Output), &order); err != nil || order.Status != "CONFIRMED" {
		t.Errorf("order %+v, %v", order, err)
	}
	entered := strings.Count(eventTypes(c.history(arn)), "StateEntered")
	if entered > 8 {
		t.Errorf("%d states were entered", entered)
	}
}

// BenchmarkOrder is one order's execution, from StartExecution to its end,
// with services that cost nothing.
func BenchmarkOrder(b *testing.B) {
	c, machine := orderCloud(b, func(string) bool { return true })
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		events, err := c.Watch(b.Context(), c.startOrder(machine, n))
		if err != nil {
			b.Fatal(err)
		}
		for range events {
		}
	}
}

// BenchmarkRetained reports the memory that a closed and a waiting order hold.
func BenchmarkRetained(b *testing.B) {
	for _, kind := range []string{"closed", "waiting"} {
		b.Run(kind, func(b *testing.B) {
			const n = 2000
			for b.Loop() {
				c, machine := orderCloud(b, func(string) bool { return kind == "closed" })
				before := heapInUse()
				for i := range n {
					c.startOrder(machine, i)
				}
				for i := range n {
					if kind == "closed" {
						c.wait(fmt.Sprintf("arn:aws:states:us-east-1:000000000000:execution:Order:0199f3a0-%04x-7000-8000-%012x", i, i))
					}
				}
				for kind == "waiting" && c.underWay() {
					runtime.Gosched()
				}
				b.ReportMetric(float64(heapInUse()-before)/n, "bytes/execution")
				runtime.KeepAlive(c)
			}
		})
	}
}

func (c *cloud) underWay() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.open {
		x.mu.Lock()
		calls := x.calls
		x.mu.Unlock()
		if calls > 0 {
			return true
		}
	}
	return false
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
