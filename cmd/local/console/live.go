package console

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
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

// follow sends until ctx ends, or the page cannot be put together any more:
// the browser then connects again.
func (s *stream) follow(ctx context.Context) {
	s.w.Header().Set("Content-Type", "text/event-stream")
	s.w.Header().Set("Cache-Control", "no-store")
	for {
		began := time.Now()
		if err := s.look(ctx); err != nil {
			if ctx.Err() == nil {
				s.log.ErrorContext(ctx, "console: a page is not kept up to date", "error", err)
			}
			return
		}
		rest := time.NewTimer(min(max(lookEvery, restFactor*time.Since(began)), lookAtLast))
		select {
		case <-ctx.Done():
			rest.Stop()
			return
		case <-rest.C:
		}
	}
}

func (s *stream) look(ctx context.Context) error {
	html, err := s.render(ctx)
	if err != nil {
		return err
	}
	if bytes.Equal(html, s.sent) {
		return nil
	}
	s.sent = html
	var event bytes.Buffer
	for line := range bytes.Lines(html) {
		fmt.Fprintf(&event, "data: %s\n", bytes.TrimRight(line, "\r\n"))
	}
	event.WriteByte('\n')
	if _, err := event.WriteTo(s.w); err != nil {
		return err
	}
	return http.NewResponseController(s.w).Flush()
}
