package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"orderflow/cmd/local/cloud/ses"
)

// mailPage is the outbox, and one mail of it opened.
type mailPage struct {
	Mails []mail
	Open  *mail
	To    string // filter
}

type mail struct {
	ses.Mail
	OrderID string
	URL     string
	HTML    string // where its HTML is shown from; "": it has none
}

// mostMails are listed, newest first.
const mostMails = 50

var errNoMail = errors.New("console: there is no such mail")

func (c *Console) loadMails(_ context.Context, r *http.Request) (string, any, error) {
	p := mailPage{To: strings.TrimSpace(r.URL.Query().Get("to"))}
	for _, m := range c.Mails(ses.Filter{To: p.To}, mostMails) {
		shown := shownMail(m)
		if p.To != "" {
			shown.URL = withQuery(shown.URL, url.Values{"to": {p.To}})
		}
		p.Mails = append(p.Mails, shown)
	}
	if id := r.PathValue("id"); id != "" {
		found := c.Mails(ses.Filter{MessageID: id}, 1)
		if len(found) == 0 {
			return "", nil, errNoMail
		}
		open := shownMail(found[0])
		p.Open = &open
		return open.Subject, p, nil
	}
	return "Mail", p, nil
}

func shownMail(m ses.Mail) mail {
	shown := mail{Mail: m, OrderID: m.Tags["orderId"], URL: Prefix + "/mail/" + url.PathEscape(m.MessageId)}
	if m.Html != "" {
		shown.HTML = shown.URL + "/html"
	}
	return shown
}

// mailHTML is a mail's HTML alone, for a frame in which nothing of it runs,
// loads or navigates.
func (c *Console) mailHTML(w http.ResponseWriter, r *http.Request) {
	found := c.Mails(ses.Filter{MessageID: r.PathValue("id")}, 1)
	if len(found) == 0 {
		c.fail(w, r, errNoMail)
		return
	}
	w.Header().Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'")
	write(w, http.StatusOK, []byte(found[0].Html))
}
