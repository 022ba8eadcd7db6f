package template

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"orderflow/lambdas/order"

	"github.com/google/go-cmp/cmp"
)

// One more consumer is one more entry: everything that was there stays as it
// was, to the byte, and everything new is the consumer's own.
func TestAConsumerOnlyAdds(t *testing.T) {
	loyalty := Consumer{
		Name:        "loyalty",
		Does:        "gives points for confirmed orders",
		Events:      []order.EventType{order.OrderConfirmed},
		Environment: map[string]string{"POINTS_TABLE": Ref("LoyaltyPointsTable")},
		Access:      []Statement{Allow(GetAtt("LoyaltyPointsTable", "Arn"), "dynamodb:UpdateItem")},
		Owns:        []Resource{Table("LoyaltyPointsTable", "Points, by customerId.", "customerId")},
	}
	before, after := render(t, Consumers()), render(t, append(Consumers(), loyalty))

	var gained []string
	for id, r := range after.Resources {
		switch old, ok := before.Resources[id]; {
		case !ok:
			gained = append(gained, id)
		case id == dashboardID: // see TestOnCall
		case old.raw != r.raw:
			t.Errorf("%s has changed:\n%s", id, cmp.Diff(old.raw, r.raw))
		}
	}
	for id := range before.Resources {
		if _, ok := after.Resources[id]; !ok {
			t.Errorf("%s is gone", id)
		}
	}
	slices.Sort(gained)
	want := []string{
		"LoyaltyBatchFailuresAlarm", "LoyaltyCanaryAlarm",
		"LoyaltyDeadLetterQueue", "LoyaltyDeadLetterQueueAlarm", "LoyaltyDeadLetterQueuePolicy", "LoyaltyDeploymentRole", "LoyaltyErrorsAlarm",
		"LoyaltyFunction", "LoyaltyLogGroup", "LoyaltyPointsTable", "LoyaltyQueue", "LoyaltyQueueAgeAlarm",
		"LoyaltyQueuePolicy", "LoyaltyRole", "LoyaltySubscription", "LoyaltyThrottlesAlarm",
	}
	if diff := cmp.Diff(want, gained); diff != "" {
		t.Error(diff)
	}

	for name, sections := range map[string][2]map[string]json.RawMessage{
		"parameters": {before.Parameters, withoutPrefix(after.Parameters, "Loyalty")},
		"conditions": {before.Conditions, after.Conditions},
		"outputs":    {before.Outputs, withoutPrefix(after.Outputs, "Loyalty")},
	} {
		if diff := cmp.Diff(sections[0], sections[1]); diff != "" {
			t.Errorf("%s have changed:\n%s", name, diff)
		}
	}
}

func withoutPrefix(m map[string]json.RawMessage, prefix string) map[string]json.RawMessage {
	rest := map[string]json.RawMessage{}
	for name, v := range m {
		if !strings.HasPrefix(name, prefix) {
			rest[name] = v
		}
	}
	return rest
}

// The golden event of every type reaches exactly the consumers that the
// journey needs, by the filter policies alone.
func TestFilterPoliciesRouteTheGoldenEvents(t *testing.T) {
	want := map[string][]string{
		"inventory.requested": {"AnalyticsQueue", "InventoryQueue"},
		"shipment.requested":  {"AnalyticsQueue", "ShipmentQueue"},
		"order.placed":        {"AnalyticsQueue", "NotificationQueue"},
		"order.confirmed":     {"AnalyticsQueue", "InventoryQueue", "NotificationQueue", "ShipmentQueue"},
		"order.cancelled":     {"AnalyticsQueue", "InventoryQueue", "NotificationQueue", "ShipmentQueue"},
	}
	got := map[string][]string{}
	resources := render(t, Consumers()).Resources
	for _, eventType := range goldenEventTypes(t) {
		for _, r := range resources {
			if r.Type != "AWS::SNS::Subscription" {
				continue
			}
			if slices.Contains(at(t, r.Properties, "FilterPolicy", "type").([]any), any(eventType)) {
				got[eventType] = append(got[eventType], at(t, r.Properties, "Endpoint", "Fn::GetAtt", "0").(string))
			}
		}
		slices.Sort(got[eventType])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func goldenEventTypes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../lambdas/order/testdata/events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden events: %v", err)
	}
	var eventTypes []string
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		e, err := order.ParseEvent(raw)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		eventTypes = append(eventTypes, string(e.Type))
	}
	return eventTypes
}

