package consumer

import (
	"context"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"

	"orderflow/lambdas/order"
)

// HandleTogether acts on several events at once, each about another order. It
// returns the results of those that it saw through, by order. The others are
// as though it had not been called; the error says what went wrong with them.
type HandleTogether func(ctx context.Context, batch []order.Event) (results map[string]any, err error)

// Together hands a batch to together, and then to handle one by one, as Each
// does, what that did not see through: nothing is refused or failed because of
// what else is in its batch. Of an order with several events in one batch
// together gets the first; the others follow one by one, in the batch's order.
func Together(log *Log, together HandleTogether, handle Handle, tasks Tasks) lambda.Handler {
	one := single{log, handle, tasks}
	return handler(func(ctx context.Context, b batch) (failed []string) {
		messages, failed := decode(ctx, log, b)
		if len(messages) < 2 { // there is nothing to share
			return append(failed, one.all(ctx, messages)...)
		}
		first, later := firstOfEachOrder(messages)
		results := seeThrough(ctx, together, first)

		var undone []Message
		for _, m := range first {
			result, ok := results[m.Event.Data.OrderID]
			if !ok {
				undone = append(undone, m)
				continue
			}
			known := func(context.Context, order.Event) (any, error) { return result, nil }
			if err := one.finish(ctx, known, m); err != nil {
				failed = append(failed, m.ID)
			}
		}
		return append(failed, one.all(ctx, append(undone, later...))...)
	})
}

func firstOfEachOrder(messages []Message) (first, later []Message) {
	seen := make(map[string]bool, len(messages))
	for _, m := range messages {
		if seen[m.Event.Data.OrderID] {
			later = append(later, m)
			continue
		}
		seen[m.Event.Data.OrderID] = true
		first = append(first, m)
	}
	return first, later
}

// seeThrough is what together did. A panic did nothing that handle would not
// find done.
func seeThrough(ctx context.Context, together HandleTogether, messages []Message) (results map[string]any) {
	if len(messages) < 2 {
		return nil
	}
	batch := make([]order.Event, len(messages))
	for i, m := range messages {
		batch[i] = m.Event
	}
	err := guard(func() (err error) {
		results, err = together(ctx, batch)
		return err
	})
	if err != nil {
		slog.WarnContext(ctx, "batch goes on one by one", "events", len(batch), "done", len(results), "error", err)
	}
	return results
}
