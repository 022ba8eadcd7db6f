package lambda

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/iam"
)

// Limits of a function's configuration.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
const (
	maxTimeout    = 900 * time.Second
	minUnreserved = 100
	latestVersion = "$LATEST"
)

// CreateFunctionInput describes a function. Members other than Init, Principal,
// Timeout, ReservedConcurrentExecutions, TracingMode and those of the log are
// reported and inert.
type CreateFunctionInput struct {
	FunctionName string

	// Init starts an execution environment, as a process start does on AWS.
	// Every concurrent invocation has an environment of its own, so a handler
	// serves one invocation at a time: handlers of aws-lambda-go reuse their
	// response buffer and must not be shared. The version is the one whose
	// environment it is.
	Init func(version string) (lambda.Handler, error)

	// Principal is the function's role in Lambda's hands: what Lambda does for
	// the function, such as reading its queue, is done as it. Nil: Lambda may do
	// everything.
	Principal *iam.Principal

	Timeout                      int  // seconds, 0 being AWS's default of 3
	ReservedConcurrentExecutions *int // nil: shares what the account leaves unreserved

	Description      string
	Runtime          string
	Handler          string
	Role             string
	MemorySize       int // MB, 0 being AWS's default of 128
	Architectures    []string
	Environment      map[string]string
	Tags             map[string]string
	TracingMode      string
	EphemeralStorage int // MB, 0 being AWS's default of 512

	LogFormat           string // JSON or, by default, Text
	ApplicationLogLevel string // of JSON, "" being INFO
	SystemLogLevel      string // of JSON, "" being INFO
	LogGroup            string // "" being the function's own
}

// FunctionConfiguration is a function as the API reports it.
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
type FunctionConfiguration struct {
	FunctionName     string
	FunctionArn      string
	Runtime          string `json:",omitempty"`
	Role             string
	Handler          string `json:",omitempty"`
	CodeSize         int64
	Description      string
	Timeout          int
	MemorySize       int
	LastModified     string
	CodeSha256       string
	Version          string
	Environment      *Environment `json:",omitempty"`
	TracingConfig    TracingConfig
	RevisionId       string
	State            string
	LastUpdateStatus string
	PackageType      string
	Architectures    []string
	EphemeralStorage EphemeralStorage
	LoggingConfig    LoggingConfig
}

// Environment holds a function's environment variables.
type Environment struct{ Variables map[string]string }

// TracingConfig is X-Ray's mode.
type TracingConfig struct{ Mode string }

// EphemeralStorage is the size of /tmp in MB.
type EphemeralStorage struct{ Size int }

// A function is what Invoke runs: $LATEST, or a published version of it, which
// never changes. The service's mutex guards it.
type function struct {
	svc     *Service
	config  FunctionConfiguration
	timeout time.Duration
	tags    map[string]string
	init    func(version string) (lambda.Handler, error)
	role    *iam.Principal

	application, system slog.Level // least ones that are kept in the log

	idle []*environment // most recently used last

	latest *function // that this is a version of; nil: this is $LATEST, with what follows

	reserved *pool // nil: the account's unreserved concurrency
	versions []*function
	changed  bool // since the last of the versions was published
	aliases  map[string]*AliasConfiguration
}

var functionName = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)

