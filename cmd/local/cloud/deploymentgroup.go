package cloud

import (
	"errors"
	"fmt"
	"strings"

	"orderflow/cmd/local/cloud/cloudformation"
	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/protocol"
)

// deploymentGroup is CodeDeploy's, which SAM makes of a function's
// DeploymentPreference. A running stack is never updated, so no version takes
// over from another. But all that CodeDeploy will ask for when one does is asked
// for now, so that a role that does not suffice fails here, and not the next
// release.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-deploymentpreference.html
func (d *deployment) deploymentGroup(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		DeploymentPreference struct {
			Alarms []string
			Role   string `cfn:",required"` // SAM would make one with a managed policy
		} `cfn:",required"`
	}
	r.Properties = withoutInert("AWS::Serverless::Function", r.Properties)
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	in := func(err error, property string) (cloudformation.Values, error) {
		return cloudformation.Values{}, cloudformation.At(err, "Properties", "DeploymentPreference", property)
	}
	alias := r.Of.Generated["Alias"]
	if alias == "" {
		return cloudformation.Values{}, cloudformation.At(errors.New("it needs AutoPublishAlias"), "Properties", "DeploymentPreference")
	}
	application, group := StackName+"-ServerlessDeploymentApplication", physicalName(r)
	role, err := d.IAM.AssumeRole(p.DeploymentPreference.Role, "deployment", iam.ServicePrincipal("codedeploy.amazonaws.com",
		"arn:aws:codedeploy:"+Region+":"+Account+":deploymentgroup:"+application+"/"+group, Account))
	if err != nil {
		return in(err, "Role")
	}
	if err := d.moveAlias(role, alias); err != nil {
		return in(err, "Role")
	}
	for _, alarm := range p.DeploymentPreference.Alarms {
		if d.made[made{"AWS::CloudWatch::Alarm", alarm}] == "" {
			return in(fmt.Errorf("there is no alarm %q", alarm), "Alarms")
		}
		if err := role.Authorize(nil, iam.Request{Action: "cloudwatch:DescribeAlarms", Resource: cloudWatchARN("alarm:" + alarm)}); err != nil {
			return in(err, "Alarms")
		}
	}
	values := cloudformation.Values{Ref: group}
	if first := (made{"AWS::CodeDeploy::Application", application}); d.made[first] == "" { // one for all groups
		d.made[first] = "ServerlessDeploymentApplication"
		values.Made = []cloudformation.StackResource{{LogicalID: d.made[first], PhysicalID: application, Type: first.resourceType}}
	}
	return values, nil
}

// moveAlias is a deployment in the hands of a role, to the version that the
// alias has already: one that has provisioned concurrency would have to wait for
// it, which only Lambda can tell.
func (d *deployment) moveAlias(role *iam.Principal, aliasARN string) error {
	i := strings.LastIndexByte(aliasARN, ':')
	function, name := aliasARN[:i], aliasARN[i+1:]
	ctx := iam.As(d.ctx, role)
	alias, err := d.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: function, Name: name})
	if err != nil {
		return err
	}
	err = d.Lambda.GetProvisionedConcurrencyConfig(ctx, &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: function, Qualifier: name})
	if e, ok := errors.AsType[*protocol.Error](err); !ok || e.Code != "ProvisionedConcurrencyConfigNotFoundException" {
		return err
	}
	_, err = d.Lambda.UpdateAlias(ctx, &lambda.UpdateAliasInput{FunctionName: function, Name: name, FunctionVersion: &alias.FunctionVersion})
	return err
}
