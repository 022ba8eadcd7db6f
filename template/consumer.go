package template

import (
	"encoding/json"
	"maps"
	"slices"

	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"

	"github.com/awslabs/goformation/v7/cloudformation/serverless"
	"github.com/awslabs/goformation/v7/cloudformation/sns"
	"github.com/awslabs/goformation/v7/cloudformation/sqs"
)

// A Consumer hears of orders: a subscription to the topic, a queue with its
// dead-letter queue, a function with its role and log. All are named after it,
// and none is shared.
type Consumer struct {
	Name   string            // a folder of lambdas, in lower case
	Does   string            // what it does, a clause: "sets stock aside"
	Events []order.EventType // what it hears of

	Environment map[string]string
	Access      []Statement // what its function may do, beyond its queue and log
	Owns        []Resource  // what no one else writes

	// Answers says that states wait for it: it may send their task results.
	Answers bool

	Batch Batch // zero: ten messages, at once
}

// Batch is how messages are handed to a consumer's function.
type Batch struct {
	Size          int // messages at most
	WindowSeconds int // how long to wait for more; at least 1 above ten messages
}

const (
	defaultBatchSize = 10

	// Ample for a batch, and for a carrier that is slow to answer.
	consumerTimeoutSeconds = 60

	// A message is hidden for six times the function's timeout, so that Lambda
	// can try again a batch that was throttled, and is received five times.
	// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
	visibilityPerTimeout = 6
	maxReceiveCount      = 5

	day              = 24 * 60 * 60
	retentionSeconds = 4 * day

	// A message's age counts from when it was first sent, dead or alive.
	deadLetterRetentionSeconds = 14 * day
)

func (c Consumer) resources() []Resource {
	id := title(c.Name)
	var (
		queue      = id + "Queue"
		deadLetter = id + "DeadLetterQueue"
		batch      = c.Batch
	)
	if batch.Size == 0 {
		batch.Size = defaultBatchSize
	}
	handler := function{
		capability: c.Name,
		does:       sentence(c.Does),
		seconds:    consumerTimeoutSeconds,
		env:        c.environment(),
		failing:    "Orders are late for it, none is lost: each message is received five times, and is a dead letter then.",
		atOnce:     c.atOnce(),
		takenBack:  []string{c.canaryAlarm()},
		allowed:    slices.Concat([]Statement{receive(queue)}, c.answer(), c.Access),
		events:     map[string]serverless.Function_EventSource{"Queue": queueEvent(queue, batch)},
		overlay:    map[string]any{"Events": map[string]any{"Queue": queueEventOverlay(batch, c.atOnce())}},
	}
	return slices.Concat(
		[]Resource{
			{ID: id + "Subscription", Body: c.subscription(id)},
			{ID: queue, Body: encryptedQueue(sqs.Queue{
				// Named, so that the dead-letter queue can say whose it is
				// without each needing the other to exist first.
				QueueName:              new(Sub(queueName(queue))),
				VisibilityTimeout:      new(visibilityPerTimeout*consumerTimeoutSeconds + batch.WindowSeconds),
				MessageRetentionPeriod: new(retentionSeconds),
				RedrivePolicy: map[string]any{
					"deadLetterTargetArn": GetAtt(deadLetter, "Arn"),
					"maxReceiveCount":     maxReceiveCount,
				},
			})},
			queuePolicy(queue),
			{ID: deadLetter, Output: "What " + c.Name + " could not process.", Body: encryptedQueue(sqs.Queue{
				QueueName:              new(Sub(queueName(deadLetter))),
				MessageRetentionPeriod: new(deadLetterRetentionSeconds),
				RedriveAllowPolicy: map[string]any{
					"redrivePermission": "byQueue",
					"sourceQueueArns":   []string{Sub("arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + queueName(queue))},
				},
			})},
			queuePolicy(deadLetter),
		},
		handler.resources(),
		c.alarms(),
		c.Owns,
	)
}

// environment is the consumer's own and what all of them need for their logs
// and metrics.
func (c Consumer) environment() map[string]string {
	env := map[string]string{
		metric.NamespaceVariable: Ref("AWS::StackName"),
		"STATE_MACHINE_ARN":      Ref(orderStateMachine),
	}
	maps.Copy(env, c.Environment)
	return env
}

// subscription waits for the queues' policies, lest a consumer that joins a
// running system lose what is announced in between.
func (c Consumer) subscription(id string) sns.Subscription {
	return sns.Subscription{
		TopicArn:           Ref(ordersTopic),
		Protocol:           "sqs",
		Endpoint:           new(GetAtt(id+"Queue", "Arn")),
		RawMessageDelivery: new(true),
		FilterPolicy:       map[string]any{"type": c.Events}, // on the message attribute
		RedrivePolicy:      map[string]any{"deadLetterTargetArn": GetAtt(id+"DeadLetterQueue", "Arn")},

		AWSCloudFormationDependsOn: []string{id + "QueuePolicy", id + "DeadLetterQueuePolicy"},
	}
}

// encryptedQueue is a queue whose messages SQS encrypts, under one kind of key
// or the other.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
func encryptedQueue(queue sqs.Queue) json.Marshaler {
	return with(queue, map[string]any{
		"KmsMasterKeyId":       customerKey(),
		"SqsManagedSseEnabled": encrypted(noValue, true),
	})
}

func queueName(id string) string { return "${AWS::StackName}-" + id }

// queuePolicy admits our topic alone, over TLS. Others of this account are not
// denied, if their own policies admit them: on-call moves dead letters back, and
// whoever does sends them.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
func queuePolicy(queue string) Resource {
	admit := Allow(GetAtt(queue, "Arn"), "sqs:SendMessage").When("ArnEquals", "aws:SourceArn", Ref(ordersTopic))
	admit.Principal = map[string]string{"Service": "sns.amazonaws.com"}
	return Resource{ID: queue + "Policy", Body: sqs.QueuePolicy{
		Queues:         []string{Ref(queue)},
		PolicyDocument: policy(admit, denyPlainHTTP("sqs:*", GetAtt(queue, "Arn"))),
	}}
}

func queueEvent(queue string, batch Batch) serverless.Function_EventSource {
	return serverless.Function_EventSource{
		Type: "SQS",
		Properties: &serverless.Function_Properties{SQSEvent: &serverless.Function_SQSEvent{
			Queue:     GetAtt(queue, "Arn"),
			BatchSize: new(batch.Size),
		}},
	}
}

func queueEventOverlay(batch Batch, atOnce string) map[string]any {
	properties := map[string]any{
		"FunctionResponseTypes": []string{"ReportBatchItemFailures"},
		"ScalingConfig":         map[string]any{"MaximumConcurrency": Ref(atOnce)},
	}
	if batch.WindowSeconds > 0 {
		properties["MaximumBatchingWindowInSeconds"] = batch.WindowSeconds
	}
	return map[string]any{"Properties": properties}
}

func receive(queue string) Statement {
	return Allow(GetAtt(queue, "Arn"), "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
}

func (c Consumer) answer() []Statement {
	if !c.Answers {
		return nil
	}
	return []Statement{answerTasks(orderStateMachine)}
}

func sentence(clause string) string {
	if clause == "" {
		return ""
	}
	return title(clause) + "."
}
