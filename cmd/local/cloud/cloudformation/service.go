package cloudformation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"orderflow/cmd/local/cloud/protocol"
)

// A Service tells of stacks. They are made by Template.Deploy, and neither
// updated nor deleted.
type Service struct {
	mu     sync.Mutex
	stacks map[string]Stack // by name
}

// New is a service without stacks.
func New() *Service { return &Service{stacks: map[string]Stack{}} }

// Add lets the API tell of a stack.
func (s *Service) Add(stack Stack) {
	stack.Resources = slices.SortedFunc(slices.Values(stack.Resources), func(a, b StackResource) int {
		return strings.Compare(a.LogicalID, b.LogicalID)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stacks[stack.Name] = stack
}

// stack finds one by its name or its ID.
func (s *Service) stack(name string) (Stack, error) {
	if name == "" {
		return Stack{}, missing("stackName")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stack := range s.stacks {
		if name == stack.Name || name == stack.ID {
			return stack, nil
		}
	}
	return Stack{}, invalid("Stack with id %s does not exist", name)
}

func invalid(format string, args ...any) error {
	return protocol.Errorf("ValidationError", format, args...)
}

func missing(member string) error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

// created is the status of each stack and resource: Deploy has made them all,
// or there is no stack.
const created = "CREATE_COMPLETE"

// pageSize is how many resources one answer holds.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
const pageSize = 100

// timestamp writes a time as the Query protocol does.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// DescribeStacksInput names a stack, or none for all of them.
type DescribeStacksInput struct{ StackName string }

// DescribeStacksOutput is all stacks that were asked for, on one page.
type DescribeStacksOutput struct{ Stacks []StackDescription }

// StackDescription is a stack as the API reports it.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Stack.html
type StackDescription struct {
	StackId         string
	StackName       string
	Description     string      `json:",omitempty"`
	Parameters      []Parameter `json:",omitempty"`
	CreationTime    string
	StackStatus     string
	DisableRollback bool
	Outputs         []Output `json:",omitempty"`
}

// DescribeStacks describes one stack or all.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func (s *Service) DescribeStacks(_ context.Context, in *DescribeStacksInput) (*DescribeStacksOutput, error) {
	if in.StackName != "" {
		stack, err := s.stack(in.StackName)
		if err != nil {
			return nil, err
		}
		return &DescribeStacksOutput{[]StackDescription{stack.describe()}}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &DescribeStacksOutput{}
	for _, name := range slices.Sorted(maps.Keys(s.stacks)) {
		stack := s.stacks[name]
		out.Stacks = append(out.Stacks, stack.describe())
	}
	return out, nil
}

func (s *Stack) describe() StackDescription {
	return StackDescription{
		StackId:      s.ID,
		StackName:    s.Name,
		Description:  s.template.description,
		Parameters:   s.parameters,
		CreationTime: timestamp(s.CreatedAt),
		StackStatus:  created,
		Outputs:      s.outputs,
	}
}

// ResourceDescription is a resource as the API reports it: in a list, among
// others or alone, which differ by the members that are left out.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackResourceDetail.html
type ResourceDescription struct {
	StackName            string `json:",omitempty"` // not in a list
	StackId              string `json:",omitempty"` // likewise
	LogicalResourceId    string
	PhysicalResourceId   string
	ResourceType         string
	Timestamp            string `json:",omitempty"` // among others
	LastUpdatedTimestamp string `json:",omitempty"` // in a list, and alone
	ResourceStatus       string
	DriftInformation     DriftInformation
}

// DriftInformation says that nobody has looked whether a resource is still as
// the template has it.
type DriftInformation struct{ StackResourceDriftStatus string }

// describe leaves it to the action to say whose the resource is, and since when.
func (r *StackResource) describe() ResourceDescription {
	return ResourceDescription{
		LogicalResourceId:  r.LogicalID,
		PhysicalResourceId: r.PhysicalID,
		ResourceType:       r.Type,
		ResourceStatus:     created,
		DriftInformation:   DriftInformation{"NOT_CHECKED"},
	}
}

// ListStackResourcesInput asks for one page.
type ListStackResourcesInput struct{ StackName, NextToken string }

// ListStackResourcesOutput is one page, by logical ID.
type ListStackResourcesOutput struct {
	StackResourceSummaries []ResourceDescription
	NextToken              string `json:",omitempty"` // the last page has none
}

// ListStackResources lists a stack's resources, a hundred on a page.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListStackResources.html
func (s *Service) ListStackResources(_ context.Context, in *ListStackResourcesInput) (*ListStackResourcesOutput, error) {
	stack, err := s.stack(in.StackName)
	if err != nil {
		return nil, err
	}
	out := &ListStackResourcesOutput{}
	for _, r := range stack.Resources {
		if r.LogicalID <= in.NextToken {
			continue
		}
		if n := len(out.StackResourceSummaries); n == pageSize {
			out.NextToken = out.StackResourceSummaries[n-1].LogicalResourceId
			break
		}
		summary := r.describe()
		summary.LastUpdatedTimestamp = timestamp(r.CreatedAt)
		out.StackResourceSummaries = append(out.StackResourceSummaries, summary)
	}
	return out, nil
}

// DescribeStackResourcesInput names a stack, or a resource of the stack.
type DescribeStackResourcesInput struct{ StackName, PhysicalResourceId, LogicalResourceId string }

// DescribeStackResourcesOutput is the first hundred of the resources.
type DescribeStackResourcesOutput struct{ StackResources []ResourceDescription }

// DescribeStackResources describes a stack's resources, or those of the stack
// that a physical resource is part of; with a LogicalResourceId that one alone.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResources.html
func (s *Service) DescribeStackResources(_ context.Context, in *DescribeStackResourcesInput) (*DescribeStackResourcesOutput, error) {
	stack, err := s.stackOf(in.StackName, in.PhysicalResourceId)
	if err != nil {
		return nil, err
	}
	resources := stack.Resources
	if in.LogicalResourceId != "" {
		r, err := stack.resource(in.LogicalResourceId)
		if err != nil {
			return nil, err
		}
		resources = []StackResource{r}
	}
	out := &DescribeStackResourcesOutput{}
	for _, r := range resources[:min(len(resources), pageSize)] {
		description := r.describe()
		description.StackName, description.StackId = stack.Name, stack.ID
		description.Timestamp = timestamp(r.CreatedAt)
		out.StackResources = append(out.StackResources, description)
	}
	return out, nil
}

// stackOf finds a stack by its name, or by a resource that it has.
func (s *Service) stackOf(name, physicalID string) (Stack, error) {
	if (name == "") == (physicalID == "") {
		return Stack{}, invalid("You must specify either StackName or PhysicalResourceId, but not both.")
	}
	if name != "" {
		return s.stack(name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, stack := range s.stacks {
		for _, r := range stack.Resources {
			if r.PhysicalID == physicalID {
				return stack, nil
			}
		}
	}
	return Stack{}, invalid("Stack for %s does not exist", physicalID)
}

func (s *Stack) resource(logicalID string) (StackResource, error) {
	for _, r := range s.Resources {
		if r.LogicalID == logicalID {
			return r, nil
		}
	}
	return StackResource{}, invalid("Resource %s does not exist for stack %s", logicalID, s.Name)
}

// DescribeStackResourceInput names one resource.
type DescribeStackResourceInput struct{ StackName, LogicalResourceId string }

// DescribeStackResourceOutput is that resource.
type DescribeStackResourceOutput struct{ StackResourceDetail ResourceDescription }

// DescribeStackResource describes one resource.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStackResource.html
func (s *Service) DescribeStackResource(_ context.Context, in *DescribeStackResourceInput) (*DescribeStackResourceOutput, error) {
	if in.LogicalResourceId == "" {
		return nil, missing("logicalResourceId")
	}
	stack, err := s.stack(in.StackName)
	if err != nil {
		return nil, err
	}
	r, err := stack.resource(in.LogicalResourceId)
	if err != nil {
		return nil, err
	}
	detail := r.describe()
	detail.StackName, detail.StackId = stack.Name, stack.ID
	detail.LastUpdatedTimestamp = timestamp(r.CreatedAt)
	return &DescribeStackResourceOutput{detail}, nil
}

// GetTemplateInput asks for a template at a stage, "" for what there is.
type GetTemplateInput struct{ StackName, TemplateStage string }

// GetTemplateOutput is the template as it was deployed.
type GetTemplateOutput struct {
	TemplateBody    string
	StagesAvailable []string
}

const original = "Original"

// GetTemplate is the template as it was deployed. AWS answers with the
// processed one unless it is told otherwise, which is nowhere at home: SAM's
// resources are made as they are.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html
func (s *Service) GetTemplate(_ context.Context, in *GetTemplateInput) (*GetTemplateOutput, error) {
	if in.TemplateStage != "" && in.TemplateStage != original {
		return nil, invalid("template stage %q is not supported by the local cloud: ask for %s", in.TemplateStage, original)
	}
	stack, err := s.stack(in.StackName)
	if err != nil {
		return nil, err
	}
	return &GetTemplateOutput{TemplateBody: string(stack.template.body), StagesAvailable: []string{original}}, nil
}
