package iam

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Kind is what a policy is attached to, and so which elements it has.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
type Kind int

const (
	Identity Kind = iota // a role's: whose it is needs no saying
	Resource             // a queue's, topic's, bucket's: names principals
	Trust                // who may take a role: names principals, and no resources
)

// A Policy is one document, ready to be evaluated. The nil Policy says nothing.
type Policy struct{ statements []statement }

type statement struct {
	deny         bool
	principals   []principal // nil: the policy's kind has none
	actions      []pattern
	notActions   bool
	resources    []pattern // nil: the policy's kind has none
	notResources bool
	conditions   []condition
}

// A verdict is what policies say about a request.
type verdict int

const (
	implicit verdict = iota // nothing, which denies
	allowed
	denied
)

// evaluate is what the policy says about a request; a denial outdoes all.
func (p *Policy) evaluate(by *Principal, r *Request) verdict {
	if p == nil {
		return implicit
	}
	result := implicit
	for i := range p.statements {
		s := &p.statements[i]
		if (result == implicit || s.deny) && s.applies(asked{by, r}) {
			if s.deny {
				return denied
			}
			result = allowed
		}
	}
	return result
}

// asked is a request and who makes it.
type asked struct {
	by *Principal
	*Request
}

// applies tells whether each element of a statement fits.
func (s *statement) applies(q asked) bool {
	return s.speaksOf(q.by) &&
		matchesAny(s.actions, q.Action, q) != s.notActions &&
		(s.resources == nil || matchesAny(s.resources, q.Resource, q) != s.notResources) &&
		s.holds(q)
}

func (s *statement) holds(q asked) bool {
	for i := range s.conditions {
		if !s.conditions[i].holds(q) {
			return false
		}
	}
	return true
}

// A principal of a statement.
type principal struct {
	everybody bool
	service   string
	account   string // delegates to the account: grants nothing by itself
	role      string // ARN
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func (s *statement) speaksOf(by *Principal) bool {
	if s.principals == nil {
		return true
	}
	for _, p := range s.principals {
		switch {
		case p.everybody,
			by.role == nil && p.service != "" && p.service == by.service,
			by.role != nil && p.account != "" && s.deny && p.account == by.account,
			by.role != nil && p.role == by.role.arn:
			return true
		}
	}
	return false
}

// document is a policy as it is written.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type document struct {
	Version   string
	Id        string
	Statement oneOrMore[statementText]
}

type statementText struct {
	Sid                   string
	Effect                string
	Principal             jsontext.Value
	Action, NotAction     oneOrMore[string]
	Resource, NotResource oneOrMore[string]
	Condition             map[string]map[string]oneOrMore[scalar]
}

type oneOrMore[T any] []T

func (l *oneOrMore[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, (*[]T)(l))
	}
	var one T
	if err := json.UnmarshalDecode(d, &one); err != nil {
		return err
	}
	*l = oneOrMore[T]{one}
	return nil
}

// A scalar is a condition's value: a string, or a boolean or number without
// its quotes.
type scalar string

func (s *scalar) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	switch token.Kind() {
	case '"', 't', 'f', '0':
		*s = scalar(token.String())
		return nil
	}
	return fmt.Errorf("a condition's value is %s", token.Kind())
}

const (
	version2008 = "2008-10-17" // without policy variables
	version2012 = "2012-10-17"
)

// Parse reads a policy. What it does not know it refuses, and names.
func Parse(text []byte, kind Kind) (*Policy, error) {
	var d document
	if err := json.Unmarshal(text, &d, json.RejectUnknownMembers(true)); err != nil {
		if e, ok := errors.AsType[*json.SemanticError](err); ok && errors.Is(err, json.ErrUnknownName) {
			return nil, fmt.Errorf("iam: policy element %q is not supported by the local cloud", e.JSONPointer.LastToken())
		}
		return nil, fmt.Errorf("iam: the policy can not be read: %w", err)
	}
	if d.Version != "" && d.Version != version2008 && d.Version != version2012 {
		return nil, fmt.Errorf("iam: policy version %q is not %s", d.Version, version2012)
	}
	if len(d.Statement) == 0 {
		return nil, errors.New("iam: the policy has no statement")
	}
	p := &Policy{statements: make([]statement, len(d.Statement))}
	for i := range d.Statement {
		s, err := d.Statement[i].compile(kind, d.Version == version2012)
		if err != nil {
			return nil, fmt.Errorf("iam: statement %d of the policy: %w", i+1, err)
		}
		p.statements[i] = s
	}
	return p, nil
}

