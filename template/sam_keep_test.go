package template

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// deployedKey is what the stack's key is called by in what is deployed.
const deployedKey = dataKey + ".Arn"

// Everything that keeps data uses the stack's key if there is one. Each entry
// is a resource type with the property that names the key.
var keyProperties = map[string]string{
	"AWS::DynamoDB::Table":             "SSESpecification.KMSMasterKeyId",
	"AWS::Lambda::Function":            "KmsKeyArn",
	"AWS::Logs::LogGroup":              "KmsKeyId",
	"AWS::S3::Bucket":                  "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.KMSMasterKeyID",
	"AWS::SNS::Topic":                  "KmsMasterKeyId",
	"AWS::SQS::Queue":                  "KmsMasterKeyId",
	"AWS::StepFunctions::StateMachine": "EncryptionConfiguration.KmsKeyId",
}

// keepNothing are the resource types that hold no data.
var keepNothing = []string{
	"AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage",
	"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard",
	"AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup",
	"AWS::IAM::Role",
	"AWS::KMS::Alias", "AWS::KMS::Key",
	"AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping", "AWS::Lambda::Permission", "AWS::Lambda::Version",
	"AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
	"AWS::SNS::Subscription",
	"AWS::Scheduler::Schedule",
	"AWS::StepFunctions::StateMachineAlias", "AWS::StepFunctions::StateMachineVersion",
	"AWS::XRay::ResourcePolicy",
}

func TestEverythingKeptIsEncryptedUnderTheCustomersKey(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, map[string]string{"CustomerManagedKey": "yes"})
	met := map[string]bool{}
	for id, r := range resources {
		property, keeps := keyProperties[r.Type]
		switch {
		case keeps:
			met[r.Type] = true
			if got := find(r.Properties, property); got != deployedKey {
				t.Errorf("%s of %s is %v, want %s", property, id, got, deployedKey)
			}
		case !slices.Contains(keepNothing, r.Type):
			t.Errorf("%s is a %s: does it keep anything?", id, r.Type)
		}
		if r.Type == "AWS::SQS::Queue" && find(r.Properties, "SqsManagedSseEnabled") != nil {
			t.Errorf("%s is to be encrypted in two ways, which SQS refuses", id)
		}
	}
	for resourceType := range keyProperties {
		if !met[resourceType] {
			t.Errorf("there is no %s", resourceType)
		}
	}
	bucket := resources["AnalyticsBucket"].Properties
	if got := find(bucket, "BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault.SSEAlgorithm"); got != "aws:kms" {
		t.Errorf("the bucket encrypts by %v", got)
	}
	if got := find(bucket, "BucketEncryption.ServerSideEncryptionConfiguration.0.BucketKeyEnabled"); got != true {
		t.Errorf("the bucket has a key of its own: %v", got)
	}
}

// Without that key AWS's encrypt everything. Where a property says nothing, it
// is the service's own doing, which cannot be turned off: of logs
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html)
// and of environments
// (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html).
func TestEverythingKeptIsEncryptedWithoutAKeyToo(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, nil)
	want := map[string]map[string]any{
		"AWS::DynamoDB::Table":  {"SSESpecification": map[string]any{"SSEEnabled": true, "SSEType": "KMS"}},
		"AWS::Lambda::Function": {"KmsKeyArn": nil},
		"AWS::Logs::LogGroup":   {"KmsKeyId": nil},
		"AWS::S3::Bucket": {
			"BucketEncryption.ServerSideEncryptionConfiguration.0.ServerSideEncryptionByDefault": map[string]any{"SSEAlgorithm": "AES256"},
		},
		"AWS::SNS::Topic":                  {"KmsMasterKeyId": "alias/aws/sns"},
		"AWS::SQS::Queue":                  {"KmsMasterKeyId": nil, "SqsManagedSseEnabled": true},
		"AWS::StepFunctions::StateMachine": {"EncryptionConfiguration": map[string]any{"Type": "AWS_OWNED_KEY"}},
	}
	for id, r := range resources {
		for property, value := range want[r.Type] {
			if diff := cmp.Diff(value, find(r.Properties, property)); diff != "" {
				t.Errorf("%s of %s: %s", property, id, diff)
			}
		}
		if strings.HasPrefix(r.Type, "AWS::KMS::") {
			t.Errorf("%s costs money and is not asked for", id)
		}
	}
}

