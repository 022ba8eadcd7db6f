package cloud

import (
	"strings"
	"testing"
)

// TestDeploymentGroups: a deployment is refused whose deployment role CodeDeploy
// could not use for the next one.
func TestDeploymentGroups(t *testing.T) {
	const (
		trust    = `{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "codedeploy.amazonaws.com"}, "Condition": {"StringEquals": {"aws:SourceAccount": "000000000000"}, "ArnLike": {"aws:SourceArn": "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:orderflow-ServerlessDeploymentApplication/orderflow-FunDeploymentGroup"}}}`
		function = "arn:aws:lambda:us-east-1:000000000000:function:orderflow-Fun"
		alarm    = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:orderflow-Alarm"
		actions  = `"lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig", "cloudwatch:DescribeAlarms"`
		all      = `"` + function + `", "` + function + `:live", "` + alarm + `"`
		given    = `{"Role": {"Fn::GetAtt": ["Of", "Arn"]}, "Alarms": [{"Ref": "Alarm"}], "Type": "AllAtOnce"}`
		session  = "User: arn:aws:sts::000000000000:assumed-role/orderflow-Of/deployment is not authorized to perform: "
	)
	for name, test := range map[string]struct{ trust, actions, resources, alias, preference, want string }{
		"all that is needed": {trust, actions, all, "live", given, ""},
		"no preference":      {trust, `"s3:GetObject"`, `"*"`, "live", `{"Ref": "AWS::NoValue"}`, ""},
		"a stranger's role": {strings.Replace(trust, "codedeploy", "lambda", 1), actions, all, "live", given,
			"User: codedeploy.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::000000000000:role/orderflow-Of"},
		"another group's role": {strings.Replace(trust, "orderflow-Fun", "orderflow-Other", 1), actions, all, "live", given,
			"Role: User: codedeploy.amazonaws.com is not authorized to perform: sts:AssumeRole"},
		"another account's role": {strings.Replace(trust, `"000000000000"`, `"111111111111"`, 1), actions, all, "live", given,
			"Role: User: codedeploy.amazonaws.com is not authorized to perform: sts:AssumeRole"},
		"GetAlias missing":    {trust, strings.Replace(actions, "GetAlias", "Other", 1), all, "live", given, "Role: AccessDeniedException: " + session + "lambda:GetAlias on resource: " + function + " "},
		"UpdateAlias missing": {trust, strings.Replace(actions, "UpdateAlias", "Other", 1), all, "live", given, "Role: AccessDeniedException: " + session + "lambda:UpdateAlias on resource: " + function + " "},
		"GetProvisionedConcurrencyConfig missing": {trust, strings.Replace(actions, "GetProvisioned", "Other", 1), all, "live", given,
			"Role: AccessDeniedException: " + session + "lambda:GetProvisionedConcurrencyConfig on resource: " + function + ":live "},
		"another function's":     {trust, actions, strings.ReplaceAll(all, "Fun", "Other"), "live", given, session + "lambda:GetAlias on resource: " + function + " "},
		"DescribeAlarms missing": {trust, strings.Replace(actions, "Describe", "Other", 1), all, "live", given, "Alarms: " + session + "cloudwatch:DescribeAlarms on resource: " + alarm + " "},
		"another alarm's":        {trust, actions, strings.Replace(all, "Alarm", "Other", 1), "live", given, "Alarms: " + session + "cloudwatch:DescribeAlarms on resource: " + alarm + " "},
		"an alarm that is none":  {trust, actions, all, "live", strings.Replace(given, `"Ref": "Alarm"`, `"Ref": "Fun"`, 1), `Alarms: there is no alarm "orderflow-Fun"`},
		"no role":                {trust, actions, all, "live", `{"Type": "AllAtOnce"}`, "Fun.Properties.DeploymentPreference.Role: the property is required"},
		"no alias":               {trust, actions, all, "", given, "Fun.Properties.DeploymentPreference: it needs AutoPublishAlias"},
		"hooks":                  {trust, actions, all, "live", strings.Replace(given, "Type", "Hooks", 1), "Fun.Properties.DeploymentPreference.Hooks: the property is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			_, err := c.Deploy(t.Context(), []byte(`{"Transform": "AWS::Serverless-2016-10-31", "Resources": {
				"Of": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": `+test.trust+`},
					"Policies": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": [`+test.actions+`], "Resource": [`+test.resources+`]}}}]}},
				"Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": {"Ref": "Fun"}}},
				"Fun": {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "../lambdas/echo/bootstrap", "Role": "arn:aws:iam::000000000000:role/r",
					"AutoPublishAlias": "`+test.alias+`", "DeploymentPreference": `+test.preference+`}}}}`), nil)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}