func (t *statementText) compile(kind Kind, variables bool) (s statement, err error) {
	if t.Effect != "Allow" && t.Effect != "Deny" {
		return s, fmt.Errorf("effect %q is neither Allow nor Deny", t.Effect)
	}
	s.deny = t.Effect == "Deny"
	if (len(t.Action) == 0) == (len(t.NotAction) == 0) {
		return s, errors.New("it has not one of Action and NotAction")
	}
	s.notActions = len(t.NotAction) > 0
	for _, action := range slices.Concat(t.Action, t.NotAction) {
		if err := checkAction(action); err != nil {
			return s, err
		}
		compiled, err := compile(action, wildcards|foldCase)
		if err != nil {
			return s, err
		}
		s.actions = append(s.actions, compiled)
	}
	if err := t.compilePrincipals(&s, kind); err != nil {
		return s, err
	}
	if err := t.compileResources(&s, kind, variables); err != nil {
		return s, err
	}
	return s, t.compileConditions(&s, variables)
}

func checkAction(action string) error {
	if action == "*" {
		return nil
	}
	service, name, ok := strings.Cut(action, ":")
	plain := func(s string) bool {
		return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
			return !(r == '*' || r == '?' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
		})
	}
	if !ok || !plain(service) || !plain(name) || strings.ContainsAny(service, "*?") {
		return fmt.Errorf("action %q is not of the form service:Action", action)
	}
	return nil
}

func (t *statementText) compilePrincipals(s *statement, kind Kind) error {
	if kind == Identity {
		if t.Principal != nil {
			return errors.New("a policy of a role names no Principal")
		}
		return nil
	}
	s.principals = []principal{}
	if t.Principal.Kind() == '"' {
		var everybody string
		if err := json.Unmarshal(t.Principal, &everybody); err != nil || everybody != "*" {
			return fmt.Errorf("principal %s is not supported by the local cloud", t.Principal)
		}
		s.principals = append(s.principals, principal{everybody: true})
		return nil
	}
	var kinds map[string]oneOrMore[string]
	if err := json.Unmarshal(t.Principal, &kinds); err != nil || len(kinds) == 0 {
		return fmt.Errorf("principal %s is not supported by the local cloud", t.Principal)
	}
	for kind, names := range kinds {
		for _, name := range names {
			p, ok := parsePrincipal(kind, name)
			if !ok {
				return fmt.Errorf("principal %s %q is not supported by the local cloud", kind, name)
			}
			s.principals = append(s.principals, p)
		}
	}
	return nil
}

func parsePrincipal(kind, name string) (principal, bool) {
	switch kind {
	case "Service":
		return principal{service: name}, strings.HasSuffix(name, ".amazonaws.com") && !strings.ContainsAny(name, "*?")
	case "AWS":
		if name == "*" {
			return principal{everybody: true}, true
		}
		if isAccount(name) {
			return principal{account: name}, true
		}
		rest, ok := strings.CutPrefix(name, "arn:aws:iam::")
		account, of, _ := strings.Cut(rest, ":")
		switch {
		case !ok || !isAccount(account) || strings.ContainsAny(of, "*?"):
		case of == "root":
			return principal{account: account}, true
		case strings.HasPrefix(of, "role/"):
			return principal{role: name}, true
		}
	}
	return principal{}, false
}

func isAccount(s string) bool {
	return len(s) == 12 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

func (t *statementText) compileResources(s *statement, kind Kind, variables bool) error {
	given := len(t.Resource) + len(t.NotResource)
	if kind == Trust {
		if given > 0 {
			return errors.New("a trust policy names no Resource")
		}
		return nil
	}
	if (len(t.Resource) == 0) == (len(t.NotResource) == 0) {
		return errors.New("it has not one of Resource and NotResource")
	}
	s.notResources = len(t.NotResource) > 0
	how := wildcards
	if variables {
		how |= withVariables
	}
	for _, resource := range slices.Concat(t.Resource, t.NotResource) {
		if resource != "*" && strings.Count(resource, ":") < 5 && !strings.HasPrefix(resource, "arn:*") {
			return fmt.Errorf("resource %q is neither an ARN nor *", resource)
		}
		compiled, err := compile(resource, how)
		if err != nil {
			return err
		}
		s.resources = append(s.resources, compiled)
	}
	return nil
}
