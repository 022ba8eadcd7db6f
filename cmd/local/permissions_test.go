package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/lambda"
	"orderflow/cmd/local/cloud/sqs"
	"orderflow/template"
)

// TestEveryStatementIsNeeded takes each action of each statement of the
// template's roles and resource policies away, one at a time, and then each
// statement whole, and demands that the story which needs it meets AccessDenied
// naming that action and its resource. What no story needs, nobody should be
// allowed.
func TestEveryStatementIsNeeded(t *testing.T) {
	told := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // of what handlers say
	t.Cleanup(func() { slog.SetDefault(told) })

	whole := renderedTemplate(t, template.None)
	physical := undisturbed(t, template.None, whole)
	for _, p := range permissions(t, whole) {
		if p.Effect == "Deny" {
			t.Run(p.String(), func(t *testing.T) { denies(t, p) })
			continue
		}
		story := storyOf(p)
		if stories[story] == nil {
			t.Errorf("%s: no story needs it", p)
			continue
		}
		t.Run(p.String()+" in "+story, func(t *testing.T) {
			missed := play(t, template.None, p.without(t, whole), stories[story])
			if !slices.ContainsFunc(missed, func(e denial) bool { return e.of(p, physical) }) {
				t.Errorf("nobody misses it, but %q", missed)
			}
		})
	}
}

// TestEveryAttributeIsNeeded takes each attribute away that a role may name of
// a table's items, one at a time, and demands that a story misses it.
func TestEveryAttributeIsNeeded(t *testing.T) {
	told := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler)) // of what handlers say
	t.Cleanup(func() { slog.SetDefault(told) })

	known := map[string]bool{}
	for _, mode := range []template.AuthMode{template.None, template.JWT} {
		whole := renderedTemplate(t, mode)
		if mode != template.None { // which TestEveryStatementIsNeeded plays
			undisturbed(t, mode, whole)
		}
		for _, p := range permissions(t, whole) {
			for _, attribute := range p.attributes(t) {
				name := p.String() + " of " + attribute
				if known[name] {
					continue
				}
				known[name] = true
				t.Run(name, func(t *testing.T) {
					mutated := p.withoutAttribute(t, whole, attribute)
					for _, story := range append([]string{storyOf(p)}, slices.Sorted(maps.Keys(stories))...) {
						missed := play(t, mode, mutated, stories[story])
						if slices.ContainsFunc(missed, func(e denial) bool { return slices.Contains(p.actions, e.action) }) {
							return
						}
					}
					t.Error("nobody misses it")
				})
			}
		}
	}
	if len(known) < 50 {
		t.Errorf("there are %d attributes", len(known))
	}
}

// needed tells which story needs an action of a role or resource policy: the
// first pattern that fits both counts.
var needed = []struct{ by, story string }{
	{"* sts:AssumeRole", "deployment"},
	{"*DeploymentRole *", "deployment"},
	{"*Role sqs:*", "deployment"}, // Lambda asks when it is to read a queue
	{"*Role xray:*", "deployment"},
	{"OrderStateMachineRole logs:*", "deployment"},
	{"ReconciliationRunScheduleRole *", "scheduled"},
	{"ReconciliationRole *", "reconciled"},
	{"*Role logs:*", "confirmed"},

	{"ApiRole states:StartExecution", "confirmed"},
	{"ApiRole states:DescribeExecution", "shown before it was stored"},
	{"ApiRole dynamodb:PutItem", "cancelled before it was stored"},
	{"ApiRole dynamodb:UpdateItem", "cancelled"},
	{"ApiRole dynamodb:*", "shown"},
	{"OrderStateMachineRole dynamodb:GetItem", "cancelled before it was stored"},
	{"OrderStateMachineRole *", "confirmed"},
	{"ValidationRole *", "confirmed"},
	{"InventoryRole states:SendTaskFailure", "out of stock"},
	{"InventoryRole *", "confirmed"},
	{"ShipmentRole states:SendTaskFailure", "not delivered there"},
	{"ShipmentRole *", "confirmed"},
	{"NotificationRole *", "confirmed"},
	{"AnalyticsRole *", "confirmed"},

	{"*DeadLetterQueuePolicy sqs:SendMessage", "refused by queues"},
	{"*QueuePolicy sqs:SendMessage", "confirmed"},
}