// Every consumer's filter policy is its list of events, nothing less or more.
func TestFilterPoliciesAreTheConsumersEvents(t *testing.T) {
	resources := render(t, Consumers()).Resources
	for _, c := range Consumers() {
		var want []any
		for _, e := range c.Events {
			want = append(want, string(e))
		}
		got := resources[title(c.Name)+"Subscription"].Properties["FilterPolicy"]
		if diff := cmp.Diff(any(map[string]any{"type": want}), got); diff != "" {
			t.Errorf("%s: %s", c.Name, diff)
		}
	}
}

func TestConsumersAreSubscribedRaw(t *testing.T) {
	for _, c := range Consumers() {
		id := title(c.Name)
		subscription := render(t, Consumers()).Resources[id+"Subscription"]
		if subscription.Properties["RawMessageDelivery"] != true {
			t.Errorf("%s is not delivered raw", c.Name)
		}
		if diff := cmp.Diff([]string{id + "QueuePolicy", id + "DeadLetterQueuePolicy"}, subscription.DependsOn); diff != "" {
			t.Errorf("%s is subscribed before its queues let the topic in: %s", c.Name, diff)
		}
	}
}

func TestQueuesOutlastTheirFunctions(t *testing.T) {
	resources := render(t, Consumers()).Resources
	for _, c := range Consumers() {
		id := title(c.Name)
		queue, dead, handler := resources[id+"Queue"], resources[id+"DeadLetterQueue"], resources[id+"Function"]
		event := at(t, handler.Properties, "Events", "Queue", "Properties").(map[string]any)
		window, _ := event["MaximumBatchingWindowInSeconds"].(float64)

		want := 6*handler.Properties["Timeout"].(float64) + window
		if got := queue.Properties["VisibilityTimeout"]; got != want {
			t.Errorf("%s: visibility timeout is %v s, want %v", c.Name, got, want)
		}
		if got := at(t, queue.Properties, "RedrivePolicy", "maxReceiveCount"); got != 5.0 {
			t.Errorf("%s: a message is received %v times at most, want 5", c.Name, got)
		}
		if got := at(t, queue.Properties, "RedrivePolicy", "deadLetterTargetArn", "Fn::GetAtt", "0"); got != id+"DeadLetterQueue" {
			t.Errorf("%s: dead letters go to %v", c.Name, got)
		}
		if queue.Properties["MessageRetentionPeriod"].(float64) >= dead.Properties["MessageRetentionPeriod"].(float64) {
			t.Errorf("%s: a dead letter is not kept longer than a live one", c.Name)
		}
		if diff := cmp.Diff([]any{"ReportBatchItemFailures"}, event["FunctionResponseTypes"].([]any)); diff != "" {
			t.Errorf("%s: %s", c.Name, diff)
		}
		at(t, event, "ScalingConfig", "MaximumConcurrency")
		if size := event["BatchSize"].(float64); size > 10 && window < 1 {
			t.Errorf("%s: Lambda wants a batching window for %v messages", c.Name, size)
		}
	}
}

// A tombstone outlives every copy of its request: one that SNS delivers at its
// last attempt, that dies, is moved back once by an operator and dies again.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
func TestTombstonesOutlastTheQueues(t *testing.T) {
	const delivery = 100_015 * 20 * time.Second
	resources := render(t, Consumers()).Resources
	for _, c := range Consumers() {
		kept := time.Duration(0)
		for _, queue := range []string{title(c.Name) + "Queue", title(c.Name) + "DeadLetterQueue"} {
			kept = max(kept, time.Duration(resources[queue].Properties["MessageRetentionPeriod"].(float64))*time.Second)
		}
		if longest := delivery + 2*kept; order.TombstoneLife <= longest {
			t.Errorf("a tombstone stands for %v, an event reaches %s after up to %v", order.TombstoneLife, c.Name, longest)
		}
	}
}

// Tombstones expire, and what mails were sent; no other table forgets anything.
func TestTablesThatForget(t *testing.T) {
	var got []string
	for id, r := range render(t, Consumers()).Resources {
		if ttl, ok := r.Properties["TimeToLiveSpecification"]; ok {
			got = append(got, id)
			if diff := cmp.Diff(any(map[string]any{"AttributeName": order.ExpiresAt, "Enabled": true}), ttl); diff != "" {
				t.Errorf("%s: %s", id, diff)
			}
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"NotificationsTable", "ReservationsTable", "ShipmentsTable"}, got); diff != "" {
		t.Error(diff)
	}
}
