package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/lambdas/api/apitest"
	"orderflow/lambdas/order"
)

func TestPlaceOrder(t *testing.T) {
	s := newShop(t)
	first, second := placed(t, s.h, apitest.Order, ""), placed(t, s.h, apitest.Order, "")
	for _, id := range []string{first, second} {
		if parsed, err := uuid.Parse(id); err != nil || parsed.Version() != 7 {
			t.Errorf("order ID %q is no UUIDv7", id)
		}
	}
	if first == second || s.executions() != 2 {
		t.Error("two orders without a key are one")
	}
	const want = `{"fingerprint":"FINGERPRINT","customer":{"id":"c-42","name":"Ada Lovelace","email":"ada@example.com","phone":"+442079460000"},` +
		`"items":[{"sku":"MUG-BLUE","quantity":2}],"shippingAddress":{"name":"Ada","line1":"1 Byron St","city":"London","postalCode":"N1 1AA","country":"GB"}}`
	got := s.input(first)
	fingerprint := got[len(`{"fingerprint":"`):][:64]
	if diff := cmp.Diff(want, strings.Replace(got, fingerprint, "FINGERPRINT", 1)); diff != "" {
		t.Errorf("the execution's input (-want +got):\n%s", diff)
	}
}

// The largest order that is let through fits where it has to go.
func TestTheLargestOrder(t *testing.T) {
	s := newShop(t)
	wide := strings.Repeat("\U0001F469", 100)
	items := make([]string, 50)
	for i := range items {
		items[i] = fmt.Sprintf(`{"sku":"%064d","quantity":1000}`, i)
	}
	body := fmt.Sprintf(`{"customer":{"id":"c","name":"%s","email":"a@example.com"},"items":[%s],
		"shippingAddress":{"name":"%s","line1":"%s","line2":"%s","city":"%s","region":"%s","country":"GB"}}`,
		wide, strings.Join(items, ","), wide, wide+wide, strings.Repeat("<", 200), wide, wide)
	if got := len(s.input(placed(t, s.h, body, ""))); got > 16<<10 {
		t.Errorf("an input of %d bytes", got)
	}
}

// One key never makes two orders: while the order runs, after it ended, and
// for as long as it exists.
func TestIdempotencyKey(t *testing.T) {
	other := strings.Replace(apitest.Order, `"quantity": 2`, `"quantity": 3`, 1)
	check := func(t *testing.T, s *shop, id string) {
		t.Helper()
		if again := placed(t, s.h, apitest.Order, `"k"`); again != id {
			t.Errorf("the same key made order %s, then %s", id, again)
		}
		var p problem
		decode(t, post(t, s.h, other, "k"), http.StatusUnprocessableEntity, &p)
		if p.Type != "urn:orderflow:problem:idempotency-key-reused" {
			t.Errorf("problem %+v", p)
		}
		if s.executions() != 1 {
			t.Errorf("%d executions", s.executions())
		}
	}
	t.Run("while it runs, not stored", func(t *testing.T) {
		s := newShop(t)
		check(t, s, placed(t, s.h, apitest.Order, "k"))
	})
	t.Run("while it runs, stored", func(t *testing.T) {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "k")
		s.store(id, order.Pending, nil)
		check(t, s, id)
	})
	t.Run("after it ended", func(t *testing.T) {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "k")
		s.store(id, order.Confirmed, nil)
		s.stop(id)
		check(t, s, id)
	})
	t.Run("after it ended, never stored", func(t *testing.T) {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "k")
		s.stop(id)
		check(t, s, id)
	})
	t.Run("another customer's", func(t *testing.T) {
		s := newShop(t)
		id := placed(t, s.h, apitest.Order, "k")
		if parsed := uuid.MustParse(id); parsed.Version() != 5 {
			t.Errorf("order ID %s is no UUIDv5", id)
		}
		if placed(t, s.h, strings.Replace(apitest.Order, "c-42", "c-43", 1), "k") == id {
			t.Error("two customers share an order")
		}
	})
}

// The order is stored and ends between the look at its row and the start.
func TestIdempotencyKeyMeetsTheOrdersEnd(t *testing.T) {
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "k")
	h := s.handler(cloudtest.Fault{Action: "GetItem", Times: 1, After: func() {
		s.store(id, order.Confirmed, nil)
		s.stop(id)
	}})
	if again := placed(t, h, apitest.Order, "k"); again != id {
		t.Errorf("the same key made order %s, then %s", id, again)
	}
}

// The answer to a start is lost, and the order has ended when the SDK tries
// again: it was placed all the same, and whoever is told otherwise orders twice.
func TestStartWhoseAnswerIsLost(t *testing.T) {
	for _, key := range []string{"", "k"} {
		s := newShop(t)
		h := s.handler(cloudtest.Fault{Action: "StartExecution", Times: 1, Status: http.StatusInternalServerError, Before: func(body string) {
			var in struct{ StateMachineArn, Name, Input string }
			if err := json.Unmarshal([]byte(body), &in); err != nil {
				t.Fatal(err)
			}
			if _, err := s.sfn.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: &in.StateMachineArn, Name: &in.Name, Input: &in.Input}); err != nil {
				t.Fatal(err)
			}
			s.stop(in.Name)
		}})
		id := placed(t, h, apitest.Order, key)
		if s.input(id) == "" || s.executions() != 1 {
			t.Errorf("key %q: %d executions", key, s.executions())
		}
	}
}

