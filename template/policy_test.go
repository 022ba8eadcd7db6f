package template

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"orderflow/statemachine"

	"github.com/google/go-cmp/cmp"
)

// starred are the only statements on every resource, each because AWS knows no
// narrower one.
var starred = map[string]string{
	"OrderStateMachineRole logs:CreateLogDelivery":        "log deliveries have no ARN",
	"OrderStateMachineRole logs:GetLogDelivery":           "log deliveries have no ARN",
	"OrderStateMachineRole logs:UpdateLogDelivery":        "log deliveries have no ARN",
	"OrderStateMachineRole logs:DeleteLogDelivery":        "log deliveries have no ARN",
	"OrderStateMachineRole logs:ListLogDeliveries":        "log deliveries have no ARN",
	"OrderStateMachineRole logs:PutResourcePolicy":        "resource policies belong to the account",
	"OrderStateMachineRole logs:DescribeResourcePolicies": "resource policies belong to the account",
	"OrderStateMachineRole logs:DescribeLogGroups":        "lists the account's log groups",
}

func TestNoRoleMayDoEverythingOrTouchEverything(t *testing.T) {
	unused := maps.Clone(starred)
	for role, statements := range allowedByRole(t) {
		for _, s := range statements {
			for _, action := range s.Action {
				if strings.ContainsAny(action, "*?") {
					t.Errorf("%s allows %s", role, action)
				}
				if !slices.Contains(s.Resource, any("*")) {
					continue
				}
				if starred[role+" "+action] == "" {
					t.Errorf("%s allows %s on every resource", role, action)
				}
				delete(unused, role+" "+action)
			}
		}
	}
	for exception := range unused {
		t.Errorf("%s is excepted and needs no exception", exception)
	}
}

func TestNoFunctionSharesARole(t *testing.T) {
	owner := map[any]string{}
	for id, r := range render(t, Consumers()).Resources {
		if role, ok := r.Properties["Role"]; ok {
			name := at(t, role, "Fn::GetAtt", "0")
			if owner[name] != "" {
				t.Errorf("%s and %s share %s", id, owner[name], name)
			}
			owner[name] = id
		}
	}
}

// A handler may do what its source calls, and nothing else.
func TestRolesAllowWhatHandlersCall(t *testing.T) {
	roles := allowedByRole(t)
	for _, capability := range []string{"api", "validation", "inventory", "shipment", "notification", "analytics", "reconciliation"} {
		want := calledBy(t, filepath.Join("../lambdas", capability))
		got := map[string]bool{}
		for _, s := range roles[title(capability)+"Role"] {
			for _, action := range s.Action {
				// What the Lambda service does for it, and package consumer's answers.
				if !strings.HasPrefix(action, "sqs:") && !strings.HasPrefix(action, "logs:") && !strings.HasPrefix(action, "states:SendTask") {
					got[action] = true
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s calls (-) and may call (+):\n%s", capability, diff)
		}
	}
}

// iamPrefixes are the SDK's packages by what IAM calls their service.
var iamPrefixes = map[string]string{"dynamodb": "dynamodb:", "sfn": "states:", "s3": "s3:", "sesv2": "ses:", "sns": "sns:"}

// operators is the file of what an operator does to a capability's tables, with
// rights of his own.
const operators = "restock.go"

// calledBy lists the actions whose inputs a package makes. A transaction is
// allowed by what its items do.
func calledBy(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	actions := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || filepath.Base(file) == operators {
			continue
		}
		source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(source, func(n ast.Node) bool {
			if literal, ok := n.(*ast.CompositeLit); ok {
				if action := actionOf(literal); action != "" {
					actions[action] = true
				}
			}
			return true
		})
	}
	return actions
}

var transactionItems = map[string]string{
	"Put":            "dynamodb:PutItem",
	"Update":         "dynamodb:UpdateItem",
	"Delete":         "dynamodb:DeleteItem",
	"ConditionCheck": "dynamodb:ConditionCheckItem",
}

// actionOf is the action that dynamodb.GetItemInput{…} or types.Put{…} is for,
// or "".
func actionOf(literal *ast.CompositeLit) string {
	selector, ok := literal.Type.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	from, ok := selector.X.(*ast.Ident)
	if !ok {
		return ""
	}
	if from.Name == "types" {
		return transactionItems[selector.Sel.Name]
	}
	operation, isInput := strings.CutSuffix(selector.Sel.Name, "Input")
	if prefix := iamPrefixes[from.Name]; prefix != "" && isInput && operation != "TransactWriteItems" {
		return prefix + operation
	}
	return ""
}

// The state machine may do what its states do, and nothing else but log.
func TestStateMachineRoleAllowsWhatItsStatesDo(t *testing.T) {
	want := map[string]bool{}
	for _, m := range regexp.MustCompile(`"arn:aws:states:::(\w+):(\w+)`).FindAllStringSubmatch(string(statemachine.Definition), -1) {
		service, action := m[1], strings.ToUpper(m[2][:1])+m[2][1:]
		if service == "lambda" {
			action = "InvokeFunction"
		}
		want[service+":"+action] = true
	}
	got := map[string]bool{}
	for _, s := range allowedByRole(t)[stateMachineRole] {
		for _, action := range s.Action {
			if !strings.HasPrefix(action, "logs:") {
				got[action] = true
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestStateMachineIsGivenItsSubstitutions(t *testing.T) {
	want := map[string]bool{}
	for _, m := range regexp.MustCompile(`\$\{(\w+)\}`).FindAllStringSubmatch(string(statemachine.Definition), -1) {
		want[m[1]] = true
	}
	got := map[string]bool{}
	for name := range at(t, render(t, Consumers()).Resources[orderStateMachine].Properties, "DefinitionSubstitutions").(map[string]any) {
		got[name] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

type statement struct {
	Effect   string
	Action   []string
	Resource []any
}

func allowedByRole(t *testing.T) map[string][]statement {
	t.Helper()
	roles := map[string][]statement{}
	for id, r := range render(t, Consumers()).Resources {
		if r.Type != "AWS::IAM::Role" {
			continue
		}
		raw, err := json.Marshal(at(t, r.Properties, "Policies", "0", "PolicyDocument", "Statement"))
		if err != nil {
			t.Fatal(err)
		}
		var statements []statement
		if err := json.Unmarshal(raw, &statements); err != nil {
			t.Fatal(err)
		}
		if _, managed := r.Properties["ManagedPolicyArns"]; managed {
			t.Errorf("%s takes a policy that AWS manages", id)
		}
		roles[id] = statements
	}
	return roles
}
