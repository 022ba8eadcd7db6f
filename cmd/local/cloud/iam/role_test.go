package iam

import (
	"errors"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/protocol"
)

const trust = `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole",
	"Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}, "ArnLike": {"aws:SourceArn": "arn:aws:states:*:*:stateMachine:*"}}}}`

func TestAssumeRole(t *testing.T) {
	const machine = "arn:aws:states:us-east-1:000000000000:stateMachine:m"
	s := New(Config{Account: account})
	r, err := s.CreateRole(t.Context(), &CreateRoleInput{RoleName: "MachineRole", AssumeRolePolicyDocument: trust})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		role string
		by   *Principal
		ok   bool
	}{
		"the service":     {r.Arn, ServicePrincipal("states.amazonaws.com", machine, account), true},
		"another service": {r.Arn, ServicePrincipal("lambda.amazonaws.com", machine, account), false},
		"another account": {r.Arn, ServicePrincipal("states.amazonaws.com", machine, "111111111111"), false},
		"another source":  {r.Arn, ServicePrincipal("states.amazonaws.com", "arn:aws:states:us-east-1:000000000000:activity:a", account), false},
		"another role":    {r.Arn + "2", ServicePrincipal("states.amazonaws.com", machine, account), false},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := s.AssumeRole(test.role, "m", test.by)
			if (err == nil) != test.ok {
				t.Fatal(err)
			}
			if test.ok && p.ARN() != "arn:aws:sts::000000000000:assumed-role/MachineRole/m" {
				t.Error(p.ARN())
			}
			if e, denied := errors.AsType[*AccessDenied](err); !test.ok && (!denied || e.Action != "sts:AssumeRole" || e.Resource != test.role) {
				t.Error(err)
			}
		})
	}
}

func TestCredentials(t *testing.T) {
	s := New(Config{Account: account})
	p := session(t, document2012(`{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:us-east-1:000000000000:api/*"}`))
	id, secret := s.Credentials(p)
	got, arn, ok := s.Identify(id)
	if !ok || got != secret || len(secret) < 40 || arn != "arn:aws:sts::000000000000:assumed-role/ApiRole/api" || s.Principal(id) != p {
		t.Errorf("%q %q %v", got, arn, ok)
	}
	if other, _ := s.Credentials(p); other == id {
		t.Error("keys are given twice")
	}
	for _, operator := range []string{"any", "", "ASIAUNKNOWN"} {
		if _, _, ok := s.Identify(operator); ok || s.Principal(operator) != nil || !s.Allow(operator, "s3:GetObject", "*") {
			t.Errorf("%q is not the operator", operator)
		}
	}
	if !s.Allow(id, "execute-api:Invoke", "arn:aws:execute-api:us-east-1:000000000000:api/$default/GET/orders") {
		t.Error("what is allowed is not")
	}
	if s.Allow(id, "execute-api:Invoke", "arn:aws:execute-api:us-east-1:000000000000:other/$default/GET/orders") {
		t.Error("what is not allowed is")
	}
}

func TestRefusedRoles(t *testing.T) {
	s := New(Config{Account: account})
	code := func(err error) string { return protocol.AsError(err).Code }
	if _, err := s.CreateRole(t.Context(), &CreateRoleInput{RoleName: "r", AssumeRolePolicyDocument: `{}`}); err == nil || code(err) != "MalformedPolicyDocument" {
		t.Error(err)
	}
	if _, err := s.CreateRole(t.Context(), &CreateRoleInput{RoleName: "a role", AssumeRolePolicyDocument: trust}); err == nil || code(err) != "ValidationError" {
		t.Error(err)
	}
	if _, err := s.CreateRole(t.Context(), &CreateRoleInput{RoleName: "r", AssumeRolePolicyDocument: trust}); err != nil {
		t.Error(err)
	}
	if _, err := s.CreateRole(t.Context(), &CreateRoleInput{RoleName: "r", AssumeRolePolicyDocument: trust}); err == nil || code(err) != "EntityAlreadyExists" {
		t.Error(err)
	}
	if err := s.PutRolePolicy(t.Context(), &PutRolePolicyInput{"none", "p", document2012(`{"Effect": "Allow", "Action": "*", "Resource": "*"}`)}); err == nil || code(err) != "NoSuchEntity" {
		t.Error(err)
	}
	err := s.PutRolePolicy(t.Context(), &PutRolePolicyInput{"r", "p", document2012(`{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:CurrentTime": "x"}}}`)})
	if err == nil || code(err) != "MalformedPolicyDocument" || !strings.Contains(err.Error(), "IpAddress") {
		t.Error(err)
	}
}

// A policy of the same name takes the other's place; two count together.
func TestPutRolePolicy(t *testing.T) {
	p := session(t, document2012(`{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}`), document2012(`{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}`))
	may := func(action string) bool { return p.Authorize(nil, Request{Action: action, Resource: "*"}) == nil }
	if !may("s3:GetObject") || !may("s3:PutObject") {
		t.Error("two policies do not count together")
	}
	if err := p.role.svc.PutRolePolicy(t.Context(), &PutRolePolicyInput{"ApiRole", "p0", document2012(`{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}`)}); err != nil {
		t.Fatal(err)
	}
	if may("s3:GetObject") || may("s3:PutObject") {
		t.Error("the policy is not replaced")
	}
}

func BenchmarkAuthorize(b *testing.B) {
	p := session(b, document2012(`{"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": ["arn:aws:logs:us-east-1:000000000000:log-group:g:*"]},
		{"Effect": "Allow", "Action": ["states:StartExecution"], "Resource": ["arn:aws:states:us-east-1:000000000000:stateMachine:m"]},
		{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:PutItem"], "Resource": ["`+table+`"]}`))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Authorize(nil, Request{Action: "dynamodb:PutItem", Resource: table}); err != nil {
			b.Fatal(err)
		}
	}
}
