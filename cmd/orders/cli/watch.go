package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"orderflow/cmd/orders/stack"
	"orderflow/lambdas/order"
	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

func (p *program) watchCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "watch ID",
		Short: "Follow an order until it is decided",
		Long: `Watch tells what the order's execution does, state by state, as it happens, until
it ends. Its exit code is the outcome: 0 confirmed, 3 rejected, 4 cancelled, 5
failed; 1 is any other error, 2 a wrong command line.

With -o json each line is an event of the execution's history, and the last one
the order.`,
		Example: placing + "  orders watch $ID",
		Args:    arguments("ID"),
		RunE:    p.with(func(ctx context.Context, s *stack.Stack, args []string) error { return p.watch(ctx, s, args[0]) }),
	}
}

func (p *program) watch(ctx context.Context, s *stack.Stack, id string) error {
	if _, err := s.Order(ctx, id); err != nil {
		return err
	}
	t := &teller{program: p, journey: journey.New()}
	for e, err := range s.Watch(ctx, s.ExecutionARN(id)) {
		if errors.Is(err, stack.ErrNoExecution) { // it was decided long ago
			break
		}
		if err != nil {
			return err
		}
		if err := t.tell(e); err != nil {
			return err
		}
	}
	o, err := s.Order(ctx, id)
	if err != nil {
		return err
	}
	if err := p.printOutcome(o); err != nil {
		return err
	}
	code, decided := outcomes[o.Status]
	switch {
	case !decided:
		return fmt.Errorf("orders: the execution has ended, and order %q is %s still\nreconciliation repairs that within the hour, or: orders history %[1]s", id, o.Status)
	case code != exitOK:
		return exit(code)
	}
	return nil
}

func (p *program) printOutcome(o order.Order) error {
	if p.json {
		return json.NewEncoder(p.stdout).Encode(o)
	}
	text := fmt.Sprintf("%s: %s", p.status(o.Status), items(o))
	if o.Total != nil {
		text += " for " + money(o.Total)
	}
	if o.Shipment != nil && o.Status == order.Confirmed {
		text += fmt.Sprintf(", sent with %s as %s", o.Shipment.Carrier, o.Shipment.TrackingNumber)
	}
	if o.Failure != nil {
		text += ", because " + o.Failure.Detail
	}
	_, err := fmt.Fprintln(p.stdout, text)
	return err
}

// A teller tells a history as it grows.
type teller struct {
	*program
	journey *journey.Journey
}

// A watched event is a line of watch -o json.
type watched struct {
	ID        int64           `json:"id"`
	At        time.Time       `json:"at"`
	ElapsedMS int64           `json:"elapsedMs"`
	Type      string          `json:"type"`            // AWS's
	State     string          `json:"state,omitempty"` // that it belongs to
	Outcome   journey.Outcome `json:"outcome,omitempty"`
}

func (t *teller) tell(raw asl.HistoryEvent) error {
	e := t.journey.Add(raw)
	elapsed := t.journey.Elapsed(e)
	if t.json {
		w := watched{ID: e.ID, At: e.Timestamp.UTC(), ElapsedMS: elapsed.Milliseconds(), Type: e.Type}
		if e.Visit != nil {
			w.State, w.Outcome = e.Visit.State, e.Visit.Outcome
		}
		return json.NewEncoder(t.stdout).Encode(w)
	}
	who, what := "execution", ended(e.HistoryEvent)
	if e.Visit != nil {
		who, what = e.Visit.State, told(e)
	}
	if what == "" {
		return nil
	}
	_, err := fmt.Fprintf(t.stdout, "%9.3f s  %-17s  %s\n", elapsed.Seconds(), who, what)
	return err
}

// told says of a state's event what it means, "" of one that goes without
// saying.
func told(e journey.Event) string {
	v := e.Visit
	switch {
	case strings.HasSuffix(e.Type, "Scheduled") && len(v.Attempts) > 1:
		return fmt.Sprintf("tries again, for the %s time", ordinal(len(v.Attempts)))
	case strings.HasSuffix(e.Type, "StateEntered"):
		return "begins"
	case e.Type == "TaskSubmitted":
		return "has asked, and waits for the answer"
	case strings.HasSuffix(e.Type, "StateAborted") && v.Outcome == journey.Aborted:
		return "is given up"
	case strings.HasSuffix(e.Type, "StateExited") && v.Outcome == journey.Caught:
		return "ends: the failure is dealt with"
	case strings.HasSuffix(e.Type, "StateExited"):
		return "is done"
	}
	if because := stack.FailureOf(e.HistoryEvent); because != "" {
		return "fails: " + because
	}
	return ""
}

// ended says how the execution ended, "" if it did not.
func ended(e asl.HistoryEvent) string {
	because := stack.FailureOf(e)
	if because != "" {
		because = ": " + because
	}
	switch e.Type {
	case "ExecutionStarted":
		return "begins"
	case "ExecutionRedriven":
		return "is redriven: it goes on where it failed"
	case "ExecutionSucceeded":
		return "has succeeded"
	case "ExecutionFailed":
		return "has failed" + because
	case "ExecutionTimedOut":
		return "is out of time" + because
	case "ExecutionAborted":
		return "was stopped" + because
	}
	return ""
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
