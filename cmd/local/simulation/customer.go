package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/lambdas/order"
)

// A customer does what the plan says of an order, and insists on answers.
type customer struct {
	*run
	order Order
	ids   []string // of the orders they were told to have, each once

	cancelled bool // they were told so
	decided   bool // they were told that it is too late
	stopped   bool // an operator stopped it
}

const (
	maxTries = 40 // of one request
	nag      = 5 * time.Second
)

// live is what the customer does, from the first click to the last.
func (c *customer) live(ctx context.Context) {
	c.sched.pause(c.order.Name, c.order.At)
	clicks := make(chan string, c.order.Clicks)
	for i := range c.order.Clicks {
		go func() { clicks <- c.place(ctx, fmt.Sprintf("%s click %d", c.order.Name, i+1)) }()
	}
	id := ""
	for range c.order.Clicks {
		if got := <-clicks; got != "" {
			id = got
		}
	}
	c.sched.take(c.order.Name)
	if id == "" {
		return
	}
	var operator sync.WaitGroup
	if d := c.order.StopAfter; d > 0 {
		operator.Go(func() {
			c.sched.pause("operator about "+c.order.Name, d)
			c.stop(ctx, id)
		})
	}
	if d := c.order.AgainAfter; d > 0 {
		c.sched.pause(c.order.Name, d)
		c.place(ctx, c.order.Name+" again")
		if c.order.Differently {
			c.placeDifferently(ctx)
		}
	}
	switch {
	case c.order.CancelAfter > 0:
		c.sched.pause(c.order.Name, c.order.CancelAfter)
		c.cancel(ctx, id)
	case c.order.CancelAt > 0:
		c.await()
		c.cancel(ctx, id)
	}
	c.look(ctx, id)
	operator.Wait()
}

// await waits until enough has happened to the order, but no longer than it
// takes until reconciliation has had its turn.
func (c *customer) await() {
	timer := time.NewTimer(Grace + 2*ReconciledEvery)
	defer timer.Stop()
	select {
	case <-c.Trace.reaches(c.order.Name, c.order.CancelOn, c.order.CancelAt):
	case <-timer.C:
	}
	c.sched.take(c.order.Name + " has waited")
}

// stop is what an operator does, who has nothing to do with the customer.
func (c *customer) stop(ctx context.Context, id string) {
	c.stopped = true
	c.Trace.add("operator → states StopExecution", []byte(id))
	_, err := c.world.states.StopExecution(ctx, &sfn.StopExecutionInput{ExecutionArn: aws.String(c.world.execution(id))})
	if err != nil {
		c.fail(c.order.Name, "its execution cannot be stopped: %v", err)
	}
}

// place posts the order. With a key it does so until it is accepted, for one
// key makes one order; without a key it tries once.
func (c *customer) place(ctx context.Context, activity string) (id string) {
	for range maxTries {
		status, answer := c.ask(ctx, activity, "POST", "/orders", c.request(c.order.Country))
		switch {
		case status == http.StatusAccepted:
			var placed struct {
				OrderID string       `json:"orderId"`
				Status  order.Status `json:"status"`
			}
			if json.Unmarshal(answer, &placed) != nil || placed.OrderID == "" || placed.Status != order.Pending {
				c.fail(c.order.Name, "POST /orders answers 202 with %s", answer)
			}
			c.told(placed.OrderID)
			return placed.OrderID
		case !isFault(status):
			c.fail(c.order.Name, "POST /orders answers %d: %s", status, answer)
			return ""
		case !c.order.Key:
			return ""
		}
		c.sched.pause(activity, nag)
	}
	return ""
}

// told is that the customer was told an order ID.
func (c *customer) told(id string) {
	if slices.Contains(c.ids, id) {
		return
	}
	c.ids = append(c.ids, id)
	if c.order.Key && len(c.ids) > 1 {
		c.fail(c.order.Name, "one Idempotency-Key made %d orders", len(c.ids))
	}
}

// placeDifferently posts another order with the key of the first, and tells
// whether it was refused.
func (c *customer) placeDifferently(ctx context.Context) bool {
	status, answer := c.ask(ctx, c.order.Name+" differently", "POST", "/orders", c.request("FR"))
	if status != http.StatusUnprocessableEntity && !isFault(status) {
		c.fail(c.order.Name, "another order with the same Idempotency-Key is answered %d: %s", status, answer)
	}
	return status == http.StatusUnprocessableEntity
}

func (c *customer) cancel(ctx context.Context, id string) {
	for range maxTries {
		switch status, answer := c.ask(ctx, c.order.Name+" cancels", "POST", "/orders/"+id+"/cancel", nil); {
		case status == http.StatusAccepted:
			c.cancelled = true
			return
		case status == http.StatusConflict:
			c.decided = true
			return
		case !isFault(status):
			c.fail(c.order.Name, "cancelling is answered %d: %s", status, answer)
			return
		}
		c.sched.pause(c.order.Name, nag)
	}
}

// look asks for the order a few times. What is decided stays so.
func (c *customer) look(ctx context.Context, id string) {
	var last order.Status
	for range 3 {
		status, answer := c.ask(ctx, c.order.Name+" looks", "GET", "/orders/"+id, nil)
		var o order.Order
		switch {
		case isFault(status):
		case status != http.StatusOK || json.Unmarshal(answer, &o) != nil || o.ID != id:
			c.fail(c.order.Name, "GET /orders/{orderId} is answered %d: %s", status, answer)
		case last.Final() && o.Status != last:
			c.fail(c.order.Name, "it was %s, and is %s", last, o.Status)
		default:
			last = o.Status
		}
		c.sched.pause(c.order.Name, 20*time.Second)
	}
}

// request is the order as it is posted.
func (c *customer) request(country string) []byte {
	who := c.order.customer()
	body, err := json.Marshal(map[string]any{
		"customer":        order.Customer{ID: who, Name: "Ada", Email: who + "@example.com"},
		"items":           c.order.Items,
		"shippingAddress": order.Address{Name: "Ada", Line1: "1 Byron St", City: "London", PostalCode: "N1 " + who, Country: country},
	})
	if err != nil {
		panic(err) // strings and numbers alone
	}
	return body
}

// ask sends a request and waits for its answer. Status 0 is none.
func (c *customer) ask(ctx context.Context, activity, method, path string, body []byte) (status int, answer []byte) {
	call := &interpose.Call{From: "customer", To: "apigateway", Action: method, Activity: activity, Input: append([]byte(path+" "), body...)}
	err := c.calls(ctx, call, func() {
		r := httptest.NewRequestWithContext(interpose.As(ctx, activity), method, path, bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if c.order.Key && method == "POST" && strings.HasSuffix(path, "/orders") {
			r.Header.Set("Idempotency-Key", "the-only-one")
		}
		w := httptest.NewRecorder()
		c.world.API.ServeHTTP(w, r)
		status, answer = w.Code, w.Body.Bytes()
		call.Outcome, call.Output = fmt.Sprint(status), answer
	})
	if err != nil {
		return 0, nil
	}
	return status, answer
}

// isFault tells whether trying again may help.
func isFault(status int) bool {
	return status == 0 || status == http.StatusTooManyRequests || status >= 500
}
