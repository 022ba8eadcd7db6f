package template

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"orderflow/lambdas/order"
	"orderflow/statemachine"

	"github.com/google/go-cmp/cmp"
)

// README.md's table of quotas adds up: orders a second are what there is by
// default, in each group of regions, divided by what an order uses.
func TestQuotasAddUp(t *testing.T) {
	rows := tableIn(t, "How it holds a surge", "quota")
	if len(rows) < 15 {
		t.Fatalf("%d quotas are told", len(rows))
	}
	for _, row := range rows {
		defaults, used, told := numbers(t, row["default"]), numbers(t, row["an order uses"])[0], numbers(t, row["orders a second"])
		var want []float64
		for _, quota := range defaults {
			orders := quota / used
			if orders >= 1 {
				orders = math.Floor(orders)
			}
			want = append(want, orders)
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("%s: %s", row["quota"], diff)
		}
		if row["beyond it"] == "" || row["to raise"] == "" {
			t.Errorf("%s: nobody says what happens beyond it, or what to raise", row["quota"])
		}
	}
}

// The answer that comes first is the smallest of what the table says, by group
// of regions.
func TestTheSmallestQuotaIsTheAnswer(t *testing.T) {
	smallest := []float64{math.Inf(1), math.Inf(1), math.Inf(1)}
	for _, row := range tableIn(t, "How it holds a surge", "quota") {
		if strings.Contains(row["quota"], "sandbox") || strings.Contains(row["quota"], "new account") || strings.Contains(row["quota"], " while ") || strings.Contains(row["quota"], "one row") {
			continue // of accounts that are not ready, of outages, and of single products
		}
		told := numbers(t, row["orders a second"])
		for i := range smallest {
			smallest[i] = min(smallest[i], told[min(i, len(told)-1)])
		}
	}
	var want []string
	for _, orders := range smallest {
		want = append(want, strconv.FormatFloat(orders, 'f', -1, 64))
	}
	var got []string
	for _, m := range regexp.MustCompile(`\*\*(\d+)\s`).FindAllStringSubmatch(section(t, "How it holds a surge"), -1) {
		got = append(got, m[1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("README.md's answer: %s", diff)
	}
}

// What an order uses is what the definition, the consumers and README.md's
// estimates come to.
func TestWhatAnOrderUses(t *testing.T) {
	j := confirmed(t)
	uses := map[string]string{}
	for _, row := range tableIn(t, "How it holds a surge", "quota") {
		uses[row["quota"]] = row["an order uses"]
	}
	seconds := map[string]float64{}
	total := 0.0
	for _, row := range tableIn(t, "How it holds a surge", "function") {
		seconds[row["function"]] = numbers(t, row["seconds an order"])[0]
		total += seconds[row["function"]]
	}
	mails, inventory := 0, 0
	for _, c := range Consumers() {
		for _, e := range c.Events {
			if c.Name == "notification" && j.events[e] {
				mails++
			}
			if c.Name == "inventory" && j.events[e] {
				inventory++
			}
		}
	}
	inFlight := inventory * visibilityPerTimeout * consumerTimeoutSeconds

	for quota, want := range map[string]string{
		"`StateTransition`":             fmt.Sprintf("%d states", j.states),
		"`SendTaskSuccess`":             fmt.Sprintf("%d answers", j.waits),
		"`Publish`":                     fmt.Sprintf("%d messages", len(j.events)),
		"mails in the sandbox":          fmt.Sprintf("%d mails", mails),
		"messages in flight":            fmt.Sprintf("%d s in flight", inFlight),
		"invocations at once":           fmt.Sprintf("%.2f s of functions", total),
		"parameter `ShipmentConc":       fmt.Sprintf("%.2f s of shipment", seconds["shipment"]),
		"parameter `InventoryConc":      fmt.Sprintf("%.2f s of inventory", seconds["inventory"]),
		"parameter `NotificationConcur": fmt.Sprintf("%.2f s of notification", seconds["notification"]),
	} {
		found := false
		for name, got := range uses {
			if strings.Contains(name, quota) {
				found = true
				if got != want {
					t.Errorf("%s: an order uses %s, it is %s", name, got, want)
				}
			}
		}
		if !found {
			t.Errorf("no quota is called %s", quota)
		}
	}
}

// Quotas that are parameters are told by their defaults.
func TestQuotasAreTheParametersDefaults(t *testing.T) {
	defaults := map[string]any{}
	for _, g := range New(Consumers(), Auth{}).Parameters {
		for _, p := range g.Parameters {
			defaults[p.ID] = p.Default
		}
	}
	told := 0
	for _, row := range tableIn(t, "How it holds a surge", "quota") {
		name, ok := strings.CutPrefix(row["quota"], "parameter `")
		if !ok {
			continue
		}
		told++
		want, err := strconv.ParseFloat(fmt.Sprint(defaults[strings.TrimSuffix(name, "`")]), 64)
		if err != nil || numbers(t, row["default"])[0] != want {
			t.Errorf("%s is said to be %s, and is %v", row["quota"], row["default"], want)
		}
	}
	if told == 0 {
		t.Error("no parameter is told")
	}
}

// A confirmedJourney is what an order spends that goes well.
type confirmedJourney struct {
	states, waits int
	events        map[order.EventType]bool
}

// A described state is what of one can be counted.
type described struct {
	Next, Resource string
	Arguments      struct {
		Message struct{ Type order.EventType }
	}
	Branches []branch
}

type branch struct {
	StartAt string
	States  map[string]described
}

func confirmed(t *testing.T) confirmedJourney {
	t.Helper()
	var machine branch
	if err := json.Unmarshal(statemachine.Definition, &machine); err != nil {
		t.Fatal(err)
	}
	j := confirmedJourney{events: map[order.EventType]bool{}}
	j.walk(machine)
	return j
}

// walk follows Next from the start, through all branches.
func (j *confirmedJourney) walk(b branch) {
	for name := b.StartAt; name != ""; name = b.States[name].Next {
		s := b.States[name]
		j.states++
		if strings.HasSuffix(s.Resource, ".waitForTaskToken") {
			j.waits++
		}
		if strings.Contains(s.Resource, ":sns:publish") {
			j.events[s.Arguments.Message.Type] = true
		}
		for _, inner := range s.Branches {
			j.walk(inner)
		}
	}
}

// section is what README.md has below a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(readme), "\n## "+heading+"\n")
	if !ok {
		t.Fatalf("README.md has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// tableIn is the table of a section whose first column is called so: its rows,
// by column.
func tableIn(t *testing.T, heading, firstColumn string) []map[string]string {
	t.Helper()
	var columns []string
	var rows []map[string]string
	for line := range strings.Lines(section(t, heading)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			columns = nil
		case cells[0] == firstColumn:
			columns = cells
		case columns != nil && !strings.HasPrefix(cells[0], "--"):
			row := map[string]string{}
			for i, column := range columns {
				row[column] = cells[i]
			}
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		t.Fatalf("README.md's %q has no table of a %s", heading, firstColumn)
	}
	return rows
}

// numbers are those that a cell holds, "5,000; 800 a second" being 5000 and 800.
func numbers(t *testing.T, cell string) []float64 {
	t.Helper()
	var all []float64
	for _, one := range strings.Split(cell, ";") {
		first, _, _ := strings.Cut(strings.TrimSpace(one), " ")
		n, err := strconv.ParseFloat(strings.ReplaceAll(first, ",", ""), 64)
		if err != nil {
			t.Fatalf("README.md: %q in %q is no number", first, cell)
		}
		all = append(all, n)
	}
	return all
}
