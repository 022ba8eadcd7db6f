package reconciliation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/lambdas/order"
)

// executions are those of the state machine, which are named after their
// orders.
type executions struct {
	client *sfn.Client
	all    order.Executions
}

// patient waits where Step Functions throttles, which a backlog of pending
// orders makes likely: the API asks for executions out of the same quota. All
// its waits end within margin. (The SDK's adaptive mode can spin for a token.)
func patient(o *sfn.Options) {
	o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
		r.MaxAttempts = 8
		r.MaxBackoff = 4 * time.Second
		r.RateLimiter = ratelimit.None // calls come one after another
	})
}

// What is told of an order that the system never decided.
const (
	undecided = "the order was ended before it was decided"
	forgotten = "ExecutionDoesNotExist"
)

// describe reads how an order's execution stands.
func (x *executions) describe(ctx context.Context, orderID string) (execution, error) {
	out, err := x.client.DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: aws.String(x.all.ARN(orderID))})
	if _, ok := errors.AsType[*types.ExecutionDoesNotExist](err); ok {
		return execution{failure: order.Failure{Code: forgotten, Detail: undecided}}, nil
	}
	if err != nil {
		return execution{}, fmt.Errorf("reconciliation: execution of order %q: %w", orderID, err)
	}
	switch out.Status {
	case types.ExecutionStatusAborted, types.ExecutionStatusFailed, types.ExecutionStatusSucceeded, types.ExecutionStatusTimedOut:
		why := order.Failure{Code: cmp.Or(aws.ToString(out.Error), string(out.Status)), Detail: undecided}
		return execution{ended: aws.ToTime(out.StopDate), failure: why}, nil
	}
	return execution{running: true}, nil
}
