package template

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/cloudformation"

	gocmp "github.com/google/go-cmp/cmp"
)

// permissionsFile is who may do what, for people to agree to.
const permissionsFile = "testdata/permissions.txt"

// TestPermissions holds what the deployed stack allows against what reviewers
// have seen of it, and against rules that none of it may break.
func TestPermissions(t *testing.T) {
	translation := translate(t, New(Consumers(), Auth{}))
	stack := stackOf(translation.deployed(t, nil))
	t.Run("are those reviewed", func(t *testing.T) { reviewed(t, stack) })
	t.Run("name actions and resources", func(t *testing.T) { narrow(t, stack) })
	t.Run("are what handlers call", func(t *testing.T) { whatHandlersCall(t, stack) })
	t.Run("are what states do", func(t *testing.T) { whatStatesDo(t, stack) })
	t.Run("are for the attributes that states name", func(t *testing.T) { whatStatesName(t, stack) })
	t.Run("are one user's each", func(t *testing.T) { notShared(t, stack) })
	t.Run("are lent to those who act for us", func(t *testing.T) { lent(t, stack) })
	t.Run("of queues are the topic's alone", func(t *testing.T) { topicAlone(t, stack) })
	t.Run("end where plain HTTP begins", func(t *testing.T) { overTLS(t, stack) })
	t.Run("to personal data are few", func(t *testing.T) { personal(t, stack) })
	t.Run("that SAM adds are the API's to call us", func(t *testing.T) { samAdds(t, stack) })
	t.Run("are bounded where the account bounds them", func(t *testing.T) { bounded(t, translation) })
}

