package notification_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"orderflow/cmd/local/cloud/cloudtest"
	"orderflow/cmd/local/cloud/ses"
	"orderflow/lambdas/notification"
	"orderflow/lambdas/order"
)

// A desk is notification and its tables in a cloud. sent are the requests that
// reached SES.
type desk struct {
	*cloudtest.Cloud
	t    testing.TB
	h    lambda.Handler
	sent []string
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{Cloud: cloudtest.New(t), t: t}
	d.CreateTable("notifications", "orderId", "eventType")
	d.CreateTable("orders", "orderId")
	d.Put("orders", order.Order{
		ID: "o1", Status: order.Pending,
		Customer:        order.Customer{ID: "c-42", Name: "Ada", Email: "ada@example.com"},
		ShippingAddress: order.Address{Name: "Ada", Country: "GB"},
	})
	_, err := sesv2.NewFromConfig(d.AWSConfig()).CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("shop@example.com")})
	if err != nil {
		t.Fatal(err)
	}
	d.h = d.handler()
	return d
}

// handler is the consumer whose mails are counted, and which meets faults.
func (d *desk) handler(faults ...cloudtest.Fault) lambda.Handler {
	d.t.Helper()
	count := cloudtest.Fault{Action: "POST", Before: func(body string) { d.sent = append(d.sent, body) }}
	h, err := notification.New(d.Faulty(append(faults, count)...), cloudtest.Environment(
		"NOTIFICATIONS_TABLE", "notifications", "ORDERS_TABLE", "orders", "SENDER", "shop@example.com",
		"METRICS_NAMESPACE", "orderflow", "STATE_MACHINE_ARN", "arn:aws:states:us-east-1:000000000000:stateMachine:orders"))
	if err != nil {
		d.t.Fatal(err)
	}
	return h
}

func TestOneMailForOneEvent(t *testing.T) {
	d := newDesk(t)
	for _, kind := range []order.EventType{order.Placed, order.OrderConfirmed, order.OrderCancelled} {
		e := cloudtest.About(t, kind, "o1")
		if failed := cloudtest.Receive(t, d.h, e, e); failed != "" {
			t.Errorf("%s: failed is %q", kind, failed)
		}
	}
	mails := d.SES.Outbox(ses.Filter{To: "ada@example.com", OrderID: "o1"})
	if len(d.sent) != 3 || len(mails) != 3 {
		t.Fatalf("%d mails of 3 events, each received twice", len(d.sent))
	}
	for _, m := range mails {
		if m.From != "shop@example.com" || m.Tags["orderId"] != "o1" || !strings.Contains(m.Subject, "o1") || !strings.Contains(m.Text, "Hello Ada,") {
			t.Errorf("mail %+v", m)
		}
	}
	told := d.Items("notifications", "eventType")
	if len(told) != 3 || told["order.placed"]["messageId"] == "" || told["order.placed"]["sentAt"] == nil {
		t.Errorf("kept %v", told)
	}
}

// That a mail was sent is known for as long as a copy of its event can come,
// and not for ever.
func TestMailsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t)
		e := cloudtest.About(t, order.Placed, "o1")
		cloudtest.Receive(t, d.h, e)
		want := float64(time.Now().Add(order.TombstoneLife).Unix())
		if got := d.Items("notifications", "orderId")["o1"]["expiresAt"]; got != want {
			t.Errorf("expires at %v, want %v", got, want)
		}

		d.Expire("notifications", order.ExpiresAt)
		time.Sleep(order.TombstoneLife - time.Minute)
		if failed := cloudtest.Receive(t, d.h, e); failed != "" || len(d.sent) != 1 {
			t.Errorf("the last copy: failed is %q, %d mails", failed, len(d.sent))
		}
		time.Sleep(time.Hour)
		if left := d.Items("notifications", "orderId"); len(left) != 0 {
			t.Errorf("what is left is %v", left)
		}
	})
}

// The mail goes out before it is kept that it did: better twice than never.
func TestSentButNotKept(t *testing.T) {
	d := newDesk(t)
	h := d.handler(cloudtest.Fault{Action: "PutItem", Times: 1, Status: 400, Body: `{"__type":"ValidationException","message":"no"}`})
	e := cloudtest.About(t, order.Placed, "o1")
	if failed := cloudtest.Receive(t, h, e); failed != "0" {
		t.Error("the event does not fail")
	}
	if failed := cloudtest.Receive(t, h, e, e); failed != "" {
		t.Errorf("again: failed is %q", failed)
	}
	if len(d.sent) != 2 {
		t.Errorf("%d mails", len(d.sent))
	}
}

func TestNoOrderYet(t *testing.T) {
	d := newDesk(t)
	if failed := cloudtest.Receive(t, d.h, cloudtest.About(t, order.Placed, "o9"), cloudtest.About(t, order.Placed, "o1")); failed != "0" {
		t.Errorf("failed is %q", failed)
	}
	if len(d.sent) != 1 {
		t.Errorf("%d mails", len(d.sent))
	}
}

// SES quotes addresses in what it refuses; the log must not.
func TestRefusedMailsAreNotQuoted(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&log, nil)))
	defer slog.SetDefault(before)
	d := newDesk(t)
	h := d.handler(cloudtest.Fault{Action: "POST", Status: 400, Body: `{"__type":"MessageRejected","message":"Email address is not verified: ada@example.com"}`})
	if failed := cloudtest.Receive(t, h, cloudtest.About(t, order.Placed, "o1")); failed != "0" {
		t.Error("the event does not fail")
	}
	if text := log.String(); !strings.Contains(text, "MessageRejected") || !strings.Contains(text, `"orderId":"o1"`) || strings.Contains(text, "ada") {
		t.Errorf("the log says %s", text)
	}
	if kept := d.Items("notifications", "eventType"); len(kept) != 0 {
		t.Errorf("kept %v", kept)
	}
}

func TestWriteUnits(t *testing.T) {
	d := newDesk(t)
	cloudtest.Receive(t, d.h, cloudtest.About(t, order.Placed, "o1"))
	if _, written := d.DynamoDB.Consumed("notifications"); written != 1 {
		t.Errorf("%v write units", written)
	}
}

func TestNewNeedsItsEnvironment(t *testing.T) {
	all := []string{"NOTIFICATIONS_TABLE", "n", "ORDERS_TABLE", "o", "SENDER", "shop@example.com", "METRICS_NAMESPACE", "m", "STATE_MACHINE_ARN", "a"}
	for i := 0; i < len(all); i += 2 {
		without := append(append([]string{}, all[:i]...), all[i+2:]...)
		_, err := notification.New(aws.Config{}, cloudtest.Environment(without...))
		if err == nil || !strings.Contains(err.Error(), all[i]) {
			t.Errorf("without %s: error %v", all[i], err)
		}
	}
}
