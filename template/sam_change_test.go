package template

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/cloudformation"

	"github.com/google/go-cmp/cmp"
)

// deployedFunctions are the capabilities that have a function.
func deployedFunctions(resources map[string]cloudformation.Resource) []string {
	var all []string
	for id, r := range resources {
		if r.Type == "AWS::Lambda::Function" {
			all = append(all, strings.TrimSuffix(id, "Function"))
		}
	}
	slices.Sort(all)
	return all
}

// versionOf is the only version that a function has in a translated template.
func versionOf(t *testing.T, resources map[string]cloudformation.Resource, function string) cloudformation.Resource {
	t.Helper()
	var found []cloudformation.Resource
	for _, r := range resources {
		if r.Type == "AWS::Lambda::Version" && r.Properties["FunctionName"] == function {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%s has %d versions", function, len(found))
	}
	return found[0]
}

// Every function is published, and its alias leads to what was published. What
// another release publishes leaves the version there was.
func TestDeployedFunctionsHaveAnAlias(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, nil)
	for _, capability := range deployedFunctions(resources) {
		function := capability + "Function"
		version := versionOf(t, resources, function)
		if got := version.Attributes["DeletionPolicy"]; got != "Retain" {
			t.Errorf("%s: its version's deletion policy is %v", function, got)
		}
		alias := resources[function+"Aliaslive"]
		want := map[string]any{"Name": "live", "FunctionName": function, "FunctionVersion": version.LogicalID + ".Version"}
		if diff := cmp.Diff(want, alias.Properties); alias.Type != "AWS::Lambda::Alias" || diff != "" {
			t.Errorf("%s: alias of type %q %s", function, alias.Type, diff)
		}
	}
}

// Whoever calls a function calls its alias, but for the state machine.
func TestDeployedCallersNameTheAlias(t *testing.T) {
	tr := translate(t, New(Consumers(), Auth{}))
	resources := tr.deployed(t, nil)
	mapped := map[any]bool{}
	for id, r := range resources {
		switch r.Type {
		case "AWS::Lambda::EventSourceMapping":
			mapped[r.Properties["FunctionName"]] = true
		case "AWS::Lambda::Permission":
			if r.Properties["FunctionName"] != "ApiFunctionAliaslive" {
				t.Errorf("%s admits to %v", id, r.Properties["FunctionName"])
			}
		}
	}
	want := map[any]bool{}
	for _, c := range Consumers() {
		want[title(c.Name)+"FunctionAliaslive"] = true
	}
	if diff := cmp.Diff(want, mapped); diff != "" {
		t.Errorf("queues feed: %s", diff)
	}

	api, err := json.Marshal(tr.Resources[ordersAPI].Properties["Body"])
	if err != nil {
		t.Fatal(err)
	}
	integrations := strings.Count(string(api), "x-amazon-apigateway-integration")
	if n := strings.Count(string(api), "functions/${ApiFunctionAliaslive}/invocations"); n != integrations || n < 4 {
		t.Errorf("%d of %d routes lead to the alias", n, integrations)
	}

	if got := at(t, resources[runSchedule].Properties, "Target", "Arn"); got != "ReconciliationFunctionAliaslive" {
		t.Errorf("the schedule invokes %v", got)
	}
	for role, want := range map[string]any{
		runScheduleRole:  reconciliationFunction + ".Arn:" + live,
		stateMachineRole: validationFunction + ".Arn:*", // and the versions that older executions name
	} {
		if got := allowed(t, resources[role], "lambda:InvokeFunction"); !slices.Equal(got, []any{want}) {
			t.Errorf("%s may invoke %v, want %v", role, got, want)
		}
	}
}

// allowed is on what a role may do an action.
func allowed(t *testing.T, role cloudformation.Resource, action string) (on []any) {
	t.Helper()
	for _, policy := range role.Properties["Policies"].([]any) {
		for _, s := range at(t, policy, "PolicyDocument", "Statement").([]any) {
			s := s.(map[string]any)
			if slices.Contains(s["Action"].([]any), any(action)) {
				on = append(on, s["Resource"].([]any)...)
			}
		}
	}
	return on
}

