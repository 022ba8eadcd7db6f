package metric_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/metric"
	"orderflow/lambdas/metric/metrictest"
)

// Whatever is embedded in a line CloudWatch finds there, with its unit and its
// dimensions.
func TestEmbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		e := metric.Embed("orderflow", metric.Orders, metric.TimeToDecision, metric.CallbackWait, metric.StockConflicts,
			metric.BatchFailures, metric.CompensationFailures, metric.Contradictions)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("a line", "orderId", "o-1", e.Attr(),
			metric.Orders, 1, metric.TimeToDecision, 1234, metric.CallbackWait, 2, metric.StockConflicts, 3,
			metric.BatchFailures, 4, metric.CompensationFailures, 5, metric.Contradictions, 0,
			metric.Outcome, "CONFIRMED", metric.State, "ReserveInventory", metric.Consumer, "inventory")
		got, err := metrictest.Read(log.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		want := []metrictest.Metric{
			{Namespace: "orderflow", Name: "Orders", Unit: "Count", Dimensions: map[string]string{"Outcome": "CONFIRMED"}, Value: 1},
			{Namespace: "orderflow", Name: "TimeToDecision", Unit: "Milliseconds", Dimensions: map[string]string{}, Value: 1234},
			{Namespace: "orderflow", Name: "CallbackWait", Unit: "Milliseconds", Dimensions: map[string]string{"State": "ReserveInventory"}, Value: 2},
			{Namespace: "orderflow", Name: "StockConflicts", Unit: "Count", Dimensions: map[string]string{}, Value: 3},
			{Namespace: "orderflow", Name: "BatchFailures", Unit: "Count", Dimensions: map[string]string{"Consumer": "inventory"}, Value: 4},
			{Namespace: "orderflow", Name: "CompensationFailures", Unit: "Count", Dimensions: map[string]string{"Consumer": "inventory"}, Value: 5},
			{Namespace: "orderflow", Name: "Contradictions", Unit: "Count", Dimensions: map[string]string{}, Value: 0},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("metrics (-want +got):\n%s", diff)
		}
		var line struct {
			AWS struct{ Timestamp int64 } `json:"_aws"`
		}
		if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.AWS.Timestamp != time.Now().UnixMilli() {
			t.Errorf("timestamp %d, error %v", line.AWS.Timestamp, err)
		}
	})
}

// What CloudWatch would drop in silence is found here.
func TestBrokenRules(t *testing.T) {
	const whole = `{"_aws":{"Timestamp":1767323045123,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["D"]],"Metrics":[{"Name":"M","Unit":"Count"}]}]},"D":"d","M":1}`
	if got, err := metrictest.Read([]byte(whole)); err != nil || len(got) != 1 {
		t.Fatalf("%v, error %v", got, err)
	}
	if got, err := metrictest.Read([]byte(`{"message":"none"}`)); err != nil || got != nil {
		t.Errorf("%v, error %v", got, err)
	}
	for name, change := range map[string][2]string{
		"no JSON":               {`"M":1}`, `"M":NaN}`},
		"no timestamp":          {`"Timestamp":1767323045123,`, ``},
		"a timestamp in words":  {`1767323045123`, `"2026-01-02T03:04:05Z"`},
		"no directives":         {`"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["D"]],"Metrics":[{"Name":"M","Unit":"Count"}]}]`, `"CloudWatchMetrics":[]`},
		"no namespace":          {`"Namespace":"n",`, ``},
		"no dimension sets":     {`[["D"]]`, `[]`},
		"a flat dimension set":  {`[["D"]]`, `["D"]`},
		"no metrics":            {`[{"Name":"M","Unit":"Count"}]`, `[]`},
		"an unknown unit":       {`"Count"`, `"Orders"`},
		"an unknown member":     {`"Unit"`, `"Resolution":1,"Unit"`},
		"no such metric":        {`"M":1`, `"N":1`},
		"a metric in words":     {`"M":1`, `"M":"1"`},
		"no such dimension":     {`"D":"d"`, `"E":"d"`},
		"a dimension in digits": {`"D":"d"`, `"D":1`},
		"an empty dimension":    {`"D":"d"`, `"D":""`},
	} {
		line := bytes.Replace([]byte(whole), []byte(change[0]), []byte(change[1]), 1)
		if string(line) == whole {
			t.Fatalf("%s: nothing is changed", name)
		}
		if got, err := metrictest.Read(line); err == nil {
			t.Errorf("%s: %+v is read of %s", name, got, line)
		}
	}
}
