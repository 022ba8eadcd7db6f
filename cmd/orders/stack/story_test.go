package stack_test

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	gocmp "github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/orders/stack"
	"orderflow/cmd/orders/stack/stacktest"
	"orderflow/lambdas/order"
)

var update = flag.Bool("update", false, "write the golden files")

// TestStories tells an order of each kind. Every call takes its time, so that
// what happens at once elsewhere has an order here.
func TestStories(t *testing.T) {
	for _, test := range []struct {
		name   string
		sku    string
		to     string
		faults interpose.Calls
		after  time.Duration // it is looked at, or during happens; 0: ten seconds
		jitter bool          // times are drawn at random
		during func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string)
	}{
		{name: "confirmed", sku: "MUG-BLUE", to: "GB"},
		{name: "out-of-stock", sku: "KETTLE-RED", to: "GB"},
		{name: "refused", sku: "MUG-BLUE", to: "AQ"},
		{name: "invalid", sku: "NO-SUCH", to: "GB"},
		{name: "cancelled", sku: "MUG-BLUE", to: "GB", faults: once(carrierAway), during: func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string) {
			time.Sleep(time.Minute)
			cancel(t, s, id)
			cancel(t, s, id)
			time.Sleep(6 * time.Minute)
			cancel(t, s, id)
		}},
		{name: "failed-and-compensated", sku: "MUG-BLUE", to: "GB", faults: carrierAway, during: func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string) {
			time.Sleep(24 * time.Hour)
			shop.Befall(slowly(nil))
			time.Sleep(time.Minute)
		}},
		{name: "retried-after-crash", sku: "MUG-BLUE", to: "GB", faults: once(crash("orderflow-InventoryFunction")), during: func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string) {
			time.Sleep(7 * time.Minute)
		}},
		{name: "waiting-for-the-next-try", sku: "MUG-BLUE", to: "GB", faults: carrierAway, during: func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string) {
			time.Sleep(7 * time.Minute)
		}},
		{name: "stuck-in-the-dead-letter-queue", sku: "MUG-BLUE", to: "GB", faults: carrierAway, during: func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string) {
			time.Sleep(despair)
		}},
		{name: "redriven", sku: "MUG-BLUE", to: "GB", faults: carrierAway, during: func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string) {
			time.Sleep(despair)
			shop.Befall(slowly(nil))
			if n, err := s.Redrive(t.Context(), "shipment"); n != 1 || err != nil {
				t.Error(n, err)
			}
			time.Sleep(time.Minute)
		}},
		{name: "confirmed-without-a-mail", sku: "MUG-BLUE", to: "GB", faults: mailsAway, during: func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string) {
			time.Sleep(despair)
		}},
		{name: "validation-was-tried-again", sku: "MUG-BLUE", to: "GB", faults: once(crash("orderflow-ValidationFunction")), jitter: true},
		{name: "validation-will-be-tried-again", sku: "MUG-BLUE", to: "GB", faults: crash("orderflow-ValidationFunction"), after: 5 * time.Millisecond},
		{name: "delivered-twice", sku: "MUG-BLUE", to: "GB", faults: twice},
		{name: "stopped", sku: "MUG-BLUE", to: "GB", faults: carrierAway, during: func(t *testing.T, shop *stacktest.Shop, s *stack.Stack, id string) {
			shop.Stop(t.Context(), t, s.ExecutionARN(id), "Operator", "it was a test")
			time.Sleep(time.Minute)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1) // from which a retry's jitter comes: it may be next to nothing
			inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
				time.Sleep(time.Hour)
				shop.Befall(slowly(test.faults))
				answer, err := s.Place(t.Context(), body("c-42", "Ada", test.sku, test.to), "")
				if err != nil || answer.OrderID == "" {
					t.Fatal(answer, err)
				}
				time.Sleep(cmp.Or(test.after, 10*time.Second))
				if test.during != nil {
					test.during(t, shop, s, answer.OrderID)
				}
				synctest.Wait()

				peeking, err := stack.Open(t.Context(), shop.Peeking())
				if err != nil {
					t.Fatal(err)
				}
				golden(t, test.name, toldStory(t, peeking, answer.OrderID, !test.jitter))
				if unpeeked := toldStory(t, s, answer.OrderID, !test.jitter); slices.Contains([]string{"failed-and-compensated", "waiting-for-the-next-try"}, test.name) {
					golden(t, test.name+".unpeeked", unpeeked)
				} else {
					golden(t, test.name, unpeeked)
				}
			})
		})
	}
}

// A request that was not published was never refused.
func TestStoryOfAFailedPublish(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shop.Befall(once(topicAway))
		id := place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		time.Sleep(10 * time.Second)
		told := toldStory(t, s, id, false)
		for _, want := range []string{
			"ReserveInventory failed, and was tried again: SNS.ThrottledException: Rate exceeded.\n",
			"Inventory was asked to set 1 × MUG-BLUE aside.\n",
			"Inventory received the request and set 1 × MUG-BLUE aside.\n",
		} {
			if strings.Count(told, want) != 1 {
				t.Errorf("%q is told %d times in\n%s", want, strings.Count(told, want), told)
			}
		}
		if strings.Contains(told, "refused") {
			t.Errorf("nothing was refused in\n%s", told)
		}
	})
}

