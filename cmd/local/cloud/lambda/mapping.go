package lambda

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// Limits of an event source mapping from a standard queue.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
const (
	maxBatchSize   = 10_000
	maxWindow      = 300 // seconds
	minConcurrency = 2
	maxConcurrency = 1000
	// defaultPollers is the most that a mapping without a ScalingConfig runs.
	defaultPollers = 1250
	partialBatches = "ReportBatchItemFailures"
)

// ScalingConfig limits how many invocations a mapping runs at once.
type ScalingConfig struct {
	MaximumConcurrency *int `json:",omitempty"`
}

// CreateEventSourceMappingInput describes a mapping from a standard queue to
// a function.
type CreateEventSourceMappingInput struct {
	EventSourceArn                 string
	FunctionName                   string
	Enabled                        *bool // nil: true
	BatchSize                      *int  // nil: 10
	MaximumBatchingWindowInSeconds int
	FunctionResponseTypes          []string
	ScalingConfig                  *ScalingConfig
}

// UpdateEventSourceMappingInput changes the members that are not nil.
type UpdateEventSourceMappingInput struct {
	UUID                           string `json:"-"`
	Enabled                        *bool
	BatchSize                      *int
	MaximumBatchingWindowInSeconds *int
	FunctionResponseTypes          *[]string
	ScalingConfig                  *ScalingConfig
}

// EventSourceMappingConfiguration is a mapping as the API reports it.
// https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
type EventSourceMappingConfiguration struct {
	UUID                           string
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	EventSourceArn                 string
	FunctionArn                    string
	LastModified                   float64 // seconds since 1970
	State                          string  // Enabled, Disabling, Disabled
	StateTransitionReason          string
	FunctionResponseTypes          []string       `json:",omitempty"`
	ScalingConfig                  *ScalingConfig `json:",omitempty"`
	EventSourceMappingArn          string
}

// A mapping feeds a function from a queue. The service's mutex guards it.
type mapping struct {
	svc     *Service
	config  EventSourceMappingConfiguration
	f       *function // unqualified
	queue   *queue
	polling *polling // nil: disabled
	active  int      // pollers, those of an earlier polling included
	started int      // pollers, ever
}

