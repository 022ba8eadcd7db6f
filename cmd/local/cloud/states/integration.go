package states

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine/asl"
)

// A resource is what a Task state's Resource names.
// https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html
type resource struct {
	service string // "lambda", "dynamodb", …; "function" for a Lambda function's own ARN
	action  string // "putItem"; a function's ARN
	sdk     bool   // arn:aws:states:::aws-sdk:…: an API call as it is, not an optimised integration
	waits   bool   // .waitForTaskToken
}

func parseResource(arn string) (resource, bool) {
	if strings.HasPrefix(arn, "arn:aws:lambda:") {
		return resource{service: "function", action: arn}, strings.Count(arn, ":") >= 6
	}
	name, ok := strings.CutPrefix(arn, "arn:aws:states:::")
	if !ok {
		return resource{}, false
	}
	var r resource
	name, r.sdk = strings.CutPrefix(name, "aws-sdk:")
	name, r.waits = strings.CutSuffix(name, ".waitForTaskToken")
	r.service, r.action, ok = strings.Cut(name, ":")
	return r, ok && r.action != ""
}

// supports tells whether a Task state may name the resource.
func (s *Service) supports(arn string) bool {
	r, ok := parseResource(arn)
	if !ok {
		return false
	}
	if r.service == "function" || r.service == "lambda" && !r.sdk && r.action == "invoke" {
		return s.cfg.Invoke != nil
	}
	api, ok := apis[r.service]
	if !ok || s.cfg.Services[r.service][r.actionName()] == nil {
		return false
	}
	return r.sdk || slices.Contains(api.optimised, r.action) && (!r.waits || api.waits)
}

// actionName is the API's spelling: PutItem for putItem.
func (r resource) actionName() string {
	first := unicode.ToUpper(rune(r.action[0]))
	return string(first) + r.action[1:]
}

// An api is a service as Step Functions' two kinds of integration know it.
type api struct {
	optimised []string // actions
	waits     bool     // they can wait for a task token
	text      string   // the member that may be JSON in the definition and is sent as text

	// How a failure is named: by the Java SDK's exception classes, of its
	// first version in optimised integrations, of its second in aws-sdk ones.
	prefix, javaName, generic string
	sdkPrefix, sdkGeneric     string
	exceptions                []string // those with a class of their own, without "Exception"

	headers func(h *headers, body []byte)
}

var apis = map[string]*api{
	"dynamodb": {
		optimised: []string{"getItem", "putItem", "updateItem", "deleteItem"},
		prefix:    "DynamoDB", javaName: "AmazonDynamoDBv2", generic: "AmazonDynamoDBException",
		sdkPrefix: "DynamoDb", sdkGeneric: "DynamoDbException",
		exceptions: []string{
			"ConditionalCheckFailed", "DuplicateItem", "IdempotentParameterMismatch", "InternalServerError",
			"ItemCollectionSizeLimitExceeded", "LimitExceeded", "ProvisionedThroughputExceeded", "RequestLimitExceeded",
			"ResourceInUse", "ResourceNotFound", "TransactionCanceled", "TransactionConflict", "TransactionInProgress",
		},
		headers: dynamodbHeaders,
	},
	"sns": {
		optimised: []string{"publish"}, waits: true, text: "Message",
		prefix: "SNS", javaName: "AmazonSNS", generic: "AmazonSNSException",
		sdkPrefix: "Sns", sdkGeneric: "SnsException",
		exceptions: []string{
			"AuthorizationError", "BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest",
			"EndpointDisabled", "FilterPolicyLimitExceeded", "InternalError", "InvalidBatchEntryId", "InvalidParameter",
			"InvalidParameterValue", "InvalidSecurity", "NotFound", "PlatformApplicationDisabled",
			"SubscriptionLimitExceeded", "Throttled", "TooManyEntriesInBatchRequest", "TopicLimitExceeded", "Validation",
		},
		headers: snsHeaders,
	},
	"sqs": {
		optimised: []string{"sendMessage"}, waits: true, text: "MessageBody",
		prefix: "SQS", javaName: "AmazonSQS", generic: "AmazonSQSException",
		sdkPrefix: "Sqs", sdkGeneric: "SqsException",
		exceptions: []string{
			"BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidAttributeName",
			"InvalidAttributeValue", "InvalidBatchEntryId", "InvalidIdFormat", "InvalidMessageContents", "InvalidSecurity",
			"MessageNotInflight", "OverLimit", "PurgeQueueInProgress", "QueueDeletedRecently", "QueueDoesNotExist",
			"QueueNameExists", "ReceiptHandleIsInvalid", "RequestThrottled", "TooManyEntriesInBatchRequest", "UnsupportedOperation",
		},
		headers: sqsHeaders,
	},
	"lambda": {
		prefix: "Lambda", javaName: "AWSLambda", generic: "AWSLambdaException",
		exceptions: []string{
			"CodeStorageExceeded", "EC2AccessDenied", "EC2Throttled", "EC2Unexpected", "ENILimitReached",
			"InvalidParameterValue", "InvalidRequestContent", "InvalidRuntime", "InvalidZipFile", "RecursiveInvocation",
			"RequestTooLarge", "ResourceConflict", "ResourceNotFound", "ResourceNotReady", "Service", "SnapStart",
			"SnapStartNotReady", "SnapStartTimeout", "SubnetIPAddressLimitReached", "TooManyRequests", "UnsupportedMediaType",
		},
		headers: lambdaHeaders,
	},
}

// A failure is a call's, in the words that Retry and Catch match on.
type failure struct{ name, cause string }

// call calls a task's resource and shapes what it answers.
func (s *Service) call(x *execution, t asl.ScheduleTask) (json.RawMessage, *failure) {
	r, ok := parseResource(t.Resource)
	if !ok {
		return nil, &failure{"States.Runtime", fmt.Sprintf("the resource %q of state %q is not supported", t.Resource, t.State)}
	}
	id := requestID{x.seed, t.TaskID}
	ctx := interpose.As(s.ctx, x.arn, strconv.FormatInt(t.TaskID, 10))
	if x.machine.role != nil {
		ctx = iam.As(ctx, x.machine.role)
	}
	switch r.service {
	case "function":
		return s.callFunction(ctx, r, t, id)
	case "lambda":
		return s.callInvoke(ctx, r, t, id)
	}
	api := apis[r.service]
	input := []byte(t.Arguments)
	if !r.sdk && api.text != "" {
		input = asText(input, api.text)
	}
	output, err := s.cfg.Services[r.service].Call(ctx, r.actionName(), input)
	if err != nil {
		return nil, api.failure(r, id, err)
	}
	if r.sdk {
		return output, nil
	}
	return withMetadata(output, api, id), nil
}

func (a *api) failure(r resource, id requestID, err error) *failure {
	e, ok := errors.AsType[*protocol.Error](err)
	if !ok {
		return &failure{a.prefix + ".SdkClientException", "Unable to execute HTTP request: " + err.Error()}
	}
	name, _ := strings.CutSuffix(e.Code, "Exception")
	class := name + "Exception"
	modelled := slices.Contains(a.exceptions, name)
	if r.sdk {
		if !modelled {
			class = a.sdkGeneric
		}
		return &failure{
			a.sdkPrefix + "." + class,
			fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s)", e.Message, a.sdkPrefix, e.Status, id.in(a)),
		}
	}
	if !modelled {
		class = a.generic
	}
	code := e.QueryCode
	if code == "" {
		code = e.Code
	}
	return &failure{
		a.prefix + "." + class,
		fmt.Sprintf("%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)", e.Message, a.javaName, e.Status, code, id.in(a)),
	}
}
