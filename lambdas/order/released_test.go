package order_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/order"
)

var release = flag.Bool("release", false, "what events are like today is what is released: rewrite testdata/released")

// Events as they are, and as they were when they were last released, with the
// values that their members could have.
const (
	goldens         = "testdata/events"
	releasedGoldens = "testdata/released/events"
	releasedValues  = "testdata/released/values.json"
)

// TestEventsAreCompatible refuses what would break somebody who knows the events
// that were released last: consumers of ours that are deployed before or after
// the state machine, messages that wait in queues for up to two weeks, and what
// others subscribe. A member may be added, and a type of event; nothing may go,
// or change its type.
//
// Part of every release, whose events everybody must understand from then on, is
//
//	go test ./lambdas/order -run TestEventsAreCompatible -release
//
// What cannot stay compatible is told by a type of event of its own, beside the
// old one, until nobody hears that any more. Then its file is taken out of
// testdata/released by hand.
func TestEventsAreCompatible(t *testing.T) {
	today, values := readEvents(t, goldens), valuesToday(t)
	if !*release || exists(releasedValues) {
		var before map[string][]string
		decodeFile(t, releasedValues, &before)
		for _, problem := range append(incompatible(readEvents(t, releasedGoldens), today), missing(before, values)...) {
			t.Error(problem)
		}
	}
	if *release && !t.Failed() {
		writeReleased(t, values)
	}
}

// incompatible says what of released events is not in those of today. Both are
// by the name of their golden file.
func incompatible(released, today map[string]any) (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(released)) {
		event, ok := today[name]
		if !ok {
			problems = append(problems, fmt.Sprintf("%s: nobody tells of it any more", name))
			continue
		}
		problems = append(problems, changed(name, released[name], event)...)
	}
	return problems
}

// changed compares what is at one place of an event.
func changed(path string, released, today any) []string {
	switch was := released.(type) {
	case map[string]any:
		is, ok := today.(map[string]any)
		if !ok {
			return typeChanged(path, released, today)
		}
		var problems []string
		for _, name := range slices.Sorted(maps.Keys(was)) {
			value, ok := is[name]
			if !ok {
				problems = append(problems, fmt.Sprintf("%s.%s: is gone, or has another name", path, name))
				continue
			}
			problems = append(problems, changed(path+"."+name, was[name], value)...)
		}
		return problems
	case []any:
		is, ok := today.([]any)
		switch {
		case !ok:
			return typeChanged(path, released, today)
		case len(was) == 0:
			return nil
		case len(is) == 0:
			return []string{path + ": the example is empty, so that nothing can be said of its elements"}
		}
		return changed(path+"[]", was[0], is[0])
	case string:
		is, ok := today.(string)
		if !ok {
			return typeChanged(path, released, today)
		}
		return changedText(path, was, is)
	case float64:
		is, ok := today.(float64)
		if !ok {
			return typeChanged(path, released, today)
		}
		if was == math.Trunc(was) && is != math.Trunc(is) {
			return []string{path + ": was a whole number"}
		}
		return nil
	}
	if reflect.TypeOf(released) != reflect.TypeOf(today) {
		return typeChanged(path, released, today)
	}
	return nil
}

func typeChanged(path string, released, today any) []string {
	return []string{fmt.Sprintf("%s: was %s, is %s", path, kind(released), kind(today))}
}

func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "true or false"
	case float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	}
	return "an object"
}

// changedText compares examples of a string. Some members of the envelope are
// the same in every event of a type, and the ID tells the state that it is of:
// by that a repeated event is recognised.
func changedText(path, released, today string) []string {
	_, member, _ := strings.Cut(path, ".json.")
	switch member {
	case "specversion", "type", "source", "datacontenttype":
		if released != today {
			return []string{fmt.Sprintf("%s: was %q, is %q", path, released, today)}
		}
	case "id":
		_, was, _ := strings.Cut(released, "/")
		if _, is, _ := strings.Cut(today, "/"); was != is {
			return []string{fmt.Sprintf("%s: ended in %q, ends in %q", path, was, is)}
		}
	}
	if _, err := time.Parse(time.RFC3339, released); err == nil {
		if _, err := time.Parse(time.RFC3339, today); err != nil {
			return []string{fmt.Sprintf("%s: was a time, is %q", path, today)}
		}
	}
	return nil
}