func reviewed(t *testing.T, stack stackOf) {
	got := stack.permissions(t)
	if *update {
		if err := os.WriteFile(permissionsFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(permissionsFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(string(want), got); diff != "" {
		t.Errorf("who may do what has changed; if that is meant, go test ./template -run TestPermissions -update:\n%s", diff)
	}
}

// starred are the only actions allowed on every resource, each because AWS
// knows no narrower one.
var starred = map[string]string{
	"logs:CreateLogDelivery":        "log deliveries have no ARN",
	"logs:GetLogDelivery":           "log deliveries have no ARN",
	"logs:UpdateLogDelivery":        "log deliveries have no ARN",
	"logs:DeleteLogDelivery":        "log deliveries have no ARN",
	"logs:ListLogDeliveries":        "log deliveries have no ARN",
	"logs:PutResourcePolicy":        "resource policies belong to the account",
	"logs:DescribeResourcePolicies": "resource policies belong to the account",
	"logs:DescribeLogGroups":        "lists the account's log groups",
	"xray:PutTraceSegments":         "traces have no ARN",
	"xray:PutTelemetryRecords":      "telemetry has no ARN",
	"xray:GetSamplingRules":         "lists the account's rules",
	"xray:GetSamplingTargets":       "quotas belong to the account",
}

func narrow(t *testing.T, stack stackOf) {
	unused := maps.Clone(starred)
	for role := range stack.of("AWS::IAM::Role") {
		for _, s := range stack.allowed(t, role) {
			if s.Effect != "Allow" || len(s.Action) == 0 || len(s.Resource) == 0 {
				t.Errorf("%s: a statement that allows no action on a resource: %v", role, s)
			}
			for _, action := range s.Action {
				if strings.ContainsAny(action, "*?") {
					t.Errorf("%s allows %s", role, action)
				}
				if slices.Contains(s.Resource, "*") && starred[action] == "" {
					t.Errorf("%s allows %s on every resource", role, action)
				}
				delete(unused, action)
			}
		}
		if managed, ok := stack[role].Properties["ManagedPolicyArns"]; ok {
			t.Errorf("%s takes policies that AWS writes: %v", role, managed)
		}
	}
	for action := range unused {
		t.Errorf("%s is excepted, and allowed to nobody", action)
	}
}

func notShared(t *testing.T, stack stackOf) {
	for role := range stack.of("AWS::IAM::Role") {
		if users := stack.usersOf(role); len(users) != 1 {
			t.Errorf("%s is used by %v, want one", role, users)
		}
	}
}

// A role is lent to one service. One that is told for whom it acts must act
// for us: Lambda is not, and takes no role of another account.
func lent(t *testing.T, stack stackOf) {
	machine := "arn:aws:states:us-east-1:111122223333:stateMachine:orderflow-OrderStateMachine"
	if name := stack[orderStateMachine].Properties["StateMachineName"]; name != "orderflow-OrderStateMachine" {
		t.Errorf("the state machine is named %v, and its role trusts another", name)
	}
	sources := map[string]list{
		"codedeploy.amazonaws.com": {"arn:aws:codedeploy:us-east-1:111122223333:deploymentgroup:*"},
		"lambda.amazonaws.com":     nil,
		"states.amazonaws.com":     {machine, machine + ":*"},
		"scheduler.amazonaws.com":  {"arn:aws:scheduler:us-east-1:111122223333:schedule-group/default"},
	}
	for role := range stack.of("AWS::IAM::Role") {
		trust := stack.document(t, role, "AssumeRolePolicyDocument")
		if len(trust) != 1 {
			t.Errorf("%s has %d statements of trust, want 1", role, len(trust))
			continue
		}
		service := trust[0].service()
		want := statement{Effect: "Allow", Principal: map[string]any{"Service": service}, Action: list{"sts:AssumeRole"}}
		source, known := sources[service]
		if !known {
			t.Errorf("%s trusts %v", role, trust[0].Principal)
		}
		if source != nil {
			want.Condition = map[string]map[string]list{
				"StringEquals": {"aws:SourceAccount": {"111122223333"}},
				"ArnLike":      {"aws:SourceArn": source},
			}
		}
		if diff := gocmp.Diff(want, trust[0]); diff != "" {
			t.Errorf("%s: %s", role, diff)
		}
	}
}

func topicAlone(t *testing.T, stack stackOf) {
	for queue := range stack.of("AWS::SQS::Queue") {
		var admitted []statement
		for _, s := range stack.policyOf(t, queue) {
			if s.Effect == "Allow" {
				admitted = append(admitted, s)
			}
		}
		want := []statement{{
			Effect:    "Allow",
			Principal: map[string]any{"Service": "sns.amazonaws.com"},
			Action:    list{"sqs:SendMessage"},
			Resource:  list{queue + ".Arn"},
			Condition: map[string]map[string]list{"ArnEquals": {"aws:SourceArn": {ordersTopic}}},
		}}
		if diff := gocmp.Diff(want, admitted); diff != "" {
			t.Errorf("%s: %s", queue, diff)
		}
	}
	for topic := range stack.of("AWS::SNS::Topic") {
		for _, s := range stack.policyOf(t, topic) {
			if s.Effect == "Allow" {
				t.Errorf("%s admits %v, whatever their own policies say", topic, s.Principal)
			}
		}
	}
}

// Whatever answers at plain HTTP as well, and can be told not to, is.
func overTLS(t *testing.T, stack stackOf) {
	for resourceType, denied := range map[string]statement{
		"AWS::SQS::Queue": {Action: list{"sqs:*"}, Resource: list{".Arn"}},
		"AWS::SNS::Topic": {Action: list{"sns:Publish"}, Resource: list{""}},
		"AWS::S3::Bucket": {Action: list{"s3:*"}, Resource: list{".Arn", ".Arn/*"}},

		"AWS::DynamoDB::Table": {Action: list{"dynamodb:*"}, Resource: list{".Arn"}},
	} {
		for id := range stack.of(resourceType) {
			want := statement{Effect: "Deny", Principal: "*", Action: denied.Action,
				Condition: map[string]map[string]list{"Bool": {"aws:SecureTransport": {"false"}}}}
			for _, suffix := range denied.Resource {
				want.Resource = append(want.Resource, id+suffix)
			}
			policy := stack.policyOf(t, id)
			if !slices.ContainsFunc(policy, func(s statement) bool { return gocmp.Equal(s, want) }) {
				t.Errorf("%s can be reached over plain HTTP: %v", id, policy)
			}
		}
	}
}

// An order's personal data is read by who shows it to the customer, who writes
// to the customer, and who sends the parcel.
func personal(t *testing.T, stack stackOf) {
	want := map[string][]string{
		"ApiRole":          {"customer", "shippingAddress"},
		"NotificationRole": {"customer", "shippingAddress"},
		"ShipmentRole":     {"shippingAddress"},
	}
	got := map[string][]string{}
	for role := range stack.of("AWS::IAM::Role") {
		for _, s := range stack.allowed(t, role) {
			if !slices.Contains(s.Resource, ordersTable+".Arn") || !s.reads() {
				continue
			}
			attributes, limited := s.Condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]
			if projected := slices.Equal(s.Condition["StringEqualsIfExists"]["dynamodb:Select"], list{"SPECIFIC_ATTRIBUTES"}); limited != projected {
				t.Errorf("%s: %v names attributes, and need not: or the other way round", role, s.Action)
			}
			for _, attribute := range []string{"customer", "shippingAddress"} {
				if !limited || slices.Contains(attributes, attribute) {
					got[role] = append(got[role], attribute)
				}
			}
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// SAM makes no role, and lets nobody but our API call a function.
func samAdds(t *testing.T, stack stackOf) {
	ours := New(Consumers(), Auth{})
	var want []string
	for _, s := range ours.Sections {
		for _, r := range s.Resources {
			if strings.HasSuffix(r.ID, "Role") {
				want = append(want, r.ID)
			}
		}
	}
	slices.Sort(want)
	if diff := gocmp.Diff(want, slices.Sorted(stack.of("AWS::IAM::Role"))); diff != "" {
		t.Errorf("roles in the template (-) and in the stack (+):\n%s", diff)
	}
	for _, resourceType := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"} {
		for id := range stack.of(resourceType) {
			t.Errorf("%s is a %s", id, resourceType)
		}
	}
	const calls = "arn:aws:execute-api:us-east-1:111122223333:OrdersApi/*/"
	for id := range stack.of("AWS::Lambda::Permission") {
		p := stack[id].Properties
		if arn, _ := p["SourceArn"].(string); p["Principal"] != "apigateway.amazonaws.com" || !strings.HasPrefix(arn, calls) || p["Action"] != "lambda:InvokeFunction" {
			t.Errorf("%s lets %v of %v do %v", id, p["Principal"], p["SourceArn"], p["Action"])
		}
	}
}

// A customer's cancellation names whose order it is; others may not.
func TestPermissionToCancel(t *testing.T) {
	want := map[Auth][]string{
		{}: {"orderId", "status", "failure", "decidedAt"},
		{Mode: JWT, Issuer: "https://issuer.example", Audience: "orders"}: {"orderId", "status", "failure", "decidedAt", "customerId"},
	}
	for auth, attributes := range want {
		stack := stackOf(translate(t, New(Consumers(), auth)).deployed(t, nil))
		for _, s := range stack.allowed(t, "ApiRole") {
			if !slices.Contains(s.Action, "dynamodb:UpdateItem") {
				continue
			}
			if diff := gocmp.Diff(list(attributes), s.Condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]); diff != "" {
				t.Errorf("%q: %s", auth.Mode, diff)
			}
			delete(want, auth)
		}
	}
	if len(want) > 0 {
		t.Errorf("nobody may cancel orders: %v", want)
	}
}

// Where an account bounds its roles, ours are bound too.
func bounded(t *testing.T, translation translated) {
	const boundary = "arn:aws:iam::111122223333:policy/bound"
	for _, given := range []string{"", boundary} {
		stack := stackOf(translation.deployed(t, map[string]string{permissionsBoundary: given}))
		for role := range stack.of("AWS::IAM::Role") {
			if got, _ := stack[role].Properties["PermissionsBoundary"].(string); got != given {
				t.Errorf("given %q, %s is bound by %q", given, role, got)
			}
		}
	}
}

// stackOf is a deployed stack: its resources, by logical ID.
type stackOf map[string]cloudformation.Resource

// A statement is one of a policy as IAM reads it.
type statement struct {
	Effect    string
	Principal any
	Action    list
	Resource  list
	Condition map[string]map[string]list
}

// A list may be written as its one element.
type list []string

func (l *list) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(l))
}

func (s statement) service() string {
	principal, _ := s.Principal.(map[string]any)
	service, _ := principal["Service"].(string)
	return service
}

func (s statement) reads() bool {
	return slices.ContainsFunc(s.Action, func(action string) bool {
		return slices.Contains([]string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Scan", "dynamodb:Query"}, action)
	})
}

func (r stackOf) of(resourceType string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, id := range slices.Sorted(maps.Keys(r)) {
			if r[id].Type == resourceType && !yield(id) {
				return
			}
		}
	}
}

// document is the statements of a policy, at a path below a resource's properties.
func (r stackOf) document(t *testing.T, id string, path ...string) []statement {
	t.Helper()
	raw, err := json.Marshal(at(t, r[id].Properties, append(path, "Statement")...))
	if err != nil {
		t.Fatal(err)
	}
	var statements []statement
	if err := json.Unmarshal(raw, &statements); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return statements
}

// allowed is what a role is.
func (r stackOf) allowed(t *testing.T, role string) []statement {
	t.Helper()
	if policies := at(t, r[role].Properties, "Policies").([]any); len(policies) != 1 {
		t.Errorf("%s has %d policies, want 1", role, len(policies))
	}
	return r.document(t, role, "Policies", "0", "PolicyDocument")
}

// usersOf are the resources that take a role.
func (r stackOf) usersOf(role string) []string {
	var users []string
	for _, id := range slices.Sorted(maps.Keys(r)) {
		if takes(r[id].Properties, role+".Arn") {
			users = append(users, id)
		}
	}
	return users
}

func takes(v any, role string) bool {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if (strings.HasSuffix(name, "Role") || strings.HasSuffix(name, "RoleArn")) && inner == role || takes(inner, role) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return takes(inner, role) })
	}
	return false
}

