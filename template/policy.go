package template

import (
	"github.com/awslabs/goformation/v7/cloudformation/iam"
)

// policyLanguage is IAM's, of which there are two versions.
const policyLanguage = "2012-10-17"

// A Statement allows actions on resources. In an identity policy Principal is
// nil; in a trust policy Resource is.
type Statement struct {
	Effect    string
	Principal map[string]string `json:",omitempty"`
	Action    []string
	Resource  []string                     `json:",omitempty"`
	Condition map[string]map[string]string `json:",omitempty"`
}

type policyDocument struct {
	Version   string
	Statement []Statement
}

// Allow allows actions on one resource, by its ARN.
func Allow(resource string, actions ...string) Statement {
	return Statement{Effect: "Allow", Action: actions, Resource: []string{resource}}
}

// When narrows the statement to requests that meet a condition.
func (s Statement) When(operator, key, value string) Statement {
	s.Condition = map[string]map[string]string{operator: {key: value}}
	return s
}

// role is what an AWS service may do while it acts for us.
func role(id, description string, trust Statement, allowed ...Statement) Resource {
	return Resource{ID: id, Body: iam.Role{
		Description:              new(description),
		AssumeRolePolicyDocument: policyDocument{policyLanguage, []Statement{trust}},
		Policies: []iam.Role_Policy{{
			PolicyName:     "Allowed",
			PolicyDocument: policyDocument{policyLanguage, allowed},
		}},
	}}
}

// trustService lets an AWS service take a role.
func trustService(principal string) Statement {
	return Statement{
		Effect:    "Allow",
		Principal: map[string]string{"Service": principal},
		Action:    []string{"sts:AssumeRole"},
	}
}
