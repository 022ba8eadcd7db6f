// Package s3 is Amazon S3 for the buckets that a template makes: objects with
// their metadata and checksums, conditional writes, ranges, and listings.
// Buckets are addressed by path. Versioning, access control lists,
// multipart uploads, and all other subresources are refused by name.
//
// Storage is bounded, as though a lifecycle rule expired the oldest objects:
// beyond Config.MaxObjects or Config.MaxBytes, those written longest ago go.
package s3

import (
	"cmp"
	"container/list"
	"context"
	"net/http"
	"regexp"
	"sync"
	"time"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/storage"
)

// Limits. AWS's single PUT goes up to 5 GB; here an object is held in memory.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const (
	maxKey      = 1024     // bytes
	maxObject   = 64 << 20 // bytes
	maxMetadata = 2048     // bytes of names and values
	maxList     = 1000
)

// Config is what the service runs with.
type Config struct {
	Region, Account string

	MaxObjects int   // in all buckets, 0 being 100,000
	MaxBytes   int64 // of their bodies, 0 being 256 MiB
}

// Service is S3 in one account and region.
type Service struct {
	cfg Config

	mu      sync.Mutex
	buckets storage.Table[*bucket]
	ages    *list.List // of *Object, the oldest first
	bytes   int64
}

type bucket struct {
	name    string
	created time.Time
	policy  *iam.Policy // nil: the account's own roles alone, by their policies
	objects storage.Table[*Object]
}

// New is an S3 without buckets.
func New(cfg Config) *Service {
	cfg.MaxObjects = cmp.Or(cfg.MaxObjects, 100_000)
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, 256<<20)
	return &Service{cfg: cfg, buckets: storage.Memory[*bucket](), ages: list.New()}
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// CreateBucket makes a bucket. It is no action on the wire: the template says
// which buckets there are.
func (s *Service) CreateBucket(_ context.Context, name string) error {
	if !bucketName.MatchString(name) {
		return fail(http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid.", "BucketName", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.buckets.Get(name); ok {
		return fail(http.StatusConflict, "BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.", "BucketName", name)
	}
	s.buckets.Put(name, &bucket{name: name, created: time.Now().UTC(), objects: storage.Memory[*Object]()})
	return nil
}

func (s *Service) bucket(name string) (*bucket, error) {
	b, ok := s.buckets.Get(name)
	if !ok {
		return nil, fail(http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist", "BucketName", name)
	}
	return b, nil
}

// Bucket names a bucket and when it was made.
type Bucket struct {
	Name    string
	Created time.Time
}

// ListBuckets names all buckets in order.
func (s *Service) ListBuckets(context.Context) []Bucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Bucket
	for _, b := range s.buckets.Ascend("") {
		out = append(out, Bucket{b.name, b.created})
	}
	return out
}

// HeadBucket tells whether there is such a bucket.
func (s *Service) HeadBucket(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.bucket(name)
	return err
}

// put stores an object and expires the oldest ones beyond the limits.
func (s *Service) put(b *bucket, o *Object) {
	s.remove(b, o.Key)
	o.bucket, o.age = b, s.ages.PushBack(o)
	b.objects.Put(o.Key, o)
	s.bytes += int64(len(o.Body))
	for s.ages.Len() > s.cfg.MaxObjects || s.bytes > s.cfg.MaxBytes {
		oldest := s.ages.Front().Value.(*Object)
		if oldest == o {
			return
		}
		s.remove(oldest.bucket, oldest.Key)
	}
}

func (s *Service) remove(b *bucket, key string) {
	if o, ok := b.objects.Get(key); ok {
		b.objects.Delete(key)
		s.ages.Remove(o.age)
		s.bytes -= int64(len(o.Body))
	}
}