// Nobody can use the key but who administers it, a service for what this stack
// has, and who reaches it through a service in this account.
func TestTheKeyIsGuarded(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, map[string]string{"CustomerManagedKey": "yes"})
	key := resources[dataKey].Properties
	if key["EnableKeyRotation"] != true || fmt.Sprint(key["PendingWindowInDays"]) != "30" {
		t.Errorf("rotated: %v, can be called back for %v days", key["EnableKeyRotation"], key["PendingWindowInDays"])
	}

	const root = "arn:aws:iam::111122223333:root"
	services := map[string]string{} // by whom it is used for itself: narrowed to what
	through := map[string]bool{}
	for _, s := range find(key, "KeyPolicy.Statement").([]any) {
		who, _ := find(s, "Principal.AWS").(string)
		service, _ := find(s, "Principal.Service").(string)
		conditions, _ := json.Marshal(find(s, "Condition"))
		switch {
		case who == root:
			if diff := cmp.Diff([]any{"kms:*"}, find(s, "Action")); diff != "" {
				t.Errorf("the account administers the key: %s", diff)
			}
			services[root] = ""
		case service != "":
			services[service] = string(conditions)
		case who == "*":
			if fmt.Sprint(find(s, "Condition.StringEquals.kms:CallerAccount")) != "[111122223333]" {
				t.Errorf("other accounts may %v", find(s, "Action"))
			}
			via := ""
			if one, ok := find(s, "Condition.StringEquals.kms:ViaService").([]any); ok && len(one) == 1 {
				via, _ = one[0].(string)
			}
			purpose, _ := find(s, "Condition.StringLike").(map[string]any)
			if via == "" && len(purpose) == 0 {
				t.Errorf("the whole account may %v for whatever it likes", find(s, "Action"))
			}
			through[via] = true
		default:
			t.Errorf("%v is nobody that the key should know", find(s, "Principal"))
		}
		for _, action := range find(s, "Action").([]any) {
			if who != root && slices.Contains([]any{"kms:*", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:DisableKey"}, action) {
				t.Errorf("%s %s may %s", who, service, action)
			}
		}
	}
	wantServices := map[string]string{
		root:                           "",
		"dynamodb.amazonaws.com":       "null", // it may look at the key, and not use it
		"sns.amazonaws.com":            `{"ArnLike":{"aws:SourceArn":["arn:aws:sns:us-east-1:111122223333:orderflow-*"]}}`,
		"delivery.logs.amazonaws.com":  `{"StringLike":{"kms:EncryptionContext:SourceArn":["arn:aws:logs:us-east-1:111122223333:*"]}}`,
		"logs.us-east-1.amazonaws.com": `{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":["arn:aws:logs:us-east-1:111122223333:log-group:/aws/*/orderflow*"]}}`,
	}
	if diff := cmp.Diff(wantServices, services); diff != "" {
		t.Error(diff)
	}
	wantThrough := map[string]bool{"": true} // for a purpose, see above
	for _, service := range []string{"dynamodb", "lambda", "s3", "sns", "sqs", "states"} {
		wantThrough[service+".us-east-1.amazonaws.com"] = true
	}
	if diff := cmp.Diff(wantThrough, through); diff != "" {
		t.Error(diff)
	}
}

// CloudWatch Logs may use the key for each log group of the stack: another would
// fail the deployment.
func TestTheKeyIsForEachLogGroup(t *testing.T) {
	for id, r := range translate(t, New(Consumers(), Auth{})).deployed(t, nil) {
		if r.Type != "AWS::Logs::LogGroup" {
			continue
		}
		name := r.Properties["LogGroupName"].(string)
		service, rest, _ := strings.Cut(strings.TrimPrefix(name, "/aws/"), "/orderflow")
		if !strings.HasPrefix(name, "/aws/") || service == "" || strings.HasPrefix(service, "orderflow") || rest != "" && rest[0] != '/' {
			t.Errorf("%s is named %s: the key's policy admits /aws/SERVICE/STACK alone", id, name)
		}
	}
}

// In production data outlives the stack and mistakes, in development it does
// not cost anything.
func TestDataIsKeptInProduction(t *testing.T) {
	tr := translate(t, New(Consumers(), Auth{}))
	kept := []string{"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key"}
	for _, test := range []struct {
		stage                string
		deletion, replaced   string
		protected, versioned any
	}{
		{"production", "RetainExceptOnCreate", "Retain", true, map[string]any{"Status": "Enabled"}},
		{"development", "Delete", "Delete", false, nil},
	} {
		resources := tr.deployed(t, map[string]string{"Stage": test.stage, "CustomerManagedKey": "yes"})
		count := 0
		for id, r := range resources {
			if !slices.Contains(kept, r.Type) {
				continue
			}
			count++
			deletion := test.deletion
			if r.Type == "AWS::DynamoDB::Table" && r.Properties["DeletionProtectionEnabled"] == true {
				deletion = "Retain" // a creation that fails could not delete it
			}
			if r.Attributes["DeletionPolicy"] != deletion || r.Attributes["UpdateReplacePolicy"] != test.replaced {
				t.Errorf("%s: %s: %v", test.stage, id, r.Attributes)
			}
			switch r.Type {
			case "AWS::DynamoDB::Table":
				for _, property := range []string{"DeletionProtectionEnabled", "PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled"} {
					if got := find(r.Properties, property); got != test.protected {
						t.Errorf("%s: %s of %s is %v", test.stage, property, id, got)
					}
				}
			case "AWS::S3::Bucket":
				if diff := cmp.Diff(test.versioned, find(r.Properties, "VersioningConfiguration")); diff != "" {
					t.Errorf("%s: %s: %s", test.stage, id, diff)
				}
			}
		}
		if count != 8 {
			t.Errorf("%s: %d resources keep data, want six tables, the bucket and its key", test.stage, count)
		}
	}
	if got := tr.deployed(t, nil)[ordersTable].Properties["DeletionProtectionEnabled"]; got != true {
		t.Error("a deployer who is not asked gets no production")
	}
}

