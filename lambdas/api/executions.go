package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/go-json-experiment/json"

	"orderflow/lambdas/order"
)

// executions starts and describes the executions of the state machine, which
// are named after their orders.
type executions struct {
	client       *sfn.Client
	stateMachine string // ARN
	all          order.Executions
}

// An execution is an order as the state machine knows it.
type execution struct {
	orderID   string
	input     input
	status    types.ExecutionStatus
	startedAt time.Time
	endedAt   time.Time // zero while it runs
	failure   string    // why it failed, if it did
}

// errStarted is the error of starting an order whose execution has ended, or
// was started with another input.
var errStarted = errors.New("api: order was started before")

// errNeverStarted is the error of asking for an execution that is none.
var errNeverStarted = errors.New("api: order was never started")

// start starts an order's execution. Starting one that runs with the same
// input is no error.
func (x *executions) start(ctx context.Context, orderID string, in *input) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("api: input of order %q: %w", orderID, err)
	}
	_, err = x.client.StartExecution(ctx, &sfn.StartExecutionInput{
		StateMachineArn: &x.stateMachine,
		Name:            &orderID,
		Input:           aws.String(string(body)),
	})
	if _, ok := errors.AsType[*types.ExecutionAlreadyExists](err); ok {
		return errStarted
	}
	if err != nil {
		return fmt.Errorf("api: start of order %q: %w", orderID, err)
	}
	return nil
}

// An execution may be unknown for a moment after it was started: it is asked
// for again, a second and a half in all, unless its order is an old one.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 800 * time.Millisecond
)

// describe reads an order's execution. Errors: errNeverStarted, also of an
// order that is not the caller's, after as long a search.
func (x *executions) describe(ctx context.Context, by caller, orderID string) (execution, error) {
	for pause := firstPause; ; pause *= 2 {
		e, err := x.look(ctx, orderID)
		if err == nil && !by.actsFor(e.input.Customer.ID) {
			e, err = execution{}, errNeverStarted
		}
		if !errors.Is(err, errNeverStarted) || pause > lastPause || isOld(orderID, time.Now()) {
			return e, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return execution{}, fmt.Errorf("api: execution of order %q: %w", orderID, ctx.Err())
		}
	}
}

func (x *executions) look(ctx context.Context, orderID string) (execution, error) {
	out, err := x.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(x.all.ARN(orderID))})
	if _, ok := errors.AsType[*types.ExecutionDoesNotExist](err); ok {
		return execution{}, errNeverStarted
	}
	if err != nil {
		return execution{}, fmt.Errorf("api: execution of order %q: %w", orderID, err)
	}
	e := execution{
		orderID:   orderID,
		status:    out.Status,
		startedAt: aws.ToTime(out.StartDate).UTC(),
		endedAt:   aws.ToTime(out.StopDate).UTC(),
		failure:   aws.ToString(out.Error),
	}
	if err := json.Unmarshal([]byte(aws.ToString(out.Input)), &e.input); err != nil {
		return execution{}, fmt.Errorf("api: input of order %q: %w", orderID, err)
	}
	return e, nil
}

// order is what an execution says of an order that has no row: it is pending,
// or it ended before the row could be written, by an operator or a fault.
func (e execution) order() order.Order {
	o := order.Order{
		ID:              e.orderID,
		Status:          order.Pending,
		Customer:        e.input.Customer,
		ShippingAddress: e.input.ShippingAddress,
		Items:           e.input.Items,
		CreatedAt:       e.startedAt,
	}
	if e.status != types.ExecutionStatusRunning {
		o.Status = order.Failed
		o.DecidedAt = &e.endedAt
		o.Failure = &order.Failure{Code: e.failure, Detail: "the order could not be stored"}
		if o.Failure.Code == "" {
			o.Failure.Code = string(e.status)
		}
	}
	return o
}