// A deployment serves a tenth first, in production or when told so; it is taken
// back when the function's own alarm goes off, which a repair must not be, by a role that may do nothing
// but that.
func TestDeployedFunctionsChangeGradually(t *testing.T) {
	tr := translate(t, New(Consumers(), Auth{}))
	const slow, fast = "CodeDeployDefault.LambdaCanary10Percent5Minutes", "CodeDeployDefault.LambdaAllAtOnce"
	for _, test := range []struct{ stage, deployments, want string }{
		{"production", "auto", slow},
		{"development", "auto", fast},
		{"production", "immediate", fast},
		{"development", "gradual", slow},
	} {
		resources := tr.deployed(t, map[string]string{stage: test.stage, deployments: test.deployments})
		for _, capability := range deployedFunctions(resources) {
			function := capability + "Function"
			group, gradual := resources[function+"DeploymentGroup"]
			if gradual != (function != validationFunction) {
				t.Errorf("%s has a deployment group: %v", function, gradual)
			}
			policy, _ := tr.Resources[function+"Aliaslive"]
			if !gradual {
				continue
			}
			if got := group.Properties["DeploymentConfigName"]; got != test.want {
				t.Errorf("%s in %s, %s: %v, want %s", function, test.stage, test.deployments, got, test.want)
			}
			watched := map[string]any{}
			if test.want == slow {
				alarms := []any{map[string]any{"Name": capability + "ErrorsAlarm"}}
				if _, consumes := resources[capability+"Queue"]; consumes { // to Lambda its failures are no errors
					alarms = append(alarms, map[string]any{"Name": capability + "CanaryAlarm"})
				}
				watched = map[string]any{"Enabled": true, "Alarms": alarms}
			}
			if diff := cmp.Diff(any(watched), group.Properties["AlarmConfiguration"]); diff != "" {
				t.Errorf("%s: %s", function, diff)
			}
			if got := at(t, group.Properties, "AutoRollbackConfiguration", "Events").([]any); !slices.Contains(got, any("DEPLOYMENT_STOP_ON_ALARM")) || at(t, group.Properties, "AutoRollbackConfiguration", "Enabled") != true {
				t.Errorf("%s is taken back on %v", function, got)
			}
			if got := group.Properties["ServiceRoleArn"]; got != capability+"DeploymentRole.Arn" {
				t.Errorf("%s is deployed by %v", function, got)
			}
			if !strings.Contains(policy.raw, `"CodeDeployLambdaAliasUpdate"`) || !strings.Contains(policy.raw, function+"DeploymentGroup") {
				t.Errorf("%s's alias is not moved by its deployment group: %s", function, policy.raw)
			}
		}
	}

	resources := tr.deployed(t, nil)
	if r, ok := resources["CodeDeployServiceRole"]; ok {
		t.Errorf("SAM makes a role of its own: %v", r.Properties)
	}
	for _, capability := range deployedFunctions(resources) {
		if capability+"Function" == validationFunction {
			continue
		}
		role := resources[capability+"DeploymentRole"]
		if got := at(t, role.Properties, "AssumeRolePolicyDocument", "Statement", "0", "Principal", "Service"); got != "codedeploy.amazonaws.com" {
			t.Errorf("%s may be taken by %v", role.LogicalID, got)
		}
		arn := capability + "Function.Arn"
		for action, want := range map[string][]any{
			"lambda:UpdateAlias":        {arn, arn + ":*"},
			"lambda:GetAlias":           {arn, arn + ":*"},
			"cloudwatch:DescribeAlarms": {"arn:aws:cloudwatch:us-east-1:111122223333:alarm:*"},
		} {
			if got := allowed(t, role, action); !slices.Equal(got, want) {
				t.Errorf("%s may %s on %v, want %v", role.LogicalID, action, got, want)
			}
		}
	}
}

// The state machine has versions that stay, and an alias that moves gradually;
// executions are started by it, and name a version of the validation.
func TestDeployedStateMachineChangesGradually(t *testing.T) {
	tr := translate(t, New(Consumers(), Auth{}))
	alarms := []any{orderStateMachine + "FailuresAlarm", "ValidationErrorsAlarm"}
	for how, want := range map[string]map[string]any{
		"gradual": {
			"Type": "CANARY", "Percentage": json.Number("10"), "Interval": json.Number("5"),
			"Alarms": alarms, "StateMachineVersionArn": orderStateMachine + "Version",
		},
		"immediate": {"Type": "ALL_AT_ONCE", "StateMachineVersionArn": orderStateMachine + "Version"},
	} {
		resources := tr.deployed(t, map[string]string{deployments: how})
		alias := resources[stateMachineAlias]
		if diff := cmp.Diff(map[string]any{"Name": "live", "DeploymentPreference": want}, alias.Properties); alias.Type != "AWS::StepFunctions::StateMachineAlias" || diff != "" {
			t.Errorf("%s: %s %s", how, alias.Type, diff)
		}
	}

	resources := tr.deployed(t, nil)
	version := resources[orderStateMachine+"Version"]
	want := map[string]any{"StateMachineArn": orderStateMachine, "StateMachineRevisionId": orderStateMachine + ".StateMachineRevisionId"}
	if diff := cmp.Diff(want, version.Properties); version.Type != "AWS::StepFunctions::StateMachineVersion" || diff != "" {
		t.Errorf("%s %s", version.Type, diff)
	}
	for _, attribute := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
		if got := version.Attributes[attribute]; got != "Retain" {
			t.Errorf("a version's %s is %v", attribute, got)
		}
	}
	if got, want := at(t, resources[orderStateMachine].Properties, "DefinitionSubstitutions", "ValidationFunction"), versionOf(t, resources, validationFunction).LogicalID; got != want {
		t.Errorf("the definition calls %v, want %s", got, want)
	}
	if got := at(t, resources["ApiFunction"].Properties, "Environment", "Variables", "STATE_MACHINE_ARN"); got != stateMachineAlias {
		t.Errorf("executions are started by %v", got)
	}
	// AWS asks by the state machine's own ARN, whichever alias is named.
	if got := allowed(t, resources["ApiRole"], "states:StartExecution"); !slices.Equal(got, []any{orderStateMachine}) {
		t.Errorf("the API may start %v", got)
	}
}