// stories are as short as they can be and need what they need.
var stories = map[string]func(t *testing.T, s *system){
	"deployment":          func(*testing.T, *system) {},
	"confirmed":           func(t *testing.T, s *system) { ordered(t, s, "MUG", 1, "GB") },
	"out of stock":        func(t *testing.T, s *system) { ordered(t, s, "MUG", 11, "GB") },
	"not delivered there": func(t *testing.T, s *system) { ordered(t, s, "MUG", 1, "AQ") },
	"shown": func(t *testing.T, s *system) {
		id := ordered(t, s, "MUG", 1, "GB")
		ask(s, "GET", "/orders/"+id)
		ask(s, "GET", "/orders?customerId=c-42")
	},
	"shown before it was stored": func(t *testing.T, s *system) {
		concurrency(t, s, "ValidationFunction", 0)
		ask(s, "GET", "/orders/"+ordered(t, s, "MUG", 1, "GB"))
		concurrency(t, s, "ValidationFunction", -1)
	},
	"cancelled": func(t *testing.T, s *system) {
		ask(s, "POST", "/orders/"+ordered(t, s, "MUG", 1, "GB")+"/cancel")
	},
	"cancelled before it was stored": func(t *testing.T, s *system) {
		concurrency(t, s, "ValidationFunction", 0)
		ask(s, "POST", "/orders/"+ordered(t, s, "MUG", 1, "GB")+"/cancel")
		concurrency(t, s, "ValidationFunction", -1)
		passing(time.Minute)
	},
	"refused by queues": func(t *testing.T, s *system) {
		for _, consumer := range template.Consumers() {
			closed := &sqs.SetQueueAttributesInput{
				QueueUrl:   "http://127.0.0.1:4566/000000000000/orderflow-" + strings.ToUpper(consumer.Name[:1]) + consumer.Name[1:] + "Queue",
				Attributes: map[string]string{"Policy": ""},
			}
			if _, err := s.cloud.SQS.SetQueueAttributes(t.Context(), closed); err != nil {
				t.Fatal(err)
			}
		}
		ordered(t, s, "MUG", 1, "GB")
	},
	"reconciled": func(t *testing.T, s *system) {
		consume(t, s, "ShipmentFunction", false)
		id := ordered(t, s, "MUG", 1, "GB")
		if _, err := sfn.NewFromConfig(s.cloud.AWSConfig()).StopExecution(t.Context(), &sfn.StopExecutionInput{ExecutionArn: aws.String(executionARN(s, id))}); err != nil {
			t.Fatal(err)
		}
		consume(t, s, "ShipmentFunction", true)
		passing(time.Hour)
		_, err := s.cloud.Lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "orderflow-ReconciliationFunction", Payload: []byte(`{}`)})
		if err != nil {
			t.Fatal(err)
		}
		passing(time.Minute)
	},
	"scheduled": func(t *testing.T, s *system) { passing(time.Hour) },
}

// ordered places an order, lets all happen that happens without delay, and
// some seconds more for analytics; it tells the order's ID, "" of one that was
// not accepted.
func ordered(t *testing.T, s *system, sku string, quantity int, country string) (orderID string) {
	t.Helper()
	body, err := json.Marshal(orderFor(sku, quantity, country))
	if err != nil {
		t.Fatal(err)
	}
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/orders", strings.NewReader(string(body)))
	r.Header.Set("Content-Type", "application/json")
	s.API().ServeHTTP(w, byCustomer(s, r))
	passing(10 * time.Second)
	return strings.TrimPrefix(w.Header().Get("Location"), "/orders/")
}

