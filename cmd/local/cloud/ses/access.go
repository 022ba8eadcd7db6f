package ses

import (
	"context"
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

// maySend tells whether the context's caller may send a mail in the name of its
// sender's identity.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html
func (s *Service) maySend(ctx context.Context, in *SendEmailInput) error {
	from, err := mail.ParseAddress(in.FromEmailAddress)
	if err != nil {
		return nil // SendEmail itself refuses it
	}
	s.mu.Lock()
	identity, ok := s.identity(from.Address)
	s.mu.Unlock()
	if !ok {
		identity = from.Address
	}
	return s.authorize(ctx, "ses:SendEmail", "identity/"+identity, func(key string) []string {
		switch key {
		case "ses:fromaddress":
			return []string{from.Address}
		case "ses:fromdisplayname":
			return []string{from.Name}
		case "ses:recipients":
			return slices.Concat(in.Destination.ToAddresses, in.Destination.CcAddresses, in.Destination.BccAddresses)
		}
		return nil
	})
}

// authorize refuses as SES does: in a sentence of its own.
func (s *Service) authorize(ctx context.Context, action, resource string, values func(string) []string) error {
	if iam.Caller(ctx) == nil {
		return nil
	}
	resource = "arn:aws:ses:" + s.cfg.Region + ":" + s.cfg.Account + ":" + resource
	if err := iam.Authorize(ctx, nil, iam.Request{Action: action, Resource: resource, Context: values}); err != nil {
		message := "User `" + iam.Caller(ctx).ARN() + "' is not authorized to perform `" + action + "' on resource `" + resource + "'"
		return &protocol.Error{Code: "AccessDeniedException", Message: message, Status: http.StatusForbidden}
	}
	return nil
}

// others are the operations other than SendEmail, by method and path.
var others = map[string]string{
	"GET /v2/email/account":          "GetAccount",
	"GET /v2/email/identities":       "ListEmailIdentities",
	"POST /v2/email/list-identities": "ListEmailIdentities",
	"POST /v2/email/identities":      "CreateEmailIdentity",
}

// mayAsk is maySend for all other operations.
func (s *Service) mayAsk(r *http.Request) error {
	resource := "*"
	action, ok := others[r.Method+" "+r.URL.Path]
	if name, found := strings.CutPrefix(r.URL.Path, "/v2/email/identities/"); found {
		action, ok, resource = "GetEmailIdentity", true, "identity/"+name
	}
	if !ok {
		return nil
	}
	return s.authorize(r.Context(), "ses:"+action, resource, nil)
}
