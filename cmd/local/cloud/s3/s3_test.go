package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"orderflow/cmd/local/cloud/s3"
)

// inProcess answers a client's requests by a handler, without a socket.
type inProcess struct{ http.Handler }

func (h inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	out := w.Result()
	out.Request = r
	return out, nil
}

func newService(t testing.TB, cfg s3.Config) *s3.Service {
	cfg.Region, cfg.Account = "us-east-1", "000000000000"
	s := s3.New(cfg)
	if err := s.CreateBucket(t.Context(), "events"); err != nil {
		t.Fatal(err)
	}
	return s
}

func client(s *s3.Service, scheme string) *sdk.Client {
	return sdk.New(sdk.Options{
		Region:           "us-east-1",
		BaseEndpoint:     aws.String(scheme + "://localhost"),
		UsePathStyle:     true,
		Credentials:      credentials.NewStaticCredentialsProvider("test", "test", ""),
		HTTPClient:       &http.Client{Transport: inProcess{s.Handler()}},
		RetryMaxAttempts: 1,
		// As in a configuration that the SDK loads.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	})
}

func put(t testing.TB, c *sdk.Client, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := c.PutObject(t.Context(), &sdk.PutObjectInput{Bucket: aws.String("events"), Key: &key, Body: strings.NewReader("body of " + key)}); err != nil {
			t.Fatal(err)
		}
	}
}

func apiError(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode() + ": " + e.ErrorMessage()
	}
	return fmt.Sprint(err)
}

func TestObject(t *testing.T) {
	s := newService(t, s3.Config{})
	// https makes the SDK send a checksum trailer in aws-chunked encoding.
	for _, scheme := range []string{"http", "https"} {
		for _, algorithm := range []types.ChecksumAlgorithm{"", types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme, types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256} {
			c := client(s, scheme)
			key, body := "a b/+é/"+scheme+string(algorithm), strings.Repeat("line\r\n", 20_000)
			in := &sdk.PutObjectInput{
				Bucket: aws.String("events"), Key: &key, Body: strings.NewReader(body), ChecksumAlgorithm: algorithm,
				ContentType: aws.String("application/x-ndjson"), ContentEncoding: aws.String("identity"), Metadata: map[string]string{"Batch": "7"},
			}
			if scheme == "https" {
				in.Body = io.MultiReader(in.Body) // not seekable
				in.ContentLength = aws.Int64(int64(len(body)))
			}
			out, err := c.PutObject(t.Context(), in)
			if err != nil {
				t.Fatalf("%s %s: %v", scheme, algorithm, err)
			}
			got, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: in.Bucket, Key: &key})
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(got.Body)
			if err != nil || string(text) != body {
				t.Errorf("%s %s: %d bytes, %v", scheme, algorithm, len(text), err)
			}
			if *got.ETag != *out.ETag || *got.ContentType != "application/x-ndjson" || *got.ContentEncoding != "identity" || got.Metadata["batch"] != "7" ||
				*got.ContentLength != int64(len(body)) || time.Since(*got.LastModified) > time.Minute || got.ChecksumType != types.ChecksumTypeFullObject {
				t.Errorf("%s %s: %+v", scheme, algorithm, got)
			}
			head, err := c.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: in.Bucket, Key: &key})
			if err != nil || *head.ContentLength != int64(len(body)) {
				t.Errorf("HeadObject: %+v, %v", head, err)
			}
		}
	}
}

func TestRange(t *testing.T) {
	c := client(newService(t, s3.Config{}), "http")
	put(t, c, "k") // "body of k"
	tests := []struct{ header, body, contentRange string }{
		{"bytes=0-3", "body", "bytes 0-3/9"},
		{"bytes=5-", "of k", "bytes 5-8/9"},
		{"bytes=-1", "k", "bytes 8-8/9"},
		{"bytes=-99", "body of k", "bytes 0-8/9"},
		{"bytes=5-99", "of k", "bytes 5-8/9"},
		{"bytes=3-1", "body of k", ""},
		{"bytes=0-1,3-4", "body of k", ""},
		{"lines=1-2", "body of k", ""},
	}
	for _, test := range tests {
		out, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("events"), Key: aws.String("k"), Range: &test.header})
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(out.Body)
		if string(body) != test.body || aws.ToString(out.ContentRange) != test.contentRange {
			t.Errorf("%s: %q %s", test.header, body, aws.ToString(out.ContentRange))
		}
	}
	_, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: aws.String("events"), Key: aws.String("k"), Range: aws.String("bytes=9-")})
	if got := apiError(err); got != "InvalidRange: The requested range is not satisfiable" {
		t.Error(got)
	}
}