// Nothing logs to a group that the template does not have, and so keeps for
// ever; each of them forgets when the deployer says.
func TestEveryLogForgets(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, map[string]string{"LogRetentionDays": "14"})
	for id, r := range resources {
		var group any
		switch r.Type {
		case "AWS::Logs::LogGroup":
			if got := fmt.Sprint(r.Properties["RetentionInDays"]); got != "14" {
				t.Errorf("%s keeps %s days", id, got)
			}
			continue
		case "AWS::Lambda::Function":
			group = find(r.Properties, "LoggingConfig.LogGroup")
		case "AWS::ApiGatewayV2::Stage":
			group = strings.TrimSuffix(fmt.Sprint(find(r.Properties, "AccessLogSettings.DestinationArn")), ".Arn")
		case "AWS::StepFunctions::StateMachine":
			group = strings.TrimSuffix(fmt.Sprint(find(r.Properties, "LoggingConfiguration.Destinations.0.CloudWatchLogsLogGroup.LogGroupArn")), ".Arn")
		default:
			continue
		}
		if name, _ := group.(string); resources[name].Type != "AWS::Logs::LogGroup" {
			t.Errorf("%s logs to %v, which is not in the template", id, group)
		}
	}
}

// Personal data leaves executions for their log only where the deployer says so.
func TestExecutionDataIsLoggedByParameterAlone(t *testing.T) {
	tr := translate(t, New(Consumers(), Auth{}))
	for _, test := range []struct {
		parameters map[string]string
		level      string
		data       bool
	}{
		{nil, "ERROR", false},
		{map[string]string{"StateMachineLogLevel": "ALL"}, "ALL", false},
		{map[string]string{"StateMachineLogLevel": "OFF"}, "OFF", false},
		{map[string]string{"StateMachineLogLevel": "FATAL", "StateMachineLogData": "yes"}, "FATAL", true},
	} {
		logging := find(tr.deployed(t, test.parameters)[orderStateMachine].Properties, "LoggingConfiguration")
		if level, data := find(logging, "Level"), find(logging, "IncludeExecutionData"); level != test.level || data != test.data {
			t.Errorf("%v: level %v, data %v", test.parameters, level, data)
		}
	}
}

func TestAnalyticsExpire(t *testing.T) {
	tr := translate(t, New(Consumers(), Auth{}))
	tidy := map[string]any{
		"Id": "Tidy", "Status": "Enabled",
		"AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": json.Number("7")},
		"NoncurrentVersionExpiration":    map[string]any{"NoncurrentDays": json.Number("35")},
		"Transitions":                    []any{map[string]any{"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": json.Number("0")}},
	}
	for _, test := range []struct {
		days string
		want []any
	}{
		{"0", []any{tidy}},
		{"400", []any{tidy, map[string]any{"Id": "Expire", "Status": "Enabled", "ExpirationInDays": "400"}}},
	} {
		bucket := tr.deployed(t, map[string]string{"AnalyticsRetentionDays": test.days})["AnalyticsBucket"]
		if diff := cmp.Diff(any(test.want), find(bucket.Properties, "LifecycleConfiguration.Rules")); diff != "" {
			t.Errorf("%s days: %s", test.days, diff)
		}
		for _, name := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
			if find(bucket.Properties, "PublicAccessBlockConfiguration."+name) != true {
				t.Errorf("%s is off", name)
			}
		}
	}
}

// find is the value at a path of names and indices, or nil.
func find(v any, path string) any {
	for path != "" {
		var step string
		step, path, _ = strings.Cut(path, ".")
		switch in := v.(type) {
		case map[string]any:
			v = in[step]
		case []any:
			if v = nil; step == "0" && len(in) > 0 {
				v = in[0]
			}
		default:
			return nil
		}
	}
	return v
}
