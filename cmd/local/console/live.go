package console

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// A stream sends a page's live part as server-sent events: once at the start,
// and then whenever it has changed. htmx morphs the page into it.
// https://html.spec.whatwg.org/multipage/server-sent-events.html
type stream struct {
	w      http.ResponseWriter
	render func(ctx context.Context) ([]byte, error)
	log    *slog.Logger
	sent   []byte
}

// How often it looks for changes: not so often that it does little else.
const (
	lookEvery  = 400 * time.Millisecond
	restFactor = 8 // times what the last look took
	lookAtLast = 3 * time.Second
)

// follow sends until ctx ends, or the page cannot be put together any more.
// The error is why it could not be from the first, when nothing is sent: the
// browser connects again less and less often then.
func (s *stream) follow(ctx context.Context) error {
	began := time.Now()
	html, err := s.render(ctx)
	if err != nil {
		return err
	}
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("Cache-Control", "no-store")
	for {
		if err == nil && !bytes.Equal(html, s.sent) {
			err = s.send(html)
		}
		if err != nil {
			if ctx.Err() == nil {
				s.log.ErrorContext(ctx, "console: a page is not kept up to date", "error", err)
			}
			return nil
		}
		rest := time.NewTimer(min(max(lookEvery, restFactor*time.Since(began)), lookAtLast))
		select {
		case <-ctx.Done():
			rest.Stop()
			return nil
		case <-rest.C:
		}
		began = time.Now()
		html, err = s.render(ctx)
	}
}

// lineEnds are those of an event stream, and of HTML: what follows a carriage
// return from outside would be a field of the stream's own.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func (s *stream) send(html []byte) error {
	s.sent = html
	var event bytes.Buffer
	for line := range strings.SplitSeq(lineEnds.Replace(string(html)), "\n") {
		event.WriteString("data: " + line + "\n")
	}
	event.WriteByte('\n')
	if _, err := event.WriteTo(s.w); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}
