package metric

import (
	"encoding/json"
	"log/slog"
	"time"
)

// Embedded tells CloudWatch which members of a line of the log are metrics, in
// its embedded metric format. It comes to know them within minutes, with no
// call to make and nothing to wait for.
//
// CloudWatch may extract a line's metrics twice.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
type Embedded struct{ directives slog.Value }

// Embed is for lines that have these metrics as members, and their dimensions.
func Embed(namespace string, names ...string) Embedded {
	type definition struct{ Name, Unit string }
	type directive struct {
		Namespace  string
		Dimensions [][]string // whose members are the names of dimensions
		Metrics    []definition
	}
	var directives []directive
	for _, name := range names { // each has dimensions of its own
		directives = append(directives, directive{namespace, [][]string{dimensions(name)}, []definition{{name, unit(name)}}})
	}
	raw, err := json.Marshal(directives)
	if err != nil { // they are strings
		panic(err)
	}
	return Embedded{slog.AnyValue(json.RawMessage(raw))}
}

// Attr is the member of a line that makes metrics of others.
func (e Embedded) Attr() slog.Attr {
	return slog.Attr{Key: "_aws", Value: slog.GroupValue(
		slog.Int64("Timestamp", time.Now().UnixMilli()),
		slog.Attr{Key: "CloudWatchMetrics", Value: e.directives},
	)}
}

func unit(name string) string {
	switch name {
	case TimeToDecision, CallbackWait:
		return "Milliseconds"
	}
	return "Count"
}

func dimensions(name string) []string {
	switch name {
	case Orders:
		return []string{Outcome}
	case CallbackWait:
		return []string{State}
	case BatchFailures, CompensationFailures:
		return []string{Consumer}
	}
	return []string{}
}
