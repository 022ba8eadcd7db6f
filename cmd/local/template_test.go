package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/cloudformation"
	"orderflow/template"
)

// TestTemplateOnDisk: the file that sam deploy reads, short forms and all,
// resolves to what the local cloud runs.
func TestTemplateOnDisk(t *testing.T) {
	rendered, err := template.New(template.Consumers(), template.Auth{}).JSON()
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile("../../template/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(resolved(t, rendered), resolved(t, file)); diff != "" {
		t.Errorf("(-rendered +on disk):\n%s", diff)
	}
}

func resolved(t *testing.T, source []byte) map[string]cloudformation.Resource {
	t.Helper()
	parsed, err := cloudformation.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	resources := map[string]cloudformation.Resource{}
	env := cloudformation.Environment{
		Region: "us-east-1", AccountID: "000000000000", StackName: "orderflow",
		Parameters: map[string]string{"CarrierUrl": "http://carrier", "SenderEmail": "a@b.example"},
	}
	_, err = parsed.Deploy(env, func(r cloudformation.Resource) (cloudformation.Values, error) {
		resources[r.LogicalID] = r
		attributes := map[string]any{}
		for _, name := range []string{"ApiEndpoint", "Arn", "Name", "StateMachineRevisionId", "QueueName", "TopicName"} {
			attributes[name] = r.LogicalID + "." + name
		}
		return cloudformation.Values{
			Ref: r.LogicalID, Attributes: attributes,
			Generated: map[string]string{"Alias": r.LogicalID + ".Alias", "Version": r.LogicalID + ".Version"},
			Made:      []cloudformation.StackResource{{LogicalID: r.LogicalID + "Aliaslive", PhysicalID: r.LogicalID + ".Alias"}},
		}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return resources
}
