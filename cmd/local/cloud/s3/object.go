package s3

import (
	"container/list"
	"context"
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"time"
)

// An Object is stored as it was put, and never changes.
type Object struct {
	Key          string
	Body         []byte
	ETag         string // quoted
	LastModified time.Time
	Header       http.Header // Content-Type and its like, and X-Amz-Meta-
	Checksums    []Checksum

	bucket *bucket
	age    *list.Element
}

// PutObjectInput is an object to be stored; Body then belongs to the service.
type PutObjectInput struct {
	Bucket, Key string
	Body        []byte
	Header      http.Header
	Checksums   []Checksum // found to be right; none: CRC64NVME is added
	IfMatch     string
	IfNoneMatch string
}

// PutObject stores an object, in place of the one of that key.
func (s *Service) PutObject(_ context.Context, in *PutObjectInput) (*Object, error) {
	switch {
	case len(in.Key) > maxKey:
		return nil, fail(http.StatusBadRequest, "KeyTooLongError", "Your key is too long", "Size", in.Key)
	case len(in.Body) > maxObject:
		return nil, fail(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", "", "")
	case in.IfNoneMatch != "" && in.IfNoneMatch != "*":
		return nil, headerNotImplemented("If-None-Match")
	}
	sum := md5.Sum(in.Body)
	o := &Object{
		Key:          in.Key,
		Body:         in.Body,
		ETag:         `"` + hex.EncodeToString(sum[:]) + `"`,
		LastModified: time.Now().UTC().Truncate(time.Second),
		Header:       in.Header,
		Checksums:    in.Checksums,
	}
	if len(o.Checksums) == 0 {
		o.Checksums = []Checksum{defaultChecksum(in.Body)}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	before, exists := b.objects.Get(in.Key)
	switch {
	case in.IfNoneMatch != "" && exists:
		return nil, preconditionFailed("If-None-Match")
	case in.IfMatch != "" && !exists:
		return nil, noSuchKey(in.Key)
	case in.IfMatch != "" && !sameETag(in.IfMatch, before.ETag):
		return nil, preconditionFailed("If-Match")
	}
	s.put(b, o)
	return o, nil
}

// GetObject finds an object.
func (s *Service) GetObject(_ context.Context, bucket, key string) (*Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucket)
	if err != nil {
		return nil, err
	}
	o, ok := b.objects.Get(key)
	if !ok {
		return nil, noSuchKey(key)
	}
	return o, nil
}

// DeleteObject deletes an object, if there is one.
func (s *Service) DeleteObject(_ context.Context, bucket, key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(bucket)
	if err != nil {
		return err
	}
	s.remove(b, key)
	return nil
}
