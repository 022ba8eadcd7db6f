// Package notification writes to the customer when an order arrives and when
// it is decided.
package notification

import (
	"context"
	"fmt"
	"net/mail"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/order"
)

// New makes the handler of NotificationQueue. It reads NOTIFICATIONS_TABLE,
// ORDERS_TABLE, SENDER, the address that mails come from, and what
// consumer.NewLog does.
func New(cfg aws.Config, getenv func(string) string) (lambda.Handler, error) {
	store := &store{db: dynamodb.NewFromConfig(cfg), notifications: getenv("NOTIFICATIONS_TABLE"), orders: getenv("ORDERS_TABLE")}
	if store.notifications == "" {
		return nil, fmt.Errorf("notification: NOTIFICATIONS_TABLE is not set")
	}
	if store.orders == "" {
		return nil, fmt.Errorf("notification: ORDERS_TABLE is not set")
	}
	sender := getenv("SENDER")
	if _, err := mail.ParseAddress(sender); err != nil {
		return nil, fmt.Errorf("notification: SENDER is no mail address: %w", err)
	}
	templates, err := parseTemplates()
	if err != nil {
		return nil, err
	}
	log, err := consumer.NewLog("notification", getenv)
	if err != nil {
		return nil, err
	}
	d := &desk{store, &post{sesv2.NewFromConfig(cfg), sender}, templates}
	return consumer.Each(log, d.handle, nil), nil
}

// A desk tells customers about their orders.
type desk struct {
	store     *store
	post      *post
	templates templates
}

// handle writes one mail for one event. It is kept that the mail was sent, so
// that an event received again sends none; only if it cannot be kept after
// sending, the customer gets the mail twice, which is better than never.
func (d *desk) handle(ctx context.Context, e order.Event) (any, error) {
	told := keyOf(e)
	known, err := d.store.read(ctx, told)
	if err != nil {
		return nil, err
	}
	if known.notified {
		return nil, nil
	}
	letter, err := d.templates.letter(e, known.customer, known.country)
	if err != nil {
		return nil, err
	}
	messageID, err := d.post.send(ctx, letter)
	if err != nil {
		return nil, err
	}
	return nil, d.store.putNotified(ctx, told, messageID)
}
