package console

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

// What is shown may hold any line ends, and is no field of the stream.
func TestStreamSendsDataAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := httptest.NewRecorder()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		s := stream{w: w, log: slog.New(slog.DiscardHandler), render: func(context.Context) ([]byte, error) {
			return []byte("<pre>a\revent: load\r\nretry: 1\n\nid: 2</pre>"), nil
		}}
		if err := s.follow(ctx); err != nil {
			t.Fatal(err)
		}
		const want = "data: <pre>a\ndata: event: load\ndata: retry: 1\ndata: \ndata: id: 2</pre>\n\n"
		if got := w.Body.String(); got != want {
			t.Errorf("%q, want it once, as %q", got, want)
		}
	})
}

// A page that cannot be put together is no stream: the browser is told so.
func TestStreamRefuses(t *testing.T) {
	w := httptest.NewRecorder()
	s := stream{w: w, render: func(context.Context) ([]byte, error) { return nil, io.ErrUnexpectedEOF }}
	if err := s.follow(t.Context()); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("follow gives %v", err)
	}
	if len(w.Header()) > 0 || w.Body.Len() > 0 {
		t.Errorf("it has begun to answer: %v %q", w.Header(), w.Body)
	}
}
