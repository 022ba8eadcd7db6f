package cloud

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"orderflow/cmd/local/cloud/interpose"
)

// transport calls a handler in-process: what the handlers of the local cloud
// send to AWS and to the carrier never meets a socket. It is an http.Client
// without redirects and cookies, which no AWS client follows, and an
// http.RoundTripper. Every such call passes here.
type transport struct {
	host    string // the only one that it reaches
	handler http.Handler
	between interpose.Interposed // it and functions
}

// Do implements aws.HTTPClient.
func (t *transport) Do(r *http.Request) (*http.Response, error) { return t.RoundTrip(r) }

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	if r.URL.Host != t.host {
		return nil, fmt.Errorf("cloud: host %q is out of reach, a function at home reaches %s alone", r.URL.Host, t.host)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if calls := t.between.Now(); calls != nil {
		if function, ok := lambdacontext.FromContext(r.Context()); ok {
			return t.interposed(calls, r, function)
		}
	}
	w, err := t.serve(r)
	if err != nil {
		return nil, err
	}
	return w.answer(r), nil
}

func (t *transport) serve(r *http.Request) (*response, error) {
	w := newResponse()
	t.handler.ServeHTTP(w, served(r))
	if err := r.Context().Err(); err != nil { // the caller is gone, whatever was done for it
		w.release()
		return nil, err
	}
	return w, nil
}

// served is the request as a server sees it.
func served(r *http.Request) *http.Request {
	in := new(http.Request)
	*in = *r
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "in-process"
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	return in
}

// buffers hold the bodies of answers, which are mostly short and read at once.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxPooled keeps a rare large answer from being held for ever.
const maxPooled = 256 << 10

// response is an http.ResponseWriter and then the answer's body.
type response struct {
	header http.Header
	status int
	body   *bytes.Buffer // nil once closed
}

func newResponse() *response {
	return &response{header: make(http.Header, 8), body: buffers.Get().(*bytes.Buffer)}
}

func (w *response) Header() http.Header { return w.header }

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 { // informational answers are not kept
		w.status = status
	}
}

func (w *response) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *response) answer(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	length := int64(w.body.Len())
	if r.Method == http.MethodHead {
		length = -1
		if n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil {
			length = n
		}
		w.body.Reset()
	}
	return &http.Response{
		Status:        http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.header,
		Body:          w,
		ContentLength: length,
		Request:       r,
	}
}

func (w *response) Read(p []byte) (int, error) {
	if w.body == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	n, err := w.body.Read(p)
	if err == io.EOF && len(p) == 0 {
		err = nil
	}
	return n, err
}

func (w *response) Close() error {
	w.release()
	return nil
}

func (w *response) release() {
	if w.body == nil {
		return
	}
	if w.body.Cap() <= maxPooled {
		w.body.Reset()
		buffers.Put(w.body)
	}
	w.body = nil
}