// missing are the values that a member could have and can have no more.
func missing(released, today map[string][]string) (problems []string) {
	for _, name := range slices.Sorted(maps.Keys(released)) {
		for _, value := range released[name] {
			if !slices.Contains(today[name], value) {
				problems = append(problems, fmt.Sprintf("%s: %q is gone, and events that wait have it", name, value))
			}
		}
	}
	return problems
}

// valuesToday are the constants of the vocabulary, and the codes of failures.
func valuesToday(t *testing.T) map[string][]string {
	t.Helper()
	values := map[string][]string{"EventType": constants(t, "event.go", "EventType"), "Status": constants(t, "order.go", "Status")}
	for _, refusal := range []order.Refusal{order.InvalidOrder{}, order.OutOfStock{}, order.ShipmentRefused{}, order.OrderEnded{}} {
		values["Failure"] = append(values["Failure"], refusal.Code())
	}
	return values
}

func constants(t *testing.T, file, typeName string) (values []string) {
	t.Helper()
	source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(source, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if named, ok := spec.Type.(*ast.Ident); !ok || named.Name != typeName {
			return true
		}
		for _, v := range spec.Values {
			value, err := strconv.Unquote(v.(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) == 0 {
		t.Fatalf("%s has no constants of type %s", file, typeName)
	}
	return values
}

// Whoever is deployed today reads what was released without loss: it waits in
// queues.
func TestReleasedEventsAreRead(t *testing.T) {
	for name := range readEvents(t, releasedGoldens) {
		body, err := os.ReadFile(filepath.Join(releasedGoldens, name))
		if err != nil {
			t.Fatal(err)
		}
		e, err := order.ParseEvent(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		again, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decode(t, body), decode(t, again)); diff != "" {
			t.Errorf("%s: what is read of it (-released +read):\n%s", name, diff)
		}
	}
}

// Whoever was deployed yesterday reads what is told today: members that it does
// not know, anywhere, change nothing.
func TestUnknownMembersAreIgnored(t *testing.T) {
	for name, event := range readEvents(t, goldens) {
		known, err := order.ParseEvent(encode(t, event))
		if err != nil {
			t.Fatal(err)
		}
		more, err := order.ParseEvent(encode(t, withUnknown(event)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(known, more); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// withUnknown is a value with members of every kind added to each object.
func withUnknown(v any) any {
	switch v := v.(type) {
	case map[string]any:
		more := map[string]any{"new": "x", "newNumber": 1.5, "newList": []any{1.0}, "newObject": map[string]any{"orderId": "x"}, "newNothing": nil}
		for name, value := range v {
			more[name] = withUnknown(value)
		}
		return more
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = withUnknown(v[i])
		}
		return list
	}
	return v
}

// The check itself must be able to fail, and to pass what is compatible.
func TestIncompatible(t *testing.T) {
	const released = `{"specversion": "1.0", "type": "order.placed", "id": "o1/AnnounceOrder", "time": "2026-01-02T03:04:05Z", "data": {
		"orderId": "o1", "lines": [{"sku": "A", "quantity": 2, "price": {"amount": 1}}], "gift": false, "notes": [], "nothing": null}}`
	for _, test := range []struct {
		name, from, to string // what is changed in it
		want           string // "" if that is compatible
	}{
		{"nothing", "", "", ""},
		{"another example", `"orderId": "o1", "lines": [{"sku": "A", "quantity": 2`, `"orderId": "o2", "lines": [{"sku": "B", "quantity": 3`, ""},
		{"another time", "2026-01-02T03:04:05Z", "2027-01-02T03:04:05.123+01:00", ""},
		{"a member is added", `"gift": false`, `"gift": false, "voucher": "x"`, ""},
		{"a member of a line is added", `"sku": "A"`, `"sku": "A", "name": "x"`, ""},
		{"a line is added", `"lines": [`, `"lines": [{"sku": "B", "quantity": 1, "price": {"amount": 1}}, `, ""},
		{"what was an empty list has elements", `"notes": []`, `"notes": [1]`, ""},
		{"a member is removed", `"gift": false, `, ``, "order.placed.json.data.gift: is gone"},
		{"a member is renamed", `"orderId"`, `"id"`, "order.placed.json.data.orderId: is gone"},
		{"a member of a line is removed", `"sku": "A", `, ``, "data.lines[].sku: is gone"},
		{"a number becomes a string", `"quantity": 2`, `"quantity": "2"`, "data.lines[].quantity: was a number, is a string"},
		{"a whole number becomes a fraction", `"amount": 1`, `"amount": 1.5`, "data.lines[].price.amount: was a whole number"},
		{"a string becomes a number", `"sku": "A"`, `"sku": 1`, "data.lines[].sku: was a string, is a number"},
		{"an object becomes a number", `{"amount": 1}`, `1`, "data.lines[].price: was an object, is a number"},
		{"a list becomes an object", `[]`, `{}`, "data.notes: was a list, is an object"},
		{"a boolean becomes null", `"gift": false`, `"gift": null`, "data.gift: was true or false, is null"},
		{"null becomes something", `"nothing": null`, `"nothing": 1`, "data.nothing: was null, is a number"},
		{"there is no example any more", `[{"sku": "A", "quantity": 2, "price": {"amount": 1}}]`, `[]`, "data.lines: the example is empty"},
		{"a time becomes a word", "2026-01-02T03:04:05Z", "yesterday", "order.placed.json.time: was a time"},
		{"the version", `"1.0"`, `"2.0"`, `specversion: was "1.0", is "2.0"`},
		{"the type", `"order.placed"`, `"order.made"`, `type: was "order.placed", is "order.made"`},
		{"the state it is of", `o1/AnnounceOrder`, `o1/Announce`, `id: ended in "AnnounceOrder", ends in "Announce"`},
		{"the order it is of", `o1/AnnounceOrder`, `o2/AnnounceOrder`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(released, test.from) {
				t.Fatalf("there is no %s", test.from)
			}
			today := map[string]any{
				"order.placed.json": decode(t, []byte(strings.Replace(released, test.from, test.to, 1))),
				"order.new.json":    decode(t, []byte(released)), // a type more is compatible
			}
			problems := incompatible(map[string]any{"order.placed.json": decode(t, []byte(released))}, today)
			if test.want == "" && len(problems) > 0 || test.want != "" && (len(problems) != 1 || !strings.Contains(problems[0], test.want)) {
				t.Errorf("problems are %q, want %q", problems, test.want)
			}
		})
	}
	if problems := incompatible(map[string]any{"order.placed.json": nil}, nil); len(problems) != 1 || !strings.Contains(problems[0], "nobody tells of it") {
		t.Errorf("a type is gone: problems are %q", problems)
	}
	values := map[string][]string{"Status": {"PENDING", "LOST"}}
	if problems := missing(values, map[string][]string{"Status": {"PENDING", "NEW"}}); len(problems) != 1 || !strings.Contains(problems[0], `Status: "LOST" is gone`) {
		t.Errorf("a value is gone: problems are %q", problems)
	}
}

// readEvents are the events in a folder, decoded, by the name of their file.
func readEvents(t *testing.T, folder string) map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no events in %s: %v", folder, err)
	}
	events := map[string]any{}
	for _, file := range files {
		var event any
		decodeFile(t, file, &event)
		events[filepath.Base(file)] = event
	}
	return events
}

func writeReleased(t *testing.T, values map[string][]string) {
	t.Helper()
	if err := os.RemoveAll(releasedGoldens); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(releasedGoldens, os.DirFS(goldens)); err != nil {
		t.Fatal(err)
	}
	raw, err := json.MarshalIndent(values, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(releasedValues, append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func decodeFile(t *testing.T, file string, v any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