// policyOf is the policy of a queue, a topic or a bucket, which is a resource
// of its own, or that of a table, which is not.
func (r stackOf) policyOf(t *testing.T, id string) []statement {
	t.Helper()
	if _, ok := r[id].Properties["ResourcePolicy"]; ok {
		statements := r.document(t, id, "ResourcePolicy", "PolicyDocument")
		for i := range statements {
			if slices.Equal(statements[i].Resource, list{"*"}) { // it takes effect on the table alone
				statements[i].Resource = list{id + ".Arn"}
			}
		}
		return statements
	}
	for _, policy := range slices.Sorted(maps.Keys(r)) {
		for _, subjects := range []string{"Queues", "Topics", "Bucket"} {
			if v := r[policy].Properties[subjects]; v == id || gocmp.Equal(v, []any{id}) {
				return r.document(t, policy, "PolicyDocument")
			}
		}
	}
	t.Errorf("%s has no policy", id)
	return nil
}

const legend = `Who may do what in the deployed stack, whose name is orderflow. A line is a statement.
Written by go test ./template -run TestPermissions -update, from what SAM's translator makes of the template.

  of: a b            ForAllValues:StringEquals dynamodb:Attributes a b      no other attributes are named
  projected          StringEqualsIfExists dynamodb:Select SPECIFIC_ATTRIBUTES  and some are
  returning nothing  StringEqualsIfExists dynamodb:ReturnValues NONE        nor does the answer hold others
  in transactions    ForAnyValue:StringEquals dynamodb:EnclosingOperation TransactWriteItems
  over plain HTTP    Bool aws:SecureTransport false
`

