package lambda_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/logs"
	"orderflow/cmd/local/cloud/sqs"
)

// functionRole is a role in the hands of Lambda that may do some actions.
func functionRole(t *testing.T, actions ...string) *iam.Principal {
	t.Helper()
	roles := iam.New(iam.Config{Account: "000000000000"})
	created, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: "r", AssumeRolePolicyDocument: `{"Statement": {
		"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}`})
	if err != nil {
		t.Fatal(err)
	}
	err = roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: "r", PolicyName: "p", PolicyDocument: `{"Statement": {
		"Effect": "Allow", "Action": ["` + strings.Join(actions, `", "`) + `"], "Resource": "*"}}`})
	if err != nil {
		t.Fatal(err)
	}
	role, err := roles.AssumeRole(created.Arn, "f", iam.ServicePrincipal("lambda.amazonaws.com", "", "000000000000"))
	if err != nil {
		t.Fatal(err)
	}
	return role
}

// TestVersionsHaveTheRole: Lambda does for a version and for an alias what it
// does for the function, as the function's role, and nothing more.
func TestVersionsHaveTheRole(t *testing.T) {
	reads, writes := []string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}, []string{"logs:CreateLogStream", "logs:PutLogEvents"}
	all := slices.Concat(reads, writes)
	for _, name := range []string{"f", "f:1", "f:live"} {
		for _, missing := range append([]string{""}, all...) {
			queues := sqs.New(sqs.Config{Region: "us-east-1", Account: "000000000000", BaseURL: "http://localhost"})
			t.Cleanup(queues.Close)
			if _, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: "orders"}); err != nil {
				t.Fatal(err)
			}
			kept := logs.New(logs.Config{})
			s := newService(t, lambda.Config{SQS: queues, Logs: kept})
			actions := slices.DeleteFunc(slices.Clone(all), func(action string) bool { return action == missing })
			create(t, s, lambda.CreateFunctionInput{FunctionName: "f", Principal: functionRole(t, actions...)}, func(context.Context) {})
			publish(t, s, "f")
			if _, err := s.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: "f", Name: "live", FunctionVersion: "1"}); err != nil {
				t.Fatal(err)
			}

			_, err := s.CreateEventSourceMapping(t.Context(), &lambda.CreateEventSourceMappingInput{FunctionName: name, EventSourceArn: queueARN, Enabled: new(false)})
			want := ""
			if slices.Contains(reads, missing) {
				want = "does not have permissions to call " + strings.TrimPrefix(missing, "sqs:")
			}
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("mapping to %s without %q: %v, want %q", name, missing, err, want)
			}
			invoke(t, s, name, "{}")
			_, err = kept.FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: "/aws/lambda/f"}) // which the first line makes
			if logged, want := err == nil, !slices.Contains(writes, missing); logged != want {
				t.Errorf("%s without %q: logged %t, %v", name, missing, logged, err)
			}
		}
	}
}
