package s3

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"orderflow/cmd/local/cloud/iam"
)

// PutBucketPolicyInput gives a bucket a policy.
type PutBucketPolicyInput struct{ Bucket, Policy string }

// PutBucketPolicy says who may do what with a bucket, beside what roles'
// policies say. It is no action on the wire: the template has the policies.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
func (s *Service) PutBucketPolicy(_ context.Context, in *PutBucketPolicyInput) error {
	policy, err := iam.Parse([]byte(in.Policy), iam.Resource)
	if err != nil {
		return fail(http.StatusBadRequest, "MalformedPolicy", strings.TrimPrefix(err.Error(), "iam: "), "", "")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return err
	}
	b.policy = policy
	return nil
}

// authorize asks for what the Service Authorization Reference lists. An action
// on objects is allowed object by object.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
func (s *Service) authorize(r *request) error {
	if iam.Caller(r.Context()) == nil {
		return nil
	}
	if r.bucket == "" {
		return s.allow(r, "s3:ListAllMyBuckets", "", "*")
	}
	bucket := "arn:aws:s3:::" + r.bucket
	if r.key == "" {
		switch {
		case r.Method == http.MethodPost:
			return notImplemented("DeleteObjects by a role")
		case r.query.Has("location"):
			return s.allow(r, "s3:GetBucketLocation", r.bucket, bucket)
		}
		return s.allow(r, "s3:ListBucket", r.bucket, bucket)
	}
	switch r.Method {
	case http.MethodPut:
		if copied := r.Header.Get("X-Amz-Copy-Source"); copied != "" {
			source, err := url.PathUnescape(copied)
			if err != nil {
				return nil // the operation itself refuses it
			}
			source = strings.TrimPrefix(source, "/")
			from, _, _ := strings.Cut(source, "/")
			if err := s.allow(r, "s3:GetObject", from, "arn:aws:s3:::"+source); err != nil {
				return err
			}
		}
		return s.allow(r, "s3:PutObject", r.bucket, bucket+"/"+r.key)
	case http.MethodDelete:
		return s.allow(r, "s3:DeleteObject", r.bucket, bucket+"/"+r.key)
	}
	return s.allow(r, "s3:GetObject", r.bucket, bucket+"/"+r.key)
}

func (s *Service) allow(r *request, action, bucket, resource string) error {
	var policy *iam.Policy
	s.mu.Lock()
	if b, err := s.bucket(bucket); err == nil {
		policy = b.policy
	}
	s.mu.Unlock()
	err := iam.Authorize(r.Context(), policy, iam.Request{Action: action, Resource: resource, Context: func(key string) []string {
		switch key {
		case "s3:prefix":
			return r.query["prefix"]
		case "s3:x-amz-server-side-encryption":
			return r.Header.Values("X-Amz-Server-Side-Encryption")
		}
		return nil
	}})
	if e, ok := errors.AsType[*iam.AccessDenied](err); ok {
		// S3 alone quotes the resource.
		quoted := iam.AccessDenied{Principal: e.Principal, Action: e.Action, Resource: `"` + e.Resource + `"`, Reason: e.Reason}
		return fail(http.StatusForbidden, "AccessDenied", quoted.Error(), "", "")
	}
	return err
}
