package cloud

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"

	"orderflow/cmd/local/cloud/cloudformation"
	"orderflow/cmd/local/cloud/iam"
	lambdaservice "orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/protocol"
)

// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html
type functionProperties struct {
	Architectures    []string
	AutoPublishAlias string
	CodeUri          string `cfn:",required"`
	Description      string
	Environment      struct {
		Variables map[string]string
	}
	Events        map[string]functionEvent
	FunctionName  string
	Handler       string
	LoggingConfig struct {
		ApplicationLogLevel string
		LogFormat           string
		LogGroup            string
		SystemLogLevel      string
	}
	MemorySize                   int
	ReservedConcurrentExecutions *int
	Role                         string `cfn:",required"`
	Runtime                      string
	Tags                         map[string]string
	Timeout                      int
	VersionDescription           *string
	Tracing                      string
}

// A functionEvent is a source of events; its Properties depend on Type.
type functionEvent struct {
	Type       string `cfn:",required"`
	Properties any
}

func (d *deployment) function(r cloudformation.Resource) (cloudformation.Values, error) {
	var p functionProperties
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	name := cmp.Or(p.FunctionName, physicalName(r))
	code := path.Join(templateFolder, p.CodeUri)
	construct, ok := d.config.Functions[code]
	if !ok {
		return cloudformation.Values{}, cloudformation.At(fmt.Errorf("there is no handler %q", code), "Properties", "CodeUri")
	}
	environment, err := p.environment(name)
	if err != nil {
		return cloudformation.Values{}, err
	}
	getenv := func(version string) func(string) string {
		return func(variable string) string {
			if variable == "AWS_LAMBDA_FUNCTION_VERSION" {
				return version
			}
			return environment[variable]
		}
	}
	role, err := d.functionRole(name, p.Role)
	if err != nil {
		return cloudformation.Values{}, err
	}
	cfg := d.as(role)
	created, err := d.Lambda.CreateFunction(d.ctx, &lambdaservice.CreateFunctionInput{
		FunctionName:                 name,
		Init:                         func(version string) (lambda.Handler, error) { return construct(cfg, getenv(version)) },
		Principal:                    role,
		Timeout:                      p.Timeout,
		ReservedConcurrentExecutions: p.ReservedConcurrentExecutions,
		Description:                  p.Description,
		Runtime:                      p.Runtime,
		Handler:                      p.Handler,
		Role:                         p.Role,
		MemorySize:                   p.MemorySize,
		Architectures:                p.Architectures,
		Environment:                  p.Environment.Variables,
		Tags:                         p.Tags,
		TracingMode:                  p.Tracing,
		ApplicationLogLevel:          p.LoggingConfig.ApplicationLogLevel,
		SystemLogLevel:               p.LoggingConfig.SystemLogLevel,
		LogFormat:                    p.LoggingConfig.LogFormat,
		LogGroup:                     p.LoggingConfig.LogGroup,
	})
	if err != nil {
		return cloudformation.Values{}, err
	}
	values := cloudformation.Values{Ref: name, Attributes: map[string]any{"Arn": created.FunctionArn}}
	target := created.FunctionArn
	if p.AutoPublishAlias != "" {
		if values, err = d.publishFunction(r, p, values); err != nil {
			return cloudformation.Values{}, err
		}
		target = values.Generated["Alias"]
	}
	for _, event := range slices.Sorted(maps.Keys(p.Events)) {
		made, err := d.event(target, p.Events[event])
		if err != nil {
			return cloudformation.Values{}, cloudformation.At(err, "Properties", "Events", event)
		}
		if made.PhysicalID != "" {
			made.LogicalID = r.LogicalID + event
			values.Made = append(values.Made, made)
		}
	}
	return values, nil
}

// publishFunction makes the version and the alias that SAM does; events then go
// to the alias.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html
func (d *deployment) publishFunction(r cloudformation.Resource, p functionProperties, values cloudformation.Values) (cloudformation.Values, error) {
	version, err := d.Lambda.PublishVersion(d.ctx, &lambdaservice.PublishVersionInput{FunctionName: values.Ref, Description: p.VersionDescription})
	if err != nil {
		return values, cloudformation.At(err, "Properties", "AutoPublishAlias")
	}
	alias, err := d.Lambda.CreateAlias(d.ctx, &lambdaservice.CreateAliasInput{FunctionName: values.Ref, Name: p.AutoPublishAlias, FunctionVersion: version.Version})
	if err != nil {
		return values, cloudformation.At(err, "Properties", "AutoPublishAlias")
	}
	values.Generated = map[string]string{"Alias": alias.AliasArn, "Version": version.FunctionArn}
	values.Made = []cloudformation.StackResource{
		{LogicalID: r.LogicalID + "Version" + contentHash(r.Properties), PhysicalID: version.FunctionArn, Type: "AWS::Lambda::Version"},
		{LogicalID: r.LogicalID + "Alias" + p.AutoPublishAlias, PhysicalID: alias.AliasArn, Type: "AWS::Lambda::Alias"},
	}
	return values, nil
}

