package sqs

import (
	"context"
	"maps"
)

const maxTags = 50

type TagQueueInput struct {
	QueueUrl string
	Tags     map[string]string
}

type TagQueueOutput struct{}

// TagQueue adds tags to a queue, which mean nothing here.
func (s *Service) TagQueue(_ context.Context, in *TagQueueInput) (*TagQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	tags := map[string]string{}
	maps.Copy(tags, q.tags)
	maps.Copy(tags, in.Tags)
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	q.tags = tags
	return &TagQueueOutput{}, nil
}

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return invalidParameter("Too many tags added for queue.")
	}
	for key := range tags {
		if len(key) < 1 || len(key) > 128 {
			return invalidParameter("Tag keys must be between 1 and 128 characters in length.")
		}
	}
	return nil
}

type UntagQueueInput struct {
	QueueUrl string
	TagKeys  []string
}

type UntagQueueOutput struct{}

// UntagQueue removes tags.
func (s *Service) UntagQueue(_ context.Context, in *UntagQueueInput) (*UntagQueueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(q.tags, key)
	}
	return &UntagQueueOutput{}, nil
}

type ListQueueTagsInput struct{ QueueUrl string }

type ListQueueTagsOutput struct {
	Tags map[string]string `json:",omitempty"`
}

// ListQueueTags lists a queue's tags.
func (s *Service) ListQueueTags(_ context.Context, in *ListQueueTagsInput) (*ListQueueTagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, err := s.queue(in.QueueUrl)
	if err != nil {
		return nil, err
	}
	return &ListQueueTagsOutput{Tags: maps.Clone(q.tags)}, nil
}
