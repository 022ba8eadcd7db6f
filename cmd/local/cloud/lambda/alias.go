package lambda

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// AliasConfiguration is an alias as the API reports it.
// https://docs.aws.amazon.com/lambda/latest/api/API_AliasConfiguration.html
type AliasConfiguration struct {
	AliasArn        string
	Name            string
	FunctionVersion string
	Description     string
	RevisionId      string
}

// A RoutingConfig would split invocations between two versions, which the local
// cloud refuses: it deploys at once.
type RoutingConfig struct {
	AdditionalVersionWeights map[string]float64
}

func (r *RoutingConfig) check() error {
	if r != nil && len(r.AdditionalVersionWeights) > 0 {
		return invalid("RoutingConfig is not supported by the local cloud: an alias has one version.")
	}
	return nil
}

// CreateAliasInput names an alias and the version behind it.
type CreateAliasInput struct {
	FunctionName    string `json:"-"`
	Name            string
	FunctionVersion string // published, or $LATEST
	Description     string
	RoutingConfig   *RoutingConfig
}

// UpdateAliasInput changes the members that are not nil.
type UpdateAliasInput struct {
	FunctionName    string `json:"-"`
	Name            string `json:"-"`
	FunctionVersion *string
	Description     *string
	RoutingConfig   *RoutingConfig
	RevisionId      string // the alias's, or "" for any
}

var (
	aliasName  = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,128}$`)
	onlyDigits = regexp.MustCompile(`^[0-9]+$`)
)

// CreateAlias names a version of a function.
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
func (s *Service) CreateAlias(_ context.Context, in *CreateAliasInput) (*AliasConfiguration, error) {
	if !aliasName.MatchString(in.Name) || onlyDigits.MatchString(in.Name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)", in.Name)
	}
	if err := in.RoutingConfig.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	a := AliasConfiguration{
		AliasArn: joinName(f.config.FunctionArn, in.Name), Name: in.Name,
		FunctionVersion: in.FunctionVersion, Description: in.Description, RevisionId: uuid.NewString(),
	}
	if f.aliases[a.Name] != nil {
		return nil, conflict("Alias already exists: %s", a.AliasArn)
	}
	if f.published(a.FunctionVersion) == nil {
		return nil, notFound("Function not found: %s", joinName(f.config.FunctionArn, a.FunctionVersion))
	}
	f.aliases[a.Name] = &a
	return new(a), nil
}

// UpdateAlias moves an alias: what is invoked by it from now on is another
// version, and what runs runs on.
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
func (s *Service) UpdateAlias(ctx context.Context, in *UpdateAliasInput) (*AliasConfiguration, error) {
	if err := in.RoutingConfig.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, a, err := s.alias(in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	if err := authorize(ctx, "lambda:UpdateAlias", f.config.FunctionArn); err != nil {
		return nil, err
	}
	if in.RevisionId != "" && in.RevisionId != a.RevisionId {
		return nil, lower("PreconditionFailedException", http.StatusPreconditionFailed,
			"The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId")
	}
	if v := in.FunctionVersion; v != nil {
		if f.published(*v) == nil {
			return nil, notFound("Function not found: %s", joinName(f.config.FunctionArn, *v))
		}
		a.FunctionVersion = *v
	}
	if in.Description != nil {
		a.Description = *in.Description
	}
	a.RevisionId = uuid.NewString()
	return new(*a), nil
}

// GetAliasInput names an alias.
type GetAliasInput struct{ FunctionName, Name string }

// GetAlias reports one alias.
func (s *Service) GetAlias(ctx context.Context, in *GetAliasInput) (*AliasConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, a, err := s.alias(in.FunctionName, in.Name)
	if err != nil {
		return nil, err
	}
	if err := authorize(ctx, "lambda:GetAlias", f.config.FunctionArn); err != nil {
		return nil, err
	}
	return new(*a), nil
}

// GetProvisionedConcurrencyConfigInput names an alias or a version.
type GetProvisionedConcurrencyConfigInput struct{ FunctionName, Qualifier string }

// GetProvisionedConcurrencyConfig tells that nothing is provisioned: the local
// cloud starts an environment when it needs one.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html
func (s *Service) GetProvisionedConcurrencyConfig(ctx context.Context, in *GetProvisionedConcurrencyConfigInput) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, t, err := s.lookup(in.FunctionName, in.Qualifier)
	if err != nil {
		return err
	}
	if err := authorize(ctx, "lambda:GetProvisionedConcurrencyConfig", t.arn); err != nil {
		return err
	}
	return lower("ProvisionedConcurrencyConfigNotFoundException", http.StatusNotFound, "No Provisioned Concurrency Config found for this function")
}

func (s *Service) alias(functionName, name string) (*function, *AliasConfiguration, error) {
	f, err := s.unqualified(functionName)
	if err != nil {
		return nil, nil, err
	}
	if a := f.aliases[name]; a != nil {
		return f, a, nil
	}
	return nil, nil, notFound("Alias not found: %s", joinName(f.config.FunctionArn, name))
}

// ListAliasesInput filters by version, and pages.
type ListAliasesInput struct {
	FunctionName    string
	FunctionVersion string
	Marker          string
	MaxItems        int // 0 being 50
}

// ListAliasesOutput is a page of aliases, by name.
type ListAliasesOutput struct {
	NextMarker *string
	Aliases    []AliasConfiguration
}

// ListAliases reports a function's aliases.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html
func (s *Service) ListAliases(_ context.Context, in *ListAliasesInput) (*ListAliasesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	out := &ListAliasesOutput{Aliases: []AliasConfiguration{}}
	for _, name := range slices.SortedFunc(maps.Keys(f.aliases), strings.Compare) {
		a := f.aliases[name]
		if name <= in.Marker || in.FunctionVersion != "" && a.FunctionVersion != in.FunctionVersion {
			continue
		}
		if n := len(out.Aliases); n == cmp.Or(in.MaxItems, 50) {
			out.NextMarker = &out.Aliases[n-1].Name
			break
		}
		out.Aliases = append(out.Aliases, *a)
	}
	return out, nil
}
