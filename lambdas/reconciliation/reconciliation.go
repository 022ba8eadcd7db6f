// Package reconciliation finds what should not exist, by looking through all
// that is stored, and repairs it by the events that would have prevented it:
// orders that nothing decides any more, stock and parcels that nobody takes
// back or hands over. In a healthy system it finds nothing.
package reconciliation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/go-json-experiment/json"

	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"
)

// Request is what a run is asked to do.
type Request struct {
	DryRun bool `json:"dryRun"` // report, and change nothing
}

// Report is what came of a run.
type Report struct {
	DryRun   bool            `json:"dryRun"`
	Complete bool            `json:"complete"` // all was looked at: nothing failed, and time did not run out
	Scanned  Scanned         `json:"scanned"`
	Problems map[Problem]int `json:"problems"` // how many there are of each
	Found    []Finding       `json:"found"`    // the first maxFound of them

	Repaired   int `json:"repaired"`
	Unrepaired int `json:"unrepaired"` // found, and left as it is
}

// Scanned counts the rows that were looked at.
type Scanned struct {
	Orders       int `json:"orders"`
	Reservations int `json:"reservations"`
	Shipments    int `json:"shipments"`
	Stock        int `json:"stock"`
}

// A Finding is one thing that should not exist, about an order or a SKU.
type Finding struct {
	OrderID string  `json:"orderId,omitempty"`
	SKU     string  `json:"sku,omitempty"`
	Problem Problem `json:"problem"`
	Repair  Repair  `json:"repair"`
}

// New makes the handler of a run. It reads ORDERS_TABLE, RESERVATIONS_TABLE,
// SHIPMENTS_TABLE, STOCK_TABLE, ORDERS_TOPIC_ARN, STATE_MACHINE_ARN,
// METRICS_NAMESPACE and GRACE_SECONDS: how long messages may be on their way
// before they count as lost.
func New(cfg aws.Config, getenv func(string) string) (lambda.Handler, error) {
	env := environment{getenv: getenv}
	t := &tables{
		db:           dynamodb.NewFromConfig(cfg),
		orders:       env.get("ORDERS_TABLE"),
		reservations: env.get("RESERVATIONS_TABLE"),
		shipments:    env.get("SHIPMENTS_TABLE"),
		stock:        env.get("STOCK_TABLE"),
	}
	d := &desk{
		tables:     t,
		executions: &executions{client: sfn.NewFromConfig(cfg, patient), all: order.ExecutionsOf(env.get("STATE_MACHINE_ARN"))},
		workshop:   &workshop{tables: t, sns: sns.NewFromConfig(cfg), topic: env.get("ORDERS_TOPIC_ARN")},
		grace:      env.seconds("GRACE_SECONDS"),
		counted:    metric.Embed(env.get(metric.NamespaceVariable), metric.Contradictions),
	}
	return d, errors.Join(env.faults...)
}

// An environment keeps what is wrong with it.
type environment struct {
	getenv func(string) string
	faults []error
}

func (e *environment) get(name string) string {
	value := e.getenv(name)
	if value == "" {
		e.faults = append(e.faults, fmt.Errorf("reconciliation: %s is not set", name))
	}
	return value
}

func (e *environment) seconds(name string) time.Duration {
	value := e.get(name)
	n, err := strconv.Atoi(value)
	if value != "" && (err != nil || n < 0) {
		e.faults = append(e.faults, fmt.Errorf("reconciliation: %s is %q, which is no number of seconds", name, value))
	}
	return time.Duration(n) * time.Second
}

// A desk makes runs.
type desk struct {
	tables     *tables
	executions *executions
	workshop   *workshop
	grace      time.Duration
	counted    metric.Embedded
}

// Invoke implements lambda.Handler. A misspelt request is an error: it would
// be no dry run.
func (d *desk) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var request Request
	if err := json.Unmarshal(payload, &request, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf(`reconciliation: the request is not {"dryRun": true} or {}: %w`, err)
	}
	start := time.Now()
	r := d.newRun(ctx, request.DryRun)
	r.look(ctx)
	slog.LogAttrs(ctx, slog.LevelInfo, "reconciliation done",
		slog.Bool("dryRun", r.report.DryRun), slog.Bool("complete", r.report.Complete), slog.Int("orders", r.report.Scanned.Orders),
		slog.Int("repaired", r.report.Repaired), slog.Int("unrepaired", r.report.Unrepaired), slog.Duration("took", time.Since(start)),
		slog.Int(metric.Contradictions, r.report.Repaired+r.report.Unrepaired), d.counted.Attr())
	return json.Marshal(r.report, json.Deterministic(true))
}
