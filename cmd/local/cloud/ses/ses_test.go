package ses_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/ses"
)

const sender = "orders@shop.example"

// inProcess answers a client's requests by a handler, without a socket.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func newService(t testing.TB, cfg ses.Config) (*ses.Service, *sesv2.Client) {
	cfg.Region, cfg.Account = "us-east-1", "000000000000"
	s := ses.New(cfg)
	if _, err := s.CreateEmailIdentity(t.Context(), &ses.CreateEmailIdentityInput{EmailIdentity: sender}); err != nil {
		t.Fatal(err)
	}
	return s, sesv2.New(sesv2.Options{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String("http://localhost"),
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:       &http.Client{Transport: inProcess{s.Handler()}},
		RetryMaxAttempts: 1,
	})
}

// letter is a mail that SES takes.
func letter() *sesv2.SendEmailInput {
	return &sesv2.SendEmailInput{
		FromEmailAddress: aws.String("Shop <" + sender + ">"),
		Destination:      &types.Destination{ToAddresses: []string{"Ada <ada@example.com>"}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: &types.Content{Data: aws.String("Ordér 17"), Charset: aws.String("UTF-8")},
			Body:    &types.Body{Text: &types.Content{Data: aws.String("é")}},
		}},
		EmailTags: []types.MessageTag{{Name: aws.String("orderId"), Value: aws.String("o-17")}},
	}
}

func TestSendEmail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := newService(t, ses.Config{})
		simple, err := c.SendEmail(t.Context(), letter())
		if err != nil {
			t.Fatal(err)
		}
		if id := *simple.MessageId; len(id) != 60 || !strings.HasPrefix(id, "010000dc6acfac00-") || !strings.HasSuffix(id, "-000000") {
			t.Errorf("message id %s", id)
		}
		time.Sleep(time.Second)
		source := "From: " + sender + "\r\nTo: bob@example.com\r\nSubject: =?utf-8?q?gr=C3=BCn?=\r\n\r\nhello\r\n"
		raw, err := c.SendEmail(t.Context(), &sesv2.SendEmailInput{Content: &types.EmailContent{Raw: &types.RawMessage{Data: []byte(source)}}})
		if err != nil {
			t.Fatal(err)
		}
		want := []ses.Mail{
			{MessageId: *simple.MessageId, Timestamp: time.Now().Add(-time.Second).UTC(), From: "Shop <" + sender + ">", To: []string{"Ada <ada@example.com>"},
				Subject: "Ordér 17", Text: "?", Tags: map[string]string{"orderId": "o-17"}},
			{MessageId: *raw.MessageId, Timestamp: time.Now().UTC(), From: sender, To: []string{"<bob@example.com>"}, Subject: "grün", Raw: source},
		}
		if diff := cmp.Diff(want, s.Outbox(ses.Filter{})); diff != "" {
			t.Errorf("outbox (-want +got):\n%s", diff)
		}
		account, err := c.GetAccount(t.Context(), &sesv2.GetAccountInput{})
		if err != nil || !account.SendingEnabled || account.SendQuota.SentLast24Hours != 2 {
			t.Errorf("account %+v, %v", account, err)
		}
	})
}

func TestOutbox(t *testing.T) {
	s, c := newService(t, ses.Config{MaxMails: 3})
	for i := range 4 {
		in := letter()
		in.Destination.ToAddresses = []string{fmt.Sprintf("Somebody <C%d@example.com>", i%2)}
		in.Content.Simple.Body.Text.Data = aws.String(fmt.Sprintf("your order is order-%d.", i))
		in.EmailTags = nil
		if _, err := c.SendEmail(t.Context(), in); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]string{
		"":                               "1 2 3",
		"?to=c1@example.com":             "1 3",
		"?orderId=order-2":               "2",
		"?orderId=order-2&to=c1@a.b":     "",
		"?orderId=order-0":               "", // the oldest is gone
		"?to=Somebody+<c1@example.com>x": "",
	}
	for query, want := range tests {
		w := httptest.NewRecorder()
		s.OutboxHandler().ServeHTTP(w, httptest.NewRequest("GET", "/"+strings.ReplaceAll(strings.ReplaceAll(query, "<", "%3C"), ">", "%3E"), nil))
		var out struct{ Messages []ses.Mail }
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || out.Messages == nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		var got []string
		for _, m := range out.Messages {
			got = append(got, strings.TrimSuffix(strings.TrimPrefix(m.Text, "your order is order-"), "."))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: got %v, want %s", query, got, want)
		}
	}
}

