package states

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine/asl"
)

// A machine is one revision of a state machine, which never changes.
type machine struct {
	name, arn, roleARN, definition string
	role                           *iam.Principal // its role in the service's hands; nil: may call everything
	created                        time.Time      // the state machine
	updated                        time.Time      // to this revision
	revision                       string         // "": as it was created
	logging                        LoggingConfiguration
	tracing                        TracingConfiguration
	parsed                         *asl.Machine
	history                        *compressor
}

// LoggingConfiguration is kept and shown, and logs nothing here.
type LoggingConfiguration struct {
	Level                string           `json:"level"`
	IncludeExecutionData bool             `json:"includeExecutionData"`
	Destinations         []LogDestination `json:"destinations,omitempty"`
}

type LogDestination struct {
	CloudWatchLogsLogGroup *LogGroup `json:"cloudWatchLogsLogGroup,omitempty"`
}

type LogGroup struct {
	LogGroupArn string `json:"logGroupArn"`
}

// TracingConfiguration is kept and shown, and traces nothing here.
type TracingConfiguration struct {
	Enabled bool `json:"enabled"`
}

type CreateStateMachineInput struct {
	Name                 *string               `json:"name"`
	Definition           *string               `json:"definition"` // Amazon States Language, its substitutions resolved
	RoleArn              *string               `json:"roleArn"`
	Type                 string                `json:"type"` // "" or STANDARD
	LoggingConfiguration *LoggingConfiguration `json:"loggingConfiguration"`
	TracingConfiguration *TracingConfiguration `json:"tracingConfiguration"`
	Publish              bool                  `json:"publish"`
	VersionDescription   *string               `json:"versionDescription"`
}

type CreateStateMachineOutput struct {
	StateMachineArn        string    `json:"stateMachineArn"`
	CreationDate           Timestamp `json:"creationDate"`
	StateMachineVersionArn *string   `json:"stateMachineVersionArn,omitempty"`
}

