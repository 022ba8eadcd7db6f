package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"orderflow/cmd/local/cloud/cloudformation"
)

// templateFolder is where the template lies, below the module's root: its
// paths are relative to it.
const templateFolder = "template"

// DefinitionS3Location is a path, as in the template that sam package takes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachine.html
type stateMachineProperties struct {
	DefinitionS3Location    string `cfn:",required"`
	DefinitionSubstitutions map[string]string
	LoggingConfiguration    *struct {
		Destinations []struct {
			CloudWatchLogsLogGroup struct {
				LogGroupArn string `json:"logGroupArn"`
			} `json:"cloudWatchLogsLogGroup"`
		} `json:"destinations,omitempty"`
		IncludeExecutionData bool   `json:"includeExecutionData"`
		Level                string `json:"level,omitempty"`
	}
	RoleArn          string `cfn:",required"`
	StateMachineName string
	StateMachineType string

	TracingConfiguration *struct{ Enabled bool }
}

func (d *deployment) stateMachine(r cloudformation.Resource) (cloudformation.Values, error) {
	var p stateMachineProperties
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	file := path.Join(templateFolder, p.DefinitionS3Location)
	definition, ok := d.config.Definitions[file]
	if !ok {
		return cloudformation.Values{}, cloudformation.At(fmt.Errorf("there is no state machine %q", file), "Properties", "DefinitionS3Location")
	}
	text, err := substitute(string(definition), p.DefinitionSubstitutions)
	if err != nil {
		return cloudformation.Values{}, cloudformation.At(err, "Properties", "DefinitionSubstitutions")
	}
	name := cmp.Or(p.StateMachineName, physicalName(r))
	var created struct{ StateMachineArn string }
	input := map[string]any{"name": name, "definition": text, "roleArn": p.RoleArn, "type": cmp.Or(p.StateMachineType, "STANDARD")}
	if p.LoggingConfiguration != nil {
		input["loggingConfiguration"] = p.LoggingConfiguration
	}
	if tracing := p.TracingConfiguration; tracing != nil {
		input["tracingConfiguration"] = map[string]any{"enabled": tracing.Enabled}
	}
	err = d.call(d.States.Actions(), "CreateStateMachine", input, &created)
	return cloudformation.Values{
		Ref:        created.StateMachineArn,
		Attributes: map[string]any{"Arn": created.StateMachineArn, "Name": name, "StateMachineRevisionId": firstRevision},
	}, err
}

// firstRevision is that of a state machine which was never updated, as none is
// by the local cloud itself.
const firstRevision = "INITIAL"

// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachineversion.html
func (d *deployment) stateMachineVersion(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		Description            string `json:"description,omitempty"`
		StateMachineArn        string `json:"stateMachineArn" cfn:",required"`
		StateMachineRevisionId string `json:"revisionId,omitempty"`
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	var created struct{ StateMachineVersionArn string }
	err := d.call(d.States.Actions(), "PublishStateMachineVersion", p, &created)
	return cloudformation.Values{Ref: created.StateMachineVersionArn, Attributes: map[string]any{"Arn": created.StateMachineVersionArn}}, err
}

// A stack that is never updated deploys nothing gradually: the alias leads to
// its version at once, as the first deployment's does on AWS.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-stepfunctions-statemachinealias.html
func (d *deployment) stateMachineAlias(r cloudformation.Resource) (cloudformation.Values, error) {
	var p struct {
		DeploymentPreference struct {
			StateMachineVersionArn string `cfn:",required"`
		} `cfn:",required"`
		Description string
		Name        string `cfn:",required"`
	}
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	input := map[string]any{
		"name":                 p.Name,
		"routingConfiguration": []map[string]any{{"stateMachineVersionArn": p.DeploymentPreference.StateMachineVersionArn, "weight": 100}},
	}
	if p.Description != "" {
		input["description"] = p.Description
	}
	var created struct{ StateMachineAliasArn string }
	err := d.call(d.States.Actions(), "CreateStateMachineAlias", input, &created)
	return cloudformation.Values{Ref: created.StateMachineAliasArn, Attributes: map[string]any{"Arn": created.StateMachineAliasArn}}, err
}

var placeholder = regexp.MustCompile(`\$\{([A-Za-z0-9_]+)\}`)

// substitute replaces each ${Name} of a definition. One without a value, or a
// value without a place, is a fault of the template.
func substitute(definition string, values map[string]string) (string, error) {
	unused := maps.Clone(values)
	missing := map[string]bool{}
	definition = placeholder.ReplaceAllStringFunc(definition, func(match string) string {
		name := match[2 : len(match)-1]
		value, ok := values[name]
		if !ok {
			missing[name] = true
		}
		delete(unused, name)
		return value
	})
	var faults []error
	if len(missing) > 0 {
		faults = append(faults, fmt.Errorf("nothing is given for %s", strings.Join(slices.Sorted(maps.Keys(missing)), ", ")))
	}
	if len(unused) > 0 {
		faults = append(faults, fmt.Errorf("the definition has no %s", strings.Join(slices.Sorted(maps.Keys(unused)), ", ")))
	}
	return definition, errors.Join(faults...)
}