// TestLatest: the newest mails come first, found without a look at the others.
func TestLatest(t *testing.T) {
	const many = 10_000
	s, _ := newService(t, ses.Config{})
	ids := make([]string, many)
	known := map[string]bool{}
	for i := range ids {
		in := &ses.SendEmailInput{FromEmailAddress: sender, Destination: ses.Destination{ToAddresses: []string{"ada@example.com"}}}
		in.Content.Simple = &ses.Message{Subject: &ses.Content{Data: fmt.Sprintf("order-%d", i%100)}}
		in.Content.Simple.Body.Text = &ses.Content{Data: "hello"}
		out, err := s.SendEmail(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		ids[i], known[out.MessageId] = out.MessageId, true
	}
	if len(known) != many {
		t.Errorf("%d mails have %d IDs", many, len(known))
	}
	for _, test := range []struct {
		filter ses.Filter
		limit  int
		want   []string
	}{
		{ses.Filter{}, 2, []string{ids[many-1], ids[many-2]}},
		{ses.Filter{OrderID: "order-7"}, 1, []string{ids[many-21]}}, // order-79
		{ses.Filter{MessageID: ids[17]}, 50, []string{ids[17]}},
		{ses.Filter{MessageID: "none"}, 50, nil},
		{ses.Filter{MessageID: ids[17], OrderID: "order-18"}, 50, nil},
		{ses.Filter{}, 0, nil},
	} {
		var got []string
		for _, m := range s.Latest(test.filter, test.limit) {
			got = append(got, m.MessageId)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%+v: -want +got\n%s", test.filter, diff)
		}
	}
	if mails := s.Outbox(ses.Filter{MessageID: ids[17]}); len(mails) != 1 || mails[0].Subject != "order-17" {
		t.Errorf("of that ID are %d mails", len(mails))
	}
	if n := testing.AllocsPerRun(10, func() { s.Latest(ses.Filter{}, 50) }); n > 20 {
		t.Errorf("50 of %d mails cost %v allocations", many, n)
	}
}

func TestRefusals(t *testing.T) {
	long := strings.Repeat("x", 257)
	tests := map[string]struct {
		change func(*sesv2.SendEmailInput)
		want   string
	}{
		"unverified sender": {func(in *sesv2.SendEmailInput) { in.FromEmailAddress = aws.String("Eve <eve@evil.example>") },
			"MessageRejected: Email address is not verified. The following identities failed the check in region US-EAST-1: Eve <eve@evil.example>, eve@evil.example"},
		"no sender":         {func(in *sesv2.SendEmailInput) { in.FromEmailAddress = nil }, "BadRequestException: Missing final '@domain'"},
		"no recipient":      {func(in *sesv2.SendEmailInput) { in.Destination = nil }, "BadRequestException: Destination must name at least one recipient."},
		"no domain":         {func(in *sesv2.SendEmailInput) { in.Destination.ToAddresses = []string{"ada"} }, "BadRequestException: Missing final '@domain'"},
		"no address":        {func(in *sesv2.SendEmailInput) { in.Destination.CcAddresses = []string{"ada@@example.com"} }, "BadRequestException: Illegal address"},
		"header injection":  {func(in *sesv2.SendEmailInput) { in.Content.Simple.Subject.Data = aws.String("a\r\nBcc: b") }, "BadRequestException: Header value contains illegal characters: Subject"},
		"51 recipients":     {func(in *sesv2.SendEmailInput) { in.Destination.BccAddresses = make([]string, 50) }, "BadRequestException: Recipient count exceeds 50."},
		"no content":        {func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{} }, "BadRequestException: Content is required: one of Simple and Raw."},
		"template":          {func(in *sesv2.SendEmailInput) { in.Content = &types.EmailContent{Template: &types.Template{}} }, `BadRequestException: parameter "Template" is not supported by the local cloud`},
		"configuration set": {func(in *sesv2.SendEmailInput) { in.ConfigurationSetName = aws.String("c") }, "NotFoundException: Configuration set <c> does not exist."},
		"tag":               {func(in *sesv2.SendEmailInput) { in.EmailTags[0].Value = &long }, "BadRequestException: Invalid tag value <" + long + ">"},
		"charset":           {func(in *sesv2.SendEmailInput) { in.Content.Simple.Subject.Charset = aws.String("KOI8-R") }, "BadRequestException: Charset KOI8-R is not supported by the local cloud."},
		"raw": {func(in *sesv2.SendEmailInput) {
			in.Content = &types.EmailContent{Raw: &types.RawMessage{Data: []byte("x")}}
		}, "BadRequestException: The raw message could not be parsed"},
	}
	s, c := newService(t, ses.Config{})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			in := letter()
			test.change(in)
			_, err := c.SendEmail(t.Context(), in)
			e, ok := errors.AsType[smithy.APIError](err)
			if !ok {
				t.Fatal(err)
			}
			if got := e.ErrorCode() + ": " + e.ErrorMessage(); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if mails := s.Outbox(ses.Filter{}); len(mails) > 0 {
		t.Errorf("sent nevertheless: %+v", mails)
	}
	_, err := c.ListContactLists(t.Context(), &sesv2.ListContactListsInput{})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "UnknownOperationException" {
		t.Errorf("ListContactLists: %v", err)
	}
}

