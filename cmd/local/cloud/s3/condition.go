package s3

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

func sameETag(given, etag string) bool {
	return given == "*" || strings.Trim(given, `"`) == strings.Trim(etag, `"`)
}

// readConditions applies the conditions of GET and HEAD. notModified is a 304.
func readConditions(h http.Header, o *Object) (notModified bool, err error) {
	if v := h.Get("If-Match"); v != "" {
		if !sameETag(v, o.ETag) {
			return false, preconditionFailed("If-Match")
		}
	} else if t, ok := headerTime(h, "If-Unmodified-Since"); ok && o.LastModified.After(t) {
		return false, preconditionFailed("If-Unmodified-Since")
	}
	if v := h.Get("If-None-Match"); v != "" {
		return sameETag(v, o.ETag), nil
	}
	t, ok := headerTime(h, "If-Modified-Since")
	return ok && !o.LastModified.After(t), nil
}

func headerTime(h http.Header, name string) (time.Time, bool) {
	t, err := http.ParseTime(h.Get(name))
	return t, err == nil
}

// byteRange is the part of a body of the given size that a Range header asks
// for. Headers that S3 can not read, and those of several ranges, ask for all.
func byteRange(header string, size int) (start, end int, partial bool, err error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return 0, size, false, nil
	}
	from, to, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !ok {
		return 0, size, false, nil
	}
	start, err1 := strconv.Atoi(from)
	last, err2 := strconv.Atoi(to)
	switch {
	case from == "" && err2 == nil: // the last bytes
		if last == 0 || size == 0 {
			return 0, 0, false, invalidRange(header)
		}
		return max(0, size-last), size, true, nil
	case err1 != nil, to != "" && err2 != nil, to != "" && last < start:
		return 0, size, false, nil
	case start >= size:
		return 0, 0, false, invalidRange(header)
	case to == "" || last >= size:
		return start, size, true, nil
	}
	return start, last + 1, true, nil
}

func invalidRange(header string) *Error {
	return fail(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable", "RangeRequested", header)
}

func contentRange(start, end, size int) string {
	return fmt.Sprintf("bytes %d-%d/%d", start, end-1, size)
}
