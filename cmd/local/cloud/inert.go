package cloud

import (
	"maps"
	"strings"
)

// An Inert part of a template changes nothing at home. All else is honoured
// or refused.
type Inert struct {
	Type string // resource type, "*" for all

	// Part is a property as Properties.Name.Name, an attribute such as
	// DeletionPolicy, or "" for the resource as such, which then exists in
	// name only. A * stands for any one name.
	Part string

	Because string

	// Shown says that the service's API reports it as it is given.
	Shown bool
}

// InertParts is what is knowingly inert at home.
func InertParts() []Inert {
	return []Inert{
		{Type: "*", Part: "DeletionPolicy", Because: "nothing at home outlives the program"},
		{Type: "*", Part: "UpdateReplacePolicy", Because: "a running stack is never updated"},
		{Type: "*", Part: "Metadata", Because: "it speaks to sam build and to people"},

		{Type: "AWS::KMS::Alias", Because: "nothing is written to a disk, so there is nothing to encrypt"},
		{Type: "AWS::KMS::Key", Because: "nothing is written to a disk, so there is nothing to encrypt"},

		{Type: "AWS::CloudWatch::Alarm", Because: "there are no metrics"},
		{Type: "AWS::CloudWatch::Dashboard", Because: "there are no metrics; the console shows what is going on"},

		{Type: "AWS::DynamoDB::Table", Part: "Properties.SSESpecification", Because: "nothing is written to a disk", Shown: true},
		{Type: "AWS::DynamoDB::Table", Part: "Properties.PointInTimeRecoverySpecification", Because: "there is no earlier state to restore", Shown: true},
		{Type: "AWS::S3::Bucket", Part: "Properties.BucketEncryption", Because: "nothing is written to a disk"},
		{Type: "AWS::S3::Bucket", Part: "Properties.LifecycleConfiguration", Because: "a program does not run for days on end"},
		{Type: "AWS::S3::Bucket", Part: "Properties.VersioningConfiguration", Because: "nobody asks for an earlier version"},
		{Type: "AWS::S3::Bucket", Part: "Properties.OwnershipControls", Because: "there is one account"},
		{Type: "AWS::S3::Bucket", Part: "Properties.PublicAccessBlockConfiguration", Because: "only this machine can ask"},
		{Type: "AWS::Logs::LogGroup", Part: "Properties.KmsKeyId", Because: "nothing is written to a disk"},
		{Type: "AWS::SNS::Topic", Part: "Properties.KmsMasterKeyId", Because: "nothing is written to a disk", Shown: true},
		{Type: "AWS::SQS::Queue", Part: "Properties.KmsMasterKeyId", Because: "nothing is written to a disk", Shown: true},
		{Type: "AWS::SQS::Queue", Part: "Properties.SqsManagedSseEnabled", Because: "nothing is written to a disk", Shown: true},

		{Type: "AWS::Serverless::Function", Part: "Properties.Architectures", Because: "handlers run in this process", Shown: true},
		{Type: "AWS::Serverless::Function", Part: "Properties.AutoPublishAliasAllProperties", Because: "a running stack is never updated"},
		{Type: "AWS::Serverless::Function", Part: "Properties.DeploymentPreference.Type", Because: "a running stack is never updated"},
		{Type: "AWS::Serverless::Function", Part: "Properties.Handler", Because: "CodeUri says which handler it is", Shown: true},
		{Type: "AWS::Serverless::Function", Part: "Properties.KmsKeyArn", Because: "nothing is written to a disk"},
		{Type: "AWS::Serverless::Function", Part: "Properties.MemorySize", Because: "handlers share the memory of this process", Shown: true},
		{Type: "AWS::Serverless::Function", Part: "Properties.Runtime", Because: "handlers run in this process", Shown: true},
		{Type: "AWS::Serverless::Function", Part: "Properties.Tracing", Because: "there is no X-Ray to send traces to", Shown: true},
		{Type: "AWS::Serverless::HttpApi", Part: "Properties.AccessLogSettings", Because: "requests are not logged, but by the function that answers them"},
		{Type: "AWS::Serverless::HttpApi", Part: "Properties.FailOnWarnings", Because: "it is about importing an OpenAPI document"},
		{Type: "AWS::Serverless::HttpApi", Part: "Properties.DefaultRouteSettings.DetailedMetricsEnabled", Because: "there are no metrics"},
		{Type: "AWS::StepFunctions::StateMachine", Part: "Properties.EncryptionConfiguration", Because: "nothing is written to a disk"},
		{Type: "AWS::StepFunctions::StateMachine", Part: "Properties.LoggingConfiguration", Because: "the history is kept anyway", Shown: true},
		{Type: "AWS::StepFunctions::StateMachine", Part: "Properties.TracingConfiguration", Because: "there is no X-Ray to send traces to", Shown: true},
		{Type: "AWS::StepFunctions::StateMachineAlias", Part: "Properties.DeploymentPreference.Type", Because: "a running stack is never updated"},
		{Type: "AWS::StepFunctions::StateMachineAlias", Part: "Properties.DeploymentPreference.Percentage", Because: "a running stack is never updated"},
		{Type: "AWS::StepFunctions::StateMachineAlias", Part: "Properties.DeploymentPreference.Interval", Because: "a running stack is never updated"},
		{Type: "AWS::StepFunctions::StateMachineAlias", Part: "Properties.DeploymentPreference.Alarms", Because: "there are no alarms that go off"},
		{Type: "AWS::XRay::ResourcePolicy", Because: "there is no X-Ray to send traces to"},
		{Type: "AWS::SNS::Topic", Part: "Properties.TracingConfig", Because: "there is no X-Ray to send traces to", Shown: true},
	}
}

func (i Inert) concerns(resourceType string) bool { return i.Type == "*" || i.Type == resourceType }

func isInert(resourceType, part string) bool {
	for _, i := range InertParts() {
		if i.concerns(resourceType) && i.Part == part {
			return true
		}
	}
	return false
}

// withoutInert is the properties without those that are inert and not shown.
func withoutInert(resourceType string, properties map[string]any) map[string]any {
	for _, i := range InertParts() {
		path, ok := strings.CutPrefix(i.Part, "Properties.")
		if ok && !i.Shown && i.concerns(resourceType) {
			properties = without(properties, strings.Split(path, "."))
		}
	}
	return properties
}

func without(m map[string]any, path []string) map[string]any {
	names := []string{path[0]}
	if path[0] == "*" {
		names = names[:0]
		for name := range m {
			names = append(names, name)
		}
	}
	m = maps.Clone(m)
	for _, name := range names {
		if len(path) == 1 {
			delete(m, name)
		} else if inner, ok := m[name].(map[string]any); ok {
			m[name] = without(inner, path[1:])
		}
	}
	return m
}