func ask(s *system, method, path string) {
	s.API().ServeHTTP(httptest.NewRecorder(), byCustomer(s, httptest.NewRequest(method, path, nil)))
	synctest.Wait()
}

// byCustomer is a request with the customer's token, where customers call.
func byCustomer(s *system, r *http.Request) *http.Request {
	if s.issuer != nil {
		token, err := s.issuer.Token("c-42")
		if err != nil {
			panic(err) // its key is its own
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func passing(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// concurrency reserves some for a function, or, below 0, takes that back.
func concurrency(t *testing.T, s *system, function string, n int) {
	t.Helper()
	var err error
	if n < 0 {
		err = s.cloud.Lambda.DeleteFunctionConcurrency(t.Context(), "orderflow-"+function)
	} else {
		_, err = s.cloud.Lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: "orderflow-" + function, ReservedConcurrentExecutions: n})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// play deploys a template, tells a story, and reports all that was refused
// meanwhile.
func play(t *testing.T, mode template.AuthMode, rendered []byte, story func(*testing.T, *system)) (missed []denial) {
	t.Helper()
	heard := &denials{}
	synctest.Test(t, func(t *testing.T) {
		s, err := newSystem(t.Context(), systemConfig{
			api: "127.0.0.1:8080", aws: "127.0.0.1:4566", auth: mode, rendered: rendered, log: slog.New(heard),
			parameters: map[string]string{"Deployments": "gradual"}, // with alarms, which CodeDeploy needs to see
			products:   []product{{sku: "MUG", name: "Mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 10}},
		})
		if err != nil {
			return // deployment was refused
		}
		defer s.Close(context.WithoutCancel(t.Context()))
		synctest.Wait()
		story(t, s)
	})
	return heard.all
}

// A denial is what a refusal names.
type denial struct{ action, resource string }

// of tells whether a denial is of a permission: its action, on its resource.
func (d denial) of(p permission, physical map[string]string) bool {
	if !slices.ContainsFunc(p.actions, func(action string) bool { return strings.EqualFold(action, d.action) }) {
		return false
	}
	return len(p.resources) == 0 || slices.ContainsFunc(p.resources, func(id string) bool {
		return physical[id] != "" && strings.Contains(d.resource, physical[id])
	})
}

// denials is a slog.Handler that hears of refusals.
type denials struct {
	mu  sync.Mutex
	all []denial
}

var refusal = regexp.MustCompile(`is not authorized to perform: (\S+) on resource: (\S+)`)

func (d *denials) Enabled(context.Context, slog.Level) bool { return true }
func (d *denials) WithAttrs([]slog.Attr) slog.Handler       { return d }
func (d *denials) WithGroup(string) slog.Handler            { return d }

func (d *denials) Handle(_ context.Context, r slog.Record) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	r.Attrs(func(a slog.Attr) bool {
		if m := refusal.FindStringSubmatch(a.Value.String()); m != nil {
			d.all = append(d.all, denial{m[1], m[2]})
		}
		return true
	})
	return nil
}

// undisturbed plays every story on the whole template, in which nothing is
// refused but what a story refuses itself, and tells how resources are called,
// by logical ID.
func undisturbed(t *testing.T, mode template.AuthMode, whole []byte) (physical map[string]string) {
	t.Helper()
	physical = map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(stories)) {
		missed := play(t, mode, whole, func(t *testing.T, s *system) {
			for _, r := range s.stack.Resources {
				physical[r.LogicalID] = r.PhysicalID[strings.LastIndexAny(r.PhysicalID, "/:")+1:]
			}
			stories[name](t, s)
		})
		missed = slices.DeleteFunc(missed, func(d denial) bool {
			return name == "refused by queues" && strings.EqualFold(d.action, "sqs:SendMessage") && !strings.Contains(d.resource, "DeadLetter")
		})
		if len(missed) > 0 {
			t.Errorf("%s: with every permission there is refused %q", name, missed)
		}
	}
	return physical
}

// A permission is what a mutation takes away: one action of a statement, or all.
type permission struct {
	owner     string   // logical ID of the role or policy
	place     []string // of the statement, in the owner's properties
	statement int
	Effect    string
	actions   []string
	resources []string // logical IDs that the statement's Resource names
	raw       json.RawMessage
}

func (p permission) String() string {
	return fmt.Sprintf("%s %s %d %s", p.owner, strings.Join(p.actions, "+"), p.statement, strings.Join(p.resources, "+"))
}

func storyOf(p permission) string {
	for _, n := range needed {
		if fits, _ := path.Match(n.by, p.owner+" "+p.actions[0]); fits {
			return n.story
		}
	}
	return ""
}

func renderedTemplate(t *testing.T, mode template.AuthMode) []byte {
	t.Helper()
	whole, err := template.New(template.Consumers(), authAtHome(mode)).JSON()
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

// policyPlaces are where resource types have policies.
func policyPlaces(resourceType string, properties map[string]any) (places [][]string) {
	switch resourceType {
	case "AWS::IAM::Role":
		places = append(places, []string{"AssumeRolePolicyDocument"})
		policies, _ := properties["Policies"].([]any)
		for i := range policies {
			places = append(places, []string{"Policies", fmt.Sprint(i), "PolicyDocument"})
		}
	case "AWS::DynamoDB::Table":
		if properties["ResourcePolicy"] != nil {
			places = append(places, []string{"ResourcePolicy", "PolicyDocument"})
		}
	case "AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy", "AWS::S3::BucketPolicy":
		places = append(places, []string{"PolicyDocument"})
	}
	return places
}

// permissions are all that a template grants and denies, action by action and
// then statement by statement.
func permissions(t *testing.T, rendered []byte) (all []permission) {
	t.Helper()
	resources := parsed(t, rendered)["Resources"].(map[string]any)
	for _, id := range slices.Sorted(maps.Keys(resources)) {
		resource := resources[id].(map[string]any)
		properties, _ := resource["Properties"].(map[string]any)
		for _, place := range policyPlaces(resource["Type"].(string), properties) {
			statements := inside(properties, place)["Statement"].([]any)
			for i, statement := range statements {
				statement := statement.(map[string]any)
				raw, err := json.Marshal(statement)
				if err != nil {
					t.Fatal(err)
				}
				p := permission{
					owner: id, place: place, statement: i, Effect: statement["Effect"].(string),
					actions: texts(statement["Action"]), resources: named(statement["Resource"]), raw: raw,
				}
				if p.Effect == "Allow" && len(p.actions) > 1 {
					for _, action := range p.actions {
						one := p
						one.actions = []string{action}
						all = append(all, one)
					}
				}
				all = append(all, p)
			}
		}
	}
	if len(all) < 50 {
		t.Errorf("there are %d permissions", len(all))
	}
	return all
}

// without is the template without a permission. A statement without an action
// is none, so what is taken away is put as an action that there is not.
func (p permission) without(t *testing.T, rendered []byte) []byte {
	t.Helper()
	whole := parsed(t, rendered)
	owner := whole["Resources"].(map[string]any)[p.owner].(map[string]any)
	statement := inside(owner["Properties"].(map[string]any), p.place)["Statement"].([]any)[p.statement].(map[string]any)
	var left []string
	for _, action := range texts(statement["Action"]) {
		if slices.Contains(p.actions, action) {
			action = "none:None"
		}
		left = append(left, action)
	}
	statement["Action"] = left
	mutated, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return mutated
}

// attributes are those that the whole statement of a permission may name.
func (p permission) attributes(t *testing.T) []string {
	t.Helper()
	var statement struct {
		Action    any
		Condition map[string]map[string]any
	}
	if err := json.Unmarshal(p.raw, &statement); err != nil {
		t.Fatal(err)
	}
	listed := statement.Condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]
	if listed == nil || len(p.actions) < len(texts(statement.Action)) {
		return nil
	}
	return texts(listed)
}

// withoutAttribute is the template where a permission's condition lacks an
// attribute.
func (p permission) withoutAttribute(t *testing.T, rendered []byte, attribute string) []byte {
	t.Helper()
	whole := parsed(t, rendered)
	owner := whole["Resources"].(map[string]any)[p.owner].(map[string]any)
	statement := inside(owner["Properties"].(map[string]any), p.place)["Statement"].([]any)[p.statement].(map[string]any)
	condition := inside(statement, []string{"Condition", "ForAllValues:StringEquals"})
	condition["dynamodb:Attributes"] = slices.DeleteFunc(texts(condition["dynamodb:Attributes"]), func(a string) bool { return a == attribute })
	mutated, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return mutated
}

func parsed(t *testing.T, rendered []byte) (whole map[string]any) {
	t.Helper()
	if err := json.Unmarshal(rendered, &whole); err != nil {
		t.Fatal(err)
	}
	return whole
}

func inside(v any, place []string) map[string]any {
	for _, name := range place {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[name]
		case []any:
			var i int
			fmt.Sscan(name, &i)
			v = inner[i]
		}
	}
	return v.(map[string]any)
}

func texts(v any) (all []string) {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	for _, text := range v.([]any) {
		all = append(all, text.(string))
	}
	return all
}

var substituted = regexp.MustCompile(`\$\{([A-Za-z0-9]+)[.}]`)

// named are the logical IDs that intrinsic functions in v name.
func named(v any) (ids []string) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			ids = append(ids, named(inner)...)
		}
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			return []string{id}
		}
		if attribute, ok := v["Fn::GetAtt"].([]any); ok {
			return []string{attribute[0].(string)}
		}
		if text, ok := v["Fn::Sub"].(string); ok {
			for _, m := range substituted.FindAllStringSubmatch(text, -1) {
				ids = append(ids, m[1])
			}
		}
	}
	return ids
}

