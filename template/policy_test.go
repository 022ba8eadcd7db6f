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

// A handler may do what its source calls, and nothing else.
func whatHandlersCall(t *testing.T, stack stackOf) {
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
func whatStatesDo(t *testing.T, stack stackOf) {
	want := map[string]bool{}
	for _, m := range regexp.MustCompile(`"arn:aws:states:::(\w+):(\w+)`).FindAllStringSubmatch(string(statemachine.Definition), -1) {
		service, action := m[1], strings.ToUpper(m[2][:1])+m[2][1:]
		if service == "lambda" {
			action = "InvokeFunction"
		}
		want[service+":"+action] = true
	}
	got := map[string]bool{}
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

// The state machine may name those attributes of orders that its states name,
// and nothing else.
func whatStatesName(t *testing.T, stack stackOf) {
	want := map[string][]string{}
	for _, task := range orderTasks(t) {
		action := "dynamodb:" + task.action
		want[action] = append(want[action], task.attributes()...)
	}
	got := map[string][]string{}
	for _, s := range stack.allowed(t, stateMachineRole) {
		if hasPrefix(s.Action[0], "dynamodb:") {
			got[s.Action[0]] = s.Condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]
		}
	}
	for _, names := range []map[string][]string{want, got} {
		for action := range names {
			slices.Sort(names[action])
			names[action] = slices.Compact(names[action])
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("states name (-) and the role allows (+):\n%s", diff)
	}
}

// An orderTask is what a state asks of DynamoDB.
type orderTask struct {
	action string
	Item   string // an expression
	Key    map[string]any

	ProjectionExpression, UpdateExpression, ConditionExpression string
	ExpressionAttributeNames                                    map[string]string
}

// orderTasks are those of the definition, none of which is nested.
func orderTasks(t *testing.T) []orderTask {
	t.Helper()
	var definition struct {
		States map[string]struct {
			Resource  string
			Arguments json.RawMessage
		}
	}
	if err := json.Unmarshal(statemachine.Definition, &definition); err != nil {
		t.Fatal(err)
	}
	var tasks []orderTask
	for name, state := range definition.States {
		action, ok := strings.CutPrefix(state.Resource, "arn:aws:states:::dynamodb:")
		if !ok {
			continue
		}
		task := orderTask{action: strings.ToUpper(action[:1]) + action[1:]}
		if err := json.Unmarshal(state.Arguments, &task); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		tasks = append(tasks, task)
	}
	if all := strings.Count(string(statemachine.Definition), "arn:aws:states:::dynamodb:"); len(tasks) != all || all == 0 {
		t.Fatalf("%d states of %d ask DynamoDB at the top", len(tasks), all)
	}
	return tasks
}

var (
	itemMember    = regexp.MustCompile(`'(\w+)':`)
	attributeName = regexp.MustCompile(`[:$]?#?\b\w+\b\(?`)
	keywords      = []string{"SET", "OR", "AND", "IN"}
)

// attributes are the names in the item or the key, and in expressions.
func (task orderTask) attributes() []string {
	names := slices.Collect(maps.Keys(task.Key))
	if _, members, ok := strings.Cut(task.Item, "$av({'"); ok {
		for _, m := range itemMember.FindAllStringSubmatch("'"+members, -1) {
			names = append(names, m[1])
		}
	}
	for _, expression := range []string{task.ProjectionExpression, task.UpdateExpression, task.ConditionExpression} {
		for _, word := range attributeName.FindAllString(expression, -1) {
			switch {
			case word[0] == ':', strings.HasSuffix(word, "("), slices.Contains(keywords, word):
			case word[0] == '#':
				names = append(names, task.ExpressionAttributeNames[word])
			default:
				names = append(names, word)
			}
		}
	}
	return names
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
