// Package logs is Amazon CloudWatch Logs for what functions log: log groups and
// streams, retention, and events found by time, stream and filter pattern.
// Metric filters, subscriptions, Insights queries and the deletion of anything
// are not there, and every parameter that nothing here would honour is refused.
//
// Where AWS says "eventually", this is exact: an event can be found as soon as
// it is ingested, and not for a moment longer than its group's retention.
//
// What is kept is bounded by that retention, as on AWS, and since it is kept in
// memory by 64 MiB a group as well: beyond, what was ingested first is dropped.
package logs

import (
	"cmp"
	"strings"
	"sync"

	"orderflow/cmd/local/cloud/storage"
)

// Config says where the service lives.
type Config struct {
	Region, Account string

	MaxGroupBytes int // of the events of a group, 0 being 64 MiB
}

// Service holds an account's log groups in one region. All its methods may be
// called at once.
type Service struct {
	maxBytes int
	arns     string // what every group's ARN begins with

	mu     sync.Mutex
	groups storage.Table[*group] // by name
}

// New is a service without log groups.
func New(c Config) *Service {
	return &Service{
		maxBytes: cmp.Or(c.MaxGroupBytes, 64<<20),
		arns:     "arn:aws:logs:" + c.Region + ":" + c.Account + ":log-group:",
		groups:   storage.Memory[*group](),
	}
}

// group finds a log group by its name.
func (s *Service) group(name string) (*group, error) {
	if name == "" {
		return nil, missing("logGroupName")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, ok := s.groups.Get(name)
	if !ok {
		return nil, errNoGroup()
	}
	return g, nil
}

// identified finds a log group where a name may be given, or an identifier: a
// name too, or an ARN.
func (s *Service) identified(name, identifier string) (*group, error) {
	if name != "" && identifier != "" {
		return nil, invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
	}
	return s.group(cmp.Or(name, strings.TrimPrefix(identifier, s.arns)))
}
