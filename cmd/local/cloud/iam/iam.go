// Package iam is AWS Identity and Access Management as far as one account with
// roles goes: the policy language with its evaluation (Policy), and roles that
// services take (Service).
//
// Who makes a call travels in its context (As, Caller): a role in the hands of
// a service, or a service itself. Nobody is the account's own operator, who
// may do everything. Each service of the local cloud tells what a call needs
// (Request) and asks Authorize.
//
// Whatever of the policy language this package does not know is refused when a
// policy is made, never ignored.
package iam

import (
	"context"
	"strconv"
	"time"
)

// A Request is one permission that a call needs.
type Request struct {
	Action   string // "dynamodb:PutItem", spelled as in error messages
	Resource string // ARN; "*" for actions that know no resources

	// Context gives the values of a condition key of the service, in lower case
	// ("dynamodb:leadingkeys"); none: the key is not in the request. It is
	// asked only for keys that a policy names. Nil: there are none.
	Context func(key string) []string
}

// A Principal makes calls: a role in the hands of a service, or a service. The
// nil Principal is the account's own operator, who may do everything.
type Principal struct {
	account string
	arn     string // arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, or the service's name
	role    *role  // nil: a service
	service string // "sns.amazonaws.com"; "" for a role

	sourceARN, sourceAccount string // on whose behalf a service acts
	sourceFunction           string // in which a role is; "" in none
}

// ARN is the principal as error messages name it.
func (p *Principal) ARN() string { return p.arn }

// ServicePrincipal is an AWS service that acts for a resource of an account.
// Policies see the resource as aws:SourceArn and its account as
// aws:SourceAccount.
func ServicePrincipal(name, sourceARN, sourceAccount string) *Principal {
	return &Principal{account: sourceAccount, arn: name, service: name, sourceARN: sourceARN, sourceAccount: sourceAccount}
}

type callerKey struct{}

// As is a context whose calls the principal makes.
func As(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, callerKey{}, p)
}

// Caller is who makes the calls of a context; nil: the account's operator.
func Caller(ctx context.Context) *Principal {
	p, _ := ctx.Value(callerKey{}).(*Principal)
	return p
}

// Authorize tells whether the context's caller may do what a request asks, as
// an *AccessDenied if not. The policy is the resource's own, nil if it has
// none.
//
// Within one account a request is allowed if a policy of the role or of the
// resource allows it and none of either denies it. A service has no policies
// of its own.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Authorize(ctx context.Context, resource *Policy, r Request) error {
	return Caller(ctx).Authorize(resource, r)
}

// Authorize is Authorize for a principal that is known.
func (p *Principal) Authorize(resource *Policy, r Request) error {
	if p == nil {
		return nil
	}
	why := p.refused(resource, &r)
	if why == "" {
		return nil
	}
	e := &AccessDenied{p.arn, r.Action, r.Resource, why}
	if p.role != nil {
		p.role.svc.denied(e)
	}
	return e
}

// refused says why a request is refused; "" when it is not.
func (p *Principal) refused(resource *Policy, r *Request) (why string) {
	own := implicit
	if p.role != nil {
		own = p.role.evaluate(p, r)
	}
	resources := resource.evaluate(p, r)
	switch {
	case own == denied:
		return "with an explicit deny in an identity-based policy"
	case resources == denied:
		return "with an explicit deny in a resource-based policy"
	case own == allowed || resources == allowed:
		return ""
	case p.role == nil:
		return "because no resource-based policy allows the " + r.Action + " action"
	}
	return "because no identity-based policy allows the " + r.Action + " action"
}

// AccessDenied is a refusal. Each service gives it a code of its own.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
type AccessDenied struct{ Principal, Action, Resource, Reason string }

// Error is AWS's sentence.
func (e *AccessDenied) Error() string {
	return "User: " + e.Principal + " is not authorized to perform: " + e.Action + " on resource: " + e.Resource + " " + e.Reason
}

// values are what is asked with for a condition key in lower case.
func (q asked) values(key string) []string {
	p := q.by
	switch key {
	case "aws:currenttime":
		return []string{time.Now().UTC().Format(time.RFC3339)}
	case "aws:epochtime":
		return []string{strconv.FormatInt(time.Now().Unix(), 10)}
	case "aws:securetransport":
		if v := q.Request.values(key); v != nil {
			return v
		}
		// What is in this process or on loopback meets no network.
		return yes
	case "aws:principalaccount":
		if p.role != nil {
			return []string{p.account}
		}
		return nil
	case "aws:principalarn":
		if p.role != nil {
			return []string{p.role.arn}
		}
		return nil
	case "aws:principaltype":
		if p.role != nil {
			return []string{"AssumedRole"}
		}
		return nil
	case "aws:principalisawsservice":
		if p.role == nil {
			return yes
		}
		return no
	case "aws:principalservicename":
		if p.role == nil {
			return []string{p.service}
		}
		return nil
	case "aws:resourceaccount":
		return []string{p.account} // there is one
	}
	if source := p.source(key); source != "" {
		return []string{source}
	}
	return q.Request.values(key)
}

func (p *Principal) source(key string) string {
	switch key {
	case "aws:sourcearn":
		return p.sourceARN
	case "aws:sourceaccount":
		return p.sourceAccount
	case "lambda:sourcefunctionarn":
		return p.sourceFunction
	}
	return ""
}

var yes, no = []string{"true"}, []string{"false"}

func (r *Request) values(key string) []string {
	if r.Context == nil {
		return nil
	}
	return r.Context(key)
}