// CreateFunction registers a function and starts its first environment, so
// that a handler that can not start is an error here.
func (s *Service) CreateFunction(_ context.Context, in *CreateFunctionInput) (*FunctionConfiguration, error) {
	if !functionName.MatchString(in.FunctionName) {
		return nil, invalid("1 validation error detected: Value '%s' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", in.FunctionName, functionName)
	}
	f := &function{svc: s, config: configuration(s.cfg, in), tags: in.Tags, init: in.Init, role: in.Principal, changed: true, aliases: map[string]*AliasConfiguration{}}
	f.timeout = time.Duration(f.config.Timeout) * time.Second
	if f.timeout < time.Second || f.timeout > maxTimeout {
		return nil, invalid("1 validation error detected: Value '%d' at 'timeout' failed to satisfy constraint: Member must have value between 1 and 900", in.Timeout)
	}
	if err := f.config.LoggingConfig.check(); err != nil {
		return nil, err
	}
	if err := f.mayTrace(); err != nil {
		return nil, err
	}
	f.application, f.system = f.config.LoggingConfig.application(), f.config.LoggingConfig.system()
	handler, err := in.Init(latestVersion)
	if err != nil {
		return nil, fmt.Errorf("lambda: function %q can not start: %w", in.FunctionName, err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, errClosing()
	}
	if s.functions[in.FunctionName] != nil {
		return nil, conflict("Function already exist: %s", in.FunctionName)
	}
	if n := in.ReservedConcurrentExecutions; n != nil {
		if err := s.reserve(f, *n); err != nil {
			return nil, err
		}
	}
	s.functions[in.FunctionName] = f
	f.idle = append(f.idle, f.start(handler))
	config := f.config
	return &config, nil
}

func configuration(cfg Config, in *CreateFunctionInput) FunctionConfiguration {
	c := FunctionConfiguration{
		FunctionName:     in.FunctionName,
		FunctionArn:      fmt.Sprintf("arn:aws:lambda:%s:%s:function:%s", cfg.Region, cfg.Account, in.FunctionName),
		Runtime:          in.Runtime,
		Role:             in.Role,
		Handler:          in.Handler,
		Description:      in.Description,
		Timeout:          cmp.Or(in.Timeout, 3),
		MemorySize:       cmp.Or(in.MemorySize, 128),
		LastModified:     time.Now().UTC().Format("2006-01-02T15:04:05.000-0700"),
		Version:          latestVersion,
		TracingConfig:    TracingConfig{cmp.Or(in.TracingMode, "PassThrough")},
		RevisionId:       uuid.NewString(),
		State:            "Active",
		LastUpdateStatus: "Successful",
		PackageType:      "Zip",
		Architectures:    in.Architectures,
		EphemeralStorage: EphemeralStorage{cmp.Or(in.EphemeralStorage, 512)},
		LoggingConfig:    loggingConfig(in),
	}
	if len(c.Architectures) == 0 {
		c.Architectures = []string{"x86_64"}
	}
	if len(in.Environment) > 0 {
		c.Environment = &Environment{maps.Clone(in.Environment)}
	}
	return c
}

// A target is a function as a caller named it.
type target struct {
	arn     string // with the qualifier, if one was given
	version string
}

// lookup finds a function by name, partial ARN, or ARN, any of them with or
// without a qualifier.
func (s *Service) lookup(name, qualifier string) (*function, target, error) {
	bare, suffix := splitName(name)
	if qualifier != "" && suffix != "" && qualifier != suffix {
		return nil, target{}, invalid("The derived qualifier from the function name does not match the specified qualifier.")
	}
	qualifier = cmp.Or(qualifier, suffix)
	f := s.functions[bare]
	if f == nil {
		return nil, target{}, notFound("Function not found: arn:aws:lambda:%s:%s:function:%s", s.cfg.Region, s.cfg.Account, joinName(bare, qualifier))
	}
	t := target{arn: joinName(f.config.FunctionArn, qualifier), version: latestVersion}
	if qualifier == "" || qualifier == latestVersion {
		return f, t, nil
	}
	t.version = qualifier
	if a := f.aliases[qualifier]; a != nil {
		t.version = a.FunctionVersion
	}
	if v := f.published(t.version); v != nil {
		return v, t, nil
	}
	return nil, target{}, notFound("Function not found: %s", t.arn)
}

// published finds a version of a function, $LATEST included; nil: there is none.
func (f *function) published(version string) *function {
	if version == latestVersion {
		return f
	}
	i := slices.IndexFunc(f.versions, func(v *function) bool { return v.config.Version == version })
	if i < 0 {
		return nil
	}
	return f.versions[i]
}

// splitName takes apart name[:qualifier], account:function:name[:qualifier],
// and the ARN that ends in it.
func splitName(name string) (bare, qualifier string) {
	if i := strings.Index(name, "function:"); i >= 0 {
		name = name[i+len("function:"):]
	}
	bare, qualifier, _ = strings.Cut(name, ":")
	return bare, qualifier
}

func joinName(name, qualifier string) string {
	if qualifier == "" {
		return name
	}
	return name + ":" + qualifier
}

// ListFunctionsInput pages through the functions.
type ListFunctionsInput struct {
	Marker   string
	MaxItems int // 0 being 50
}

// ListFunctionsOutput is a page of functions, by name.
type ListFunctionsOutput struct {
	NextMarker *string
	Functions  []FunctionConfiguration
}

// ListFunctions reports the functions in order of their names.
func (s *Service) ListFunctions(_ context.Context, in *ListFunctionsInput) (*ListFunctionsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &ListFunctionsOutput{Functions: []FunctionConfiguration{}}
	for _, name := range slices.Sorted(maps.Keys(s.functions)) {
		if name <= in.Marker {
			continue
		}
		if len(out.Functions) == cmp.Or(in.MaxItems, 50) {
			out.NextMarker = &out.Functions[len(out.Functions)-1].FunctionName
			break
		}
		out.Functions = append(out.Functions, s.functions[name].config)
	}
	return out, nil
}

// GetFunctionInput names a function.
type GetFunctionInput struct{ FunctionName, Qualifier string }

// GetFunctionOutput is a function with its tags and reserved concurrency.
type GetFunctionOutput struct {
	Configuration FunctionConfiguration
	Code          struct{ RepositoryType string }
	Tags          map[string]string `json:",omitempty"`
	Concurrency   *Concurrency      `json:",omitempty"`
}

// GetFunction reports one function.
func (s *Service) GetFunction(_ context.Context, in *GetFunctionInput) (*GetFunctionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, t, err := s.lookup(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	out := &GetFunctionOutput{Configuration: f.config, Tags: f.tags}
	out.Configuration.FunctionArn = t.arn
	out.Code.RepositoryType = "S3"
	if f.unpublished().reserved != nil {
		out.Concurrency = f.unpublished().concurrency()
	}
	return out, nil
}
