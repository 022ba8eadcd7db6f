package template

import (
	"maps"

	"github.com/awslabs/goformation/v7/cloudformation/iam"
)

// policyLanguage is IAM's, of which there are two versions.
const policyLanguage = "2012-10-17"

// A Statement allows or denies actions on resources. In an identity policy
// Principal is nil; in a trust policy Resource is.
type Statement struct {
	Effect    string
	Principal any `json:",omitempty"` // map[string]string{"Service": …}, or "*" for everybody
	Action    []string
	Resource  []string                       `json:",omitempty"`
	Condition map[string]map[string][]string `json:",omitempty"` // by operator and key
}

type policyDocument struct {
	Version   string
	Statement []Statement
}

func policy(statements ...Statement) policyDocument {
	return policyDocument{policyLanguage, statements}
}

// Allow allows actions on one resource, by its ARN.
func Allow(resource string, actions ...string) Statement {
	return Statement{Effect: "Allow", Action: actions, Resource: []string{resource}}
}

// When narrows the statement to requests that meet one more condition.
func (s Statement) When(operator, key string, values ...string) Statement {
	s.Condition = maps.Clone(s.Condition)
	if s.Condition == nil {
		s.Condition = map[string]map[string][]string{}
	}
	keys := maps.Clone(s.Condition[operator])
	if keys == nil {
		keys = map[string][]string{}
	}
	keys[key] = values
	s.Condition[operator] = keys
	return s
}

// role is what an AWS service may do while it acts for us.
func role(id, description string, trust Statement, allowed ...Statement) Resource {
	return Resource{ID: id, Body: iam.Role{
		Description:              new(description),
		AssumeRolePolicyDocument: policy(trust),
		PermissionsBoundary:      new(choose(noPermissionsBoundary, Ref("AWS::NoValue"), Ref(permissionsBoundary))),
		Policies:                 []iam.Role_Policy{{PolicyName: "Allowed", PolicyDocument: policy(allowed...)}},
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

// actingFor narrows a trust to a service that acts for these resources of this
// account: it must not lend the role to anybody else. Lambda has no such
// condition; it takes roles of the function's own account alone.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
func (s Statement) actingFor(arns ...string) Statement {
	return s.When("StringEquals", "aws:SourceAccount", Ref("AWS::AccountId")).
		When("ArnLike", "aws:SourceArn", arns...)
}

// invokeReleased allows what is released of a function to be called.
func invokeReleased(function string) Statement {
	return Allow(Sub("${"+function+".Arn}:"+live), "lambda:InvokeFunction")
}

// invokeVersions allows every version of a function to be called, for a caller
// that began with an older one; never what is not released.
func invokeVersions(function string) Statement {
	return Allow(Sub("${"+function+".Arn}:*"), "lambda:InvokeFunction")
}

// startReleased allows executions of what is released of a state machine to be
// started. IAM is asked about the state machine itself, and told of the alias.
// https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
func startReleased(stateMachine string) Statement {
	return Allow(Ref(stateMachine), "states:StartExecution").
		When("ForAnyValue:StringEquals", "states:StateMachineQualifier", live)
}

// executionsOf is the ARN of every execution of a state machine.
func executionsOf(stateMachine string) string {
	return Sub("arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution:${" + stateMachine + ".Name}:*")
}

// answerTasks allows the tasks to be answered that executions of a state
// machine wait for. The reference of actions knows no resource for it, but
// Step Functions asks IAM about the state machine, as SAM's own
// StepFunctionsCallbackPolicy has it.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-policy-template-list.html
func answerTasks(stateMachine string) Statement {
	return Allow(Ref(stateMachine), "states:SendTaskSuccess", "states:SendTaskFailure")
}

// writeTraces is what X-Ray needs, which knows no resources for it.
// https://docs.aws.amazon.com/xray/latest/devguide/security_iam_id-based-policy-examples.html
func writeTraces() Statement {
	return Allow("*", "xray:PutTraceSegments", "xray:PutTelemetryRecords")
}

// denyPlainHTTP denies everybody what does not come over TLS. DynamoDB, S3, SNS
// and SQS answer at plain HTTP too; the other services that we use do not.
// https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
func denyPlainHTTP(action string, resources ...string) Statement {
	return Statement{
		Effect:    "Deny",
		Principal: "*",
		Action:    []string{action},
		Resource:  resources,
	}.When("Bool", "aws:SecureTransport", "false")
}
