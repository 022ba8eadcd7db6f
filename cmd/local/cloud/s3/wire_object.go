package s3

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const metaHeader = "X-Amz-Meta-"

// keptHeaders are stored with an object, and returned with it.
var keptHeaders = []string{"Content-Type", "Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Expires"}

func (s *Service) putObject(w http.ResponseWriter, r *request) error {
	if r.Header.Get("X-Amz-Copy-Source") != "" {
		return s.copyObject(w, r)
	}
	body, err := readObject(r.Request)
	if err != nil {
		return err
	}
	checksums, err := verify(r.Header, body)
	if err != nil {
		return err
	}
	header, err := objectHeader(r.Header)
	if err != nil {
		return err
	}
	o, err := s.PutObject(r.Context(), &PutObjectInput{
		Bucket: r.bucket, Key: r.key, Body: body, Header: header, Checksums: checksums,
		IfMatch: r.Header.Get("If-Match"), IfNoneMatch: r.Header.Get("If-None-Match"),
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Etag", o.ETag)
	h.Set("X-Amz-Server-Side-Encryption", "AES256")
	writeChecksums(h, o)
	w.WriteHeader(http.StatusOK)
	return nil
}

// readObject reads a PUT's body, and takes the aws-chunked encoding off it.
func readObject(r *http.Request) ([]byte, error) {
	if r.ContentLength < 0 && r.Header.Get("X-Amz-Decoded-Content-Length") == "" {
		return nil, fail(http.StatusLengthRequired, "MissingContentLength", "You must provide the Content-Length HTTP header.", "", "")
	}
	if r.ContentLength > maxObject {
		return nil, fail(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", "", "")
	}
	var body []byte
	var err error
	if r.ContentLength >= 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(io.LimitReader(r.Body, 2*maxObject))
	}
	if err != nil {
		return nil, incomplete()
	}
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return body, nil
	}
	if body, err = unchunk(body, r.Header); err != nil {
		return nil, err
	}
	if text := r.Header.Get("X-Amz-Decoded-Content-Length"); text != strconv.Itoa(len(body)) {
		return nil, incomplete()
	}
	return body, nil
}

func objectHeader(in http.Header) (http.Header, error) {
	out := http.Header{}
	for _, name := range keptHeaders {
		value := in.Get(name)
		if name == "Content-Encoding" { // aws-chunked was for the way here
			value = strings.Trim(strings.Replace(value, "aws-chunked", "", 1), ", ")
		}
		if value != "" {
			out.Set(name, value)
		}
	}
	if out.Get("Content-Type") == "" {
		out.Set("Content-Type", "binary/octet-stream")
	}
	size := 0
	for name, values := range in {
		if strings.HasPrefix(name, metaHeader) {
			value := strings.Join(values, ",")
			out.Set(name, value)
			size += len(name) - len(metaHeader) + len(value)
		}
	}
	if size > maxMetadata {
		return nil, fail(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", "MaxSizeAllowed", strconv.Itoa(maxMetadata))
	}
	return out, nil
}

func (s *Service) copyObject(w http.ResponseWriter, r *request) error {
	source, err := url.PathUnescape(r.Header.Get("X-Amz-Copy-Source"))
	bucket, key, ok := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	if err != nil || !ok || key == "" {
		return invalidArgument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey", "x-amz-copy-source", source)
	}
	from, err := s.GetObject(r.Context(), bucket, key)
	if err != nil {
		return err
	}
	o, err := s.PutObject(r.Context(), &PutObjectInput{Bucket: r.bucket, Key: r.key, Body: from.Body, Header: from.Header, Checksums: from.Checksums})
	if err != nil {
		return err
	}
	writeXML(w, http.StatusOK, struct {
		XMLName            xml.Name `xml:"CopyObjectResult"`
		Xmlns              string   `xml:"xmlns,attr"`
		LastModified, ETag string
	}{Xmlns: xmlns, LastModified: o.LastModified.Format(xmlTime), ETag: o.ETag})
	return nil
}

// getObject serves GET and HEAD.
func (s *Service) getObject(w http.ResponseWriter, r *request) error {
	o, err := s.GetObject(r.Context(), r.bucket, r.key)
	if err != nil {
		return err
	}
	h := w.Header()
	notModified, err := readConditions(r.Header, o)
	if err != nil {
		return err
	}
	h.Set("Etag", o.ETag)
	h.Set("Last-Modified", writeTime(o.LastModified))
	if notModified {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	start, end, partial, err := byteRange(r.Header.Get("Range"), len(o.Body))
	if err != nil {
		return err
	}
	for name, values := range o.Header {
		h[name] = values
	}
	for name := range r.query {
		if override, ok := strings.CutPrefix(name, "response-"); ok {
			h.Set(override, r.query.Get(name))
		}
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("X-Amz-Server-Side-Encryption", "AES256")
	h.Set("Content-Length", strconv.Itoa(end-start))
	status := http.StatusOK
	if partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", contentRange(start, end, len(o.Body)))
	} else if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		writeChecksums(h, o)
	}
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		w.Write(o.Body[start:end])
	}
	return nil
}

func writeChecksums(h http.Header, o *Object) {
	for _, c := range o.Checksums {
		h.Set(checksumHeader+c.Algorithm, c.Value)
	}
	h.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
}

func (s *Service) deleteObject(w http.ResponseWriter, r *request) error {
	if r.Header.Get("If-Match") != "" {
		return headerNotImplemented("If-Match")
	}
	if err := s.DeleteObject(r.Context(), r.bucket, r.key); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