// A parameter that changes a function makes another version of it, which SAM
// does not see to. Only what executions name by its version must not be
// replaced, so that nothing that it does depends on a parameter.
func TestDeployedParametersReachTheAlias(t *testing.T) {
	tr := translate(t, New(Consumers(), Auth{}))
	before := tr.deployed(t, nil)
	for name, value := range otherValues(t) {
		after := tr.deployed(t, map[string]string{name: value})
		for _, capability := range deployedFunctions(before) {
			function := capability + "Function"
			replaced := !cmp.Equal(versionOf(t, before, function).Properties, versionOf(t, after, function).Properties)
			if function == validationFunction {
				if replaced || !cmp.Equal(before[function].Properties["Environment"], after[function].Properties["Environment"]) {
					t.Errorf("%s changes with %s, and executions would lose the version that they name", function, name)
				}
				continue
			}
			if changed := !cmp.Equal(versioned(before[function]), versioned(after[function])); changed != replaced {
				t.Errorf("%s changes with %s: %v; another version of it: %v", function, name, changed, replaced)
			}
		}
	}
}

// versioned is what a version keeps of a function.
func versioned(r cloudformation.Resource) map[string]any {
	properties := maps.Clone(r.Properties)
	delete(properties, "ReservedConcurrentExecutions")
	delete(properties, "Tags")
	return properties
}

// otherValues are, of each parameter, one that is not its default.
func otherValues(t *testing.T) map[string]string {
	t.Helper()
	others := map[string]string{carrierURL: "https://another.example", senderEmail: "another@shop.example"}
	for _, g := range parameters() {
		for _, p := range g.Parameters {
			for _, v := range p.AllowedValues {
				if v != p.Default {
					raw, _ := json.Marshal(v)
					others[p.ID] = strings.Trim(string(raw), `"`)
					break
				}
			}
		}
	}
	return others
}

// A version's description holds 256 characters.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-version.html
func TestDeployedVersionsDescriptionsAreShort(t *testing.T) {
	longest := map[string]int{}
	for _, g := range parameters() {
		for _, p := range g.Parameters {
			switch {
			case p.MaxLength != nil:
				longest[p.ID] = *p.MaxLength
			case p.AllowedValues != nil:
				longest[p.ID] = 32
			}
		}
	}
	described := 0
	for id, r := range translate(t, New(Consumers(), Auth{})).Resources {
		if r.Type != "AWS::Lambda::Version" || r.Properties["Description"] == nil {
			continue
		}
		described++
		characters := 0
		for _, part := range at(t, r.Properties, "Description", "Fn::Join").([]any)[1].([]any) {
			characters++
			if parameter, ok := part.(map[string]any)["Ref"].(string); ok {
				if longest[parameter] == 0 {
					t.Errorf("%s is described by %s, which may be of any length", id, parameter)
				}
				characters += longest[parameter]
			} else {
				characters += 32
			}
		}
		if characters > 256 {
			t.Errorf("%s may be described by %d characters", id, characters)
		}
	}
	if described < 2 {
		t.Errorf("%d functions have parameters, want shipment and notification at least", described)
	}
}

// Alarms watch functions, deployments watch alarms, and nothing goes round in
// circles: CloudFormation would refuse it, as cfn-lint does (E3004).
func TestDeployedWithoutCycles(t *testing.T) {
	tr := translate(t, New(Consumers(), Auth{}))
	file := filepath.Join(t.TempDir(), "translated.json")
	if err := os.WriteFile(file, tr.raw, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(translator), "cfn-lint"), "--include-checks", "E", "--", file).CombinedOutput()
	if err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, output)
	}
	// The resolver of the local cloud refuses cycles, too, and these are apart.
	for _, id := range []string{"ApiFunctionAliaslive", stateMachineAlias} {
		if _, ok := tr.deployed(t, nil)[id]; !ok {
			t.Errorf("there is no %s", id)
		}
	}
}
