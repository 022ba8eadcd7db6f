package consumer

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/go-json-experiment/json"

	"orderflow/lambdas/order"
)

// Tasks answers the states that wait for a task token; *sfn.Client is one.
type Tasks interface {
	SendTaskSuccess(context.Context, *sfn.SendTaskSuccessInput, ...func(*sfn.Options)) (*sfn.SendTaskSuccessOutput, error)
	SendTaskFailure(context.Context, *sfn.SendTaskFailureInput, ...func(*sfn.Options)) (*sfn.SendTaskFailureOutput, error)
}

// What became of an event, as the log says it.
const (
	done    = "event done"
	refused = "event refused"
	tooLate = "event done for a wait that has ended"
)

// maxCause is how many characters a failure's cause may have.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html
const maxCause = 32768

// answer tells the waiting state, if there is one, what the handler returned.
// A fault is not told: its message comes again, and the state goes on waiting.
func answer(ctx context.Context, tasks Tasks, token string, result any, err error) (outcome string, _ error) {
	if token == "" {
		return done, err
	}
	if tasks == nil {
		return "", errors.New("consumer: an event asks for an answer, and this consumer gives none")
	}
	if refusal, ok := errors.AsType[order.Refusal](err); ok {
		return ended(refused, fail(ctx, tasks, token, refusal))
	}
	if err != nil {
		return "", err
	}
	return ended(done, succeed(ctx, tasks, token, result))
}

func succeed(ctx context.Context, tasks Tasks, token string, result any) error {
	output, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("consumer: result: %w", err)
	}
	_, err = tasks.SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{
		TaskToken: &token,
		Output:    aws.String(string(output)),
	})
	return err
}

func fail(ctx context.Context, tasks Tasks, token string, refusal order.Refusal) error {
	cause := []rune(refusal.Error())
	_, err := tasks.SendTaskFailure(ctx, &sfn.SendTaskFailureInput{
		TaskToken: &token,
		Error:     aws.String(refusal.Code()),
		Cause:     aws.String(string(cause[:min(len(cause), maxCause)])),
	})
	return err
}

// ended tells an answer that came too late from one that failed. A wait that
// timed out, was answered before or was stopped is over: receiving the message
// again would not bring it back.
func ended(outcome string, err error) (string, error) {
	if err == nil {
		return outcome, nil
	}
	if isType[*types.TaskTimedOut](err) || isType[*types.TaskDoesNotExist](err) || isType[*types.InvalidToken](err) {
		return tooLate, nil
	}
	return "", fmt.Errorf("consumer: answer: %w", err)
}

func isType[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}
