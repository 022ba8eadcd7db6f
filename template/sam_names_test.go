package template

import (
	"regexp"
	"strings"
	"testing"
)

// maxNames are how long names may be that a resource is given; CloudFormation
// cuts those short that it gives itself.
var maxNames = map[string]struct {
	property string
	length   int
}{
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
	"AWS::SQS::Queue": {"QueueName", 80},
	// https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
	"AWS::StepFunctions::StateMachine": {"StateMachineName", 80},
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
	"AWS::Logs::LogGroup": {"LogGroupName", 512},
	// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
	"AWS::KMS::Alias": {"AliasName", 256},
	// https://docs.aws.amazon.com/xray/latest/api/API_PutResourcePolicy.html
	"AWS::XRay::ResourcePolicy": {"PolicyName", 128},
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
	"AWS::CloudWatch::Dashboard": {"DashboardName", 255},
}

// given is a property that names a resource, and not another.
var given = regexp.MustCompile(`^(Queue|Topic|Table|Bucket|Role|Function|StateMachine|LogGroup|Alias|Policy|Dashboard|Alarm|Group|Key)Name$`)

// A stack's name is part of the names of what the stack has, which must be
// within their limits, in any region: the deployer is told how long it may be.
func TestTheLongestNameOfAStack(t *testing.T) {
	const longestRegion = "ap-southeast-1" // as long as any
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, map[string]string{"CustomerManagedKey": "yes"})
	longest := 128 // CloudFormation's own limit
	for id, r := range resources {
		limit, known := maxNames[r.Type]
		for property, value := range r.Properties {
			if name, ok := value.(string); ok && given.MatchString(property) && strings.Contains(name, "orderflow") && property != limit.property {
				t.Errorf("%s of %s, a %s, is %q: how long may it be?", property, id, r.Type, name)
			}
		}
		if !known {
			continue
		}
		name := strings.ReplaceAll(r.Properties[limit.property].(string), "us-east-1", longestRegion)
		longest = min(longest, limit.length-len(strings.Replace(name, "orderflow", "", 1)))
	}
	if longest != MaxStackName {
		t.Errorf("the name of a stack may have %d characters, not %d", longest, MaxStackName)
	}
}