// permissions writes all policies down, a statement a line.
func (r stackOf) permissions(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	out.WriteString(legend)
	for role := range r.of("AWS::IAM::Role") {
		fmt.Fprintf(&out, "\n%s, of %s\n", role, strings.Join(r.usersOf(role), " and "))
		out.WriteString(lines(r.document(t, role, "AssumeRolePolicyDocument")))
		out.WriteString(lines(r.allowed(t, role)))
	}
	out.WriteString("\nPolicies of buckets, queues, tables and topics\n")
	var policies []statement
	for _, resourceType := range []string{"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SNS::Topic", "AWS::SQS::Queue"} {
		for id := range r.of(resourceType) {
			policies = append(policies, r.policyOf(t, id)...)
		}
	}
	out.WriteString(lines(policies))
	out.WriteString("\nPolicies of functions\n")
	var calls []statement
	for id := range r.of("AWS::Lambda::Permission") {
		p := r[id].Properties
		calls = append(calls, statement{
			Effect:    "Allow",
			Principal: map[string]any{"Service": p["Principal"]},
			Action:    list{p["Action"].(string)},
			Resource:  list{p["FunctionName"].(string)},
			Condition: map[string]map[string]list{"ArnLike": {"aws:SourceArn": {p["SourceArn"].(string)}}},
		})
	}
	out.WriteString(lines(calls))
	return out.String()
}

