package template

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"orderflow/cmd/local/cloud/cloudformation"
)

// translator is Python with SAM's translator, which .ci/sam installs.
const translator = "../.ci/.venv/bin/python"

// translated is what CloudFormation will see of a template, by SAM's own
// translator: what is claimed of a deployed stack is tested on this, and not on
// what we told goformation.
type translated struct {
	rendered
	raw []byte
}

// translations are what was translated before, by the template's JSON: Python
// takes a second to start.
var translations sync.Map

// translate skips the test where the translator is not installed.
func translate(t *testing.T, tmpl *Template) translated {
	t.Helper()
	if _, err := os.Stat(translator); err != nil {
		t.Skipf("SAM's translator is not installed: .ci/sam does that (%v)", err)
	}
	source, err := tmpl.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if before, ok := translations.Load(string(source)); ok {
		return before.(translated)
	}
	in, out := filepath.Join(t.TempDir(), "template.json"), filepath.Join(t.TempDir(), "translated.json")
	if err := os.WriteFile(in, source, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), translator, "../.ci/transform.py", in, ".", out)
	command.Env = append(os.Environ(), "AWS_DEFAULT_REGION=us-east-1")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("transform.py: %v\n%s", err, output)
	}
	var result translated
	if result.raw, err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(result.raw, &result.rendered); err != nil {
		t.Fatal(err)
	}
	translations.Store(string(source), result)
	return result
}

// deployed is what a translated template comes to with these parameters, beside
// those that have no default: conditions decided, and intrinsic functions
// resolved, a Ref to its logical ID and an attribute to "ID.Attribute".
func (tr translated) deployed(t *testing.T, parameters map[string]string) map[string]cloudformation.Resource {
	t.Helper()
	parsed, err := cloudformation.Parse(tr.raw)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{"CarrierUrl": "https://carrier.example", "SenderEmail": "orders@shop.example"}
	for name, value := range parameters {
		given[name] = value
	}
	resources := map[string]cloudformation.Resource{}
	env := cloudformation.Environment{Region: "us-east-1", AccountID: "111122223333", StackName: "orderflow", Parameters: given}
	_, err = parsed.Deploy(env, func(r cloudformation.Resource) (cloudformation.Values, error) {
		resources[r.LogicalID] = r
		return cloudformation.Values{Ref: r.LogicalID, Attributes: attributesOf(r.LogicalID)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return resources
}

// attributesOf are those that the template reads of any resource.
func attributesOf(id string) map[string]any {
	attributes := map[string]any{}
	for _, name := range []string{"ApiEndpoint", "ApiId", "Arn", "Name", "QueueName", "TopicName", "StateMachineVersionArn", "StateMachineRevisionId", "Version"} {
		attributes[name] = id + "." + name
	}
	return attributes
}

// Seven functions, and all that SAM makes of them, reach CloudFormation.
func TestTranslated(t *testing.T) {
	resources := translate(t, New(Consumers(), Auth{})).deployed(t, nil)
	count := map[string]int{}
	for _, r := range resources {
		count[r.Type]++
	}
	for resourceType, want := range map[string]int{
		"AWS::Lambda::Function":            7,
		"AWS::Lambda::EventSourceMapping":  len(Consumers()),
		"AWS::ApiGatewayV2::Api":           1,
		"AWS::StepFunctions::StateMachine": 1,
	} {
		if count[resourceType] != want {
			t.Errorf("there are %d of %s, want %d", count[resourceType], resourceType, want)
		}
	}
}
