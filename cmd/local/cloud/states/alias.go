package states

import (
	"context"
	"math/rand/v2"
	"regexp"
	"slices"
	"time"

	"orderflow/cmd/local/cloud/protocol"
)

// An alias starts executions of a version, or of one of two by chance.
type alias struct {
	name, arn, description string
	created, updated       time.Time
	routes                 []route
}

type route struct {
	version *version
	weight  int // percent
}

// choose draws the version of one execution from its seed, so that the same
// seeds choose alike again.
func (a *alias) choose(seed uint64) *version {
	if len(a.routes) == 1 || rand.New(rand.NewPCG(seed, 0)).IntN(100) < a.routes[0].weight {
		return a.routes[0].version
	}
	return a.routes[1].version
}

func (a *alias) uses(v *version) bool {
	return slices.ContainsFunc(a.routes, func(r route) bool { return r.version == v })
}

// alias finds an alias by its ARN; nil: there is none. The caller holds the
// service's mutex.
func (s *Service) alias(arn string) *alias {
	name, qualifier := s.split(arn)
	if p := s.published[name]; p != nil {
		for _, a := range p.aliases {
			if a.name == qualifier {
				return a
			}
		}
	}
	return nil
}

type RoutingConfigurationListItem struct {
	StateMachineVersionArn *string `json:"stateMachineVersionArn"`
	Weight                 *int    `json:"weight"` // percent
}

// routes are those of a routing configuration: one or two versions of one state
// machine. The caller holds the service's mutex.
func (s *Service) routes(configuration []RoutingConfigurationListItem) ([]route, error) {
	if n := len(configuration); n < 1 || n > 2 {
		return nil, protocol.Errorf("ValidationException", "Routing configuration must contain 1 or 2 versions, and has %d", n)
	}
	var routes []route
	sum := 0
	for _, item := range configuration {
		if err := checkArn("routingConfiguration.stateMachineVersionArn", "stateMachine", item.StateMachineVersionArn); err != nil {
			return nil, err
		}
		if item.Weight == nil || *item.Weight < 0 || *item.Weight > 100 {
			return nil, validation("Value at 'routingConfiguration.weight' failed to satisfy constraint: Member must have value between 0 and 100")
		}
		v := s.version(*item.StateMachineVersionArn)
		if v == nil {
			return nil, resourceNotFound(*item.StateMachineVersionArn)
		}
		routes = append(routes, route{v, *item.Weight})
		sum += *item.Weight
	}
	if sum != 100 {
		return nil, protocol.Errorf("ValidationException", "Sum of routing configuration weights must equal 100, and is %d", sum)
	}
	if first, last := routes[0].version, routes[len(routes)-1].version; len(routes) == 2 && (first == last || first.machine.name != last.machine.name) {
		return nil, protocol.Errorf("ValidationException", "Routing configuration must contain distinct versions of one state machine")
	}
	return routes, nil
}

func described(routes []route) []RoutingConfigurationListItem {
	var configuration []RoutingConfigurationListItem
	for _, r := range routes {
		configuration = append(configuration, RoutingConfigurationListItem{&r.version.arn, &r.weight})
	}
	return configuration
}

var (
	aliasName  = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	onlyDigits = regexp.MustCompile(`^[0-9]+$`)
)

func checkAlias(name *string) error {
	if err := member("name", name, maxName, false); err != nil {
		return err
	}
	if !aliasName.MatchString(*name) || onlyDigits.MatchString(*name) {
		return validation(`Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: ^(?=.*[a-zA-Z_\-\.])[a-zA-Z0-9_\-\.]+$`, *name)
	}
	return nil
}

type CreateStateMachineAliasInput struct {
	Name                 *string                        `json:"name"`
	Description          *string                        `json:"description"`
	RoutingConfiguration []RoutingConfigurationListItem `json:"routingConfiguration"`
}

type CreateStateMachineAliasOutput struct {
	CreationDate         Timestamp `json:"creationDate"`
	StateMachineAliasArn string    `json:"stateMachineAliasArn"`
}

// CreateStateMachineAlias is idempotent by all that it is given.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachineAlias.html
func (s *Service) CreateStateMachineAlias(_ context.Context, in *CreateStateMachineAliasInput) (*CreateStateMachineAliasOutput, error) {
	if err := checkAlias(in.Name); err != nil {
		return nil, err
	}
	if err := optional("description", in.Description, maxDescription, true); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	routes, err := s.routes(in.RoutingConfiguration)
	if err != nil {
		return nil, err
	}
	m := routes[0].version.machine
	a := &alias{
		name: *in.Name, arn: m.arn + ":" + *in.Name, description: value(in.Description),
		created: now(), routes: routes,
	}
	a.updated = a.created
	if was := s.alias(a.arn); was != nil {
		if was.description != a.description || !slices.Equal(was.routes, a.routes) {
			return nil, conflict("Failed to create alias because an alias with the same name and a different description or routing configuration already exists: '%s'", a.arn)
		}
		return &CreateStateMachineAliasOutput{Timestamp(was.created), was.arn}, nil
	}
	p := s.published[m.name]
	p.aliases = append(p.aliases, a)
	return &CreateStateMachineAliasOutput{Timestamp(a.created), a.arn}, nil
}

type UpdateStateMachineAliasInput struct {
	StateMachineAliasArn *string                        `json:"stateMachineAliasArn"`
	Description          *string                        `json:"description"`
	RoutingConfiguration []RoutingConfigurationListItem `json:"routingConfiguration"`
}