// contentHash is ten digits of a resource's properties, by which SAM tells one
// version's logical ID from the next one's.
func contentHash(properties map[string]any) string {
	raw, err := json.Marshal(properties)
	if err != nil { // they were JSON
		panic(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))[:10]
}

// functionRole gives a function's role into the hands of Lambda, which sends no
// source of the request.
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html
func (d *deployment) functionRole(name, roleARN string) (*iam.Principal, error) {
	role, err := d.IAM.AssumeRole(roleARN, name, iam.ServicePrincipal("lambda.amazonaws.com", "", Account))
	if err != nil {
		refused := protocol.Errorf("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
		return nil, cloudformation.At(refused, "Properties", "Role")
	}
	return role.In("arn:aws:lambda:" + Region + ":" + Account + ":function:" + name), nil
}

// environment is what a function's getenv knows: the template's variables,
// exactly, and those that Lambda sets.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
func (p functionProperties) environment(name string) (map[string]string, error) {
	environment := map[string]string{
		"AWS_DEFAULT_REGION":              Region,
		"AWS_EXECUTION_ENV":               "AWS_Lambda_" + p.Runtime,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(cmp.Or(p.MemorySize, 128)),
		"AWS_LAMBDA_FUNCTION_NAME":        name,
		"AWS_LAMBDA_FUNCTION_VERSION":     "", // each version's own
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       cmp.Or(p.LoggingConfig.LogGroup, "/aws/lambda/"+name),
		"AWS_REGION":                      Region,
		"TZ":                              ":UTC",
		"_HANDLER":                        p.Handler,
	}
	for variable, value := range p.Environment.Variables {
		if _, reserved := environment[variable]; reserved && variable != "TZ" {
			return nil, cloudformation.At(errors.New("the variable is reserved by Lambda"), "Properties", "Environment", "Variables", variable)
		}
		environment[variable] = value
	}
	return environment, nil
}

// event connects a function to what calls it, and tells the resource that it
// makes, if any: a route is part of its API.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-function.html
func (d *deployment) event(functionARN string, e functionEvent) (made cloudformation.StackResource, err error) {
	switch e.Type {
	case "HttpApi":
		return made, cloudformation.At(d.routeEvent(functionARN, e.Properties), "Properties")
	case "SQS":
		made, err = d.queueEvent(functionARN, e.Properties)
		return made, cloudformation.At(err, "Properties")
	}
	return made, cloudformation.At(fmt.Errorf("events of type %q are not supported by the local cloud", e.Type), "Type")
}

// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-sqs.html
func (d *deployment) queueEvent(functionARN string, properties any) (cloudformation.StackResource, error) {
	var p struct {
		BatchSize                      *int
		Enabled                        *bool
		FunctionResponseTypes          []string
		MaximumBatchingWindowInSeconds int
		Queue                          string `cfn:",required"`
		ScalingConfig                  *struct {
			MaximumConcurrency *int
		}
	}
	if err := cloudformation.Decode(properties, &p); err != nil {
		return cloudformation.StackResource{}, err
	}
	input := &lambdaservice.CreateEventSourceMappingInput{
		EventSourceArn:                 p.Queue,
		FunctionName:                   functionARN,
		Enabled:                        p.Enabled,
		BatchSize:                      p.BatchSize,
		MaximumBatchingWindowInSeconds: p.MaximumBatchingWindowInSeconds,
		FunctionResponseTypes:          p.FunctionResponseTypes,
	}
	if p.ScalingConfig != nil {
		input.ScalingConfig = &lambdaservice.ScalingConfig{MaximumConcurrency: p.ScalingConfig.MaximumConcurrency}
	}
	mapping, err := d.Lambda.CreateEventSourceMapping(d.ctx, input)
	if err != nil {
		return cloudformation.StackResource{}, err
	}
	return cloudformation.StackResource{PhysicalID: mapping.UUID, Type: "AWS::Lambda::EventSourceMapping"}, nil
}
