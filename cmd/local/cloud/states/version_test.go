package states

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/protocol"
)

// release is a definition that waits for a minute and then tells its name and
// what a function answers whose version the definition names.
func release(name string) string {
	return `{"QueryLanguage":"JSONata","StartAt":"Wait","States":{
		"Wait":{"Type":"Wait","Seconds":60,"Next":"Call"},
		"Call":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"arn:aws:lambda:us-east-1:000000000000:function:f:` + name + `"},
			"Output":"{% '` + name + ` ' & $states.result.Payload %}","End":true}}}`
}

// versions is a state machine whose version 1 calls version 1 of a function,
// and its version 2 the function's version 2; alias live is version 1.
func versions(t *testing.T) (c *cloud, machine string) {
	t.Helper()
	c = newCloud(t, nil, func(_ context.Context, function string, _ []byte) (*Invocation, error) {
		return &Invocation{Payload: []byte(`"` + function[strings.LastIndexByte(function, ':')+1:] + `"`)}, nil
	})
	created, err := c.Client.CreateStateMachine(t.Context(), &sfn.CreateStateMachineInput{
		Name: aws.String("M"), Definition: aws.String(release("1")), RoleArn: aws.String("arn:aws:iam::000000000000:role/Role"), Publish: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	machine = *created.StateMachineArn
	if got := aws.ToString(created.StateMachineVersionArn); got != machine+":1" {
		t.Errorf("published %s", got)
	}
	alias, err := c.Client.CreateStateMachineAlias(t.Context(), &sfn.CreateStateMachineAliasInput{
		Name: aws.String("live"), RoutingConfiguration: routing(machine+":1", 100),
	})
	if err != nil {
		t.Fatal(err)
	}
	if *alias.StateMachineAliasArn != machine+":live" {
		t.Errorf("the alias is %s", *alias.StateMachineAliasArn)
	}
	return c, machine
}

func routing(first string, weight int32, others ...string) []types.RoutingConfigurationListItem {
	r := []types.RoutingConfigurationListItem{{StateMachineVersionArn: &first, Weight: weight}}
	for _, other := range others {
		r = append(r, types.RoutingConfigurationListItem{StateMachineVersionArn: &other, Weight: 100 - weight})
	}
	return r
}

func (c *cloud) update(machine, definition string) {
	c.t.Helper()
	if _, err := c.Client.UpdateStateMachine(c.t.Context(), &sfn.UpdateStateMachineInput{StateMachineArn: &machine, Definition: &definition, Publish: true}); err != nil {
		c.t.Fatal(err)
	}
}

func (c *cloud) move(alias string, to []types.RoutingConfigurationListItem) {
	c.t.Helper()
	if _, err := c.Client.UpdateStateMachineAlias(c.t.Context(), &sfn.UpdateStateMachineAliasInput{StateMachineAliasArn: &alias, RoutingConfiguration: to}); err != nil {
		c.t.Fatal(err)
	}
}

// An execution that waits goes on with the definition, and the version of the
// function, that it began with, whatever is deployed or deleted meanwhile.
func TestRunningExecutionsKeepTheirVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, machine := versions(t)
		live := machine + ":live"
		old := c.start(live, "old", "{}")
		synctest.Wait()

		c.update(machine, release("2"))
		stillOld := c.start(live, "still-old", "{}")
		c.move(live, routing(machine+":2", 100))
		if _, err := c.Client.DeleteStateMachineVersion(t.Context(), &sfn.DeleteStateMachineVersionInput{StateMachineVersionArn: aws.String(machine + ":1")}); err != nil {
			t.Fatal(err)
		}
		next := c.start(live, "new", "{}")
		latest := c.start(machine, "latest", "{}")
		again := c.start(live, "old", "{}") // alike by name and input
		if again != old || strings.Contains(old, "live") {
			t.Errorf("the old one is %s, and again %s", old, again)
		}
		time.Sleep(61 * time.Second)
		synctest.Wait()

		for _, test := range []struct {
			arn, output, version string
			alias                bool
		}{
			{old, `"1 1"`, "1", true},
			{stillOld, `"1 1"`, "1", true},
			{next, `"2 2"`, "2", true},
			{latest, `"2 2"`, "", false},
		} {
			d := c.describe(test.arn)
			version, alias := "", ""
			if test.version != "" {
				version = machine + ":" + test.version
			}
			if test.alias {
				alias = live
			}
			if aws.ToString(d.Output) != test.output || aws.ToString(d.StateMachineVersionArn) != version ||
				aws.ToString(d.StateMachineAliasArn) != alias || *d.StateMachineArn != machine {
				t.Errorf("%s: output %s of %s by %s", test.arn, aws.ToString(d.Output), aws.ToString(d.StateMachineVersionArn), aws.ToString(d.StateMachineAliasArn))
			}
		}
		of, err := c.Client.DescribeStateMachineForExecution(t.Context(), &sfn.DescribeStateMachineForExecutionInput{ExecutionArn: &old})
		if err != nil || *of.Definition != release("1") {
			t.Errorf("the old one's definition is %v (%v)", of, err)
		}
		for arn, want := range map[string][]string{
			machine:        {latest, next, stillOld, old},
			live:           {next, stillOld, old},
			machine + ":2": {next},
		} {
			var got []string
			pages := sfn.NewListExecutionsPaginator(c.Client, &sfn.ListExecutionsInput{StateMachineArn: &arn, MaxResults: 2})
			for pages.HasMorePages() {
				page, err := pages.NextPage(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, x := range page.Executions {
					got = append(got, *x.ExecutionArn)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", arn, diff)
			}
		}
	})
}

// An alias of two versions starts each as often as its weight says.
func TestAliasOfTwoVersions(t *testing.T) {
	c, machine := versions(t)
	c.update(machine, release("2"))
	c.move(machine+":live", routing(machine+":1", 90, machine+":2"))
	seed := uint64(0)
	c.cfg.Seed = func() uint64 { seed++; return seed }
	count := map[string]int{}
	for range 1000 {
		count[*c.describe(c.start(machine+":live", "", "{}")).StateMachineVersionArn]++
	}
	if n := count[machine+":2"]; n < 70 || n > 130 || n+count[machine+":1"] != 1000 {
		t.Errorf("of a thousand executions %d are of version 2, which has a weight of 10", n)
	}
}

func TestVersionsAndAliasesAreListed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, machine := versions(t)
		again, err := c.Client.PublishStateMachineVersion(t.Context(), &sfn.PublishStateMachineVersionInput{StateMachineArn: &machine, RevisionId: aws.String("INITIAL")})
		if err != nil || *again.StateMachineVersionArn != machine+":1" {
			t.Errorf("the same revision is published again as %v (%v)", again, err)
		}
		c.update(machine, release("2"))
		if _, err := c.Client.CreateStateMachineAlias(t.Context(), &sfn.CreateStateMachineAliasInput{Name: aws.String("next"), Description: aws.String("soon"), RoutingConfiguration: routing(machine+":2", 100)}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for page := range 2 {
			in := &sfn.ListStateMachineVersionsInput{StateMachineArn: &machine, MaxResults: 1}
			out, err := c.Client.ListStateMachineVersions(t.Context(), in)
			if err == nil && page == 1 {
				in.NextToken = out.NextToken
				out, err = c.Client.ListStateMachineVersions(t.Context(), in)
			}
			if err != nil || len(out.StateMachineVersions) != 1 {
				t.Fatal(out, err)
			}
			got = append(got, *out.StateMachineVersions[0].StateMachineVersionArn)
		}
		for _, of := range []string{machine, machine + ":1", machine + ":2"} {
			out, err := c.Client.ListStateMachineAliases(t.Context(), &sfn.ListStateMachineAliasesInput{StateMachineArn: &of})
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range out.StateMachineAliases {
				got = append(got, *a.StateMachineAliasArn)
			}
		}
		want := []string{machine + ":2", machine + ":1", machine + ":next", machine + ":live", machine + ":live", machine + ":next"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		d, err := c.Client.DescribeStateMachineAlias(t.Context(), &sfn.DescribeStateMachineAliasInput{StateMachineAliasArn: aws.String(machine + ":next")})
		if err != nil || *d.Name != "next" || *d.Description != "soon" || *d.RoutingConfiguration[0].StateMachineVersionArn != machine+":2" || d.RoutingConfiguration[0].Weight != 100 {
			t.Errorf("%+v %v", d, err)
		}
		for arn, want := range map[string]string{machine: release("2"), machine + ":1": release("1")} {
			d, err := c.Client.DescribeStateMachine(t.Context(), &sfn.DescribeStateMachineInput{StateMachineArn: &arn})
			if err != nil || *d.StateMachineArn != arn || *d.Definition != want || (d.RevisionId == nil) != (arn == machine+":1") {
				t.Errorf("%s: %+v %v", arn, d, err)
			}
		}
		if _, err := c.Client.DeleteStateMachineAlias(t.Context(), &sfn.DeleteStateMachineAliasInput{StateMachineAliasArn: aws.String(machine + ":next")}); err != nil {
			t.Error(err)
		}
		if _, err := c.Client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: aws.String(machine + ":next")}); apiCode(err) != "StateMachineDoesNotExist" {
			t.Errorf("a deleted alias starts: %v", err)
		}
	})
}

