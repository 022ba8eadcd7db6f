package ses

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Limits of a message.
// https://docs.aws.amazon.com/ses/latest/dg/quotas.html
const (
	maxRecipients = 50
	maxMessage    = 40 << 20 // bytes; the wire takes 16 MiB
	maxTags       = 50
)

// SendEmailInput is one mail, with either Simple or Raw content.
// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
type SendEmailInput struct {
	FromEmailAddress     string
	Destination          Destination
	ReplyToAddresses     []string
	Content              EmailContent
	EmailTags            []MessageTag
	ConfigurationSetName string
}

// Destination lists the recipients.
type Destination struct{ ToAddresses, CcAddresses, BccAddresses []string }

// EmailContent holds one of its members.
type EmailContent struct {
	Simple *Message
	Raw    *RawMessage
}

// Message is a mail that SES puts together.
type Message struct {
	Subject *Content
	Body    struct{ Text, Html *Content }
	Headers []MessageHeader
}

// Content is text. Without a Charset it is 7-bit ASCII.
type Content struct{ Data, Charset string }

// MessageHeader is a further header of a mail.
type MessageHeader struct{ Name, Value string }

// RawMessage is a whole mail, as RFC 5322 has it.
type RawMessage struct{ Data []byte }

// MessageTag labels a mail.
type MessageTag struct{ Name, Value string }

// SendEmailOutput names the mail.
type SendEmailOutput struct{ MessageId string }

// SendEmail puts a mail into the outbox.
func (s *Service) SendEmail(_ context.Context, in *SendEmailInput) (*SendEmailOutput, error) {
	m, err := compose(in)
	if err != nil {
		return nil, err
	}
	sender, err := parseAddress(m.From)
	if err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.identity(sender); !ok {
		failed := m.From
		if sender != m.From {
			failed += ", " + sender
		}
		return nil, rejected("Email address is not verified. The following identities failed the check in region %s: %s", strings.ToUpper(s.cfg.Region), failed)
	}
	if in.ConfigurationSetName != "" {
		return nil, notFound("Configuration set <%s> does not exist.", in.ConfigurationSetName)
	}
	m.Timestamp = time.Now().UTC()
	m.MessageId = fmt.Sprintf("0100%012x-%s-000000", m.Timestamp.UnixMilli(), uuid.New())
	s.keep(m)
	return &SendEmailOutput{m.MessageId}, nil
}

// compose checks all but the sender's identity.
func compose(in *SendEmailInput) (*Mail, error) {
	m := &Mail{
		From:    in.FromEmailAddress,
		To:      in.Destination.ToAddresses,
		Cc:      in.Destination.CcAddresses,
		Bcc:     in.Destination.BccAddresses,
		ReplyTo: in.ReplyToAddresses,
	}
	var err error
	switch c := in.Content; {
	case c.Simple != nil && c.Raw != nil:
		return nil, badRequest("Exactly one of Simple, Raw, or Template must be specified in Content.")
	case c.Simple != nil:
		err = m.simple(c.Simple)
	case c.Raw != nil:
		err = m.raw(c.Raw.Data)
	default:
		err = badRequest("Content is required: one of Simple and Raw.")
	}
	if err != nil {
		return nil, err
	}
	if m.Tags, err = tags(in.EmailTags); err != nil {
		return nil, err
	}
	return m, m.checkAddresses()
}

func (m *Mail) simple(content *Message) error {
	switch text, html := content.Body.Text, content.Body.Html; {
	case content.Subject == nil:
		return badRequest("Missing required parameter: Content.Simple.Subject")
	case text == nil && html == nil:
		return badRequest("Missing required parameter: Content.Simple.Body")
	}
	var err error
	if m.Subject, err = content.Subject.text(); err != nil {
		return err
	}
	if strings.ContainsAny(m.Subject, "\r\n") {
		return badRequest("Header value contains illegal characters: Subject")
	}
	if m.Text, err = content.Body.Text.text(); err != nil {
		return err
	}
	if m.Html, err = content.Body.Html.text(); err != nil {
		return err
	}
	if m.size() > maxMessage {
		return rejected("Message length is more than %d bytes long.", maxMessage)
	}
	for _, h := range content.Headers {
		if m.Headers == nil {
			m.Headers = make(map[string]string, len(content.Headers))
		}
		m.Headers[h.Name] = h.Value
	}
	return nil
}

