package dynamodb_test

import (
	"encoding/json"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/iam"
)

// TestResourcePolicy: a table's policy allows and denies beside the caller's
// own, on the table and on its indexes; another table's has no say.
func TestResourcePolicy(t *testing.T) {
	const tableARN = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders"
	s := newService(t)
	for _, name := range []string{"Orders", "Others"} {
		call(t, s, "CreateTable", `{"TableName": "`+name+`", "BillingMode": "PAY_PER_REQUEST",
			"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}, {"AttributeName": "customer", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
			"GlobalSecondaryIndexes": [{"IndexName": "byCustomer", "KeySchema": [{"AttributeName": "customer", "KeyType": "HASH"}], "Projection": {"ProjectionType": "ALL"}}]}`)
	}
	put := func(policy, more string) string {
		quoted, err := json.Marshal(policy)
		if err != nil {
			t.Fatal(err)
		}
		return `{"ResourceArn": "` + tableARN + `", "Policy": ` + string(quoted) + more + `}`
	}
	get := `{"ResourceArn": "` + tableARN + `"}`
	refused(t, s, "GetResourcePolicy", get, "PolicyNotFoundException: Resource-based policy not found for the provided ResourceArn: "+tableARN)
	refused(t, s, "PutResourcePolicy", put(`{"Statement": []}`, ""), "ValidationException: One or more parameter values were invalid: the policy has no statement")

	policy := `{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Principal": {"Service": "reader.amazonaws.com"}, "Action": ["dynamodb:GetItem", "dynamodb:Query"], "Resource": "*"},
		{"Effect": "Deny", "Principal": "*", "Action": "dynamodb:Query", "Resource": "` + tableARN + `"}]}`
	refused(t, s, "PutResourcePolicy", put(policy, `, "ExpectedRevisionId": "other"`), "PolicyNotFoundException: the policy of "+tableARN+` has another revision than "other"`)
	first := call(t, s, "PutResourcePolicy", put(policy, `, "ExpectedRevisionId": "NO_POLICY"`))
	same(t, "the same policy", call(t, s, "PutResourcePolicy", put(policy, "")), first)
	if got := call(t, s, "GetResourcePolicy", get); !strings.Contains(got, "reader.amazonaws.com") || !strings.Contains(got, strings.Trim(first, "{}")) {
		t.Errorf("the policy is %s, put as %s", got, first)
	}

	for _, test := range []struct{ by, action, input, want string }{
		{"reader", "GetItem", `{"TableName": "Orders", "Key": {"id": {"S": "1"}}}`, ""},
		{"writer", "GetItem", `{"TableName": "Orders", "Key": {"id": {"S": "1"}}}`, "because no resource-based policy allows the dynamodb:GetItem action"},
		{"reader", "GetItem", `{"TableName": "Others", "Key": {"id": {"S": "1"}}}`, "because no resource-based policy allows the dynamodb:GetItem action"},
		{"reader", "PutItem", `{"TableName": "Orders", "Item": {"id": {"S": "1"}}}`, "because no resource-based policy allows the dynamodb:PutItem action"},
		{"reader", "Query", `{"TableName": "Orders", "KeyConditionExpression": "id = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}`, "with an explicit deny in a resource-based policy"},
		{"reader", "Query", `{"TableName": "Orders", "IndexName": "byCustomer", "KeyConditionExpression": "customer = :v", "ExpressionAttributeValues": {":v": {"S": "1"}}}`, ""},
		{"reader", "GetResourcePolicy", get, "on resource: " + tableARN + " because"},
	} {
		ctx := iam.As(t.Context(), iam.ServicePrincipal(test.by+".amazonaws.com", "", "000000000000"))
		_, err := s.Actions().Call(ctx, test.action, []byte(test.input))
		if (err == nil) != (test.want == "") || err != nil && (!strings.HasPrefix(err.Error(), "AccessDeniedException: ") || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s %s by %s: %v, want %q", test.action, test.input, test.by, err, test.want)
		}
	}
}
