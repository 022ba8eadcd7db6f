package analytics

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"orderflow/lambdas/consumer"
	"orderflow/lambdas/order"
)

func TestObject(t *testing.T) {
	batch := goldens(t)
	o, err := newObject(unique(batch))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(o.key, "events/year=2026/month=01/day=02/hour=03/") || !strings.HasSuffix(o.key, ".jsonl") {
		t.Errorf("key %q", o.key)
	}
	lines := strings.Split(strings.TrimSuffix(string(o.body), "\n"), "\n")
	if len(lines) != len(batch) {
		t.Fatalf("%d lines of %d events", len(lines), len(batch))
	}
	for _, line := range lines {
		if strings.Contains(line, "oken") {
			t.Errorf("a task token is kept: %s", line)
		}
		e, err := order.ParseEvent([]byte(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if e.Type == order.InventoryRequested && len(e.Data.Lines) != 1 {
			t.Errorf("the lines are lost: %s", line)
		}
	}
}

// A batch received again, in whatever order, overwrites what it wrote.
func TestObjectIsTheSameForTheSameEvents(t *testing.T) {
	batch := goldens(t)
	one, err := newObject(unique(batch))
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(batch)
	batch = append(batch, batch[0])
	other, err := newObject(unique(batch))
	if err != nil {
		t.Fatal(err)
	}
	if one.key != other.key || string(one.body) != string(other.body) {
		t.Errorf("objects differ:\n%s\n%s\n%s\n%s", one.key, one.body, other.key, other.body)
	}
	fewer, err := newObject(unique(batch[1:3]))
	if err != nil {
		t.Fatal(err)
	}
	if fewer.key == one.key {
		t.Error("other events have the same key")
	}
}

// What a later version of an event adds is kept.
func TestObjectKeepsUnknownMembers(t *testing.T) {
	body := "{\"specversion\":\"1.0\",\n \"id\":\"o/S\",\"type\":\"t\",\"traceparent\":\"00-1\",\"data\":{\"orderId\":\"o\",\"TaskToken\":\"secret\",\"channel\":\"web\"}}"
	e, err := order.ParseEvent([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	o, err := newObject([]consumer.Message{{ID: "m", Body: body, Event: e}})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(o.body, &got); err != nil {
		t.Fatal(err)
	}
	data := got["data"].(map[string]any)
	if got["traceparent"] != "00-1" || data["channel"] != "web" || len(data) != 2 {
		t.Errorf("kept %s", o.body)
	}
}

// However its members are cased, an event that a consumer would read neither
// fails the batch nor leaves its token behind.
func TestObjectFindsTheTokenInAnyCase(t *testing.T) {
	for _, body := range []string{
		`{"specversion":"1.0","id":"o/S","type":"t","Data":{"orderId":"o","taskToken":"secret"}}`,
		`{"specversion":"1.0","id":"o/S","type":"t","data":{"orderId":"o"},"DATA":{"TASKTOKEN":"secret"}}`,
		`{"specversion":"1.0","id":"o/S","type":"t","Data":{"orderId":"o","taskToken":"secret"},"data":null}`,
	} {
		e, err := order.ParseEvent([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		o, err := newObject([]consumer.Message{{ID: "m", Body: body, Event: e}})
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		if strings.Contains(string(o.body), "secret") {
			t.Errorf("%s: kept %s", body, o.body)
		}
	}
}

// goldens are a message of each golden event.
func goldens(t *testing.T) []consumer.Message {
	t.Helper()
	files, err := filepath.Glob("../order/testdata/events/*.json")
	if err != nil || len(files) != 5 {
		t.Fatalf("golden events %q, %v", files, err)
	}
	var batch []consumer.Message
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, err := order.ParseEvent(body)
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, consumer.Message{ID: file, Body: string(body), Event: e})
	}
	return batch
}
