package s3

import (
	"context"
	"encoding/base64"
	"strings"
)

// ListObjectsV2Input says what to list. Results begin after StartAfter, or
// where ContinuationToken says.
type ListObjectsV2Input struct {
	Bucket            string
	Prefix            string
	Delimiter         string
	StartAfter        string
	ContinuationToken string
	MaxKeys           int // at most 1,000
}

// ListObjectsV2Output is a page of objects, and of the prefixes into which
// the delimiter rolls up others.
type ListObjectsV2Output struct {
	Contents              []*Object
	CommonPrefixes        []string
	NextContinuationToken string // "" on the last page
}

// ListObjectsV2 lists objects in the order of their keys' bytes.
func (s *Service) ListObjectsV2(_ context.Context, in *ListObjectsV2Input) (*ListObjectsV2Output, error) {
	from := in.Prefix
	switch {
	case in.ContinuationToken != "":
		text, err := base64.StdEncoding.DecodeString(in.ContinuationToken)
		if err != nil {
			return nil, invalidArgument("The continuation token provided is incorrect", "continuation-token", in.ContinuationToken)
		}
		from = max(from, string(text))
	case in.StartAfter != "":
		from = max(from, in.StartAfter+"\x00")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.bucket(in.Bucket)
	if err != nil {
		return nil, err
	}
	out := new(ListObjectsV2Output)
	for {
		o := first(b, from)
		if o == nil || !strings.HasPrefix(o.Key, in.Prefix) || in.MaxKeys <= 0 {
			return out, nil
		}
		common, rolled := commonPrefix(o.Key, in.Prefix, in.Delimiter)
		if len(out.Contents)+len(out.CommonPrefixes) == in.MaxKeys {
			out.NextContinuationToken = base64.StdEncoding.EncodeToString([]byte(o.Key))
			return out, nil
		}
		if !rolled {
			out.Contents = append(out.Contents, o)
			from = o.Key + "\x00"
			continue
		}
		out.CommonPrefixes = append(out.CommonPrefixes, common)
		var more bool
		if from, more = after(common); !more {
			return out, nil
		}
	}
}

func first(b *bucket, from string) *Object {
	for _, o := range b.objects.Ascend(from) {
		return o
	}
	return nil
}

func commonPrefix(key, prefix, delimiter string) (common string, rolled bool) {
	if delimiter == "" {
		return "", false
	}
	i := strings.Index(key[len(prefix):], delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(prefix)+i+len(delimiter)], true
}

// after is the least string beyond all that begin with prefix.
func after(prefix string) (string, bool) {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1]), true
		}
	}
	return "", false
}
