package iam

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"orderflow/cmd/local/cloud/protocol"
)

// Config says whose roles there are.
type Config struct {
	Account string

	// Denied hears of every refusal that a role meets, as its caller does. Nil:
	// nobody does.
	Denied func(*AccessDenied)
}

// Service holds an account's roles, and the credentials that services gave to
// code that acts in them. All its methods may be called at once.
type Service struct {
	account string
	denied  func(*AccessDenied)

	mu          sync.RWMutex
	roles       map[string]*role        // by ARN
	credentials map[string]*credentials // by access key ID
}

type credentials struct {
	secret    string
	principal *Principal
}

// A role's policies are replaced as a whole.
type role struct {
	svc                *Service
	name, arn          string
	description, trust string
	trusts             *Policy

	names []string // of policies, in the order they were put
	// Guarded by the service's mutex; what they hold never changes.
	policies []*Policy
}

func (r *role) evaluate(by *Principal, request *Request) verdict {
	r.svc.mu.RLock()
	policies := r.policies
	r.svc.mu.RUnlock()
	result := implicit
	for _, p := range policies {
		result = max(result, p.evaluate(by, request))
	}
	return result
}

// New is an account without roles.
func New(c Config) *Service {
	if c.Denied == nil {
		c.Denied = func(*AccessDenied) {}
	}
	return &Service{account: c.Account, denied: c.Denied, roles: map[string]*role{}, credentials: map[string]*credentials{}}
}

// CreateRoleInput describes a role. The policy says who may take it.
type CreateRoleInput struct {
	RoleName                 string
	Path                     string // "" is /
	Description              string
	AssumeRolePolicyDocument string
}

// CreateRoleOutput names the role.
type CreateRoleOutput struct{ Arn string }

var roleName = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`)

// CreateRole makes a role that may do nothing yet.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
func (s *Service) CreateRole(_ context.Context, in *CreateRoleInput) (*CreateRoleOutput, error) {
	if !roleName.MatchString(in.RoleName) {
		return nil, protocol.Errorf("ValidationError", "The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	if in.Path != "" && in.Path != "/" {
		return nil, protocol.Errorf("ValidationError", "path %q is not supported by the local cloud", in.Path)
	}
	trusts, err := Parse([]byte(in.AssumeRolePolicyDocument), Trust)
	if err != nil {
		return nil, malformed(err)
	}
	r := &role{
		svc: s, name: in.RoleName, arn: "arn:aws:iam::" + s.account + ":role/" + in.RoleName,
		description: in.Description, trust: in.AssumeRolePolicyDocument, trusts: trusts,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.roles[r.arn]; ok {
		return nil, &protocol.Error{Code: "EntityAlreadyExists", Message: "Role with name " + in.RoleName + " already exists.", Status: http.StatusConflict}
	}
	s.roles[r.arn] = r
	return &CreateRoleOutput{r.arn}, nil
}

// PutRolePolicyInput gives a role an inline policy, in place of one of the same
// name.
type PutRolePolicyInput struct{ RoleName, PolicyName, PolicyDocument string }

// PutRolePolicy lets a role do what a policy says, from the next call on.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
func (s *Service) PutRolePolicy(_ context.Context, in *PutRolePolicyInput) error {
	if !roleName.MatchString(in.PolicyName) {
		return protocol.Errorf("ValidationError", "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-")
	}
	p, err := Parse([]byte(in.PolicyDocument), Identity)
	if err != nil {
		return malformed(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.roles["arn:aws:iam::"+s.account+":role/"+in.RoleName]
	if !ok {
		return &protocol.Error{Code: "NoSuchEntity", Message: "The role with name " + in.RoleName + " cannot be found.", Status: http.StatusNotFound}
	}
	names, policies := append([]string{}, r.names...), append([]*Policy{}, r.policies...)
	for i, name := range names {
		if name == in.PolicyName {
			policies[i] = p
			r.policies = policies
			return nil
		}
	}
	r.names, r.policies = append(names, in.PolicyName), append(policies, p)
	return nil
}

func malformed(err error) error {
	return protocol.Errorf("MalformedPolicyDocument", "%s", strings.TrimPrefix(err.Error(), "iam: "))
}

// AssumeRole gives a role into the hands of a service, if its trust policy
// admits that. The session's name ends the ARN that errors name.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func (s *Service) AssumeRole(roleARN, session string, by *Principal) (*Principal, error) {
	s.mu.RLock()
	r, ok := s.roles[roleARN]
	s.mu.RUnlock()
	if !ok || r.trusts.evaluate(by, &Request{Action: "sts:AssumeRole", Resource: roleARN}) != allowed {
		e := &AccessDenied{by.arn, "sts:AssumeRole", roleARN, "because no resource-based policy allows the sts:AssumeRole action"}
		s.denied(e)
		return nil, e
	}
	return &Principal{
		account: s.account, role: r,
		arn: "arn:aws:sts::" + s.account + ":assumed-role/" + r.name + "/" + cmp.Or(session, "session"),
	}, nil
}

// In is the principal in a function, which policies see as
// lambda:SourceFunctionArn.
// https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html
func (p *Principal) In(functionARN string) *Principal {
	in := *p
	in.sourceFunction = functionARN
	return &in
}

// Credentials are new keys, with which whoever has them acts as the principal.
func (s *Service) Credentials(p *Principal) (accessKeyID, secret string) {
	accessKeyID = "ASIA" + rand.Text()[:16]
	secret = rand.Text() + rand.Text()[:14]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.credentials[accessKeyID] = &credentials{secret, p}
	return accessKeyID, secret
}

// Principal is who acts with an access key; nil, the account's operator, for
// keys that no service gave.
func (s *Service) Principal(accessKeyID string) *Principal {
	if !strings.HasPrefix(accessKeyID, "ASIA") {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if c, ok := s.credentials[accessKeyID]; ok {
		return c.principal
	}
	return nil
}

// Identify tells the secret that signs with an access key, and the ARN of the
// principal who acts with it; ok is false for keys that no service gave, which
// are the account's operator's.
func (s *Service) Identify(accessKeyID string) (secret, principalARN string, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.credentials[accessKeyID]
	if !ok {
		return "", "", false
	}
	return c.secret, c.principal.arn, true
}

// Allow tells whether the principal behind an access key may do something by
// its own policies, such as execute-api:Invoke. The account's operator may.
func (s *Service) Allow(accessKeyID, action, resourceARN string) bool {
	return s.Principal(accessKeyID).Authorize(nil, Request{Action: action, Resource: resourceARN}) == nil
}