// lines are statements in columns, sorted.
func lines(statements []statement) string {
	var lines []string
	for _, s := range statements {
		lines = append(lines, s.String()+"\n")
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// String is the statement in three columns: actions, resources and conditions.
func (s statement) String() string {
	actions := shortened(s.Action)
	if s.Effect != "Allow" {
		actions = strings.ToUpper(s.Effect) + " " + actions
	}
	var conditions []string
	if service := s.service(); service != "" {
		conditions = append(conditions, "by "+service)
	} else if s.Principal != nil {
		conditions = append(conditions, fmt.Sprintf("by %v", s.Principal))
	}
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for _, key := range slices.Sorted(maps.Keys(s.Condition[operator])) {
			conditions = append(conditions, condition(operator, key, s.Condition[operator][key]))
		}
	}
	resources := strings.ReplaceAll(strings.Join(s.Resource, " "), ".Arn", "")
	return strings.TrimRight(fmt.Sprintf("  %-53s %-28s %s", actions, resources, strings.Join(conditions, "; ")), " ")
}

// condition is one of a statement, in the legend's words where it has some.
func condition(operator, key string, values list) string {
	sorted := strings.Join(slices.Sorted(slices.Values(values)), " ")
	if operator == "ForAllValues:StringEquals" && key == "dynamodb:Attributes" {
		return "of: " + sorted
	}
	whole := operator + " " + key + " " + sorted
	return cmp.Or(map[string]string{
		"StringEqualsIfExists dynamodb:Select SPECIFIC_ATTRIBUTES":                "projected",
		"StringEqualsIfExists dynamodb:ReturnValues NONE":                         "returning nothing",
		"ForAnyValue:StringEquals dynamodb:EnclosingOperation TransactWriteItems": "in transactions",
		"Bool aws:SecureTransport false":                                          "over plain HTTP",
	}[whole], whole)
}

// shortened lists actions of one service, which is named once.
func shortened(actions list) string {
	sorted := slices.Sorted(slices.Values(actions))
	service, _, _ := strings.Cut(sorted[0], ":")
	for i, action := range sorted[1:] {
		sorted[i+1] = strings.TrimPrefix(action, service+":")
	}
	return strings.Join(sorted, ",")
}

// Mail leaves from one address alone, through whatever configuration set its
// identity has: SES asks about both.
func TestMailLeavesFromTheSendersAddress(t *testing.T) {
	role := translate(t, New(Consumers(), Auth{})).deployed(t, nil)["NotificationRole"]
	const ses = "arn:aws:ses:us-east-1:111122223333:"
	if got, want := allowed(t, role, "ses:SendEmail"), []any{ses + "identity/*", ses + "configuration-set/*"}; !slices.Equal(got, want) {
		t.Errorf("it may be sent on %v, want %v", got, want)
	}
}
