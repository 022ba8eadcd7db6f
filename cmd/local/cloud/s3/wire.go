package s3

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Handler serves S3's REST API, buckets by path.
// https://docs.aws.amazon.com/AmazonS3/latest/API/Welcome.html
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amz-Request-Id", fmt.Sprintf("%016X", rand.Uint64()))
		w.Header().Set("Server", "AmazonS3")
		if err := s.serve(w, r); err != nil {
			writeError(w, r, err)
		}
	})
}

// An operation names what a request asks for; parameters are those query
// parameters that it honours.
type operation struct {
	serve      func(*Service, http.ResponseWriter, *request) error
	parameters []string
}

// A request is one operation on a bucket or object.
type request struct {
	*http.Request
	bucket, key string
	query       url.Values
}

func (s *Service) serve(w http.ResponseWriter, r *http.Request) error {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalidArgument("The query string could not be read", "query", r.URL.RawQuery)
	}
	req := &request{r, bucket, key, q}
	op, err := req.operation()
	if err != nil {
		return err
	}
	if err := req.check(op); err != nil {
		return err
	}
	if owner := r.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != s.cfg.Account {
		return fail(http.StatusForbidden, "AccessDenied", "Access Denied", "", "")
	}
	if err := s.authorize(req); err != nil {
		return err
	}
	return op.serve(s, w, req)
}

func (r *request) operation() (operation, error) {
	switch {
	case r.bucket == "":
		if r.Method == http.MethodGet {
			return operation{(*Service).listBuckets, nil}, nil
		}
	case r.key == "":
		switch r.Method {
		case http.MethodGet:
			if r.query.Has("location") {
				return operation{(*Service).getBucketLocation, []string{"location"}}, nil
			}
			if r.query.Get("list-type") == "2" {
				return operation{(*Service).listObjects, []string{"list-type", "prefix", "delimiter", "max-keys", "start-after", "continuation-token", "encoding-type", "fetch-owner"}}, nil
			}
			for name := range r.query {
				if !strings.HasPrefix(strings.ToLower(name), "x-") {
					return operation{}, notImplemented("The subresource or parameter ?" + name + " of a bucket")
				}
			}
			return operation{}, notImplemented("ListObjects (version 1)")
		case http.MethodHead:
			return operation{(*Service).headBucket, nil}, nil
		case http.MethodPost:
			if r.query.Has("delete") {
				return operation{(*Service).deleteObjects, []string{"delete"}}, nil
			}
		case http.MethodPut:
			if len(r.query) == 0 {
				return operation{}, notImplemented("CreateBucket: the template says which buckets there are. It")
			}
			return operation{(*Service).refused, nil}, nil
		}
	default:
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			return operation{(*Service).getObject, []string{"response-cache-control", "response-content-disposition", "response-content-encoding", "response-content-language", "response-content-type", "response-expires"}}, nil
		case http.MethodPut:
			return operation{(*Service).putObject, nil}, nil
		case http.MethodDelete:
			return operation{(*Service).deleteObject, nil}, nil
		case http.MethodPost:
			return operation{(*Service).refused, nil}, nil
		}
	}
	return operation{}, fail(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.", "Method", r.Method)
}

// check refuses what the operation would not honour: subresources, and
// headers of x-amz-.
func (r *request) check(op operation) error {
	for name := range r.query {
		if !slices.Contains(op.parameters, name) && name != "x-id" && !strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			return notImplemented("The subresource or parameter ?" + name)
		}
	}
	for name, values := range r.Header {
		if strings.HasPrefix(name, "X-Amz-") && !honoured(name, values[0]) {
			return headerNotImplemented(strings.ToLower(name))
		}
	}
	return nil
}

func honoured(name, value string) bool {
	switch name {
	case "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amz-Trailer", "X-Amz-Decoded-Content-Length",
		"X-Amz-Sdk-Checksum-Algorithm", "X-Amz-Checksum-Mode", "X-Amz-Expected-Bucket-Owner", "X-Amz-Copy-Source":
		return true
	case "X-Amz-Storage-Class":
		return value == "STANDARD"
	case "X-Amz-Server-Side-Encryption":
		return value == "AES256"
	case "X-Amz-Checksum-Type":
		return value == "FULL_OBJECT"
	}
	return strings.HasPrefix(name, metaHeader) || strings.HasPrefix(name, checksumHeader)
}

func (s *Service) refused(_ http.ResponseWriter, r *request) error {
	return notImplemented(r.Method + " " + r.URL.Path)
}

// xmlns is the namespace of S3's answers.
const xmlns = "http://s3.amazonaws.com/doc/2006-03-01/"

const xmlTime = "2006-01-02T15:04:05.000Z"

func writeXML(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil { // our own structs
		panic(err)
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(xml.Header)+len(body)))
	w.WriteHeader(status)
	io.WriteString(w, xml.Header)
	w.Write(body)
}

func writeError(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		e = fail(http.StatusInternalServerError, "InternalError", err.Error(), "", "")
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(e.Status)
		return
	}
	type element struct {
		XMLName xml.Name
		Value   string `xml:",chardata"`
	}
	out := struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
		Extra         *element `xml:",omitempty"`
		Resource      string
		RequestID     string `xml:"RequestId"`
	}{Code: e.Code, Message: e.Message, Resource: r.URL.Path, RequestID: w.Header().Get("X-Amz-Request-Id")}
	if e.Field != "" {
		out.Extra = &element{xml.Name{Local: e.Field}, e.Value}
	}
	writeXML(w, e.Status, out)
}

// writeTime is for headers.
func writeTime(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
