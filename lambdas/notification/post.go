package notification

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
)

// A post sends letters through SES.
type post struct {
	ses    *sesv2.Client
	sender string
}

var inUTF8, orderTag = aws.String("UTF-8"), aws.String("orderId")

// envelope is what SES is given of a letter: many parts, in one piece of memory.
func (p *post) envelope(l *letter) *sesv2.SendEmailInput {
	var e struct {
		input         sesv2.SendEmailInput
		destination   types.Destination
		to            [1]string
		content       types.EmailContent
		message       types.Message
		subject, text types.Content
		body          types.Body
		tags          [1]types.MessageTag
	}
	e.to[0] = l.to
	e.destination.ToAddresses = e.to[:]
	e.subject = types.Content{Data: &l.subject, Charset: inUTF8}
	e.text = types.Content{Data: &l.text, Charset: inUTF8}
	e.body.Text = &e.text
	e.message = types.Message{Subject: &e.subject, Body: &e.body}
	e.content.Simple = &e.message
	e.tags[0] = types.MessageTag{Name: orderTag, Value: &l.orderID} // to know a bounce by
	e.input = sesv2.SendEmailInput{
		FromEmailAddress: &p.sender,
		Destination:      &e.destination,
		Content:          &e.content,
		EmailTags:        e.tags[:],
	}
	return &e.input
}

// send sends a letter and returns SES's ID of it. SES quotes addresses in its
// messages, so an error carries its code alone.
func (p *post) send(ctx context.Context, l *letter) (messageID string, err error) {
	out, err := p.ses.SendEmail(ctx, p.envelope(l))
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return "", fmt.Errorf("notification: mail not sent: %s", refusal.ErrorCode())
	}
	if err != nil {
		return "", fmt.Errorf("notification: mail not sent: %w", err)
	}
	return aws.ToString(out.MessageId), nil
}