// denies demands of a statement that denies what does not come over TLS that
// it does that, and nothing else.
func denies(t *testing.T, p permission) {
	var statement map[string]any
	if err := json.Unmarshal(p.raw, &statement); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Bool": map[string]any{"aws:SecureTransport": []any{"false"}}}
	if diff := cmp.Diff(want, statement["Condition"]); diff != "" {
		t.Fatalf("no story shows what this denies:\n%s", diff)
	}
	statement["Resource"] = "*" // its intrinsic functions are not resolved here
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statement})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := iam.Parse(document, iam.Resource)
	if err != nil {
		t.Fatal(err)
	}
	roles := iam.New(iam.Config{Account: "000000000000"})
	created, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: "any", AssumeRolePolicyDocument: `{"Statement": {
		"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}}`})
	if err == nil {
		err = roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: "any", PolicyName: "all", PolicyDocument: `{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`})
	}
	if err != nil {
		t.Fatal(err)
	}
	role, err := roles.AssumeRole(created.Arn, "f", iam.ServicePrincipal("lambda.amazonaws.com", "", "000000000000"))
	if err != nil {
		t.Fatal(err)
	}
	for _, action := range p.actions {
		request := iam.Request{Action: strings.ReplaceAll(action, "*", "Any"), Resource: "arn:aws:x:us-east-1:000000000000:y"}
		if err := role.Authorize(policy, request); err != nil {
			t.Errorf("over TLS: %v", err)
		}
		request.Context = func(key string) []string {
			if key == "aws:securetransport" {
				return []string{"false"}
			}
			return nil
		}
		if err := role.Authorize(policy, request); err == nil || !strings.Contains(err.Error(), "explicit deny in a resource-based policy") {
			t.Errorf("%s without TLS: %v", action, err)
		}
		if err := role.Authorize(nil, request); err != nil {
			t.Errorf("%s without TLS and without the statement: %v", action, err)
		}
	}
}
