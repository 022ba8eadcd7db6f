package s3

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// unchunk takes the aws-chunked encoding off a body, in place: chunks, signed
// or not, and trailers, which are added to h. Signatures are not checked, as
// no request's is.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
func unchunk(body []byte, h http.Header) ([]byte, error) {
	out := body[:0]
	for {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		if !ok {
			return nil, incomplete()
		}
		size, _, _ := bytes.Cut(line, []byte(";"))
		n, err := strconv.ParseUint(string(size), 16, 32)
		if err != nil {
			return nil, incomplete()
		}
		if n == 0 {
			return out, trailers(rest, h)
		}
		if uint64(len(rest)) < n+2 || rest[n] != '\r' || rest[n+1] != '\n' {
			return nil, incomplete()
		}
		out = append(out, rest[:n]...)
		body = rest[n+2:]
	}
}

func trailers(rest []byte, h http.Header) error {
	for line := range strings.SplitSeq(string(rest), "\n") {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return fail(http.StatusBadRequest, "MalformedTrailerError", "The request contained trailing data that was not well-formed or did not conform to our published schema.", "", "")
		}
		if !strings.EqualFold(name, "x-amz-trailer-signature") {
			h.Set(name, strings.TrimSpace(value))
		}
	}
	return nil
}

func incomplete() *Error {
	return fail(http.StatusBadRequest, "IncompleteBody", "The request body terminated unexpectedly", "", "")
}
