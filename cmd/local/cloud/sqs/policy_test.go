package sqs

import (
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

// What a queue's policy says and is not honoured is refused by name.
func TestPolicyRefused(t *testing.T) {
	for statement, want := range map[string]string{
		`{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"*"}`:                    `principal`,
		`{"Effect":"Allow","NotPrincipal":"*","Action":"sqs:SendMessage","Resource":"*"}`: `NotPrincipal`,
		`{"Effect":"Perhaps","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}`:  `Perhaps`,
	} {
		_, err := parsePolicy(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)
		if err == nil || protocol.AsError(err).Code != "InvalidAttributeValue" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to name %s", statement, err, want)
		}
	}
	if p, err := parsePolicy(""); p != nil || err != nil {
		t.Error(p, err)
	}
}

// A role that no policy mentions may do nothing; a queue's policy may admit it.
func TestAuthorize(t *testing.T) {
	const url = "http://127.0.0.1:4566/000000000000/q"
	roles := iam.New(iam.Config{Account: "000000000000"})
	role, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: "r", AssumeRolePolicyDocument: `{"Statement": {
		"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}`})
	if err != nil {
		t.Fatal(err)
	}
	session, err := roles.AssumeRole(role.Arn, "f", iam.ServicePrincipal("lambda.amazonaws.com", "arn:aws:lambda:us-east-1:000000000000:function:f", "000000000000"))
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Region: "us-east-1", Account: "000000000000", BaseURL: "http://127.0.0.1:4566"})
	defer s.Close()
	if _, err := s.CreateQueue(t.Context(), &CreateQueueInput{QueueName: "q"}); err != nil {
		t.Fatal(err)
	}
	ctx := iam.As(t.Context(), session)
	batch := []byte(`{"QueueUrl": "` + url + `", "Entries": [{"Id": "1", "MessageBody": "x"}]}`)
	_, err = s.Actions().Call(ctx, "SendMessageBatch", batch)
	want := "User: arn:aws:sts::000000000000:assumed-role/r/f is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:us-east-1:000000000000:q because no identity-based policy allows the sqs:sendmessage action"
	if e := protocol.AsError(err); e.Code != "AccessDeniedException" || e.QueryCode != "AccessDenied" || e.Status != 403 || e.Message != want {
		t.Errorf("%+v", e)
	}
	policy := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + role.Arn + `"},"Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:q"}}`
	if _, err := s.SetQueueAttributes(t.Context(), &SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"Policy": policy}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Actions().Call(ctx, "SendMessageBatch", batch); err != nil {
		t.Error(err)
	}
	if _, err := s.Actions().Call(ctx, "ListQueues", []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "sqs:listqueues on resource: *") {
		t.Error(err)
	}
}
