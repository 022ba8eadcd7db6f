package asl_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"orderflow/statemachine/asl"
)

// pass is a definition whose only state has extra members.
func pass(members string) string { return one("Pass", `,"End":true`+members) }

func task(members string) string {
	return one("Task", `,"Resource":"arn:aws:states:::lambda:invoke","End":true`+members)
}

func one(kind, members string) string {
	return `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"` + kind + `"` + members + `}}}`
}

func TestParseRefuses(t *testing.T) {
	const schema = "SCHEMA_VALIDATION_FAILED: "
	for _, c := range []struct {
		name, definition string
		problems         []string
	}{
		{"nothing", ``, []string{schema + "Definition must be a valid JSON object"}},
		{"no object", `[]`, []string{schema + "Definition must be a valid JSON object"}},
		{"no JSON", `{"StartAt"`, []string{"INVALID_JSON_DESCRIPTION: JSON ends too early at line 1, column 11"}},
		{"empty", `{"QueryLanguage":"JSONata"}`, []string{schema + "These fields are required: [States, StartAt] at /"}},
		{"no StartAt", `{"QueryLanguage":"JSONata","States":{"S":{"Type":"Succeed"}}}`, []string{schema + "These fields are required: [StartAt] at /"}},
		{"no states", `{"QueryLanguage":"JSONata","StartAt":"S","States":{}}`, []string{schema + "Expected at least one state at /States"}},
		{"states no object", `{"QueryLanguage":"JSONata","StartAt":"S","States":[]}`, []string{schema + "Expected value of type [OBJECT] at /States"}},
		{"JSONPath by default", `{"StartAt":"S","States":{"S":{"Type":"Succeed"}}}`, []string{schema + "QueryLanguage 'JSONPath' is not supported: write the state in JSONata at /States/S"}},
		{"JSONPath", `{"QueryLanguage":"JSONPath","StartAt":"S","States":{"S":{"Type":"Succeed","QueryLanguage":"JSONata"}}}`, []string{schema + "QueryLanguage 'JSONPath' is not supported: write the state machine in JSONata at /QueryLanguage"}},
		{"JSONPath state", one("Succeed", `,"QueryLanguage":"JSONPath"`), []string{schema + "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/S"}},
		{"other language", one("Succeed", `,"QueryLanguage":"jq"`), []string{schema + "Value should be one of the following: [JSONPath, JSONata] at /States/S/QueryLanguage"}},
		{"JSONPath fields", pass(`,"Parameters":{},"ResultPath":"$.a","InputPath":"$"`), []string{
			schema + "The QueryLanguage is set to 'JSONata', but field 'Parameters' is only supported for the 'JSONPath' QueryLanguage at /States/S",
			schema + "The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported for the 'JSONPath' QueryLanguage at /States/S",
			schema + "The QueryLanguage is set to 'JSONata', but field 'InputPath' is only supported for the 'JSONPath' QueryLanguage at /States/S",
		}},
		{"JSONPath choice", one("Choice", `,"Choices":[{"Variable":"$.a","Next":"S"}],"Default":"S"`), []string{
			schema + "The QueryLanguage is set to 'JSONata', but field 'Variable' is only supported for the 'JSONPath' QueryLanguage at /States/S/Choices[0]",
			schema + "These fields are required: [Condition] at /States/S/Choices[0]",
			"MISSING_END_STATE: No state can be reached that ends the execution at /States",
		}},
		{"unknown fields", pass(`,"Foo":1,"Retry":[]`), []string{schema + "Field 'Foo' is not supported at /States/S", schema + "Field 'Retry' is not supported at /States/S"}},
		{"unknown field at the top", `{"QueryLanguage":"JSONata","Foo":1,"StartAt":"S","States":{"S":{"Type":"Succeed"}}}`, []string{schema + "Field 'Foo' is not supported at /"}},
		{"credentials", task(`,"Credentials":{"RoleArn":"r"}`), []string{schema + "Field 'Credentials' is not supported at /States/S"}},
		{"no type", `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{}}}`, []string{schema + "These fields are required: [Type] at /States/S"}},
		{"unknown type", one("Loop", ``), []string{schema + "Value should be one of the following: [Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map] at /States/S/Type"}},
		{"neither Next nor End", one("Pass", ``), []string{schema + "Exactly one of the fields [Next, End] is required at /States/S"}},
		{"both Next and End", one("Pass", `,"Next":"S","End":true`), []string{schema + "Exactly one of the fields [Next, End] is required at /States/S", "MISSING_END_STATE: No state can be reached that ends the execution at /States"}},
		{"End no boolean", one("Pass", `,"End":"true"`), []string{schema + "Expected value of type [BOOLEAN] at /States/S/End"}},
		{"undefined targets", `{"QueryLanguage":"JSONata","StartAt":"No","States":{"A":{"Type":"Pass","Next":"Nowhere"},"B":{"Type":"Choice","Choices":[{"Condition":"{% true %}","Next":"There"}],"Default":"Where"}}}`, []string{
			"MISSING_TRANSITION_TARGET: Missing 'StartAt' target: No at /StartAt",
			"MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Next",
			"MISSING_TRANSITION_TARGET: Missing 'Default' target: Where at /States/B/Default",
			"MISSING_TRANSITION_TARGET: Missing 'Next' target: There at /States/B/Choices[0]/Next",
		}},
		{"undefined catcher", task(`,"Catch":[{"ErrorEquals":["E"],"Next":"X"}]`), []string{"MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /States/S/Catch[0]/Next"}},
		{"a target outside of the branch", one("Parallel", `,"End":true,"Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"S"}}}]`), []string{"MISSING_TRANSITION_TARGET: Missing 'Next' target: S at /States/S/Branches[0]/States/A/Next"}},
		{"unreachable", `{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Succeed"},"B":{"Type":"Succeed"}}}`, []string{`MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B`}},
		{"no end", one("Pass", `,"Next":"S"`), []string{"MISSING_END_STATE: No state can be reached that ends the execution at /States"}},
		{"duplicate names", one("Parallel", `,"End":true,"Branches":[{"StartAt":"S","States":{"S":{"Type":"Succeed"}}}]`), []string{"DUPLICATE_STATE_NAME: Duplicate State name: S at /States/S/Branches[0]/States/S"}},
		{"long name", `{"QueryLanguage":"JSONata","StartAt":"` + strings.Repeat("x", 81) + `","States":{"` + strings.Repeat("x", 81) + `":{"Type":"Succeed"}}}`, []string{schema + "State name must be between 1 and 80 characters long at /States/" + strings.Repeat("x", 81)}},
		{"expressions", pass(`,"Output":{"a":"{% $x[1,2] %}","b":["{% phone %}"],"c":"{% $$ %}","d":"{% $states.result %}","e":"{% $states.errorOutput.Error %}","f":"{% 1","g":" {% 1 %}"}`), []string{
			"INVALID_JSONATA_EXPRESSION: expected token ']', got ',', position: 4 at /States/S/Output/a",
			"UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/S/Output/b[0]",
			"UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/S/Output/c",
			"UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$states.result' is not supported. at /States/S/Output/d",
			"UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$states.errorOutput' is not supported. at /States/S/Output/e",
			"INVALID_JSONATA_EXPRESSION: Improper JSONata string: an expression starts with '{%' and ends with '%}' at /States/S/Output/f",
			"INVALID_JSONATA_EXPRESSION: Improper JSONata string: an expression starts with '{%' and ends with '%}' at /States/S/Output/g",
		}},
		{"result in arguments", task(`,"Arguments":"{% $states.result %}","Output":"{% $states.result %}"`), []string{"UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$states.result' is not supported. at /States/S/Arguments"}},
		{"unresolved substitution", task(`,"TimeoutSeconds":"{% ${Timeout} %}"`), []string{"INVALID_JSONATA_EXPRESSION: "}},
		{"assign", pass(`,"Assign":{"states":1,"1a":2,"a b":3,"ok_1":4,"":5}`), []string{
			schema + "Variable name 'states' is not valid at /States/S/Assign/states",
			schema + "Variable name '1a' is not valid at /States/S/Assign/1a",
			schema + "Variable name 'a b' is not valid at /States/S/Assign/a b",
			schema + "Variable name '' is not valid at /States/S/Assign/",
		}},
		{"assign no object", pass(`,"Assign":"{% {} %}"`), []string{schema + "Expected value of type [OBJECT] at /States/S/Assign"}},
		{"shadowing", one("Map", `,"End":true,"Assign":{"v":1},"ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"v":2,"w":3},"Next":"B"},"B":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":true,"Assign":{"w":1},"Next":"D"}]},"D":{"Type":"Succeed"}}}]}}}`), []string{
			schema + "Variable 'w' is already assigned in an outer scope at /States/S/ItemProcessor/States/B/Branches[0]/States/C/Choices[0]/Assign/w",
			schema + "Variable 'v' is already assigned in an outer scope at /States/S/ItemProcessor/States/A/Assign/v",
		}},
		{"resource", one("Task", `,"Resource":"lambda:invoke","End":true`), []string{schema + "Value is not a valid resource ARN at /States/S/Resource"}},
		{"no resource", one("Task", `,"End":true`), []string{schema + "These fields are required: [Resource] at /States/S"}},
		{"sync", one("Task", `,"Resource":"arn:aws:states:::states:startExecution.sync:2","End":true`), []string{schema + "Service integration pattern '.sync' is not supported at /States/S/Resource"}},
		{"activity", one("Task", `,"Resource":"arn:aws:states:us-east-1:000000000000:activity:a","End":true`), []string{schema + "Activities are not supported at /States/S/Resource"}},
		{"other pattern", one("Task", `,"Resource":"arn:aws:states:::sns:publish.waitForever","End":true`), []string{schema + "Value is not a valid resource ARN at /States/S/Resource"}},
		{"timeouts", task(`,"TimeoutSeconds":0,"HeartbeatSeconds":1.5`), []string{
			schema + "Expected a number between 1 and 99999999, or a JSONata expression at /States/S/TimeoutSeconds",
			schema + "Expected a number between 1 and 99999999, or a JSONata expression at /States/S/HeartbeatSeconds",
		}},
		{"heartbeat too long", task(`,"TimeoutSeconds":10,"HeartbeatSeconds":10`), []string{schema + "HeartbeatSeconds must be smaller than TimeoutSeconds at /States/S/HeartbeatSeconds"}},
		{"machine timeout", `{"QueryLanguage":"JSONata","TimeoutSeconds":"{% 1 %}","StartAt":"S","States":{"S":{"Type":"Succeed"}}}`, []string{schema + "Expected value of type [INTEGER] between 1 and 99999999 at /TimeoutSeconds"}},
		{"version", `{"QueryLanguage":"JSONata","Version":"2.0","StartAt":"S","States":{"S":{"Type":"Succeed"}}}`, []string{schema + "Value should be one of the following: [1.0] at /Version"}},
		{"wait", one("Wait", `,"End":true`), []string{schema + "Exactly one of the fields [Seconds, Timestamp] is required at /States/S"}},
		{"wait timestamp", one("Wait", `,"Timestamp":"tomorrow","End":true`), []string{schema + "Value is not a valid timestamp at /States/S/Timestamp"}},
		{"retry", task(`,"Retry":[{"ErrorEquals":["States.ALL"],"BackoffRate":0.5,"JitterStrategy":"HALF","MaxAttempts":-1},{"IntervalSeconds":3,"MaxDelaySeconds":2,"ErrorEquals":[]},{"Foo":1}]`), []string{
			schema + "States.ALL must appear alone and in the last entry at /States/S/Retry[0]/ErrorEquals",
			schema + "Expected value of type [INTEGER] between 0 and 99999999 at /States/S/Retry[0]/MaxAttempts",
			schema + "Expected a number of at least 1 at /States/S/Retry[0]/BackoffRate",
			schema + "Value should be one of the following: [FULL, NONE] at /States/S/Retry[0]/JitterStrategy",
			schema + "Expected at least one error name at /States/S/Retry[1]/ErrorEquals",
			schema + "MaxDelaySeconds must be greater than IntervalSeconds at /States/S/Retry[1]/MaxDelaySeconds",
			schema + "Field 'Foo' is not supported at /States/S/Retry[2]",
			schema + "These fields are required: [ErrorEquals] at /States/S/Retry[2]",
		}},
		{"catch", task(`,"Catch":[{"ErrorEquals":["States.ALL","E"],"Next":"S","ResultPath":"$.e"}]`), []string{
			schema + "The QueryLanguage is set to 'JSONata', but field 'ResultPath' is only supported for the 'JSONPath' QueryLanguage at /States/S/Catch[0]",
			schema + "States.ALL must appear alone and in the last entry at /States/S/Catch[0]/ErrorEquals",
		}},
		{"choice", one("Choice", `,"Choices":[],"Default":"S"`), []string{schema + "Expected at least one choice at /States/S/Choices", "MISSING_END_STATE: No state can be reached that ends the execution at /States"}},
		{"condition", `{"QueryLanguage":"JSONata","StartAt":"S","States":{"S":{"Type":"Choice","Choices":[{"Condition":"true","Next":"E"}]},"E":{"Type":"Succeed"}}}`, []string{schema + "Expected a JSONata expression at /States/S/Choices[0]/Condition"}},
		{"no branches", one("Parallel", `,"Branches":[],"End":true`), []string{schema + "Expected at least one branch at /States/S/Branches"}},
		{"branch language", one("Parallel", `,"Branches":[{"QueryLanguage":"JSONata","StartAt":"A","States":{"A":{"Type":"Succeed"}}}],"End":true`), []string{schema + "Field 'QueryLanguage' is not supported at /States/S/Branches[0]"}},
		{"distributed", one("Map", `,"End":true,"ItemReader":{},"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`), []string{
			schema + "Field 'ItemReader' is not supported at /States/S",
			schema + "Field 'ExecutionType' is not supported at /States/S/ItemProcessor/ProcessorConfig",
			schema + "Mode 'DISTRIBUTED' is not supported: a Map runs INLINE at /States/S/ItemProcessor/ProcessorConfig/Mode",
		}},
		{"map", one("Map", `,"End":true,"Items":"text","MaxConcurrency":-1,"ToleratedFailurePercentage":101`), []string{
			schema + "These fields are required: [ItemProcessor] at /States/S",
			schema + "Expected a JSON array, a JSON object or a JSONata expression at /States/S/Items",
			schema + "Expected a number between 0 and 99999999, or a JSONata expression at /States/S/MaxConcurrency",
			schema + "Expected a number between 0 and 100, or a JSONata expression at /States/S/ToleratedFailurePercentage",
		}},
		{"fail", one("Fail", `,"Error":1,"Next":"S"`), []string{schema + "Expected value of type [STRING] at /States/S/Error", schema + "Field 'Next' is not supported at /States/S"}},
		{"succeed", one("Succeed", `,"Assign":{"a":1}`), []string{schema + "Field 'Assign' is not supported at /States/S"}},
		{"comment", pass(`,"Comment":1`), []string{schema + "Expected value of type [STRING] at /States/S/Comment"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := asl.Parse([]byte(c.definition))
			var refused *asl.DefinitionError
			if !errors.As(err, &refused) {
				t.Fatalf("Parse gives %v, want %q", err, c.problems)
			}
			var got []string
			for i, p := range refused.Problems {
				s := p.String()
				if i < len(c.problems) && strings.HasSuffix(c.problems[i], ": ") && strings.HasPrefix(s, c.problems[i]) {
					s = c.problems[i] // the parser's own words
				}
				got = append(got, s)
			}
			if !slices.Equal(got, c.problems) {
				t.Errorf("problems\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.problems, "\n"))
			}
			if err.Error() != strings.Join(problemTexts(refused), ", ") {
				t.Errorf("error %q", err)
			}
		})
	}
}

func problemTexts(e *asl.DefinitionError) []string {
	var all []string
	for _, p := range e.Problems {
		all = append(all, p.String())
	}
	return all
}

func TestParseAccepts(t *testing.T) {
	for _, definition := range []string{
		`{"StartAt":"S","States":{"S":{"Type":"Succeed","QueryLanguage":"JSONata"}}}`,
		`{"QueryLanguage":"JSONata","Comment":"c","Version":"1.0","TimeoutSeconds":60,"StartAt":"S","States":{"S":{"Type":"Succeed","Comment":"c","Output":"{% $states.input %}"}}}`,
		pass(`,"Assign":{"größe":1,"x_1":"{% 1 %}"},"Output":null`),
		one("Task", `,"Resource":"arn:aws:states:::aws-sdk:dynamodb:putItem","End":true`),
		one("Task", `,"Resource":"arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken","End":true`),
		one("Task", `,"Resource":"arn:aws:lambda:us-east-1:000000000000:function:f:live","End":true`),
		one("Wait", `,"Timestamp":"2026-01-02T03:04:05Z","End":true`),
		// Siblings may use one name, each for itself.
		one("Parallel", `,"End":true,"Branches":[{"StartAt":"A","States":{"A":{"Type":"Pass","Assign":{"v":1},"End":true}}},{"StartAt":"B","States":{"B":{"Type":"Pass","Assign":{"v":1},"End":true}}}]`),
	} {
		if _, err := asl.Parse([]byte(definition)); err != nil {
			t.Errorf("Parse(%s): %v", definition, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(pass(`,"Output":{"a":"{% $states.input.a[0]^(>b) %}"}`))
	f.Add(one("Map", `,"End":true,"Items":[1],"ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Fail","Error":"E"}}}`))
	f.Add(task(`,"Retry":[{"ErrorEquals":["States.ALL"],"MaxAttempts":1e3}],"Catch":[]`))
	f.Fuzz(func(t *testing.T, definition string) {
		m, err := asl.Parse([]byte(definition))
		if (m == nil) != (err != nil) {
			t.Fatalf("Parse gives %v and %v", m, err)
		}
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Fatal("an error that says nothing")
		}
	})
}
