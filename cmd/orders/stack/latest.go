package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"golang.org/x/sync/errgroup"

	"orderflow/lambdas/order"
)

const (
	atOnce = 8 // calls, for what takes one an order

	// maxNow is of how many orders on a page is looked up where they are: Step
	// Functions allows an account 15 such calls a second in the long run.
	// https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
	maxNow = 100
)

// latest lists orders by their executions: all of them, or those that run for
// PENDING ones. An order that is decided may run on for a moment.
func (s *Stack) latest(ctx context.Context, q Query, from position) (Page, error) {
	if from != (position{Executions: from.Executions}) {
		return Page{}, ErrCursor
	}
	for {
		out, err := s.executions(ctx, q, from)
		if err != nil {
			return Page{}, err
		}
		from.Executions = aws.ToString(out.NextToken)
		page := Page{Next: from.cursor()}
		if page.Orders, err = s.executed(ctx, q, out.Executions); err != nil {
			return Page{}, err
		}
		if len(page.Orders) > 0 || page.Next == "" {
			return page, nil
		}
	}
}

// executions lists as many as the query's limit from a position on.
func (s *Stack) executions(ctx context.Context, q Query, from position) (*sfn.ListExecutionsOutput, error) {
	in := &sfn.ListExecutionsInput{StateMachineArn: aws.String(s.StateMachineARN()), MaxResults: int32(q.Limit)}
	if q.Status == order.Pending {
		in.StatusFilter = types.ExecutionStatusRunning
	}
	if from.Executions != "" {
		in.NextToken = &from.Executions
	}
	out, err := s.states.ListExecutions(ctx, in)
	if _, ok := errors.AsType[*types.InvalidToken](err); ok {
		return nil, ErrCursor
	}
	if err != nil {
		return nil, fmt.Errorf("stack: executions: %w", err)
	}
	return out, nil
}

// executed are the orders of executions, in the same order, less those that
// the query does not select.
func (s *Stack) executed(ctx context.Context, q Query, executions []types.ExecutionListItem) ([]Summary, error) {
	ids := make([]string, len(executions))
	for i, e := range executions {
		ids[i] = aws.ToString(e.Name)
	}
	rows, err := s.stored(ctx, ids)
	if err != nil {
		return nil, err
	}
	found := make([]*Summary, len(executions))
	calls, ctx := errgroup.WithContext(ctx)
	calls.SetLimit(atOnce)
	for i, e := range executions {
		running := e.Status == types.ExecutionStatusRunning
		o, exists := rows[ids[i]]
		if exists && (!running || o.Status != order.Pending) {
			if q.matches(o) {
				found[i] = new(summary(o))
			}
			continue
		}
		calls.Go(func() (err error) {
			if !exists {
				if o, err = s.unstored(ctx, ids[i]); err != nil {
					return err
				}
			}
			if !q.matches(o) {
				return nil
			}
			found[i] = new(summary(o))
			if running && i < maxNow {
				found[i].Now, err = s.now(ctx, aws.ToString(e.ExecutionArn))
			}
			return err
		})
	}
	if err := calls.Wait(); err != nil {
		return nil, err
	}
	var orders []Summary
	for _, o := range found {
		if o != nil {
			orders = append(orders, *o)
		}
	}
	return orders, nil
}

// unstored is what an execution says of an order that has no row: it is
// pending, or ended before the row could be written. The API says the same.
// Error: ErrNoOrder.
func (s *Stack) unstored(ctx context.Context, orderID string) (order.Order, error) {
	out, err := s.states.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(s.ExecutionARN(orderID))})
	if _, ok := errors.AsType[*types.ExecutionDoesNotExist](err); ok {
		return order.Order{}, fmt.Errorf("%w: %q", ErrNoOrder, orderID)
	}
	if err != nil {
		return order.Order{}, fmt.Errorf("stack: execution of order %q: %w", orderID, err)
	}
	o := order.Order{ID: orderID, Status: order.Pending, CreatedAt: aws.ToTime(out.StartDate).UTC()}
	var input struct {
		Customer *order.Customer `json:"customer"`
		Items    *[]order.Item   `json:"items"`
	}
	input.Customer, input.Items = &o.Customer, &o.Items
	if err := json.Unmarshal([]byte(aws.ToString(out.Input)), &input); err != nil {
		return order.Order{}, fmt.Errorf("stack: input of order %q: %w", orderID, err)
	}
	if out.Status != types.ExecutionStatusRunning {
		code := aws.ToString(out.Error)
		if code == "" {
			code = string(out.Status)
		}
		o.Status = order.Failed
		o.DecidedAt = new(aws.ToTime(out.StopDate).UTC())
		o.Failure = &order.Failure{Code: code, Detail: "the order could not be stored"}
	}
	return o, nil
}
