package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/lambdas/order"
)

// inWeather runs a test in a shop in whose cloud calls are interposed. It sells
// ten mugs, and its orders wait for two hours.
func inWeather(t *testing.T, calls interpose.Calls, test func(t *testing.T, s *shop)) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	synctest.Test(t, func(t *testing.T) {
		system, err := newSystem(t.Context(), systemConfig{
			api: strings.TrimPrefix(shopAPI, "http://"), aws: strings.TrimPrefix(shopAWS, "http://"), calls: calls,
			parameters: map[string]string{"CallbackTimeoutSeconds": "7200"},
			products:   []product{{sku: "MUG", name: "Blue mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 10}},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer system.Close(context.WithoutCancel(t.Context()))
		cfg := system.cloud.AWSConfig()
		test(t, &shop{t: t, aws: cfg, client: &http.Client{Transport: inProcess{shopAPI: system.API(), shopAWS: system.AWS()}}})
	})
}

// inProcess calls handlers by the origin of a URL.
type inProcess map[string]http.Handler

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	served := r.Clone(r.Context())
	served.RequestURI = r.URL.RequestURI()
	if served.Body == nil {
		served.Body = http.NoBody
	}
	p[r.URL.Scheme+"://"+r.URL.Host].ServeHTTP(w, served)
	return w.Result(), nil
}

// deadLetters are what a consumer's dead-letter queue holds.
func (s *shop) deadLetters(consumer string) []sqstypes.Message {
	s.t.Helper()
	client := sqs.NewFromConfig(s.aws)
	out, err := client.ReceiveMessage(s.t.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: aws.String(shopAWS + "/000000000000/orderflow-" + consumer + "DeadLetterQueue"), MaxNumberOfMessages: 10, VisibilityTimeout: 0,
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, m := range out.Messages {
		_, err := client.ChangeMessageVisibility(s.t.Context(), &sqs.ChangeMessageVisibilityInput{
			QueueUrl: aws.String(shopAWS + "/000000000000/orderflow-" + consumer + "DeadLetterQueue"), ReceiptHandle: m.ReceiptHandle,
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	return out.Messages
}

// redrive sends dead letters back to where they came from.
func (s *shop) redrive(consumer string) {
	s.t.Helper()
	_, err := sqs.NewFromConfig(s.aws).StartMessageMoveTask(s.t.Context(), &sqs.StartMessageMoveTaskInput{
		SourceArn: aws.String("arn:aws:sqs:us-east-1:000000000000:orderflow-" + consumer + "DeadLetterQueue"),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestPoison: a message that no try can process ends in the dead-letter queue
// after the receives that the template allows, and everything else that was in
// its batches is done.
func TestPoison(t *testing.T) {
	inWeather(t, nil, func(t *testing.T, s *shop) {
		s.consume("InventoryFunction", false)
		_, err := sns.NewFromConfig(s.aws).Publish(t.Context(), &sns.PublishInput{
			TopicArn: aws.String("arn:aws:sns:us-east-1:000000000000:orderflow-OrdersTopic"),
			Message:  aws.String("no event at all"),
			MessageAttributes: map[string]snstypes.MessageAttributeValue{
				"type": {DataType: aws.String("String"), StringValue: aws.String(string(order.InventoryRequested))},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		var placed []string
		for range 5 {
			placed = append(placed, s.place(orderFor("MUG", 1, "GB")))
		}
		s.consume("InventoryFunction", true)
		s.pass(time.Minute)
		for _, id := range placed {
			s.wants(id, order.Confirmed, "COMMITTED", "DISPATCHED")
		}
		s.pass(time.Hour)
		letters := s.deadLetters("Inventory")
		if len(letters) != 1 || *letters[0].Body != "no event at all" {
			t.Fatalf("dead letters of inventory: %v", letters)
		}
		// Five by Lambda; the sixth is ours, from the dead-letter queue.
		if n := letters[0].Attributes["ApproximateReceiveCount"]; n != "6" {
			t.Errorf("the poison was received %s times, want 6", n)
		}
	})
}

// TestRedrivenMessage: what could not be processed while a function was broken
// completes its order once it is mended and the dead letters are redriven.
func TestRedrivenMessage(t *testing.T) {
	broken := true
	calls := func(_ context.Context, c *interpose.Call, do func()) error {
		if broken && c.From == "orderflow-InventoryFunction" {
			return protocol.Errorf("ValidationException", "a bug")
		}
		do()
		return nil
	}
	inWeather(t, calls, func(t *testing.T, s *shop) {
		id := s.place(orderFor("MUG", 2, "GB"))
		s.pass(time.Hour)
		if letters := s.deadLetters("Inventory"); len(letters) != 1 {
			t.Fatalf("dead letters of inventory: %v", letters)
		}
		s.wants(id, order.Pending, "", "BOOKED")
		broken = false
		s.redrive("Inventory")
		s.pass(time.Minute)
		s.wants(id, order.Confirmed, "COMMITTED", "DISPATCHED")
		if queued := s.queued(); len(queued) > 0 {
			t.Errorf("messages are left: %v", queued)
		}
	})
}

// TestRedrivenExecution: a confirmation that could not be announced for hours
// ends its execution. Redriven, it announces, and the order completes.
func TestRedrivenExecution(t *testing.T) {
	broken := true
	calls := func(_ context.Context, c *interpose.Call, do func()) error {
		if broken && c.From == "states" && c.Action == "Publish" && strings.Contains(string(c.Input), string(order.OrderConfirmed)) {
			return &protocol.Error{Code: "ServiceUnavailable", Status: 503}
		}
		do()
		return nil
	}
	inWeather(t, calls, func(t *testing.T, s *shop) {
		s.unscheduled() // reconciliation would announce it too
		id := s.place(orderFor("MUG", 2, "GB"))
		s.pass(3 * time.Hour)
		s.wants(id, order.Confirmed, "RESERVED", "BOOKED")
		if execution, _ := s.told(id); execution != "FAILED" {
			t.Fatalf("the execution is %s", execution)
		}
		broken = false
		if _, err := sfn.NewFromConfig(s.aws).RedriveExecution(t.Context(), &sfn.RedriveExecutionInput{ExecutionArn: aws.String(s.execution(id))}); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Minute)
		s.wants(id, order.Confirmed, "COMMITTED", "DISPATCHED")
		if execution, _ := s.told(id); execution != "SUCCEEDED" {
			t.Errorf("the execution is %s", execution)
		}
	})
}

// TestLostCallback: inventory reserves and never says so. The order fails when
// the wait is over, and all is taken back.
func TestLostCallback(t *testing.T) {
	calls := func(_ context.Context, c *interpose.Call, do func()) error {
		if c.From == "orderflow-InventoryFunction" && c.Action == "SendTaskSuccess" {
			runtime.Goexit() // the function dies before its callback, whenever it tries
		}
		do()
		return nil
	}
	inWeather(t, calls, func(t *testing.T, s *shop) {
		id := s.place(orderFor("MUG", 2, "GB"))
		s.pass(time.Hour)
		s.wants(id, order.Pending, "RESERVED", "BOOKED")
		s.pass(2 * time.Hour)
		s.wants(id, order.Failed, "RELEASED", "CANCELLED")
		o := s.get(id)
		if execution, _ := s.told(id); execution != "FAILED" || o.Failure == nil || o.Failure.Code != "States.Timeout" {
			t.Errorf("the execution is %s, the failure %+v", execution, o.Failure)
		}
		if got := s.stock("MUG"); got != "10/0/0" {
			t.Errorf("the shelf is at %s", got)
		}

		// The request is still a dead letter. Redriven, it finds the wait over.
		s.redrive("Inventory")
		s.pass(time.Minute)
		s.wants(id, order.Failed, "RELEASED", "CANCELLED")
		if queued := s.queued(); len(queued) > 0 {
			t.Errorf("messages are left: %v", queued)
		}
	})
}

// TestCancellationOvertakes: order.cancelled arrives before the request, after
// it, between the two, or instead of it. Whichever way, nothing is held.
func TestCancellationOvertakes(t *testing.T) {
	const never = 1000 * time.Hour
	for name, held := range map[string]struct {
		inventory, shipment time.Duration // that the requests are late
	}{
		"after both":               {0, 0},
		"before inventory's":       {4 * time.Hour, 0},
		"before shipment's":        {0, 4 * time.Hour},
		"before both":              {4 * time.Hour, 4 * time.Hour},
		"instead of inventory's":   {never, 0},
		"instead of both":          {never, never},
		"long before, in disorder": {5 * time.Hour, 4 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var began time.Time
			late := func(c *interpose.Call, kind order.EventType, d time.Duration) bool {
				return c.From == "sns" && strings.Contains(string(c.Input), `"type":"`+string(kind)+`"`) &&
					!strings.Contains(c.To, "Analytics") && time.Since(began) < d
			}
			calls := func(_ context.Context, c *interpose.Call, do func()) error {
				if late(c, order.InventoryRequested, held.inventory) || late(c, order.ShipmentRequested, held.shipment) ||
					c.Action == "SendTaskSuccess" { // nobody is ever told: the customer gives up first
					return &protocol.Error{Code: "ServiceUnavailable", Status: 503}
				}
				do()
				return nil
			}
			inWeather(t, calls, func(t *testing.T, s *shop) {
				began = time.Now()
				id := s.place(orderFor("MUG", 2, "GB"))
				s.pass(time.Minute)
				if status, answer, _ := s.call("POST", "/orders/"+id+"/cancel", nil, nil); status != http.StatusAccepted {
					t.Fatalf("cancelling answers %d: %s", status, answer)
				}
				s.pass(3 * time.Hour) // the wait is over by then, and the cancellation announced
				if got := s.get(id).Status; got != order.Cancelled {
					t.Errorf("the order is %s", got)
				}
				s.pass(3 * time.Hour) // the last request comes, if at all
				s.wants(id, order.Cancelled, "RELEASED", "CANCELLED")
				if got := s.stock("MUG"); got != "10/0/0" {
					t.Errorf("the shelf is at %s", got)
				}
			})
		})
	}
}

// TestLateWriteOfAStoppedOrder: an operator stops an execution while its write
// of the order is on its way. The customer is told FAILED, and that it stays,
// although the write arrives. Found by a simulation, seed 13454.
func TestLateWriteOfAStoppedOrder(t *testing.T) {
	calls := func(_ context.Context, c *interpose.Call, do func()) error {
		if c.From == "states" && c.Action == "PutItem" {
			time.Sleep(10 * time.Second)
		}
		do()
		return nil
	}
	inWeather(t, calls, func(t *testing.T, s *shop) {
		id := s.place(orderFor("MUG", 2, "GB"))
		s.pass(time.Second)
		if _, err := sfn.NewFromConfig(s.aws).StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String(s.execution(id))}); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if got := s.get(id).Status; got != order.Failed {
				t.Errorf("the order is %s", got)
			}
			if status, _, _ := s.call("POST", "/orders/"+id+"/cancel", nil, nil); status != http.StatusConflict {
				t.Errorf("cancelling answers %d", status)
			}
			s.pass(10 * time.Second)
		}
		s.pass(2 * time.Hour) // reconciliation tells everybody
		s.wants(id, order.Failed, "RELEASED", "CANCELLED")
		if report := s.reconcile(`{"dryRun": true}`); len(report.Found) > 0 {
			t.Errorf("reconciliation finds %+v", report.Found)
		}
	})
}

// TestSlowQueues: queues that SNS cannot reach for long delay a confirmed
// order's announcement, and fail nothing. Found by a simulation, seed 81.
func TestSlowQueues(t *testing.T) {
	var began time.Time
	calls := func(_ context.Context, c *interpose.Call, do func()) error {
		if c.From == "sns" && time.Since(began) < time.Hour {
			time.Sleep(10 * time.Second)
			return &protocol.Error{Code: "ServiceUnavailable", Status: 503}
		}
		do()
		return nil
	}
	inWeather(t, calls, func(t *testing.T, s *shop) {
		began = time.Now()
		id := s.place(orderFor("MUG", 2, "GB"))
		s.pass(2 * time.Hour)
		s.wants(id, order.Confirmed, "COMMITTED", "DISPATCHED")
		if _, states := s.told(id); strings.Count(strings.Join(states, " "), "TaskScheduled") != 7 {
			t.Errorf("a task was tried again: %q", states)
		}
	})
}

// TestChaos: with -chaos functions die and answers are lost before one's eyes,
// and orders complete all the same, within minutes. Chaos in real concurrency
// is never the same twice.
func TestChaos(t *testing.T) {
	inShop(t, "MUG,Blue mug,1250,GBP,350,1000\n", func(t *testing.T, s *shop) {
		var placed []string
		for i := range 30 {
			header := map[string]string{"Idempotency-Key": fmt.Sprint("key-", i)}
			for tries := 0; ; tries++ {
				status, answer, location := s.call("POST", "/orders", header, orderFor("MUG", 1, "GB"))
				if status == http.StatusAccepted {
					placed = append(placed, strings.TrimPrefix(location, "/orders/"))
					break
				}
				if status < 500 || tries == 20 {
					t.Fatalf("POST /orders answers %d: %s", status, answer)
				}
				s.pass(time.Second)
			}
		}
		s.pass(5 * time.Minute)
		pending := 0
		for _, id := range placed {
			switch got := order.Status(s.status("OrdersTable", id)); got {
			case order.Confirmed:
			case order.Pending: // whoever was struck five times in a row is a dead letter
				pending++
			default:
				t.Errorf("order %s is %s", id, got)
			}
		}
		if letters := len(s.deadLetters("Inventory")) + len(s.deadLetters("Shipment")); pending > letters || pending > 3 {
			t.Errorf("%d orders are pending, there are %d dead letters", pending, letters)
		}
	}, "-chaos", "crash=0.02,lost=0.05,duplicate=0.05,throttle=0.1", "-seed", "7")
}