func TestList(t *testing.T) {
	c := client(newService(t, s3.Config{}), "http")
	put(t, c, "a", "dt=1/x", "dt=1/y", "dt=2/x", "dt=2/y/z", "e+f g", "\u00ff", "zz")
	tests := []struct {
		in   sdk.ListObjectsV2Input
		want string
	}{
		{sdk.ListObjectsV2Input{}, "a dt=1/x dt=1/y dt=2/x dt=2/y/z e+f g zz \u00ff |"},
		{sdk.ListObjectsV2Input{Delimiter: aws.String("/")}, "a e+f g zz \u00ff | dt=1/ dt=2/"},
		{sdk.ListObjectsV2Input{Prefix: aws.String("dt=2/"), Delimiter: aws.String("/")}, "dt=2/x | dt=2/y/"},
		{sdk.ListObjectsV2Input{Prefix: aws.String("dt=")}, "dt=1/x dt=1/y dt=2/x dt=2/y/z |"},
		{sdk.ListObjectsV2Input{StartAfter: aws.String("dt=1/x"), Prefix: aws.String("dt")}, "dt=1/y dt=2/x dt=2/y/z |"},
		{sdk.ListObjectsV2Input{Prefix: aws.String("none")}, "|"},
		{sdk.ListObjectsV2Input{Prefix: aws.String("a"), Delimiter: aws.String("a")}, "a |"},
	}
	for _, encoding := range []types.EncodingType{"", types.EncodingTypeUrl} {
		for _, size := range []int32{1, 2, 3, 1000} {
			for _, test := range tests {
				in := test.in
				in.Bucket, in.MaxKeys = aws.String("events"), &size
				var keys, prefixes []string
				for pages := sdk.NewListObjectsV2Paginator(c, &in); pages.HasMorePages(); {
					page, err := pages.NextPage(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					if n := len(page.Contents) + len(page.CommonPrefixes); int(*page.KeyCount) != n || n > int(size) {
						t.Errorf("%d on a page of %d, key count %d", n, size, *page.KeyCount)
					}
					for _, o := range page.Contents {
						keys = append(keys, *o.Key+" ")
					}
					for _, p := range page.CommonPrefixes {
						prefixes = append(prefixes, " "+*p.Prefix)
					}
				}
				if got := strings.Join(keys, "") + "|" + strings.Join(prefixes, ""); got != test.want {
					t.Errorf("%s pages of %d: got %s, want %s", encoding, size, got, test.want)
				}
			}
		}
	}
	out, err := c.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: aws.String("events"), Prefix: aws.String("e+"), EncodingType: types.EncodingTypeUrl, FetchOwner: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	if o := out.Contents[0]; *o.Key != "e%2Bf%20g" || *o.Owner.ID != "000000000000" || *o.Size != 13 || o.ChecksumAlgorithm[0] != types.ChecksumAlgorithmCrc32 {
		t.Errorf("%+v", o)
	}
}

func TestConditions(t *testing.T) {
	c := client(newService(t, s3.Config{}), "http")
	bucket, key := aws.String("events"), aws.String("k")
	put(t, c, "k")
	head, _ := c.HeadObject(t.Context(), &sdk.HeadObjectInput{Bucket: bucket, Key: key})
	write := func(match, none string) string {
		in := &sdk.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("body of k")}
		if match != "" {
			in.IfMatch = &match
		}
		if none != "" {
			in.IfNoneMatch = &none
		}
		_, err := c.PutObject(t.Context(), in)
		return apiError(err)
	}
	const failed = "PreconditionFailed: At least one of the pre-conditions you specified did not hold"
	if got := write("", "*"); got != failed {
		t.Errorf("If-None-Match: %s", got)
	}
	if got := write(`"0"`, ""); got != failed {
		t.Errorf("If-Match another: %s", got)
	}
	if got := write(*head.ETag, ""); got != "<nil>" {
		t.Errorf("If-Match: %s", got)
	}
	if _, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: key, IfMatch: aws.String("other")}); apiError(err) != failed {
		t.Errorf("GET If-Match: %v", err)
	}
	_, err := c.GetObject(t.Context(), &sdk.GetObjectInput{Bucket: bucket, Key: key, IfNoneMatch: head.ETag})
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); !ok || e.HTTPStatusCode() != 304 {
		t.Errorf("GET If-None-Match: %v", err)
	}
}

