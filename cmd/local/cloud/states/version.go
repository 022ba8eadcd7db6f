package states

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"orderflow/cmd/local/cloud/protocol"
)

// initialRevision is how a revision is named that has no ID: a state machine as
// it was created.
const initialRevision = "INITIAL"

// A publication is the versions and aliases of one state machine.
type publication struct {
	last     int // number of the latest version: numbers are not used again
	versions []*version
	aliases  []*alias // the oldest first, as versions are
}

// A version is a state machine as it was when it was published.
type version struct {
	number      string
	arn         string
	description string
	created     time.Time
	machine     *machine
}

// An association is the version, and the alias, that an execution was started
// by. Nil: its state machine's ARN was unqualified.
// https://docs.aws.amazon.com/step-functions/latest/dg/execution-alias-version-associate.html
type association struct {
	version string  // ARN
	alias   *string // ARN; nil: it was started by the version's own
}

func (a *association) described() (version, alias *string) {
	if a == nil {
		return nil, nil
	}
	return &a.version, a.alias
}

// by tells whether it is with a version or an alias.
func (a *association) by(arn string) bool {
	return a != nil && (a.version == arn || a.alias != nil && *a.alias == arn)
}

func conflict(format string, args ...any) error {
	e := protocol.Errorf("ConflictException", format, args...)
	e.Status = http.StatusConflict
	return e
}

func resourceNotFound(arn string) error {
	return protocol.Errorf("ResourceNotFound", "Request references a resource that does not exist: '%s'", arn)
}

// split is a state machine's name and the qualifier of its ARN, "" for none.
func (s *Service) split(arn string) (name, qualifier string) {
	name, ok := strings.CutPrefix(arn, s.arn("stateMachine", ""))
	if !ok {
		return "", ""
	}
	name, qualifier, _ = strings.Cut(name, ":")
	return name, qualifier
}

// publication is that of a state machine that exists, whose ARN is unqualified.
// The caller holds the service's mutex.
func (s *Service) publication(arn string) (*machine, *publication, error) {
	name, qualifier := s.split(arn)
	m, ok := s.machines.Get(name)
	if !ok || qualifier != "" {
		return nil, nil, stateMachineDoesNotExist(arn)
	}
	return m, s.published[name], nil
}

// version finds a version by its ARN; nil: there is none. The caller holds the
// service's mutex.
func (s *Service) version(arn string) *version {
	name, number := s.split(arn)
	if p := s.published[name]; p != nil {
		for _, v := range p.versions {
			if v.number == number {
				return v
			}
		}
	}
	return nil
}

// publish makes a version of what a state machine is now, unless there is one.
// The caller holds the service's mutex.
func (p *publication) publish(m *machine, description string) *version {
	if i := slices.IndexFunc(p.versions, func(v *version) bool { return v.machine == m }); i >= 0 {
		return p.versions[i]
	}
	p.last++
	number := strconv.Itoa(p.last)
	v := &version{number: number, arn: m.arn + ":" + number, description: description, created: now(), machine: m}
	p.versions = append(p.versions, v)
	return v
}

type PublishStateMachineVersionInput struct {
	StateMachineArn *string `json:"stateMachineArn"`
	Description     *string `json:"description"`
	RevisionId      *string `json:"revisionId"` // nil: whichever there is
}

type PublishStateMachineVersionOutput struct {
	CreationDate           Timestamp `json:"creationDate"`
	StateMachineVersionArn string    `json:"stateMachineVersionArn"`
}

// PublishStateMachineVersion makes the current revision a version, once.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_PublishStateMachineVersion.html
func (s *Service) PublishStateMachineVersion(_ context.Context, in *PublishStateMachineVersionInput) (*PublishStateMachineVersionOutput, error) {
	if err := checkArn("stateMachineArn", "stateMachine", in.StateMachineArn); err != nil {
		return nil, err
	}
	if err := optional("description", in.Description, maxDescription, true); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, p, err := s.publication(*in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	if asked, is := in.RevisionId, m.revisionID(); asked != nil && *asked != is {
		return nil, conflict("Failed to publish the State Machine version for revision %s. The current State Machine revision is %s.", *asked, is)
	}
	v := p.publish(m, value(in.Description))
	return &PublishStateMachineVersionOutput{Timestamp(v.created), v.arn}, nil
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

type DeleteStateMachineVersionInput struct {
	StateMachineVersionArn *string `json:"stateMachineVersionArn"`
}

type DeleteStateMachineVersionOutput struct{}

// DeleteStateMachineVersion leaves the executions of the version to go on. One
// that is not there is deleted already.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DeleteStateMachineVersion.html
func (s *Service) DeleteStateMachineVersion(_ context.Context, in *DeleteStateMachineVersionInput) (*DeleteStateMachineVersionOutput, error) {
	if err := checkArn("stateMachineVersionArn", "stateMachine", in.StateMachineVersionArn); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.version(*in.StateMachineVersionArn)
	if v == nil {
		return &DeleteStateMachineVersionOutput{}, nil
	}
	p := s.published[v.machine.name]
	var users []string
	for _, a := range p.aliases {
		if a.uses(v) {
			users = append(users, a.name)
		}
	}
	if users != nil {
		return nil, conflict("Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [%s]", strings.Join(users, ", "))
	}
	p.versions = slices.DeleteFunc(p.versions, func(other *version) bool { return other == v })
	return &DeleteStateMachineVersionOutput{}, nil
}

type ListStateMachineVersionsInput struct {
	StateMachineArn *string `json:"stateMachineArn"`
	MaxResults      int     `json:"maxResults"`
	NextToken       *string `json:"nextToken"`
}

type ListStateMachineVersionsOutput struct {
	StateMachineVersions []StateMachineVersionListItem `json:"stateMachineVersions"`
	NextToken            *string                       `json:"nextToken,omitempty"`
}

type StateMachineVersionListItem struct {
	CreationDate           Timestamp `json:"creationDate"`
	StateMachineVersionArn string    `json:"stateMachineVersionArn"`
}

// ListStateMachineVersions lists them, the newest first.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ListStateMachineVersions.html
func (s *Service) ListStateMachineVersions(_ context.Context, in *ListStateMachineVersionsInput) (*ListStateMachineVersionsOutput, error) {
	n, err := checkPage(in.MaxResults, in.NextToken, 1024)
	if err != nil {
		return nil, err
	}
	if err := checkArn("stateMachineArn", "stateMachine", in.StateMachineArn); err != nil {
		return nil, err
	}
	token := "versions " + *in.StateMachineArn
	skip, err := readPageToken(in.NextToken, token, 0)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, p, err := s.publication(*in.StateMachineArn)
	if err != nil {
		return nil, err
	}
	items := make([]StateMachineVersionListItem, 0, len(p.versions))
	for _, v := range slices.Backward(p.versions) {
		items = append(items, StateMachineVersionListItem{Timestamp(v.created), v.arn})
	}
	out := &ListStateMachineVersionsOutput{}
	out.StateMachineVersions, out.NextToken = page(items, skip, n, token)
	return out, nil
}

// page is n of the items behind the first few, and the token of those that
// follow; nil: there are none.
func page[Item any](items []Item, skip uint64, n int, token string) ([]Item, *string) {
	items = items[min(int(skip), len(items)):]
	if len(items) <= n {
		return items, nil
	}
	return items[:n], pageToken(token, skip+uint64(n))
}