// CreateEventSourceMapping starts to feed a function from a queue. A queue
// whose visibility timeout is shorter than the function's timeout is refused,
// as AWS does.
func (s *Service) CreateEventSourceMapping(ctx context.Context, in *CreateEventSourceMappingInput) (*EventSourceMappingConfiguration, error) {
	queue, err := openQueue(ctx, s.cfg.SQS, in.EventSourceArn)
	if err != nil {
		return nil, err
	}
	visible, err := queue.visibilityTimeout(ctx)
	if err != nil {
		return nil, fmt.Errorf("lambda: event source %q: %w", in.EventSourceArn, err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, errClosing()
	}
	f, t, err := s.lookup(in.FunctionName, "")
	if err != nil {
		return nil, err
	}
	if err := f.mayRead(ctx, queue); err != nil {
		return nil, err
	}
	if visible < f.timeout {
		return nil, invalid("Queue visibility timeout: %d seconds is less than Function timeout: %d seconds", int(visible.Seconds()), f.config.Timeout)
	}
	for _, m := range s.mappings {
		if m.config.EventSourceArn == in.EventSourceArn && m.f == f.unpublished() {
			return nil, conflict("An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. Please update or delete the existing mapping with UUID %s", in.EventSourceArn, f.config.FunctionName, m.config.UUID)
		}
	}
	id := uuid.NewString()
	config := EventSourceMappingConfiguration{
		UUID:                           id,
		BatchSize:                      10,
		MaximumBatchingWindowInSeconds: in.MaximumBatchingWindowInSeconds,
		EventSourceArn:                 in.EventSourceArn,
		FunctionArn:                    t.arn,
		StateTransitionReason:          "USER_INITIATED",
		FunctionResponseTypes:          in.FunctionResponseTypes,
		ScalingConfig:                  in.ScalingConfig,
		EventSourceMappingArn:          fmt.Sprintf("arn:aws:lambda:%s:%s:event-source-mapping:%s", s.cfg.Region, s.cfg.Account, id),
	}
	if in.BatchSize != nil {
		config.BatchSize = *in.BatchSize
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	m := &mapping{svc: s, config: config, f: f.unpublished(), queue: queue}
	s.mappings[id] = m
	m.modify(config, in.Enabled == nil || *in.Enabled)
	return m.report(), nil
}

func (c *EventSourceMappingConfiguration) check() error {
	if c.BatchSize < 1 || c.BatchSize > maxBatchSize {
		return invalid("1 validation error detected: Value '%d' at 'batchSize' failed to satisfy constraint: Member must have value between 1 and %d", c.BatchSize, maxBatchSize)
	}
	if w := c.MaximumBatchingWindowInSeconds; w < 0 || w > maxWindow {
		return invalid("1 validation error detected: Value '%d' at 'maximumBatchingWindowInSeconds' failed to satisfy constraint: Member must have value between 0 and %d", w, maxWindow)
	}
	if c.BatchSize > 10 && c.MaximumBatchingWindowInSeconds == 0 {
		return invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	}
	for _, kind := range c.FunctionResponseTypes {
		if kind != partialBatches {
			return invalid("1 validation error detected: Value '[%s]' at 'functionResponseTypes' failed to satisfy constraint: Member must satisfy enum value set: [%s]", kind, partialBatches)
		}
	}
	if c.ScalingConfig != nil && c.ScalingConfig.MaximumConcurrency != nil {
		if n := *c.ScalingConfig.MaximumConcurrency; n < minConcurrency || n > maxConcurrency {
			return invalid("1 validation error detected: Value '%d' at 'scalingConfig.maximumConcurrency' failed to satisfy constraint: Member must have value between %d and %d", n, minConcurrency, maxConcurrency)
		}
	}
	return nil
}

// modify gives the mapping a configuration and starts or stops its polling.
// Batches that run keep the configuration they began with.
func (m *mapping) modify(config EventSourceMappingConfiguration, enabled bool) {
	m.stop()
	config.LastModified = float64(time.Now().UnixMilli()) / 1000
	m.config = config
	if enabled && !m.svc.closing {
		m.poll()
	}
}

// stop ends receiving; batches received are still handled.
func (m *mapping) stop() {
	if m.polling != nil {
		m.polling.cancel()
		m.polling = nil
	}
}

func (m *mapping) report() *EventSourceMappingConfiguration {
	config := m.config
	switch {
	case m.polling != nil:
		config.State = "Enabled"
	case m.active > 0:
		config.State = "Disabling"
	default:
		config.State = "Disabled"
	}
	return &config
}

// GetEventSourceMapping reports one mapping.
func (s *Service) GetEventSourceMapping(_ context.Context, id string) (*EventSourceMappingConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.mapping(id)
	if err != nil {
		return nil, err
	}
	return m.report(), nil
}

func (s *Service) mapping(id string) (*mapping, error) {
	m := s.mappings[id]
	if m == nil {
		return nil, notFound("The resource you requested does not exist.")
	}
	return m, nil
}

// UpdateEventSourceMapping changes a mapping at once; Enabled false is how
// on-call stops a consumer.
func (s *Service) UpdateEventSourceMapping(_ context.Context, in *UpdateEventSourceMappingInput) (*EventSourceMappingConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.mapping(in.UUID)
	if err != nil {
		return nil, err
	}
	config, enabled := m.config, m.polling != nil
	if in.Enabled != nil {
		enabled = *in.Enabled
	}
	if in.BatchSize != nil {
		config.BatchSize = *in.BatchSize
	}
	if in.MaximumBatchingWindowInSeconds != nil {
		config.MaximumBatchingWindowInSeconds = *in.MaximumBatchingWindowInSeconds
	}
	if in.FunctionResponseTypes != nil {
		config.FunctionResponseTypes = *in.FunctionResponseTypes
	}
	if in.ScalingConfig != nil {
		config.ScalingConfig = in.ScalingConfig
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	m.modify(config, enabled)
	return m.report(), nil
}

// ListEventSourceMappingsInput filters and pages.
type ListEventSourceMappingsInput struct {
	EventSourceArn string
	FunctionName   string
	Marker         string
	MaxItems       int // 0 being 100
}

// ListEventSourceMappingsOutput is a page of mappings.
type ListEventSourceMappingsOutput struct {
	NextMarker          *string
	EventSourceMappings []*EventSourceMappingConfiguration
}

// ListEventSourceMappings reports the mappings in order of their UUIDs: those of
// a function include those of its aliases.
func (s *Service) ListEventSourceMappings(_ context.Context, in *ListEventSourceMappingsInput) (*ListEventSourceMappingsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var f *function
	var t target
	if in.FunctionName != "" {
		var err error
		if f, t, err = s.lookup(in.FunctionName, ""); err != nil {
			return nil, err
		}
		f = f.unpublished()
	}
	_, qualifier := splitName(t.arn)
	out := &ListEventSourceMappingsOutput{EventSourceMappings: []*EventSourceMappingConfiguration{}}
	for _, id := range slices.Sorted(maps.Keys(s.mappings)) {
		m := s.mappings[id]
		if id <= in.Marker || f != nil && m.f != f || qualifier != "" && m.config.FunctionArn != t.arn || in.EventSourceArn != "" && m.config.EventSourceArn != in.EventSourceArn {
			continue
		}
		if n := len(out.EventSourceMappings); n == cmp.Or(in.MaxItems, 100) {
			out.NextMarker = &out.EventSourceMappings[n-1].UUID
			break
		}
		out.EventSourceMappings = append(out.EventSourceMappings, m.report())
	}
	return out, nil
}