// TestOldStories: what is no longer kept is told as far as the tables know.
func TestOldStories(t *testing.T) {
	inShop(t, func(t *testing.T, shop *stacktest.Shop, s *stack.Stack) {
		shop.Befall(slowly(nil))
		id := place(t, s, "c-42", "Ada", "MUG-BLUE", "GB")
		time.Sleep(10 * time.Second)
		for name, gone := range map[string]forgetting{
			"confirmed-a-month-ago": {"FilterLogEvents": "ResourceNotFoundException"},
			"confirmed-long-ago":    {"FilterLogEvents": "ResourceNotFoundException", "GetExecutionHistory": "ExecutionDoesNotExist"},
		} {
			config := shop.Peeking()
			config.AWS.HTTPClient = gone.client(config.AWS.HTTPClient)
			old, err := stack.Open(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name, toldStory(t, old, id, true))
		}
	})
}

// forgetting is AWS after a time: actions with the error that they end with.
type forgetting map[string]string

func (f forgetting) client(next aws.HTTPClient) aws.HTTPClient {
	return smithyhttp.ClientDoFunc(func(r *http.Request) (*http.Response, error) {
		_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		code, forgotten := f[action]
		if !forgotten {
			return next.Do(r)
		}
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(`{"__type":"` + code + `"}`))}, nil
	})
}

func toldStory(t *testing.T, s *stack.Stack, id string, timed bool) string {
	story, err := s.Story(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if c := story.Order.Customer; c != (order.Customer{ID: "c-42", Name: "Ada"}) || story.Order.ShippingAddress != (order.Address{Country: story.Order.ShippingAddress.Country}) {
		t.Errorf("the story tells more of the customer than it should: %+v, %+v", c, story.Order.ShippingAddress)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", story.Headline)
	for _, m := range story.Moments {
		at := ""
		if timed {
			at = m.At.Sub(story.Order.CreatedAt).Round(time.Millisecond).String()
		}
		fmt.Fprintf(&b, "%14s  %-17s  %-7s  %s\n", at, m.Who, m.Mood, m.What)
	}
	return anonymous(b.String())
}

// What is drawn at random has no place in a golden file.
var (
	anyUUID     = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anyTracking = regexp.MustCompile(`\bHP[A-Z2-7]{13}\b`)
)

func anonymous(s string) string {
	return anyTracking.ReplaceAllString(anyUUID.ReplaceAllString(s, "UUID"), "TRACKING")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "stories", name+".txt")
	if *update {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(got), 0o644)); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// slowly lets every call take some time, a different one for each caller.
func slowly(faults interpose.Calls) interpose.Calls {
	takes := map[string]time.Duration{
		"orderflow-ApiFunction": 2 * time.Millisecond, "orderflow-ValidationFunction": 3 * time.Millisecond,
		"orderflow-InventoryFunction": 40 * time.Millisecond, "orderflow-ShipmentFunction": 70 * time.Millisecond, "orderflow-NotificationFunction": 110 * time.Millisecond,
		"orderflow-AnalyticsFunction": 5 * time.Millisecond,
	}
	return func(ctx context.Context, c *interpose.Call, do func()) error {
		took := takes[c.From]
		if c.From == "states" {
			for i, typ := range []order.EventType{order.InventoryRequested, order.ShipmentRequested, order.Placed} {
				if strings.Contains(string(c.Input), string(typ)) {
					took = time.Duration(i+1) * time.Millisecond
				}
			}
		}
		time.Sleep(took)
		if faults == nil {
			do()
			return nil
		}
		return faults(ctx, c, do)
	}
}

// once lets a fault befall one call.
func once(faults interpose.Calls) interpose.Calls {
	var over atomic.Bool
	return func(ctx context.Context, c *interpose.Call, do func()) (err error) {
		if over.Load() {
			do()
			return nil
		}
		done, returned := false, false
		defer func() { // also of a function that crashes
			if err != nil || !returned || !done {
				over.Store(true)
			}
		}()
		err = faults(ctx, c, func() { done = true; do() })
		returned = true
		return err
	}
}

// mailsAway is the fault that no mail of a confirmation can be sent.
func mailsAway(_ context.Context, c *interpose.Call, do func()) error {
	if c.To == "ses" && strings.Contains(string(c.Input), "confirmed") {
		return &protocol.Error{Code: "MessageRejected", Message: "the post office is closed", Status: http.StatusBadRequest}
	}
	do()
	return nil
}

// topicAway is the fault that inventory cannot be asked.
func topicAway(_ context.Context, c *interpose.Call, do func()) error {
	if c.From == "states" && c.To == "sns" && strings.Contains(string(c.Input), string(order.InventoryRequested)) {
		return &protocol.Error{Code: "ThrottledException", QueryCode: "Throttled", Message: "Rate exceeded", Status: http.StatusTooManyRequests}
	}
	do()
	return nil
}

// twice is the fault that SNS delivers what inventory should hear twice.
func twice(_ context.Context, c *interpose.Call, do func()) error {
	if c.From == "sns" && strings.Contains(string(c.Path)+string(c.Input)+c.Action, "Inventory") {
		do()
	}
	do()
	return nil
}

func cancel(t *testing.T, s *stack.Stack, id string) {
	t.Helper()
	if _, err := s.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
}
