package dynamodb

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

// maxPolicy is how long a resource policy may be, in bytes.
const maxPolicy = 20 << 10

// A resourcePolicy says who may do what with a table and its indexes, beside
// what roles' policies say.
type resourcePolicy struct {
	text, revision string
	parsed         *iam.Policy // nil: there is none
}

// PutResourcePolicyInput gives a table a policy, in place of the one it has.
type PutResourcePolicyInput struct {
	ResourceArn        string
	Policy             string
	ExpectedRevisionId *string // the table's, NO_POLICY for none; nil: any
}

// PutResourcePolicyOutput names the policy's revision.
type PutResourcePolicyOutput struct{ RevisionId string }

// PutResourcePolicy holds from the next request on. Putting the same policy
// again changes nothing.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutResourcePolicy.html
func (s *Service) PutResourcePolicy(_ context.Context, in *PutResourcePolicyInput) (*PutResourcePolicyOutput, error) {
	if len(in.Policy) > maxPolicy {
		return nil, attribute.Invalid("One or more parameter values were invalid: the policy is longer than %d bytes", maxPolicy)
	}
	parsed, err := iam.Parse([]byte(in.Policy), iam.Resource)
	if err != nil {
		return nil, attribute.Invalid("One or more parameter values were invalid: %s", strings.TrimPrefix(err.Error(), "iam: "))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.describe(tableName(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	has := t.policy.revision
	if has == "" {
		has = "NO_POLICY"
	}
	if in.ExpectedRevisionId != nil && *in.ExpectedRevisionId != has {
		return nil, protocol.Errorf("PolicyNotFoundException", "the policy of %s has another revision than %q", t.arn, *in.ExpectedRevisionId)
	}
	if t.policy.text != in.Policy {
		t.policy = resourcePolicy{in.Policy, uuid.NewString(), parsed}
	}
	return &PutResourcePolicyOutput{t.policy.revision}, nil
}

// GetResourcePolicyInput names a table.
type GetResourcePolicyInput struct{ ResourceArn string }

// GetResourcePolicyOutput is a table's policy as it was put.
type GetResourcePolicyOutput struct{ Policy, RevisionId string }

// GetResourcePolicy tells a table's policy.
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetResourcePolicy.html
func (s *Service) GetResourcePolicy(_ context.Context, in *GetResourcePolicyInput) (*GetResourcePolicyOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.describe(tableName(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	if t.policy.parsed == nil {
		return nil, protocol.Errorf("PolicyNotFoundException", "Resource-based policy not found for the provided ResourceArn: %s", t.arn)
	}
	return &GetResourcePolicyOutput{t.policy.text, t.policy.revision}, nil
}

// tableName is the last part of a table's ARN.
func tableName(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
