package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"orderflow/cmd/local/cloud/apigateway"
	"orderflow/cmd/local/cloud/cloudformation"
	"orderflow/cmd/local/cloud/protocol"
)

// StackName is the stack's, and begins the name of each of its resources.
const StackName = "orderflow"

// Deploy creates what a template says, in JSON or YAML. It stops at the first
// fault, which names the logical ID and the property; the cloud is then good
// for nothing but Close.
func (c *Cloud) Deploy(ctx context.Context, template []byte, parameters map[string]string) (cloudformation.Stack, error) {
	t, err := cloudformation.Parse(template)
	if err != nil {
		return cloudformation.Stack{}, err
	}
	d := &deployment{Cloud: c, ctx: ctx, made: map[made]string{}}
	env := cloudformation.Environment{Region: Region, AccountID: Account, StackName: StackName, Parameters: parameters}
	stack, err := t.Deploy(env, d.create)
	if err == nil {
		err = d.openAPI()
	}
	if err == nil {
		c.CloudFormation.Add(stack)
	}
	return stack, err
}

// deployment is what the creation of resources shares.
type deployment struct {
	*Cloud
	ctx context.Context
	api *apigateway.CreateApiInput // nil until the template's API was met

	demanded apigateway.Route // what each of the API's routes demands of callers

	made map[made]string // logical ID
}

// made is a resource by its physical ID.
type made struct{ resourceType, id string }

// A creator makes one resource exist.
type creator func(d *deployment, r cloudformation.Resource) (cloudformation.Values, error)

// creators are the resource types that exist at home, by the file that each
// is in. All others are refused.
var creators = map[string]creator{
	"AWS::CloudWatch::Alarm":                  watching("AlarmName", "alarm:"),
	"AWS::CloudWatch::Dashboard":              watching("DashboardName", "dashboard/"),
	"AWS::CodeDeploy::DeploymentGroup":        (*deployment).deploymentGroup,
	"AWS::DynamoDB::Table":                    (*deployment).table,
	"AWS::IAM::Role":                          (*deployment).role,
	"AWS::KMS::Alias":                         (*deployment).keyAlias,
	"AWS::KMS::Key":                           (*deployment).key,
	"AWS::Logs::LogGroup":                     (*deployment).logGroup,
	"AWS::S3::Bucket":                         (*deployment).bucket,
	"AWS::S3::BucketPolicy":                   (*deployment).bucketPolicy,
	"AWS::SNS::TopicPolicy":                   (*deployment).topicPolicy,
	"AWS::SNS::Subscription":                  (*deployment).subscription,
	"AWS::SNS::Topic":                         (*deployment).topic,
	"AWS::SQS::Queue":                         (*deployment).queue,
	"AWS::SQS::QueuePolicy":                   (*deployment).queuePolicy,
	"AWS::Scheduler::Schedule":                (*deployment).schedule,
	"AWS::Serverless::Function":               (*deployment).function,
	"AWS::Serverless::HttpApi":                (*deployment).httpAPI,
	"AWS::XRay::ResourcePolicy":               named("PolicyName"),
	"AWS::StepFunctions::StateMachine":        (*deployment).stateMachine,
	"AWS::StepFunctions::StateMachineAlias":   (*deployment).stateMachineAlias,
	"AWS::StepFunctions::StateMachineVersion": (*deployment).stateMachineVersion,
}

func (d *deployment) create(r cloudformation.Resource) (cloudformation.Values, error) {
	create, ok := creators[r.Type]
	if !ok {
		return cloudformation.Values{}, fmt.Errorf("resource type %s is not supported by the local cloud", r.Type)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		if !isInert(r.Type, name) {
			return cloudformation.Values{}, fmt.Errorf("resource attribute %s is not supported by the local cloud", name)
		}
	}
	r.Properties = withoutInert(r.Type, r.Properties)
	values, err := create(d, r)
	if err != nil {
		return cloudformation.Values{}, err
	}
	// Some services answer for what exists as though they had made it.
	it := made{r.Type, values.Ref}
	if other, ok := d.made[it]; ok {
		return cloudformation.Values{}, fmt.Errorf("%s %q is %s already: a name is given once", it.resourceType, it.id, other)
	}
	d.made[it] = r.LogicalID
	return values, nil
}

// physicalName is the name of a resource that the template does not name.
// CloudFormation adds random characters; at home nothing is ever replaced.
func physicalName(r cloudformation.Resource) string { return StackName + "-" + r.LogicalID }

// call calls an action with input as its JSON, so that the service itself
// refuses what it does not honour, and decodes what it answers.
func (d *deployment) call(actions protocol.Actions, name string, input, output any) error {
	in, err := json.Marshal(input)
	if err != nil {
		return err
	}
	out, err := actions.Call(d.ctx, name, in)
	if err != nil || output == nil {
		return err
	}
	return json.Unmarshal(out, output)
}

// A tag is one entry of a Tags list.
type tag struct{ Key, Value string }

func tagMap(tags []tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, t := range tags {
		m[t.Key] = t.Value
	}
	return m
}
