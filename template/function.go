package template

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/logs"
	"github.com/awslabs/goformation/v7/cloudformation/serverless"
)

// A function is a Lambda function with the log group and the role that are
// its own.
type function struct {
	capability string // a folder of lambdas: "inventory"
	does       string // one sentence
	seconds    int    // timeout
	failing    string // what it is to customers when it fails, a sentence
	refuses    string // the metric that counts errors it answers with on purpose, if it does
	atOnce     string // the parameter that says how many invocations there may be
	env        map[string]string
	allowed    []Statement // beyond writing its own log, and traces
	events     map[string]serverless.Function_EventSource
	byVersion  bool           // whoever calls it names a version: its alias is called by nobody
	takenBack  []string       // alarms that take a version back, beside that of its errors
	overlay    map[string]any // what SAM knows about events and goformation does not
}

// memoryMegabytes is what a function gets, and with it a share of a CPU. Go
// needs little of either.
const memoryMegabytes = 256

func (f function) resources() []Resource {
	id := title(f.capability)
	var (
		logGroupID = id + "LogGroup"
		roleID     = id + "Role"
	)
	overlay := map[string]any{
		"KmsKeyArn":     customerKey(),
		"LoggingConfig": map[string]any{"LogFormat": "JSON", "LogGroup": Ref(logGroupID)},
	}
	if f.atOnce != "" {
		overlay["ReservedConcurrentExecutions"] = choose(concurrencyReserved, Ref(f.atOnce), Ref("AWS::NoValue"))
	}
	maps.Copy(overlay, f.overlay)
	maps.Copy(overlay, f.published(overlay))
	return slices.Concat([]Resource{
		{ID: id + "Function", Body: with(serverless.Function{
			Description:   new(f.does),
			CodeUri:       &serverless.Function_CodeUri{String: new(path.Join("../lambdas", f.capability, "bootstrap"))},
			Runtime:       new("provided.al2023"),
			Architectures: []string{"arm64"},
			Handler:       new("bootstrap"),
			MemorySize:    new(memoryMegabytes),
			Timeout:       new(f.seconds),
			Tracing:       new("Active"), // spans of AWS's own; the SDK hands the trace on
			Role:          new(GetAtt(roleID, "Arn")),
			Environment:   environment(f.env),
			Events:        f.events,
			AWSCloudFormationMetadata: map[string]any{
				// SAM's own way of building Go knows no -ldflags: the
				// executables were half as large again.
				"BuildMethod": "makefile",
				"ContextPath": "../lambdas", // where the Makefile is
			},
		}, overlay)},
		role(roleID, "What "+id+"Function may do.", trustService("lambda.amazonaws.com"),
			slices.Concat([]Statement{writeLog(logGroupID), writeTraces()}, f.allowed)...),
		logGroup(logGroupID, "/aws/lambda/${AWS::StackName}/"+f.capability),
	}, f.deploymentRole(), f.alarms())
}

func environment(variables map[string]string) *serverless.Function_FunctionEnvironment {
	if len(variables) == 0 {
		return nil
	}
	return &serverless.Function_FunctionEnvironment{Variables: variables}
}

func writeLog(logGroupID string) Statement {
	return Allow(GetAtt(logGroupID, "Arn"), "logs:CreateLogStream", "logs:PutLogEvents")
}

func logGroup(id, name string) Resource {
	return Resource{ID: id, Body: with(
		logs.LogGroup{LogGroupName: new(Sub(name)), KmsKeyId: new(customerKey())},
		map[string]any{"RetentionInDays": Ref(logRetentionDays)},
	)}
}

// title turns a capability into the beginning of logical IDs.
func title(capability string) string {
	if capability == "" {
		return ""
	}
	return strings.ToUpper(capability[:1]) + capability[1:]
}