func TestDeleteAndCopy(t *testing.T) {
	c := client(newService(t, s3.Config{}), "http")
	bucket := aws.String("events")
	put(t, c, "a b", "c")
	if _, err := c.CopyObject(t.Context(), &sdk.CopyObjectInput{Bucket: bucket, Key: aws.String("copy"), CopySource: aws.String("events/a%20b")}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.DeleteObject(t.Context(), &sdk.DeleteObjectInput{Bucket: bucket, Key: aws.String("absent")}); err != nil {
		t.Error(err)
	}
	out, err := c.DeleteObjects(t.Context(), &sdk.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("a b")}, {Key: aws.String("absent")}}}})
	if err != nil || len(out.Deleted) != 2 {
		t.Errorf("%+v, %v", out, err)
	}
	list, _ := c.ListObjectsV2(t.Context(), &sdk.ListObjectsV2Input{Bucket: bucket})
	var keys []string
	for _, o := range list.Contents {
		keys = append(keys, *o.Key)
	}
	if !slices.Equal(keys, []string{"c", "copy"}) {
		t.Errorf("left: %v", keys)
	}
}

func TestRefusals(t *testing.T) {
	s := newService(t, s3.Config{})
	c := client(s, "http")
	bucket, key := aws.String("events"), aws.String("k")
	put(t, c, "k")
	ctx := t.Context()
	tests := map[string]struct {
		call func() error
		want string
	}{
		"no key": {func() error {
			_, err := c.GetObject(ctx, &sdk.GetObjectInput{Bucket: bucket, Key: aws.String("absent")})
			return err
		}, "NoSuchKey: The specified key does not exist."},
		"no bucket": {func() error {
			_, err := c.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: aws.String("absent")})
			return err
		}, "NoSuchBucket: The specified bucket does not exist"},
		"head": {func() error {
			_, err := c.HeadObject(ctx, &sdk.HeadObjectInput{Bucket: bucket, Key: aws.String("absent")})
			return err
		}, "NotFound: "},
		"subresource": {func() error {
			_, err := c.GetObjectTagging(ctx, &sdk.GetObjectTaggingInput{Bucket: bucket, Key: key})
			return err
		}, "NotImplemented: The subresource or parameter ?tagging is not supported by the local cloud."},
		"bucket subresource": {func() error {
			_, err := c.GetBucketVersioning(ctx, &sdk.GetBucketVersioningInput{Bucket: bucket})
			return err
		}, "NotImplemented: The subresource or parameter ?versioning of a bucket is not supported by the local cloud."},
		"multipart": {func() error {
			_, err := c.CreateMultipartUpload(ctx, &sdk.CreateMultipartUploadInput{Bucket: bucket, Key: key})
			return err
		}, "NotImplemented: The subresource or parameter ?uploads is not supported by the local cloud."},
		"new bucket": {func() error {
			_, err := c.CreateBucket(ctx, &sdk.CreateBucketInput{Bucket: aws.String("new")})
			return err
		}, "NotImplemented: CreateBucket: the template says which buckets there are. It is not supported by the local cloud."},
		"header": {func() error {
			_, err := c.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: key, Tagging: aws.String("a=b")})
			return err
		}, "NotImplemented: A header you provided implies functionality that is not implemented"},
		"old listing": {func() error {
			_, err := c.ListObjects(ctx, &sdk.ListObjectsInput{Bucket: bucket})
			return err
		}, "NotImplemented: ListObjects (version 1) is not supported by the local cloud."},
		"digest": {func() error {
			_, err := c.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x"), ChecksumCRC32: aws.String("AAAAAA==")})
			return err
		}, "BadDigest: The CRC32 you specified did not match the calculated checksum."},
		"md5": {func() error {
			_, err := c.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x"), ContentMD5: aws.String("1B2M2Y8AsgTpgAmY7PhCfg==")})
			return err
		}, "BadDigest: The Content-MD5 you specified did not match what we received."},
		"long key": {func() error {
			_, err := c.PutObject(ctx, &sdk.PutObjectInput{Bucket: bucket, Key: aws.String(strings.Repeat("k", 1025))})
			return err
		}, "KeyTooLongError: Your key is too long"},
		"token": {func() error {
			_, err := c.ListObjectsV2(ctx, &sdk.ListObjectsV2Input{Bucket: bucket, ContinuationToken: aws.String("*")})
			return err
		}, "InvalidArgument: The continuation token provided is incorrect"},
		"owner": {func() error {
			_, err := c.HeadBucket(ctx, &sdk.HeadBucketInput{Bucket: bucket, ExpectedBucketOwner: aws.String("111111111111")})
			return err
		}, "Forbidden"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := apiError(test.call()); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
	if out, err := c.ListBuckets(ctx, &sdk.ListBucketsInput{}); err != nil || len(out.Buckets) != 1 || *out.Buckets[0].Name != "events" {
		t.Errorf("ListBuckets: %+v, %v", out, err)
	}
	if out, err := c.GetBucketLocation(ctx, &sdk.GetBucketLocationInput{Bucket: bucket}); err != nil || out.LocationConstraint != "" {
		t.Errorf("GetBucketLocation: %+v, %v", out, err)
	}
}

