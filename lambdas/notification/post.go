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

// send sends a letter and returns SES's ID of it. SES quotes addresses in its
// messages, so an error carries its code alone.
func (p *post) send(ctx context.Context, l letter) (messageID string, err error) {
	out, err := p.ses.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress: &p.sender,
		Destination:      &types.Destination{ToAddresses: []string{l.to}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: utf8Content(l.subject),
			Body:    &types.Body{Text: utf8Content(l.text)},
		}},
		EmailTags: []types.MessageTag{{Name: aws.String("orderId"), Value: &l.orderID}}, // to know a bounce by
	})
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return "", fmt.Errorf("notification: mail not sent: %s", refusal.ErrorCode())
	}
	if err != nil {
		return "", fmt.Errorf("notification: mail not sent: %w", err)
	}
	return aws.ToString(out.MessageId), nil
}

func utf8Content(s string) *types.Content {
	return &types.Content{Data: &s, Charset: aws.String("UTF-8")}
}
