package template

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"orderflow/statemachine"

	"github.com/google/go-cmp/cmp"
)

// A handler may do what its source calls, and nothing else.
func TestRolesAllowWhatHandlersCall(t *testing.T) {
	stack := stackOf(translate(t, New(Consumers(), Auth{})).deployed(t, nil))
	for _, capability := range []string{"api", "validation", "inventory", "shipment", "notification", "analytics", "reconciliation"} {
		want := calledBy(t, filepath.Join("../lambdas", capability))
		got := map[string]bool{}
		for _, s := range stack.allowed(t, title(capability)+"Role") {
			for _, action := range s.Action {
				// What the Lambda service does for it, and package consumer's answers.
				if !hasPrefix(action, "sqs:", "logs:", "xray:", "states:SendTask") {
					got[action] = true
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s calls (-) and may call (+):\n%s", capability, diff)
		}
	}
}

func hasPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(s, prefix) })
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

// The state machine may do what its states do, and nothing else but log and trace.
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
	stack := stackOf(translate(t, New(Consumers(), Auth{})).deployed(t, nil))
	for _, s := range stack.allowed(t, stateMachineRole) {
		for _, action := range s.Action {
			if !hasPrefix(action, "logs:", "xray:") {
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
