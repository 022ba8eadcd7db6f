package chart_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"orderflow/statemachine"
	"orderflow/statemachine/chart"
)

var update = flag.Bool("update", false, "rewrite what testdata expects")

func TestOrder(t *testing.T) {
	c, err := chart.Draw(statemachine.Definition)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/order.golden"
	got := geometry(c)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("the chart is\n%s\nwant\n%s", got, want)
	}
}

// geometry is a chart in lines: a node with its box, an edge with its points.
func geometry(c *chart.Chart) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%v x %v\n", c.Width, c.Height)
	for _, n := range c.Nodes {
		fmt.Fprintf(&b, "%s %s in %q: %s %q at %v,%v size %v,%v\n", n.Kind, n.Name, n.Within, n.Type, n.Resource, n.X, n.Y, n.Width, n.Height)
	}
	for _, e := range c.Edges {
		fmt.Fprintf(&b, "%s %s > %s", e.Kind, e.From, e.To)
		if e.Label != "" {
			fmt.Fprintf(&b, " %q at %v,%v", e.Label, e.LabelAt.X, e.LabelAt.Y)
		}
		b.WriteString(":")
		for _, p := range e.Points {
			fmt.Fprintf(&b, " %v,%v", p.X, p.Y)
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

// What an order goes through when all goes well is one line down, and what
// takes it back is beside that and below what it takes back.
func TestOrderReads(t *testing.T) {
	c, err := chart.Draw(statemachine.Definition)
	if err != nil {
		t.Fatal(err)
	}
	nodes := map[string]chart.Node{}
	for _, n := range c.Nodes {
		nodes[n.Name+string(n.Kind)] = n
	}
	happy := []string{"start", "ValidateOrderstate", "PersistOrderstate", "FanOutgroup", "ConfirmOrderstate", "AnnounceConfirmedstate", "end"}
	for i := 1; i < len(happy); i++ {
		a, b := nodes[happy[i-1]], nodes[happy[i]]
		if middle(a) != middle(b) || a.Y+a.Height >= b.Y {
			t.Errorf("%s at %v is not right above %s at %v", happy[i-1], a.Box, happy[i], b.Box)
		}
	}
	cancel := nodes["CancelOrderstate"]
	for _, name := range happy[1:5] {
		if n := nodes[name]; cancel.Y <= n.Y+n.Height || middle(cancel) <= middle(n) {
			t.Errorf("CancelOrder at %v is not below and to the right of %s at %v", cancel.Box, name, n.Box)
		}
	}
	left, middle, right := nodes["ReserveInventorystate"], nodes["ArrangeShipmentstate"], nodes["AnnounceOrderstate"]
	if left.Y != middle.Y || middle.Y != right.Y || left.X >= middle.X || middle.X >= right.X {
		t.Errorf("FanOut's branches are at %v, %v and %v, not side by side", left.Box, middle.Box, right.Box)
	}
}

func middle(n chart.Node) float64 { return n.X + n.Width/2 }

// TestCrossings holds how often lines of different states cross: people need
// not follow more than there must be.
func TestCrossings(t *testing.T) {
	all := samples(t)
	for name, most := range map[string]int{"order": 5, "poll": 0, "nested": 0, "wide": 0, "saga": 6, "media": 22} {
		c, err := chart.Draw(all[name])
		if err != nil {
			t.Fatal(err)
		}
		crossings := 0
		for i, e := range c.Edges {
			for _, f := range c.Edges[:i] {
				if e.From != f.From && e.To != f.To {
					crossings += meetings(curve(e.Points), curve(f.Points))
				}
			}
		}
		if crossings > most {
			t.Errorf("%s has %d crossings, want at most %d", name, crossings, most)
		}
	}
}

// meetings is how many segments of two lines cross.
func meetings(a, b []chart.Point) int {
	turn := func(p, q, r chart.Point) float64 { return (q.X-p.X)*(r.Y-p.Y) - (q.Y-p.Y)*(r.X-p.X) }
	n := 0
	for k := 1; k < len(a); k++ {
		for l := 1; l < len(b); l++ {
			p, q, r, s := a[k-1], a[k], b[l-1], b[l]
			if turn(p, q, r)*turn(p, q, s) < 0 && turn(r, s, p)*turn(r, s, q) < 0 {
				n++
			}
		}
	}
	return n
}

// one is a definition of a single choice with the rules.
func one(rules string) string {
	return `{"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[` + rules + `]},"A":{"Type":"Succeed"},"B":{"Type":"Succeed"}}}`
}

func TestConditions(t *testing.T) {
	for _, c := range []struct{ rule, want string }{
		{`"Condition":"{% $status = 'CONFIRMED' %}"`, `$status = 'CONFIRMED'`},
		{`"Condition":"{%\n  $a\n  and $b\n%}"`, `$a and $b`},
		{`"Condition":"{% $exists($states.input.customer.vip) %}"`, `$exists($states.input.custo…`},
		{`"Condition":true`, `true`},
		{`"Variable":"$.type","StringEquals":"Private"`, `$.type == "Private"`},
		{`"Variable":"$.a","StringEqualsPath":"$.b"`, `$.a == $.b`},
		{`"Variable":"$.n","NumericLessThan":10`, `$.n < 10`},
		{`"Variable":"$.n","NumericLessThanEquals":10.5`, `$.n <= 10.5`},
		{`"Variable":"$.n","NumericGreaterThanPath":"$.limit"`, `$.n > $.limit`},
		{`"Variable":"$.n","NumericGreaterThanEqualsPath":"$.m"`, `$.n >= $.m`},
		{`"Variable":"$.log","StringMatches":"*.txt"`, `$.log matches "*.txt"`},
		{`"Variable":"$.at","TimestampLessThan":"2026-01-01T00:00:00Z"`, `$.at < 2026-01-01T00:00:00Z`},
		{`"Variable":"$.ok","BooleanEquals":false`, `$.ok == false`},
		{`"Variable":"$.x","IsPresent":true`, `$.x is present`},
		{`"Variable":"$.x","IsNull":false`, `$.x is not null`},
		{`"Not":{"Variable":"$.a","IsNumeric":true}`, `!($.a is numeric)`},
		{`"And":[{"Variable":"$.a","NumericGreaterThanEquals":20},{"Variable":"$.a","NumericLessThan":30}]`, `$.a >= 20 && $.a < 30`},
		{`"Or":[{"Variable":"$.a","NumericEquals":1},{"Variable":"$.b","NumericEquals":2}]`, `$.a == 1 || $.b == 2`},
		{`"Or":[{"And":[{"Variable":"$.a","NumericEquals":1},{"Variable":"$.b","NumericEquals":2}]},{"Variable":"$.c","IsPresent":true}]`, `($.a == 1 && $.b == 2) || $…`},
	} {
		ch, err := chart.Draw([]byte(one(`{` + c.rule + `,"Comment":"why","Next":"A"}`)))
		if err != nil {
			t.Fatalf("%s: %v", c.rule, err)
		}
		if e := edge(t, ch, "C", "A", chart.Choice); e.Label != c.want {
			t.Errorf("%s is labelled %q, want %q", c.rule, e.Label, c.want)
		}
	}
}

func edge(t *testing.T, c *chart.Chart, from, to string, kind chart.EdgeKind) chart.Edge {
	t.Helper()
	for _, e := range c.Edges {
		if e.From == from && e.To == to && e.Kind == kind {
			return e
		}
	}
	t.Fatalf("no %s from %q to %q", kind, from, to)
	return chart.Edge{}
}

func TestEdgesMerge(t *testing.T) {
	rule := func(condition, next string) string {
		return `{"Condition":"{% ` + condition + ` %}","Next":"` + next + `"}`
	}
	c, err := chart.Draw([]byte(`{"StartAt":"C","States":{
		"C":{"Type":"Choice","Choices":[` + rule("$a", "T") + `,` + rule("$b", "T") + `,` + rule("$c", "E") + `],"Default":"T"},
		"T":{"Type":"Task","Resource":"r","Next":"E","Catch":[
			{"ErrorEquals":["OutOfStock","Refused"],"Next":"E"},{"ErrorEquals":["States.ALL"],"Next":"E"}]},
		"E":{"Type":"Choice","Choices":[` + strings.Repeat(rule("$a", "F")+",", 9) + rule("$b", "F") + `]},
		"F":{"Type":"Fail"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Edges) != 7 {
		t.Errorf("%d edges, want 7: %+v", len(c.Edges), c.Edges)
	}
	for _, w := range []struct {
		from, to string
		kind     chart.EdgeKind
		label    string
	}{
		{"", "C", chart.Next, ""},
		{"C", "T", chart.Choice, "$a\n$b\nDefault"},
		{"C", "E", chart.Choice, "$c"},
		{"T", "E", chart.Next, ""},
		{"T", "E", chart.Catch, "OutOfStock, Refused\nStates.ALL"},
		{"E", "F", chart.Choice, "$a\n$a\n$a\nand 7 more"},
		{"F", "", chart.Next, ""},
	} {
		if e := edge(t, c, w.from, w.to, w.kind); e.Label != w.label {
			t.Errorf("%s > %s is labelled %q, want %q", w.from, w.to, e.Label, w.label)
		}
	}
}

func TestResources(t *testing.T) {
	for _, c := range []struct{ arn, want string }{
		{"arn:aws:states:::lambda:invoke", "lambda:invoke"},
		{"arn:aws:states:::sns:publish.waitForTaskToken", "sns:publish.waitForTaskToken"},
		{"arn:aws:states:::aws-sdk:s3:listObjectsV2", "aws-sdk:s3:listObjectsV2"},
		{"arn:aws-cn:states:::states:startExecution.sync:2", "states:startExecution.sync:2"},
		{"arn:aws:lambda:us-east-1:123456789012:function:Validate:PROD", "lambda:Validate:PROD"},
		{"arn:aws:states:us-east-1:123456789012:activity:pack", "activity:pack"},
		{"arn:${AWS::Partition}:states:::dynamodb:putItem", "dynamodb:putItem"},
		{"${ValidateFunctionArn}", "${ValidateFunctionArn}"},
	} {
		ch, err := chart.Draw([]byte(`{"StartAt":"T","States":{"T":{"Type":"Task","End":true,"Comment":"why","Resource":"` + c.arn + `"}}}`))
		if err != nil {
			t.Fatal(err)
		}
		if n := ch.Nodes[1]; n.Name != "T" || n.Resource != c.want || n.Comment != "why" {
			t.Errorf("%s is drawn as %+v, want %q", c.arn, n, c.want)
		}
	}
}

func TestDrawRefuses(t *testing.T) {
	for _, c := range []struct{ definition, problem string }{
		{``, "EOF"},
		{`[]`, "array"},
		{`null`, `StartAt ""`},
		{`{"StartAt":"A"`, "EOF"},
		{`{"StartAt":"A"}`, `StartAt "A"`},
		{`{"StartAt":"A","States":{}}`, `StartAt "A"`},
		{`{"startAt":"A","States":{"A":{"Type":"Succeed"}}}`, `StartAt ""`},
		{`{"StartAt":"A","States":[]}`, "array"},
		{`{"StartAt":"A","States":{"A":{"Type":"Succeed"},"A":{"Type":"Succeed"}}}`, "duplicate"},
		{`{"StartAt":"","States":{"":{"Type":"Succeed"}}}`, "no name"},
		{`{"StartAt":"A","States":{"A":{"End":true}}}`, `"A" has no Type`},
		{`{"StartAt":"A","States":{"A":{"Type":"Pass"}}}`, `"A" is no end`},
		{`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"}}}`, `"A" leads to "B"`},
		{one(`{"Condition":"{% $a %}"}`), `"C" leads to ""`},
		{`{"StartAt":"A","States":{"A":{"Type":"Map","End":true}}}`, `"A" is a Map with nothing in it`},
		{`{"StartAt":"A","States":{"A":{"Type":"Parallel","End":true,"Branches":[]}}}`, `"A" is a Parallel with nothing in it`},
		{`{"StartAt":"A","States":{"A":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}]}}}`, `two states "A"`},
		{`{"StartAt":"A","States":{"B":{"Type":"Succeed"},"A":{"Type":"Map","End":true,"Iterator":{"StartAt":"C","States":{"C":{"Type":"Pass","Next":"B"}}}}}}`, `"C" leads to "B"`},
		{`{"StartAt":"A","States":{"A":{"Type":"Succeed"}},"Comment":"` + strings.Repeat("x", 1<<20) + `"}`, "1048576"},
		{dense(3000), "too many long ways"},
	} {
		_, err := chart.Draw([]byte(c.definition))
		if err == nil || !strings.HasPrefix(err.Error(), "chart: ") || !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%.200s: error %v, want one with %s", c.definition, err, c.problem)
		}
	}
}

// dense is a machine with a way from each state to another one far away.
func dense(states int) string {
	var b strings.Builder
	b.WriteString(`{"StartAt":"S0","States":{`)
	for i := range states {
		fmt.Fprintf(&b, `"S%d":{"Type":"Choice","Choices":[{"Next":"S%d"}],"Default":"S%d"},`, i, (i*7919)%states, i+1)
	}
	fmt.Fprintf(&b, `"S%d":{"Type":"Succeed"}}}`, states)
	return b.String()
}

func FuzzDraw(f *testing.F) {
	for _, definition := range samples(f) {
		f.Add(definition)
	}
	f.Fuzz(func(t *testing.T, definition []byte) {
		c, err := chart.Draw(definition)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "chart: ") {
				t.Errorf("error %v", err)
			}
			return
		}
		i := inspected(t, c)
		i.checkBoxes()
		if i.nodes[start].Kind != chart.Start {
			t.Error("drawn without a start")
		}
	})
}