// text is what a reader would see: what the charset can not express is lost.
func (c *Content) text() (string, error) {
	if c == nil {
		return "", nil
	}
	var limit rune
	switch strings.ToUpper(c.Charset) {
	case "UTF-8":
		return c.Data, nil
	case "", "US-ASCII", "ASCII":
		limit = 0x7f
	case "ISO-8859-1":
		limit = 0xff
	default:
		return "", badRequest("Charset %s is not supported by the local cloud.", c.Charset)
	}
	return strings.Map(func(r rune) rune {
		if r > limit {
			return '?'
		}
		return r
	}, c.Data), nil
}

func (m *Mail) raw(data []byte) error {
	message, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return badRequest("The raw message could not be parsed: %v", err)
	}
	if len(data) > maxMessage {
		return rejected("Message length is more than %d bytes long.", maxMessage)
	}
	m.Raw = string(data)
	words := new(mime.WordDecoder)
	if m.Subject, err = words.DecodeHeader(message.Header.Get("Subject")); err != nil {
		m.Subject = message.Header.Get("Subject")
	}
	if m.From == "" {
		m.From = message.Header.Get("From")
	}
	if len(m.To)+len(m.Cc)+len(m.Bcc) > 0 {
		return nil
	}
	for name, list := range map[string]*[]string{"To": &m.To, "Cc": &m.Cc, "Bcc": &m.Bcc} {
		if message.Header.Get(name) == "" {
			continue
		}
		addresses, err := message.Header.AddressList(name)
		if err != nil {
			return badRequest("Illegal address")
		}
		for _, a := range addresses {
			*list = append(*list, a.String())
		}
	}
	return nil
}

func (m *Mail) checkAddresses() error {
	n := len(m.To) + len(m.Cc) + len(m.Bcc)
	if n == 0 {
		return badRequest("Destination must name at least one recipient.")
	}
	if n > maxRecipients {
		return badRequest("Recipient count exceeds %d.", maxRecipients)
	}
	for _, list := range [][]string{m.To, m.Cc, m.Bcc, m.ReplyTo} {
		for _, address := range list {
			if _, err := parseAddress(address); err != nil {
				return err
			}
		}
	}
	return nil
}

// parseAddress is the bare address of "name <address>".
func parseAddress(text string) (string, error) {
	if !strings.Contains(text, "@") {
		return "", badRequest("Missing final '@domain'")
	}
	a, err := mail.ParseAddress(text)
	if err != nil {
		return "", badRequest("Illegal address")
	}
	local, domain, _ := strings.Cut(a.Address, "@")
	if len(local) > 64 || len(a.Address) > 320 || !strings.Contains(domain, ".") {
		return "", badRequest("Illegal address")
	}
	return a.Address, nil
}

var tagText = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

func tags(in []MessageTag) (map[string]string, error) {
	if len(in) == 0 {
		return nil, nil
	}
	if len(in) > maxTags {
		return nil, badRequest("Tag count exceeds %d.", maxTags)
	}
	out := make(map[string]string, len(in))
	for _, t := range in {
		if !tagText.MatchString(t.Name) {
			return nil, badRequest("Invalid tag name <%s>: only alphanumeric ASCII characters, '_', and '-' are allowed.", t.Name)
		}
		if !tagText.MatchString(t.Value) {
			return nil, badRequest("Invalid tag value <%s>: only alphanumeric ASCII characters, '_', and '-' are allowed.", t.Value)
		}
		if _, ok := out[t.Name]; ok {
			return nil, badRequest("Duplicate tag name <%s>.", t.Name)
		}
		out[t.Name] = t.Value
	}
	return out, nil
}
