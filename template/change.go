package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/awslabs/goformation/v7/cloudformation/stepfunctions"
)

// How a running system is replaced: every function has versions and an alias,
// which all who call it name, and which CodeDeploy moves; the state machine has
// them too, and CloudFormation moves its alias. An execution keeps the version
// of the definition that it began with, and with it the version of the function
// that the definition names.

const (
	// live is the alias that serves.
	live = "live"

	stateMachineVersion = orderStateMachine + "Version"
	stateMachineAlias   = orderStateMachine + "Alias"

	deployments = "Deployments"

	// isGradual is the condition under which a new version serves some first.
	isGradual = "IsGradual"

	// A canary serves one in ten for five minutes: as long as an alarm needs to
	// hear of two bad minutes.
	canary           = "Canary10Percent5Minutes" // CodeDeploy's, for functions
	canaryPercentage = 10                        // likewise, for the state machine
	canaryMinutes    = 5

	// maxCharacters of a parameter that is part of a version's description, which
	// holds 256 of all of them.
	maxCharacters = 128
)

// changing is how a new version takes over.
func changing() []Parameter {
	return []Parameter{{
		ID: deployments, Label: "Deployments",
		Type:          "String",
		Description:   "gradual: a new version serves a tenth for five minutes, and is taken back when an alarm goes off. immediate: it serves all at once, whatever alarms say, which is for repairs. auto: gradual in production.",
		Default:       "auto",
		AllowedValues: []any{"auto", "gradual", "immediate"},
	}}
}

func gradual() Condition {
	return Condition{isGradual, encode("Fn::Or", []any{
		equalsCondition(Ref(deployments), "gradual"),
		map[string]any{"Fn::And": []any{
			equalsCondition(Ref(deployments), "auto"),
			map[string]any{"Condition": isProduction},
		}},
	})}
}

// whileGradual are the alarms that take a version back. An alarm that is on
// already fails any deployment that watches it: what repairs the system could
// not be deployed, and is deployed at once and unwatched.
// https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-deploymentpreference.html
func whileGradual(alarms []string, none any) string { return choose(isGradual, alarms, none) }

func equalsCondition(a, b string) any { return map[string]any{"Fn::Equals": []string{a, b}} }

// published are the properties that give a function versions and its alias. A
// version is made of every change of the template's properties, and of every
// change of a parameter among them, which SAM does not see by itself: it is part
// of the version's description, another of which replaces the version.
// https://github.com/aws/serverless-application-model/issues/3820
//
// What is replaced is deleted once the alias has moved, whereas the versions of
// another release stay. So the function that executions name by version must
// do without parameters.
func (f function) published(configuration map[string]any) map[string]any {
	id := title(f.capability)
	configuration = maps.Clone(configuration)
	configuration["Environment"] = f.env
	for _, unversioned := range []string{"Events", "ReservedConcurrentExecutions"} {
		delete(configuration, unversioned)
	}
	properties := map[string]any{
		"AutoPublishAlias":              live,
		"AutoPublishAliasAllProperties": true,
	}
	if !f.byVersion {
		if chosen := chosenIn(configuration); len(chosen) > 0 {
			properties["VersionDescription"] = encode("Fn::Join", []any{" ", chosen})
		}
		alarms := []string{Ref(id + "ErrorsAlarm")}
		for _, alarm := range f.takenBack {
			alarms = append(alarms, Ref(alarm))
		}
		properties["DeploymentPreference"] = map[string]any{
			"Type":   choose(isGradual, canary, "AllAtOnce"),
			"Alarms": whileGradual(alarms, []string{Ref("AWS::NoValue")}), // SAM wants a list
			"Role":   GetAtt(id+"DeploymentRole", "Arn"),
		}
	}
	return properties
}

