package ses

import (
	"net/http"
	"strconv"

	"orderflow/cmd/local/cloud/protocol"
)

// OutboxPath is where the mails sent are listed, beside AWS's API: a JSON
// object whose Messages are the newest last, those of ?to= or ?orderId= alone.
const OutboxPath = "/_local/outbox"

// Handler serves SES's REST API, and the outbox.
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, serve func(*http.Request) (any, error)) {
		protocol.HandleREST(mux, pattern, func(r *http.Request) (any, error) {
			if err := s.mayAsk(r); err != nil {
				return nil, err
			}
			return serve(r)
		})
	}
	handle("POST /v2/email/outbound-emails", s.sendEmail)
	handle("GET /v2/email/account", func(r *http.Request) (any, error) { return s.GetAccount(r.Context()) })
	handle("GET /v2/email/identities", s.listIdentities)
	handle("POST /v2/email/list-identities", s.postListIdentities) // newer SDKs
	handle("POST /v2/email/identities", s.createIdentity)
	handle("GET /v2/email/identities/{name}", func(r *http.Request) (any, error) {
		return s.GetEmailIdentity(r.Context(), r.PathValue("name"))
	})
	mux.Handle("GET "+OutboxPath, s.OutboxHandler())
	handle("/", func(r *http.Request) (any, error) {
		return nil, &protocol.Error{Code: "UnknownOperationException", Message: r.Method + " " + r.URL.Path + " is not supported by the local cloud", Status: http.StatusNotFound}
	})
	return mux
}

// OutboxHandler serves OutboxPath.
func (s *Service) OutboxHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		protocol.WriteREST(w, http.StatusOK, struct{ Messages []Mail }{s.Outbox(Filter{To: q.Get("to"), OrderID: q.Get("orderId"), MessageID: q.Get("messageId")})})
	})
}

func (s *Service) sendEmail(r *http.Request) (any, error) {
	var in SendEmailInput
	if err := protocol.ReadREST(r, &in, badRequest); err != nil {
		return nil, err
	}
	if err := s.maySend(r.Context(), &in); err != nil {
		return nil, err
	}
	return s.SendEmail(r.Context(), &in)
}

func (s *Service) createIdentity(r *http.Request) (any, error) {
	var in CreateEmailIdentityInput
	if err := protocol.ReadREST(r, &in, badRequest); err != nil {
		return nil, err
	}
	return s.CreateEmailIdentity(r.Context(), &in)
}

func (s *Service) listIdentities(r *http.Request) (any, error) {
	q := r.URL.Query()
	in := &ListEmailIdentitiesInput{NextToken: q.Get("NextToken")}
	if text := q.Get("PageSize"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n == 0 {
			return nil, badRequest("PageSize must be between 1 and 1000.")
		}
		in.PageSize = n
	}
	return s.ListEmailIdentities(r.Context(), in)
}

func (s *Service) postListIdentities(r *http.Request) (any, error) {
	var in ListEmailIdentitiesInput
	if err := protocol.ReadREST(r, &in, badRequest); err != nil {
		return nil, err
	}
	return s.ListEmailIdentities(r.Context(), &in)
}
