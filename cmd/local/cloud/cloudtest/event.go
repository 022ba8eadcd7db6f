package cloudtest

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"orderflow/lambdas/order"
)

// About is the golden event of a kind, for a test beside lambdas/order, but
// about another order, and with no state that waits for an answer.
func About(t testing.TB, kind order.EventType, orderID string) order.Event {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "order", "testdata", "events", string(kind)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	e, err := order.ParseEvent(body)
	if err != nil {
		t.Fatal(err)
	}
	e.ID = strings.Replace(e.ID, e.Subject, orderID, 1)
	e.Subject, e.Data.OrderID, e.Data.TaskToken = orderID, orderID, ""
	return e
}

// Receive hands events to a consumer in one batch. It returns the positions of
// those that failed, with spaces between them.
func Receive(t testing.TB, h lambda.Handler, batch ...order.Event) (failed string) {
	t.Helper()
	bodies := make([]string, len(batch))
	for i, e := range batch {
		body, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		bodies[i] = string(body)
	}
	return ReceiveBodies(t, h, bodies...)
}

// ReceiveBodies is Receive of messages that need not be events.
func ReceiveBodies(t testing.TB, h lambda.Handler, bodies ...string) (failed string) {
	t.Helper()
	var batch events.SQSEvent
	for i, body := range bodies {
		batch.Records = append(batch.Records, events.SQSMessage{MessageId: fmt.Sprint(i), Body: body})
	}
	payload, err := json.Marshal(batch)
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.Invoke(context.WithoutCancel(t.Context()), payload)
	if err != nil {
		t.Fatal(err)
	}
	var answer events.SQSEventResponse
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(answer.BatchItemFailures))
	for i, f := range answer.BatchItemFailures {
		ids[i] = f.ItemIdentifier
	}
	return strings.Join(ids, " ")
}

// Environment looks variables up in pairs of a name and a value.
func Environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}
