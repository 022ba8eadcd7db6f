package template

import (
	"fmt"
	"strings"

	"github.com/awslabs/goformation/v7/cloudformation/cloudwatch"
)

// An alarm is what wakes somebody. There is one severity: whatever can wait
// until morning is on the dashboard.
type alarm struct {
	id      string // logical ID, which ends in Alarm
	means   string // what it is to customers, in sentences
	first   string // what to do first, a sentence
	runbook runbook
	quiet   bool // wakes nobody: a deployment watches it

	// It watches one series, or what an expression makes of several, which are
	// m0, m1 and so on to it.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
	watches    []series
	expression string

	seconds   any // of a period, a number or an intrinsic function
	threshold float64
	below     bool // the threshold is the least there must be, not the most

	// It goes off when the threshold is passed in so many of so many periods.
	breaching, of int

	absent absent
}

// absent is what a period without data counts as.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
type absent string

const (
	fine     absent = "notBreaching" // nothing happened, so nothing failed
	wrong    absent = "breaching"    // something should have happened
	asBefore absent = "ignore"       // what was last heard of it still holds
)

// A runbook is a heading below Runbook in README.md.
type runbook string

// anchor is how GitHub links to a heading.
func (r runbook) anchor() string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-':
			return c
		}
		return -1
	}, strings.ToLower(string(r)))
}

func (a alarm) resource() Resource {
	comparison := "GreaterThanThreshold"
	if a.below {
		comparison = "LessThanThreshold"
	}
	told := choose(noAlarmTopic, Ref("AWS::NoValue"), []string{Ref(alarmTopicARN)})
	body := cloudwatch.Alarm{
		AlarmDescription:   new(Sub(a.means + " " + a.first + " ${" + runbookURL + "}#" + a.runbook.anchor())),
		ComparisonOperator: comparison,
		Threshold:          new(a.threshold),
		DatapointsToAlarm:  new(a.breaching),
		EvaluationPeriods:  a.of,
		TreatMissingData:   new(string(a.absent)),
	}
	overlay := map[string]any{}
	if !a.quiet {
		overlay["AlarmActions"], overlay["OKActions"] = told, told
	}
	if a.expression != "" {
		overlay["Metrics"] = a.queries()
	} else {
		a.watches[0].watchedBy(&body)
		overlay["Period"] = a.seconds
	}
	return Resource{ID: a.id, Body: with(body, overlay)}
}

// watchedBy makes it the series that an alarm watches. Percentiles are called
// extended statistics.
func (s series) watchedBy(body *cloudwatch.Alarm) {
	body.Namespace = new(value(s.namespace))
	body.MetricName = new(s.metric)
	if s.dimension != "" {
		body.Dimensions = []cloudwatch.Alarm_Dimension{{Name: s.dimension, Value: value(s.of)}}
	}
	if strings.HasPrefix(s.statistic, "p") {
		body.ExtendedStatistic = new(s.statistic)
	} else {
		body.Statistic = new(s.statistic)
	}
}

func (a alarm) queries() []any {
	var queries []any
	for i, s := range a.watches {
		metric := map[string]any{"Namespace": value(s.namespace), "MetricName": s.metric}
		if s.dimension != "" {
			metric["Dimensions"] = []any{map[string]any{"Name": s.dimension, "Value": value(s.of)}}
		}
		queries = append(queries, map[string]any{
			"Id":         fmt.Sprintf("m%d", i),
			"MetricStat": map[string]any{"Metric": metric, "Period": a.seconds, "Stat": s.statistic},
			"ReturnData": false,
		})
	}
	return append(queries, map[string]any{"Id": "watched", "Expression": a.expression, "ReturnData": true})
}