type UpdateStateMachineAliasOutput struct {
	UpdateDate Timestamp `json:"updateDate"`
}

// UpdateStateMachineAlias moves an alias: executions that it has started go on
// as they began. AWS takes a few seconds until all starts follow it.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachineAlias.html
func (s *Service) UpdateStateMachineAlias(_ context.Context, in *UpdateStateMachineAliasInput) (*UpdateStateMachineAliasOutput, error) {
	if err := checkArn("stateMachineAliasArn", "stateMachine", in.StateMachineAliasArn); err != nil {
		return nil, err
	}
	if err := optional("description", in.Description, maxDescription, true); err != nil {
		return nil, err
	}
	if in.Description == nil && in.RoutingConfiguration == nil {
		return nil, protocol.Errorf("ValidationException", "At least one of description or routingConfiguration must be given to update an alias")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.alias(*in.StateMachineAliasArn)
	if a == nil {
		return nil, resourceNotFound(*in.StateMachineAliasArn)
	}
	if in.RoutingConfiguration != nil {
		routes, err := s.routes(in.RoutingConfiguration)
		if err != nil {
			return nil, err
		}
		if routes[0].version.machine.name != a.routes[0].version.machine.name {
			return nil, protocol.Errorf("ValidationException", "Routing configuration must contain versions of the alias's state machine")
		}
		a.routes = routes
	}
	if in.Description != nil {
		a.description = *in.Description
	}
	a.updated = now()
	return &UpdateStateMachineAliasOutput{Timestamp(a.updated)}, nil
}

type DescribeStateMachineAliasInput struct {
	StateMachineAliasArn *string `json:"stateMachineAliasArn"`
}

type DescribeStateMachineAliasOutput struct {
	StateMachineAliasArn string                         `json:"stateMachineAliasArn"`
	Name                 string                         `json:"name"`
	Description          string                         `json:"description,omitempty"`
	RoutingConfiguration []RoutingConfigurationListItem `json:"routingConfiguration"`
	CreationDate         Timestamp                      `json:"creationDate"`
	UpdateDate           Timestamp                      `json:"updateDate"`
}

// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeStateMachineAlias.html
func (s *Service) DescribeStateMachineAlias(_ context.Context, in *DescribeStateMachineAliasInput) (*DescribeStateMachineAliasOutput, error) {
	if err := checkArn("stateMachineAliasArn", "stateMachine", in.StateMachineAliasArn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.alias(*in.StateMachineAliasArn)
	if a == nil {
		return nil, resourceNotFound(*in.StateMachineAliasArn)
	}
	return &DescribeStateMachineAliasOutput{a.arn, a.name, a.description, described(a.routes), Timestamp(a.created), Timestamp(a.updated)}, nil
}

type DeleteStateMachineAliasInput struct {
	StateMachineAliasArn *string `json:"stateMachineAliasArn"`
}

type DeleteStateMachineAliasOutput struct{}

// DeleteStateMachineAlias leaves the versions of the alias, and the executions
// that it has started.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineAlias.html
func (s *Service) DeleteStateMachineAlias(_ context.Context, in *DeleteStateMachineAliasInput) (*DeleteStateMachineAliasOutput, error) {
	if err := checkArn("stateMachineAliasArn", "stateMachine", in.StateMachineAliasArn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.alias(*in.StateMachineAliasArn)
	if a == nil {
		return nil, resourceNotFound(*in.StateMachineAliasArn)
	}
	p := s.published[a.routes[0].version.machine.name]
	p.aliases = slices.DeleteFunc(p.aliases, func(other *alias) bool { return other == a })
	return &DeleteStateMachineAliasOutput{}, nil
}

type ListStateMachineAliasesInput struct {
	StateMachineArn *string `json:"stateMachineArn"` // or a version's: the aliases that use it
	MaxResults      int     `json:"maxResults"`
	NextToken       *string `json:"nextToken"`
}

type ListStateMachineAliasesOutput struct {
	StateMachineAliases []StateMachineAliasListItem `json:"stateMachineAliases"`
	NextToken           *string                     `json:"nextToken,omitempty"`
}

type StateMachineAliasListItem struct {
	CreationDate         Timestamp `json:"creationDate"`
	StateMachineAliasArn string    `json:"stateMachineAliasArn"`
}

// ListStateMachineAliases lists them, the newest first.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineAliases.html
func (s *Service) ListStateMachineAliases(_ context.Context, in *ListStateMachineAliasesInput) (*ListStateMachineAliasesOutput, error) {
	n, err := checkPage(in.MaxResults, in.NextToken, 1024)
	if err != nil {
		return nil, err
	}
	if err := checkArn("stateMachineArn", "stateMachine", in.StateMachineArn); err != nil {
		return nil, err
	}
	token := "aliases " + *in.StateMachineArn
	skip, err := readPageToken(in.NextToken, token, 0)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.version(*in.StateMachineArn)
	name, qualifier := s.split(*in.StateMachineArn)
	if _, ok := s.machines.Get(name); !ok || qualifier != "" && v == nil {
		return nil, stateMachineDoesNotExist(*in.StateMachineArn)
	}
	items := []StateMachineAliasListItem{}
	for _, a := range slices.Backward(s.published[name].aliases) {
		if v == nil || a.uses(v) {
			items = append(items, StateMachineAliasListItem{Timestamp(a.created), a.arn})
		}
	}
	out := &ListStateMachineAliasesOutput{}
	out.StateMachineAliases, out.NextToken = page(items, skip, n, token)
	return out, nil
}
