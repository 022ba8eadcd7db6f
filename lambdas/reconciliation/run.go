package reconciliation

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orderflow/lambdas/order"
)

const (
	// margin is what is kept back of an invocation's time: for the repair that
	// is being made, and to report.
	margin = 30 * time.Second

	// maxFound keeps a report readable, and below what Lambda can answer.
	maxFound = 100

	// maxRepairs bounds what one run announces. So much is hardly lost: it
	// waits in a queue, and to announce all of it again would double a backlog.
	maxRepairs = 1000
)

// A run looks through everything once.
type run struct {
	*desk
	now    time.Time // when it began
	dice   *rand.Rand
	end    time.Time // when to begin nothing more; zero: never
	report Report
}

var errOutOfTime = errors.New("reconciliation: time ran out")

func (d *desk) newRun(ctx context.Context, dryRun bool) *run {
	var seed [32]byte
	crand.Read(seed[:]) // never fails
	r := &run{desk: d, now: time.Now(), dice: rand.New(rand.NewChaCha8(seed)), report: Report{
		DryRun:   dryRun,
		Complete: true,
		Problems: map[Problem]int{},
		Found:    []Finding{},
	}}
	if deadline, ok := ctx.Deadline(); ok {
		r.end = deadline.Add(-margin)
	}
	return r
}

// A look is at one table: what of it is read, and what is done with a page.
type look struct {
	scan    dynamodb.ScanInput
	scanned *int // rows so far
	page    func(*run, context.Context, []row) error
}

// looks are at all that is stored.
func (r *run) looks() []look {
	before, scanned := str(r.now.Add(-r.grace).UTC().Format(timeFormat)), &r.report.Scanned
	return []look{
		{r.tables.ordersScan(before), &scanned.Orders, (*run).lookAtOrders},
		{r.tables.reservationsScan(before), &scanned.Reservations, (*run).lookAtReservations},
		{r.tables.shipmentsScan(before), &scanned.Shipments, (*run).lookAtShipments},
		{r.tables.stockScan(), &scanned.Stock, (*run).lookAtStock},
	}
}

// look looks through every part of every table, in an order of its own: what
// one run had no time for, others begin with. A part that cannot be read is
// left to the next run.
func (r *run) look(ctx context.Context) {
	looks, part := r.looks(), new(int32)
	for _, i := range r.dice.Perm(parts * len(looks)) {
		look := &looks[i%len(looks)]
		*part = int32(i / len(looks))
		err := r.tables.scan(ctx, &look.scan, part, func(rows []row, scanned int) error {
			*look.scanned += scanned
			if r.outOfTime() {
				return errOutOfTime
			}
			return look.page(r, ctx, rows)
		})
		if err == nil {
			continue
		}
		r.report.Complete = false
		if errors.Is(err, errOutOfTime) {
			return
		}
		slog.LogAttrs(ctx, slog.LevelError, "not looked at", slog.Any("error", err), slog.String("next", nextRun))
	}
}

// lookAtOrders finds all that is wrong with an order that has a row.
func (r *run) lookAtOrders(ctx context.Context, rows []row) error {
	return r.examineAll(ctx, rows, (*run).suspectOrders)
}

// lookAtReservations finds stock that is held for an order without a row. Stock
// handed over for one is no concern: an order that is over may be deleted.
func (r *run) lookAtReservations(ctx context.Context, rows []row) error {
	return r.examineAll(ctx, rows, (*run).suspectReserved)
}

// lookAtShipments finds parcels that are held for an order without a row.
func (r *run) lookAtShipments(ctx context.Context, rows []row) error {
	return r.examineAll(ctx, rows, (*run).suspectBooked)
}

func (r *run) lookAtStock(ctx context.Context, rows []row) error {
	for _, row := range rows {
		var s shelf
		if err := attributevalue.UnmarshalMap(row, &s); err != nil {
			return fmt.Errorf("reconciliation: stock of sku %q: %w", text(row, "sku"), err)
		}
		if !s.adds() {
			r.found(ctx, Finding{SKU: s.SKU, Problem: Miscounted, Repair: ByHand}, file{})
		}
	}
	return nil
}

// examineAll examines those of a page's orders that look suspicious.
func (r *run) examineAll(ctx context.Context, rows []row, suspects func(*run, context.Context, []row) ([]string, error)) error {
	for len(rows) > 0 {
		batch := rows[:min(batchSize, len(rows))]
		rows = rows[len(batch):]
		orderIDs, err := suspects(r, ctx, batch)
		if err != nil {
			return err
		}
		for _, id := range orderIDs {
			if err := r.examine(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *run) outOfTime() bool { return !r.end.IsZero() && time.Now().After(r.end) }

// examine reads all there is about an order, judges it and makes the repair.
// An order that cannot be read does not keep the others waiting.
func (r *run) examine(ctx context.Context, orderID string) error {
	if r.outOfTime() {
		return errOutOfTime
	}
	f, err := r.tables.file(ctx, orderID)
	if err == nil {
		f.execution, err = r.executions.describe(ctx, orderID)
	}
	if err != nil {
		r.report.Complete = false
		r.logger(orderID).LogAttrs(ctx, slog.LevelError, "not judged", slog.Any("error", err), slog.String("next", nextRun))
		return nil
	}
	if problem, repair := judge(f, r.now, r.grace); problem != "" {
		r.found(ctx, Finding{OrderID: orderID, Problem: problem, Repair: repair}, f)
	}
	return nil
}

// found reports a finding, and repairs it if it may.
func (r *run) found(ctx context.Context, found Finding, f file) {
	r.report.Problems[found.Problem]++
	if len(r.report.Found) < maxFound {
		r.report.Found = append(r.report.Found, found)
	}
	log := slog.With("sku", found.SKU)
	if found.OrderID != "" {
		log = r.logger(found.OrderID)
	}
	log = log.With("problem", string(found.Problem), "repair", string(found.Repair))
	if r.report.DryRun || found.Repair == ByHand || r.report.Repaired == maxRepairs {
		r.report.Unrepaired++
		log.WarnContext(ctx, "found", "repaired", false, "next", whatNext(found.Repair))
		return
	}
	if err := r.workshop.make(ctx, found.Repair, f); err != nil {
		r.report.Unrepaired++
		log.ErrorContext(ctx, "found", "repaired", false, "error", err, "next", nextRun)
		return
	}
	r.report.Repaired++
	log.WarnContext(ctx, "found", "repaired", true)
}

// logger is that of lines about an order.
func (r *run) logger(orderID string) *slog.Logger {
	return order.Logger(orderID, r.executions.all.ARN(orderID))
}

// nextRun is what is to be done about most that a run did not do.
const nextRun = "the next run tries again"

// whatNext is what is to be done about what a run may not repair.
func whatNext(repair Repair) string {
	if repair == ByHand {
		return "a person must: see What should not exist in the README"
	}
	return "a run that is not dry repairs it"
}