// CreateStateMachine is idempotent by name, definition, logging, tracing and
// whether it is published.
// A definition that names a resource which cannot be called here is refused.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
func (s *Service) CreateStateMachine(_ context.Context, in *CreateStateMachineInput) (*CreateStateMachineOutput, error) {
	if err := member("name", in.Name, maxName, false); err != nil {
		return nil, err
	}
	if err := checkName(*in.Name); err != nil {
		return nil, err
	}
	if err := member("definition", in.Definition, maxDefinition, true); err != nil {
		return nil, err
	}
	if err := member("roleArn", in.RoleArn, maxArn, false); err != nil {
		return nil, err
	}
	if err := checkVersionDescription(in.VersionDescription, in.Publish); err != nil {
		return nil, err
	}
	if in.Type != "" && in.Type != "STANDARD" {
		return nil, protocol.Errorf("StateMachineTypeNotSupported", "state machines of type %q are not supported by the local cloud", in.Type)
	}
	m := &machine{
		name: *in.Name, arn: s.arn("stateMachine", *in.Name), roleARN: *in.RoleArn, definition: *in.Definition,
		created: now(), logging: LoggingConfiguration{Level: "OFF"}, history: &compressor{},
	}
	m.updated = m.created
	m.configure(in.LoggingConfiguration, in.TracingConfiguration)
	if err := s.assumeRole(m); err != nil {
		return nil, err
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if was, ok := s.machines.Get(m.name); ok {
		if was.definition != m.definition || was.tracing != m.tracing || !sameLogging(was.logging, m.logging) {
			return nil, protocol.Errorf("StateMachineAlreadyExists", "State Machine Already Exists: '%s'", was.arn)
		}
		m = was
	} else {
		var err error
		if m.parsed, err = s.parse(m.definition); err != nil {
			return nil, protocol.Errorf("InvalidDefinition", "Invalid State Machine Definition: '%s'", err)
		}
		s.machines.Put(m.name, m)
		s.published[m.name] = &publication{}
	}
	out := &CreateStateMachineOutput{StateMachineArn: m.arn, CreationDate: Timestamp(m.created)}
	if in.Publish {
		out.StateMachineVersionArn = &s.published[m.name].publish(m, value(in.VersionDescription)).arn
	}
	return out, nil
}

func checkVersionDescription(description *string, publish bool) error {
	if description != nil && !publish {
		return protocol.Errorf("ValidationException", "Version description can only be set when publish is true")
	}
	return optional("versionDescription", description, maxDescription, true)
}

// configure sets what is given, and leaves the rest.
func (m *machine) configure(logging *LoggingConfiguration, tracing *TracingConfiguration) {
	if logging != nil {
		m.logging = *logging
		if m.logging.Level == "" {
			m.logging.Level = "OFF"
		}
	}
	if tracing != nil {
		m.tracing = *tracing
	}
}

func (m *machine) revisionID() string { return cmp.Or(m.revision, initialRevision) }

type UpdateStateMachineInput struct {
	StateMachineArn      *string               `json:"stateMachineArn"`
	Definition           *string               `json:"definition"`
	RoleArn              *string               `json:"roleArn"`
	LoggingConfiguration *LoggingConfiguration `json:"loggingConfiguration"`
	TracingConfiguration *TracingConfiguration `json:"tracingConfiguration"`
	Publish              bool                  `json:"publish"`
	VersionDescription   *string               `json:"versionDescription"`
}

type UpdateStateMachineOutput struct {
	UpdateDate             Timestamp `json:"updateDate"`
	RevisionId             string    `json:"revisionId"`
	StateMachineVersionArn *string   `json:"stateMachineVersionArn,omitempty"`
}

// UpdateStateMachine makes another revision. Executions go on with the one that
// they began with, and versions stay as they are.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html
func (s *Service) UpdateStateMachine(_ context.Context, in *UpdateStateMachineInput) (*UpdateStateMachineOutput, error) {
	if err := checkArn("stateMachineArn", "stateMachine", in.StateMachineArn); err != nil {
		return nil, err
	}
	if in.Definition == nil && in.RoleArn == nil {
		return nil, protocol.Errorf("MissingRequiredParameter", "Either the definition or the role ARN must be specified")
	}
	if err := optional("definition", in.Definition, maxDefinition, true); err != nil {
		return nil, err
	}
	if err := optional("roleArn", in.RoleArn, maxArn, false); err != nil {
		return nil, err
	}
	if err := checkVersionDescription(in.VersionDescription, in.Publish); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	was, p, err := s.publication(*in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	m := new(*was)
	m.revision, m.updated, m.history = uuid.NewString(), now(), &compressor{}
	m.configure(in.LoggingConfiguration, in.TracingConfiguration)
	if in.RoleArn != nil {
		m.roleARN = *in.RoleArn
	}
	if in.Definition != nil {
		m.definition = *in.Definition
		if m.parsed, err = s.parse(m.definition); err != nil {
			return nil, protocol.Errorf("InvalidDefinition", "Invalid State Machine Definition: '%s'", err)
		}
	}
	if err := s.assumeRole(m); err != nil {
		return nil, err
	}
	s.machines.Put(m.name, m)
	out := &UpdateStateMachineOutput{UpdateDate: Timestamp(m.updated), RevisionId: m.revision}
	if in.Publish {
		out.StateMachineVersionArn = &p.publish(m, value(in.VersionDescription)).arn
	}
	return out, nil
}

func sameLogging(a, b LoggingConfiguration) bool {
	return a.Level == b.Level && a.IncludeExecutionData == b.IncludeExecutionData &&
		slices.EqualFunc(a.Destinations, b.Destinations, func(a, b LogDestination) bool {
			return a.CloudWatchLogsLogGroup != nil && b.CloudWatchLogsLogGroup != nil &&
				*a.CloudWatchLogsLogGroup == *b.CloudWatchLogsLogGroup
		})
}

func (s *Service) parse(definition string) (*asl.Machine, error) {
	m, err := asl.Parse([]byte(definition))
	if err != nil {
		return nil, err
	}
	var problems []asl.Problem
	for _, r := range m.Resources() {
		if !s.supports(r.ARN) {
			problems = append(problems, asl.Problem{
				Code:     "SCHEMA_VALIDATION_FAILED",
				Message:  "The resource provided " + r.ARN + " is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.",
				Location: r.Location,
			})
		}
	}
	if problems != nil {
		return nil, &asl.DefinitionError{Problems: problems}
	}
	return m, nil
}

type ListStateMachinesInput struct {
	MaxResults int     `json:"maxResults"`
	NextToken  *string `json:"nextToken"`
}

type ListStateMachinesOutput struct {
	StateMachines []StateMachineListItem `json:"stateMachines"`
	NextToken     *string                `json:"nextToken,omitempty"`
}

type StateMachineListItem struct {
	StateMachineArn string    `json:"stateMachineArn"`
	Name            string    `json:"name"`
	Type            string    `json:"type"`
	CreationDate    Timestamp `json:"creationDate"`
}

// ListStateMachines lists them by name.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachines.html
func (s *Service) ListStateMachines(_ context.Context, in *ListStateMachinesInput) (*ListStateMachinesOutput, error) {
	n, err := checkPage(in.MaxResults, in.NextToken, 1024)
	if err != nil {
		return nil, err
	}
	skip, err := readPageToken(in.NextToken, "machines", 0)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &ListStateMachinesOutput{StateMachines: []StateMachineListItem{}}
	at := uint64(0)
	for _, m := range s.machines.Ascend("") {
		if at++; at <= skip {
			continue
		}
		if len(out.StateMachines) == n {
			out.NextToken = pageToken("machines", at-1)
			break
		}
		out.StateMachines = append(out.StateMachines, StateMachineListItem{m.arn, m.name, "STANDARD", Timestamp(m.created)})
	}
	return out, nil
}

type DescribeStateMachineInput struct {
	StateMachineArn *string `json:"stateMachineArn"` // or a version's
}

type DescribeStateMachineOutput struct {
	StateMachineArn      string               `json:"stateMachineArn"`
	Name                 string               `json:"name"`
	Status               string               `json:"status"`
	Definition           string               `json:"definition"`
	RoleArn              string               `json:"roleArn"`
	Type                 string               `json:"type"`
	CreationDate         Timestamp            `json:"creationDate"`
	LoggingConfiguration LoggingConfiguration `json:"loggingConfiguration"`
	TracingConfiguration TracingConfiguration `json:"tracingConfiguration"`
	RevisionId           string               `json:"revisionId,omitempty"`  // "": as it was created
	Description          string               `json:"description,omitempty"` // of a version
}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachine.html
func (s *Service) DescribeStateMachine(_ context.Context, in *DescribeStateMachineInput) (*DescribeStateMachineOutput, error) {
	if err := checkArn("stateMachineArn", "stateMachine", in.StateMachineArn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.alias(*in.StateMachineArn) != nil {
		return nil, protocol.Errorf("ValidationException", "describing the alias %q as a state machine is not supported by the local cloud: describe the alias, or its version", *in.StateMachineArn)
	}
	m, arn, description := (*machine)(nil), "", ""
	if v := s.version(*in.StateMachineArn); v != nil {
		m, arn, description = v.machine, v.arn, v.description
	} else {
		var err error
		if m, _, err = s.publication(*in.StateMachineArn); err != nil {
			return nil, err
		}
		arn = m.arn
	}
	return &DescribeStateMachineOutput{
		arn, m.name, "ACTIVE", m.definition, m.roleARN, "STANDARD", Timestamp(m.created), m.logging, m.tracing, m.revision, description,
	}, nil
}

// startable is what an execution of an ARN runs, which may be qualified by a
// version or by an alias; an alias of two versions chooses by the seed.
func (s *Service) startable(arn *string, seed uint64) (*machine, *association, error) {
	if err := checkArn("stateMachineArn", "stateMachine", arn); err != nil {
		return nil, nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.version(*arn); v != nil {
		return v.machine, &association{version: v.arn}, nil
	}
	if a := s.alias(*arn); a != nil {
		v := a.choose(seed)
		return v.machine, &association{version: v.arn, alias: &a.arn}, nil
	}
	m, _, err := s.publication(*arn)
	return m, nil, err
}

type DescribeStateMachineForExecutionInput struct {
	ExecutionArn *string `json:"executionArn"`
}

type DescribeStateMachineForExecutionOutput struct {
	StateMachineArn      string               `json:"stateMachineArn"`
	Name                 string               `json:"name"`
	Definition           string               `json:"definition"`
	RoleArn              string               `json:"roleArn"`
	UpdateDate           Timestamp            `json:"updateDate"`
	LoggingConfiguration LoggingConfiguration `json:"loggingConfiguration"`
	TracingConfiguration TracingConfiguration `json:"tracingConfiguration"`
	RevisionId           string               `json:"revisionId,omitempty"`
}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineForExecution.html
func (s *Service) DescribeStateMachineForExecution(_ context.Context, in *DescribeStateMachineForExecutionInput) (*DescribeStateMachineForExecutionOutput, error) {
	v, err := s.view(in.ExecutionArn)
	if err != nil {
		return nil, err
	}
	m := v.machine
	return &DescribeStateMachineForExecutionOutput{
		m.arn, m.name, m.definition, m.roleARN, Timestamp(m.updated), m.logging, m.tracing, m.revision,
	}, nil
}

type ValidateStateMachineDefinitionInput struct {
	Definition *string `json:"definition"`
	Type       string  `json:"type"`
}

type ValidateStateMachineDefinitionOutput struct {
	Result      string       `json:"result"` // OK or FAIL
	Diagnostics []Diagnostic `json:"diagnostics"`
}

type Diagnostic struct {
	Severity string `json:"severity"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Location string `json:"location,omitempty"`
}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
func (s *Service) ValidateStateMachineDefinition(_ context.Context, in *ValidateStateMachineDefinitionInput) (*ValidateStateMachineDefinitionOutput, error) {
	if err := member("definition", in.Definition, maxDefinition, true); err != nil {
		return nil, err
	}
	if in.Type != "" && in.Type != "STANDARD" {
		return nil, validation("state machines of type '%s' are not supported by the local cloud", in.Type)
	}
	out := &ValidateStateMachineDefinitionOutput{Result: "OK", Diagnostics: []Diagnostic{}}
	_, err := s.parse(*in.Definition)
	if err == nil {
		return out, nil
	}
	out.Result = "FAIL"
	refused, ok := errors.AsType[*asl.DefinitionError](err)
	if !ok {
		return nil, err
	}
	for _, p := range refused.Problems {
		out.Diagnostics = append(out.Diagnostics, Diagnostic{"ERROR", p.Code, p.Message, p.Location})
	}
	return out, nil
}

// newest is where a listing begins.
const newest = math.MaxUint64