// chosenIn is what the deployer chose of a configuration: parameters, and
// conditions.
func chosenIn(configuration map[string]any) []string {
	v, err := tree(configuration)
	if err != nil {
		panic("template: " + err.Error()) // it is strings, numbers, booleans
	}
	parameterIDs := map[string]bool{}
	for _, g := range parameters() {
		for _, p := range g.Parameters {
			parameterIDs[p.ID] = true
		}
	}
	found := map[string]string{}
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				look(item)
			}
		case object:
			for _, m := range v {
				name := fmt.Sprint(m.value)
				switch {
				case m.name == "Ref" && parameterIDs[name]:
					found[name] = Ref(name)
				case m.name == "Fn::If":
					condition := m.value.([]any)[0].(string)
					found[condition] = choose(condition, condition, "not"+condition)
				case m.name == "Fn::Sub":
					for _, variable := range subVariable.FindAllStringSubmatch(name, -1) {
						if parameterIDs[variable[1]] {
							found[variable[1]] = Ref(variable[1])
						}
					}
				}
				look(m.value)
			}
		}
	}
	look(expand(v))
	var chosen []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		chosen = append(chosen, found[name])
	}
	return chosen
}

// deploymentRole is what CodeDeploy may do to move a function's alias: the
// managed policy's rights as far as they are used, on this function alone.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSCodeDeployRoleForLambdaLimited.html
func (f function) deploymentRole() []Resource {
	if f.byVersion {
		return nil
	}
	id := title(f.capability)
	moveAlias := Allow(GetAtt(id+"Function", "Arn"), "lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig")
	moveAlias.Resource = append(moveAlias.Resource, Sub("${"+id+"Function.Arn}:*"))
	return []Resource{role(id+"DeploymentRole", "What CodeDeploy may do to replace "+id+"Function.", trustService("codedeploy.amazonaws.com").
		actingFor(Sub("arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup:*")),
		moveAlias,
		// Of all alarms: asked without their names, CloudWatch knows no other
		// resource, AWS does not say how CodeDeploy asks, and a deployment that
		// cannot read its alarm fails.
		Allow(Sub("arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"), "cloudwatch:DescribeAlarms"),
	)}
}

// currentVersion is a version of the state machine: each change of the
// definition, or of what it refers to, makes another, and earlier ones stay.
func currentVersion() json.Marshaler {
	return stepfunctions.StateMachineVersion{
		StateMachineArn:                      Ref(orderStateMachine),
		StateMachineRevisionId:               new(GetAtt(orderStateMachine, "StateMachineRevisionId")),
		AWSCloudFormationDeletionPolicy:      "Retain",
		AWSCloudFormationUpdateReplacePolicy: "Retain",
	}
}

// currentAlias is the alias of the state machine. The definition names the version
// of the validation, which a new definition therefore brings with it: that is
// all of its canary.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-stepfunctions-statemachinealias-deploymentpreference.html
func currentAlias() json.Marshaler {
	return with(stepfunctions.StateMachineAlias{
		Name: new(live),
		DeploymentPreference: &stepfunctions.StateMachineAlias_DeploymentPreference{
			StateMachineVersionArn: Ref(stateMachineVersion),
			Type:                   choose(isGradual, "CANARY", "ALL_AT_ONCE"),
		},
	}, map[string]any{"DeploymentPreference": map[string]any{
		"Percentage": choose(isGradual, canaryPercentage, Ref("AWS::NoValue")),
		"Interval":   choose(isGradual, canaryMinutes, Ref("AWS::NoValue")),
		"Alarms":     whileGradual([]string{Ref(orderStateMachine + "FailuresAlarm"), Ref(title("validation") + "ErrorsAlarm")}, Ref("AWS::NoValue")),
	}})
}

// generated are the names by which what SAM makes of a function with an alias
// may be referred to.
func generated(resources object) []string {
	var names []string
	for _, r := range resources {
		properties, _ := r.value.(object).get("Properties")
		if p, ok := properties.(object); !ok {
			continue
		} else if _, ok := p.get("AutoPublishAlias"); ok {
			names = append(names, r.name+".Alias", r.name+".Version")
		}
	}
	return names
}