func TestIdentities(t *testing.T) {
	_, c := newService(t, ses.Config{})
	if _, err := c.CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("Example.org")}); err != nil {
		t.Fatal(err)
	}
	_, err := c.CreateEmailIdentity(t.Context(), &sesv2.CreateEmailIdentityInput{EmailIdentity: aws.String("example.org")})
	if _, ok := errors.AsType[*types.AlreadyExistsException](err); !ok {
		t.Errorf("again: %v", err)
	}
	for _, from := range []string{"a@example.org", "a@mail.EXAMPLE.org"} {
		in := letter()
		in.FromEmailAddress = &from
		if _, err := c.SendEmail(t.Context(), in); err != nil {
			t.Errorf("%s: %v", from, err)
		}
	}
	var names []string
	for pages := sesv2.NewListEmailIdentitiesPaginator(c, &sesv2.ListEmailIdentitiesInput{PageSize: aws.Int32(1)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range page.EmailIdentities {
			names = append(names, fmt.Sprint(*i.IdentityName, " ", i.IdentityType, " ", i.VerificationStatus))
		}
	}
	if diff := cmp.Diff([]string{"example.org DOMAIN SUCCESS", sender + " EMAIL_ADDRESS SUCCESS"}, names); diff != "" {
		t.Error(diff)
	}
	got, err := c.GetEmailIdentity(t.Context(), &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(sender)})
	if err != nil || !got.VerifiedForSendingStatus {
		t.Errorf("GetEmailIdentity: %+v, %v", got, err)
	}
	_, err = c.GetEmailIdentity(t.Context(), &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String("a@b.example")})
	if _, ok := errors.AsType[*types.NotFoundException](err); !ok {
		t.Errorf("GetEmailIdentity of none: %v", err)
	}
}

func FuzzSendEmail(f *testing.F) {
	f.Add("a@b.example", "s", []byte("From: a@b.example\r\n\r\n"))
	s, _ := newService(f, ses.Config{MaxMails: 10})
	f.Fuzz(func(t *testing.T, to, subject string, raw []byte) {
		for _, in := range []*ses.SendEmailInput{
			{FromEmailAddress: sender, Destination: ses.Destination{ToAddresses: []string{to}}, Content: ses.EmailContent{Raw: &ses.RawMessage{Data: raw}}},
			{FromEmailAddress: to, Content: ses.EmailContent{Raw: &ses.RawMessage{Data: raw}}},
			{FromEmailAddress: sender, Destination: ses.Destination{ToAddresses: []string{to}}, Content: ses.EmailContent{Simple: &ses.Message{Subject: &ses.Content{Data: subject}}}},
		} {
			s.SendEmail(t.Context(), in)
		}
		s.Outbox(ses.Filter{To: to, OrderID: subject})
	})
}

func BenchmarkSendEmail(b *testing.B) {
	s, _ := newService(b, ses.Config{})
	in := &ses.SendEmailInput{FromEmailAddress: sender, Destination: ses.Destination{ToAddresses: []string{"ada@example.com"}}}
	in.Content.Simple = &ses.Message{Subject: &ses.Content{Data: "hello"}}
	in.Content.Simple.Body.Text = &ses.Content{Data: strings.Repeat("x", 1000)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.SendEmail(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLatest(b *testing.B) {
	s, _ := newService(b, ses.Config{})
	in := &ses.SendEmailInput{FromEmailAddress: sender, Destination: ses.Destination{ToAddresses: []string{"ada@example.com"}}}
	in.Content.Simple = &ses.Message{Subject: &ses.Content{Data: "hello"}}
	in.Content.Simple.Body.Text = &ses.Content{Data: strings.Repeat("x", 1000)}
	for range 10_000 {
		if _, err := s.SendEmail(b.Context(), in); err != nil {
			b.Fatal(err)
		}
	}
	for name, filter := range map[string]ses.Filter{"all": {}, "one": {MessageID: s.Outbox(ses.Filter{})[0].MessageId}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Latest(filter, 50)
			}
		})
	}
}