func TestOldestObjectsExpire(t *testing.T) {
	s := newService(t, s3.Config{MaxObjects: 3, MaxBytes: 20})
	write := func(key string, size int) {
		if _, err := s.PutObject(context.Background(), &s3.PutObjectInput{Bucket: "events", Key: key, Body: make([]byte, size)}); err != nil {
			t.Fatal(err)
		}
	}
	keys := func() (out string) {
		page, err := s.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: "events", MaxKeys: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			out += o.Key
		}
		return out
	}
	for _, key := range []string{"a", "b", "c", "a", "d"} { // a is written again
		write(key, 1)
	}
	if got := keys(); got != "acd" {
		t.Errorf("by number: %s", got)
	}
	write("e", 18)
	if got := keys(); got != "ade" {
		t.Errorf("by size: %s", got)
	}
	write("f", 30)
	if got := keys(); got != "f" {
		t.Errorf("larger than the limit: %s", got)
	}
}

func FuzzChunked(f *testing.F) {
	f.Add([]byte("3;chunk-signature=ab\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"))
	f.Add([]byte("ffffffff\r\n"))
	s := newService(f, s3.Config{})
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("PUT", "/events/k", bytes.NewReader(body))
		r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		r.Header.Set("X-Amz-Decoded-Content-Length", "3")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if w.Code != 200 && w.Code != 400 && w.Code != 501 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
}

func BenchmarkPutObject(b *testing.B) {
	c := client(newService(b, s3.Config{}), "http")
	body := bytes.Repeat([]byte("x"), 4000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		key := fmt.Sprintf("dt=2026-01-01/%08d", i)
		if _, err := c.PutObject(b.Context(), &sdk.PutObjectInput{Bucket: aws.String("events"), Key: &key, Body: bytes.NewReader(body)}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPutObjectHandler leaves the SDK's own work out.
func BenchmarkPutObjectHandler(b *testing.B) {
	h := newService(b, s3.Config{}).Handler()
	body := bytes.Repeat([]byte("x"), 4000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := httptest.NewRequest("PUT", fmt.Sprintf("/events/dt=2026-01-01/%08d", i), bytes.NewReader(body))
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
