// Package metrictest reads metrics out of lines of a log, as CloudWatch does,
// and tells what it would not take.
package metrictest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// A Metric is what CloudWatch makes of one metric of a line.
type Metric struct {
	Namespace, Name, Unit string
	Dimensions            map[string]string
	Value                 float64
}

// Limits of the embedded metric format.
const (
	maxLine       = 256 << 10 // bytes
	maxName       = 255
	maxDimensions = 9 // of a metric
	maxMetrics    = 100
)

// unit is what the format's JSON schema says of units.
var unit = regexp.MustCompile(`^(Seconds|Microseconds|Milliseconds|Bytes|Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits|Megabits|Gigabits|Terabits|Percent|Count|` +
	`Bytes/Second|Kilobytes/Second|Megabytes/Second|Gigabytes/Second|Terabytes/Second|Bits/Second|Kilobits/Second|Megabits/Second|Gigabits/Second|Terabits/Second|Count/Second|None)$`)

// metadata are the members of _aws. What the specification does not know, or
// writes otherwise, is an error.
type metadata struct {
	Timestamp         *int64
	CloudWatchMetrics []struct {
		Namespace  string
		Dimensions [][]string
		Metrics    []struct{ Name, Unit string }
	}
}

// Read returns the metrics of a line: none if it embeds none. The error is
// where the line breaks the format's rules.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func Read(line []byte) (metrics []Metric, _ error) {
	var root map[string]json.RawMessage
	if err := json.Unmarshal(line, &root); err != nil {
		return nil, fmt.Errorf("metrictest: the line is no JSON object: %w", err)
	}
	raw, ok := root["_aws"]
	if !ok {
		return nil, nil
	}
	if len(line) > maxLine {
		return nil, fmt.Errorf("metrictest: the line has %d bytes, more than %d", len(line), maxLine)
	}
	var aws metadata
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&aws); err != nil {
		return nil, fmt.Errorf("metrictest: _aws: %w", err)
	}
	if aws.Timestamp == nil || *aws.Timestamp <= 0 {
		return nil, errors.New("metrictest: _aws has no Timestamp in milliseconds")
	}
	if len(aws.CloudWatchMetrics) == 0 {
		return nil, errors.New("metrictest: _aws has no CloudWatchMetrics")
	}
	for _, d := range aws.CloudWatchMetrics {
		if !named(d.Namespace) || len(d.Dimensions) == 0 || len(d.Metrics) == 0 || len(d.Metrics) > maxMetrics {
			return nil, fmt.Errorf("metrictest: directive %+v lacks a namespace, dimensions or metrics, or has too many", d)
		}
		for _, set := range d.Dimensions {
			dimensions, err := read(root, set)
			if err != nil {
				return nil, err
			}
			for _, m := range d.Metrics {
				value, err := number(root, m.Name)
				if err != nil {
					return nil, err
				}
				if !unit.MatchString(m.Unit) {
					return nil, fmt.Errorf("metrictest: metric %q has unit %q", m.Name, m.Unit)
				}
				metrics = append(metrics, Metric{d.Namespace, m.Name, m.Unit, dimensions, value})
			}
		}
	}
	return metrics, nil
}

// read reads a set of dimensions, members of the root that are strings.
func read(root map[string]json.RawMessage, set []string) (map[string]string, error) {
	if len(set) > maxDimensions {
		return nil, fmt.Errorf("metrictest: %d dimensions are more than %d", len(set), maxDimensions)
	}
	dimensions := map[string]string{}
	for _, name := range set {
		var value string
		if !named(name) || json.Unmarshal(root[name], &value) != nil || !named(value) {
			return nil, fmt.Errorf("metrictest: dimension %q is %s, which is no string of 1 to %d characters", name, root[name], maxName)
		}
		dimensions[name] = value
	}
	return dimensions, nil
}

// number reads a metric, a member of the root. (The format takes arrays too,
// and nobody here writes them.)
func number(root map[string]json.RawMessage, name string) (value float64, _ error) {
	if !named(name) || json.Unmarshal(root[name], &value) != nil || string(root[name]) == "null" {
		return 0, fmt.Errorf("metrictest: metric %q is %s, which is no number", name, root[name])
	}
	return value, nil
}

func named(s string) bool { return s != "" && len(s) <= maxName }