func TestVersionsAndAliasesRefuse(t *testing.T) {
	c, machine := versions(t)
	other := c.create("Other", `"First":{"Type":"Succeed"}`)
	if _, err := c.Client.PublishStateMachineVersion(t.Context(), &sfn.PublishStateMachineVersionInput{StateMachineArn: &other}); err != nil {
		t.Fatal(err)
	}
	c.update(machine, release("2"))
	one, two, live := machine+":1", machine+":2", machine+":live"
	for _, test := range []struct{ action, input, want string }{
		{"StartExecution", `{"stateMachineArn":"` + machine + `:3"}`, "StateMachineDoesNotExist"},
		{"StartExecution", `{"stateMachineArn":"` + machine + `:next"}`, "StateMachineDoesNotExist"},
		{"ListExecutions", `{"stateMachineArn":"` + machine + `:next"}`, "StateMachineDoesNotExist"},
		{"DescribeStateMachine", `{"stateMachineArn":"` + live + `"}`, "ValidationException"},
		{"DescribeStateMachineAlias", `{"stateMachineAliasArn":"` + machine + `:next"}`, "ResourceNotFound"},
		{"PublishStateMachineVersion", `{"stateMachineArn":"` + machine + `","revisionId":"INITIAL"}`, "ConflictException"},
		{"PublishStateMachineVersion", `{"stateMachineArn":"` + one + `"}`, "StateMachineDoesNotExist"},
		{"UpdateStateMachine", `{"stateMachineArn":"` + machine + `"}`, "MissingRequiredParameter"},
		{"UpdateStateMachine", `{"stateMachineArn":"` + machine + `","definition":"{}"}`, "InvalidDefinition"},
		{"UpdateStateMachine", `{"stateMachineArn":"` + machine + `","roleArn":"arn:r","versionDescription":"x"}`, "ValidationException"},
		{"UpdateStateMachine", `{"stateMachineArn":"` + live + `","roleArn":"arn:r"}`, "StateMachineDoesNotExist"},
		{"CreateStateMachineAlias", `{"name":"7","routingConfiguration":[{"stateMachineVersionArn":"` + one + `","weight":100}]}`, "ValidationException"},
		{"CreateStateMachineAlias", `{"name":"a"}`, "ValidationException"},
		{"CreateStateMachineAlias", `{"name":"a","routingConfiguration":[{"stateMachineVersionArn":"` + one + `","weight":90}]}`, "ValidationException"},
		{"CreateStateMachineAlias", `{"name":"a","routingConfiguration":[{"stateMachineVersionArn":"` + machine + `:9","weight":100}]}`, "ResourceNotFound"},
		{"CreateStateMachineAlias", `{"name":"a","routingConfiguration":[{"stateMachineVersionArn":"` + one + `","weight":50},{"stateMachineVersionArn":"` + one + `","weight":50}]}`, "ValidationException"},
		{"CreateStateMachineAlias", `{"name":"a","routingConfiguration":[{"stateMachineVersionArn":"` + one + `","weight":50},{"stateMachineVersionArn":"` + other + `:1","weight":50}]}`, "ValidationException"},
		{"CreateStateMachineAlias", `{"name":"live","routingConfiguration":[{"stateMachineVersionArn":"` + two + `","weight":100}]}`, "ConflictException"},
		{"UpdateStateMachineAlias", `{"stateMachineAliasArn":"` + live + `"}`, "ValidationException"},
		{"UpdateStateMachineAlias", `{"stateMachineAliasArn":"` + machine + `:next","description":"x"}`, "ResourceNotFound"},
		{"UpdateStateMachineAlias", `{"stateMachineAliasArn":"` + live + `","routingConfiguration":[{"stateMachineVersionArn":"` + other + `:1","weight":100}]}`, "ValidationException"},
		{"DeleteStateMachineVersion", `{"stateMachineVersionArn":"` + one + `"}`, "ConflictException"},
		{"DeleteStateMachineAlias", `{"stateMachineAliasArn":"` + machine + `:next"}`, "ResourceNotFound"},
		{"ListStateMachineAliases", `{"stateMachineArn":"` + machine + `:9"}`, "StateMachineDoesNotExist"},
	} {
		if _, err := c.Actions().Call(t.Context(), test.action, []byte(test.input)); apiCode(err) != test.want {
			t.Errorf("%s %s: %v, want %s", test.action, test.input, err, test.want)
		}
	}
	// What is created again as it is, is there already.
	if _, err := c.Client.CreateStateMachineAlias(t.Context(), &sfn.CreateStateMachineAliasInput{Name: aws.String("live"), RoutingConfiguration: routing(one, 100)}); err != nil {
		t.Error(err)
	}
	out, err := c.Client.ListStateMachineAliases(t.Context(), &sfn.ListStateMachineAliasesInput{StateMachineArn: &machine})
	if err != nil || len(out.StateMachineAliases) != 1 || *out.StateMachineAliases[0].StateMachineAliasArn != live {
		t.Errorf("the aliases are %v (%v)", out, err)
	}
}

// apiCode is the code of an error, from the SDK or from the service itself.
func apiCode(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}
