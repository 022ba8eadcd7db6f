package ses

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// maxOutbox bounds the texts that the outbox holds, in bytes.
const maxOutbox = 64 << 20

// A Mail is one that was sent.
type Mail struct {
	MessageId string // no other mail's
	Timestamp time.Time
	From      string
	To        []string          `json:",omitempty"`
	Cc        []string          `json:",omitempty"`
	Bcc       []string          `json:",omitempty"`
	ReplyTo   []string          `json:",omitempty"`
	Subject   string            `json:",omitempty"`
	Text      string            `json:",omitempty"`
	Html      string            `json:",omitempty"`
	Raw       string            `json:",omitempty"` // the whole message, if it was sent so
	Headers   map[string]string `json:",omitempty"`
	Tags      map[string]string `json:",omitempty"`
}

// A Filter selects mails; the zero Filter selects all.
type Filter struct {
	To        string // any recipient's address
	OrderID   string // in a tag, in the subject or in the text
	MessageID string
}

func (m *Mail) size() int {
	return len(m.Subject) + len(m.Text) + len(m.Html) + len(m.Raw)
}

func (f Filter) match(m *Mail) bool {
	if f.MessageID != "" && f.MessageID != m.MessageId {
		return false
	}
	if f.To != "" {
		is := func(to string) bool {
			address, err := parseAddress(to)
			return err == nil && strings.EqualFold(address, f.To)
		}
		if !slices.ContainsFunc(m.To, is) && !slices.ContainsFunc(m.Cc, is) && !slices.ContainsFunc(m.Bcc, is) {
			return false
		}
	}
	return f.OrderID == "" || m.mentions(f.OrderID)
}

func (m *Mail) mentions(text string) bool {
	for _, tag := range m.Tags {
		if tag == text {
			return true
		}
	}
	return strings.Contains(m.Subject, text) || strings.Contains(m.Text, text) || strings.Contains(m.Html, text) || strings.Contains(m.Raw, text)
}

// Outbox lists the mails sent, the newest last.
func (s *Service) Outbox(f Filter) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Mail{}
	for _, m := range s.outbox.Ascend("") {
		if f.match(m) {
			out = append(out, *m)
		}
	}
	return out
}

// Latest lists the newest mails, so many at most, the newest first. It looks at
// no more of them than it must.
func (s *Service) Latest(f Filter, limit int) []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []Mail{}
	for _, m := range s.outbox.Descend("") {
		if len(out) >= limit {
			break
		}
		if f.match(m) {
			out = append(out, *m)
		}
	}
	return out
}

// keep adds a mail to the outbox, and drops the oldest beyond its limits.
func (s *Service) keep(m *Mail) {
	s.sent++
	s.outbox.Put(fmt.Sprintf("%020d", s.sent), m)
	s.bytes += m.size()
	for s.outbox.Len() > s.cfg.MaxMails || s.bytes > maxOutbox && s.outbox.Len() > 1 {
		s.drop()
	}
}

func (s *Service) drop() {
	var oldest string
	for key, m := range s.outbox.Ascend("") {
		oldest = key
		s.bytes -= m.size()
		break
	}
	s.outbox.Delete(oldest)
}
