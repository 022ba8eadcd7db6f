package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"orderflow/cmd/local/cloud/protocol"
)

type xmlOwner struct{ ID, DisplayName string }

func (s *Service) owner() *xmlOwner { return &xmlOwner{ID: s.cfg.Account, DisplayName: "local"} }

func (s *Service) listBuckets(w http.ResponseWriter, r *request) error {
	type entry struct{ Name, CreationDate, BucketRegion string }
	var out struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Xmlns   string   `xml:"xmlns,attr"`
		Owner   *xmlOwner
		Buckets struct{ Bucket []entry }
	}
	out.Xmlns, out.Owner = xmlns, s.owner()
	for _, b := range s.ListBuckets(r.Context()) {
		out.Buckets.Bucket = append(out.Buckets.Bucket, entry{b.Name, b.Created.Format(xmlTime), s.cfg.Region})
	}
	writeXML(w, http.StatusOK, out)
	return nil
}

func (s *Service) headBucket(w http.ResponseWriter, r *request) error {
	if err := s.HeadBucket(r.Context(), r.bucket); err != nil {
		return err
	}
	w.Header().Set("X-Amz-Bucket-Region", s.cfg.Region)
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Service) getBucketLocation(w http.ResponseWriter, r *request) error {
	if err := s.HeadBucket(r.Context(), r.bucket); err != nil {
		return err
	}
	location := s.cfg.Region
	if location == "us-east-1" { // S3's oldest region has no name here
		location = ""
	}
	writeXML(w, http.StatusOK, struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Xmlns   string   `xml:"xmlns,attr"`
		Value   string   `xml:",chardata"`
	}{Xmlns: xmlns, Value: location})
	return nil
}

type xmlObject struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm []string
	ChecksumType      string
	Size              int
	Owner             *xmlOwner `xml:",omitempty"`
	StorageClass      string
}

type xmlPrefix struct{ Prefix string }

type xmlList struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Xmlns                 string   `xml:"xmlns,attr"`
	Name                  string
	Prefix                string
	Delimiter             string `xml:",omitempty"`
	StartAfter            string `xml:",omitempty"`
	ContinuationToken     string `xml:",omitempty"`
	NextContinuationToken string `xml:",omitempty"`
	KeyCount, MaxKeys     int
	EncodingType          string `xml:",omitempty"`
	IsTruncated           bool
	Contents              []xmlObject
	CommonPrefixes        []xmlPrefix
}

func (s *Service) listObjects(w http.ResponseWriter, r *request) error {
	in, encode, err := listInput(r)
	if err != nil {
		return err
	}
	page, err := s.ListObjectsV2(r.Context(), in)
	if err != nil {
		return err
	}
	out := &xmlList{
		Xmlns:                 xmlns,
		Name:                  in.Bucket,
		Prefix:                encode(in.Prefix),
		Delimiter:             encode(in.Delimiter),
		StartAfter:            encode(in.StartAfter),
		ContinuationToken:     in.ContinuationToken,
		NextContinuationToken: page.NextContinuationToken,
		KeyCount:              len(page.Contents) + len(page.CommonPrefixes),
		MaxKeys:               in.MaxKeys,
		EncodingType:          r.query.Get("encoding-type"),
		IsTruncated:           page.NextContinuationToken != "",
	}
	for _, o := range page.Contents {
		entry := xmlObject{Key: encode(o.Key), LastModified: o.LastModified.Format(xmlTime), ETag: o.ETag, ChecksumType: "FULL_OBJECT", Size: len(o.Body), StorageClass: "STANDARD"}
		for _, c := range o.Checksums {
			entry.ChecksumAlgorithm = append(entry.ChecksumAlgorithm, strings.ToUpper(c.Algorithm))
		}
		if r.query.Get("fetch-owner") == "true" {
			entry.Owner = s.owner()
		}
		out.Contents = append(out.Contents, entry)
	}
	for _, p := range page.CommonPrefixes {
		out.CommonPrefixes = append(out.CommonPrefixes, xmlPrefix{encode(p)})
	}
	writeXML(w, http.StatusOK, out)
	return nil
}

func listInput(r *request) (in *ListObjectsV2Input, encode func(string) string, err error) {
	in = &ListObjectsV2Input{
		Bucket:            r.bucket,
		Prefix:            r.query.Get("prefix"),
		Delimiter:         r.query.Get("delimiter"),
		StartAfter:        r.query.Get("start-after"),
		ContinuationToken: r.query.Get("continuation-token"),
		MaxKeys:           maxList,
	}
	if text := r.query.Get("max-keys"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, nil, invalidArgument("Provided max-keys not an integer or within integer range", "max-keys", text)
		}
		in.MaxKeys = min(n, maxList)
	}
	switch kind := r.query.Get("encoding-type"); kind {
	case "":
		return in, func(s string) string { return s }, nil
	case "url":
		return in, encodeKey, nil
	default:
		return nil, nil, invalidArgument("Invalid Encoding Method specified in Request", "encoding-type", kind)
	}
}

func encodeKey(s string) string {
	return strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(s))
}

func (s *Service) deleteObjects(w http.ResponseWriter, r *request) error {
	body, err := protocol.ReadBody(r.Request)
	if err != nil {
		return incomplete()
	}
	if _, err := verify(r.Header, body); err != nil {
		return err
	}
	var in struct {
		Object []struct {
			Key   string
			Other []struct{ XMLName xml.Name } `xml:",any"`
		}
		Quiet bool
	}
	if err := xml.Unmarshal(body, &in); err != nil || len(in.Object) == 0 || len(in.Object) > maxList {
		return fail(http.StatusBadRequest, "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema", "", "")
	}
	type deleted struct{ Key string }
	var out struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Xmlns   string   `xml:"xmlns,attr"`
		Deleted []deleted
	}
	out.Xmlns = xmlns
	for _, o := range in.Object {
		if len(o.Other) > 0 {
			return notImplemented("DeleteObjects with " + o.Other[0].XMLName.Local)
		}
		if err := s.DeleteObject(r.Context(), r.bucket, o.Key); err != nil {
			return err
		}
		if !in.Quiet {
			out.Deleted = append(out.Deleted, deleted{o.Key})
		}
	}
	writeXML(w, http.StatusOK, out)
	return nil
}