func TestManyAtOnceWithOneKey(t *testing.T) {
	s := newShop(t)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { placed(t, s.h, apitest.Order, "k") })
	}
	wg.Wait()
	if s.executions() != 1 {
		t.Errorf("%d executions", s.executions())
	}
}

const throttled = `{"__type":"ThrottlingException","message":"Rate exceeded"}`

func TestThrottledStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t)
		placed(t, s.handler(cloudtest.Fault{Action: "StartExecution", Times: 3, Status: 400, Body: throttled}), apitest.Order, "")

		for i, code := range []string{"ThrottlingException", "ExecutionLimitExceeded", "TooManyRequestsException"} {
			start := time.Now()
			key := fmt.Sprint("k-", i)
			busy := s.handler(cloudtest.Fault{Action: "StartExecution", Status: 400, Body: fmt.Sprintf(`{"__type":%q,"message":"too many"}`, code)})
			for _, key := range []string{"", key} {
				answer := post(t, busy, apitest.Order, key)
				var p problem
				decode(t, answer, http.StatusServiceUnavailable, &p)
				if p.Type != "urn:orderflow:problem:busy" {
					t.Errorf("%s: answer %s", code, answer.Body)
				}
				if seconds, err := strconv.Atoi(answer.Headers["retry-after"]); err != nil || seconds < 2 || seconds > 6 {
					t.Errorf("%s: Retry-After %q", code, answer.Headers["retry-after"])
				}
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("%s: the clients waited %v", code, took)
			}
			if s.executions() != 1+i {
				t.Errorf("%s: %d executions", code, s.executions())
			}
			placed(t, s.h, apitest.Order, key) // whoever comes again, with the key, gets their order
		}
	})
}

// Who is turned away together does not come back together, and neither do the
// retries before.
func TestRetriesAreJittered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, 1)
		s := newShop(t)
		after, waits := map[string]bool{}, map[time.Duration]bool{}
		for range 40 {
			began := time.Now()
			busy := s.handler(cloudtest.Fault{Action: "StartExecution", Status: 400, Body: throttled})
			after[post(t, busy, apitest.Order, "").Headers["retry-after"]] = true
			waits[time.Since(began)] = true
			if took := time.Since(began); took > 1400*time.Millisecond {
				t.Errorf("a client waited %v", took)
			}
		}
		if len(after) != 5 || len(waits) != 40 {
			t.Errorf("Retry-After is one of %v; of 40 waits %d differ", after, len(waits))
		}
	})
}

func TestFaultsAreNotTold(t *testing.T) {
	s := newShop(t)
	answer := post(t, s.handler(cloudtest.Fault{Action: "StartExecution", Status: 400, Body: `{"__type":"AccessDeniedException","message":"secret role"}`}), apitest.Order, "")
	if answer.StatusCode != http.StatusInternalServerError || strings.Contains(answer.Body, "secret") {
		t.Errorf("status %d: %s", answer.StatusCode, answer.Body)
	}
}

func BenchmarkPlaceOrder(b *testing.B) {
	s := newShop(b)
	b.ReportAllocs()
	for b.Loop() {
		if answer := post(b, s.h, apitest.Order, ""); answer.StatusCode != http.StatusAccepted {
			b.Fatal(answer.Body)
		}
	}
}

// Whatever a request holds, the log has the order's ID and nothing personal.
func TestLog(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	s := newShop(t)
	id := placed(t, s.h, apitest.Order, "")
	get(t, s.h, "/orders/"+id)
	get(t, s.h, "/orders/ada@example.com")
	post(t, s.h, strings.Replace(apitest.Order, "c-42", "ada lovelace", 1), "")
	post(t, s.handler(cloudtest.Fault{Action: "StartExecution", Status: 400, Body: `{"__type":"AccessDeniedException","message":"no"}`}), apitest.Order, "")
	if n := strings.Count(log.String(), `"orderId":"`+id+`","execution":"`+executionOf+id+`"`); n != 2 {
		t.Errorf("the order is named %d times:\n%s", n, &log)
	}
	if failed := regexp.MustCompile(`"msg":"request failed","orderId":"[-0-9a-f]{36}","execution":.*"next":`); !failed.MatchString(log.String()) {
		t.Errorf("no line tells which order was not placed, and what to do:\n%s", &log)
	}
	for _, personal := range []string{"ada@", "ada ", "Ada", "Lovelace", "Byron", "7946"} {
		if strings.Contains(log.String(), personal) {
			t.Errorf("the log has %q:\n%s", personal, &log)
		}
	}
}
