package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"orderflow/lambdas/order"
	"orderflow/lambdas/reconciliation"
)

// A world is the system as it can be seen from outside: by its APIs alone.
// Its own calls are no part of the simulation: nothing befalls them.
type world struct {
	*System
	db     *dynamodb.Client
	states *sfn.Client
	queues *sqs.Client
	bucket *s3.Client

	functions *lambda.Client
}

func newWorld(s *System) *world {
	return &world{
		System: s,
		db:     dynamodb.NewFromConfig(s.AWS),
		states: sfn.NewFromConfig(s.AWS),
		queues: sqs.NewFromConfig(s.AWS),
		bucket: s3.NewFromConfig(s.AWS, func(o *s3.Options) { o.UsePathStyle = true }),

		functions: lambda.NewFromConfig(s.AWS),
	}
}

// A row is an item as the tables hold it.
type row map[string]any

func (r row) text(name string) string { s, _ := r[name].(string); return s }
func (r row) number(name string) int  { n, _ := r[name].(float64); return int(n) }

// row reads an item, nil if there is none.
func (w *world) row(ctx context.Context, table, key, value string) (row, error) {
	out, err := w.db.GetItem(ctx, &dynamodb.GetItemInput{
		TableName:      aws.String(w.Outputs[table]),
		Key:            map[string]types.AttributeValue{key: &types.AttributeValueMemberS{Value: value}},
		ConsistentRead: aws.Bool(true),
	})
	if err != nil || out.Item == nil {
		return nil, err
	}
	r := row{}
	return r, attributevalue.UnmarshalMap(out.Item, &r)
}

// rows reads a whole table, by its key.
func (w *world) rows(ctx context.Context, table, key string) (map[string]row, error) {
	rows := map[string]row{}
	err := w.scan(ctx, table, func(r row) { rows[r.text(key)] = r })
	return rows, err
}

func (w *world) scan(ctx context.Context, table string, each func(row)) error {
	pages := dynamodb.NewScanPaginator(w.db, &dynamodb.ScanInput{TableName: aws.String(w.Outputs[table])})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			r := row{}
			if err := attributevalue.UnmarshalMap(item, &r); err != nil {
				return err
			}
			each(r)
		}
	}
	return nil
}

// executions are all there are, by name.
func (w *world) executions(ctx context.Context) (map[string]sfntypes.ExecutionStatus, error) {
	all := map[string]sfntypes.ExecutionStatus{}
	pages := sfn.NewListExecutionsPaginator(w.states, &sfn.ListExecutionsInput{StateMachineArn: aws.String(w.Outputs["StateMachineArn"])})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Executions {
			all[*x.Name] = x.Status
		}
	}
	return all, nil
}

func (w *world) execution(name string) string {
	return order.ExecutionsOf(w.Outputs["StateMachineArn"]).ARN(name)
}

// undecided are the executions that failed on their way: they did not come to
// the state that fails an order.
func (w *world) undecided(ctx context.Context) (names []string, _ error) {
	executions, err := w.executions(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(executions)) {
		if executions[name] != sfntypes.ExecutionStatusFailed {
			continue
		}
		out, err := w.states.GetExecutionHistory(ctx, &sfn.GetExecutionHistoryInput{
			ExecutionArn: aws.String(w.execution(name)), ReverseOrder: true, MaxResults: 2,
		})
		if err != nil {
			return nil, err
		}
		if out.Events[1].Type != sfntypes.HistoryEventTypeFailStateEntered {
			names = append(names, name)
		}
	}
	return names, nil
}

// failures is how often an execution has tried in vain what failed most.
func (w *world) failures(ctx context.Context, name string) (most int, _ error) {
	failed := map[int64]int{} // tries so far, by the event that tells of the last
	pages := sfn.NewGetExecutionHistoryPaginator(w.states, &sfn.GetExecutionHistoryInput{ExecutionArn: aws.String(w.execution(name))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, err
		}
		for _, e := range page.Events {
			n := failed[e.PreviousEventId]
			switch e.Type {
			case sfntypes.HistoryEventTypeTaskFailed, sfntypes.HistoryEventTypeTaskTimedOut:
				n++
			case sfntypes.HistoryEventTypeTaskStateEntered:
				n = 0
			}
			failed[e.Id] = n
			most = max(most, n)
		}
	}
	return most, nil
}

// reconcile asks reconciliation what it would do.
func (w *world) reconcile(ctx context.Context) (report reconciliation.Report, _ error) {
	out, err := w.functions.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String(w.Outputs["ReconciliationFunction"]), Payload: []byte(`{"dryRun": true}`),
	})
	if err != nil {
		return report, err
	}
	if out.FunctionError != nil {
		return report, fmt.Errorf("simulation: reconciliation fails: %s", out.Payload)
	}
	return report, json.Unmarshal(out.Payload, &report)
}

// depths are how many messages each queue holds, in whatever state, by name;
// empty ones are left out.
func (w *world) depths(ctx context.Context) (map[string]int, error) {
	listed, err := w.queues.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return nil, err
	}
	depths := map[string]int{}
	for _, url := range listed.QueueUrls {
		out, err := w.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll},
		})
		if err != nil {
			return nil, err
		}
		n := 0
		for _, name := range []string{"", "NotVisible", "Delayed"} {
			count, err := strconv.Atoi(out.Attributes["ApproximateNumberOfMessages"+name])
			if err != nil {
				return nil, err
			}
			n += count
		}
		if n > 0 {
			depths[url[strings.LastIndexByte(url, '/')+1:]] = n
		}
	}
	return depths, nil
}

// redrive sends a dead-letter queue's messages back to where they came from.
func (w *world) redrive(ctx context.Context, queue string) error {
	url, err := w.queues.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &queue})
	if err != nil {
		return err
	}
	attributes, err := w.queues.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: url.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn},
	})
	if err != nil {
		return err
	}
	_, err = w.queues.StartMessageMoveTask(ctx, &sqs.StartMessageMoveTaskInput{SourceArn: aws.String(attributes.Attributes["QueueArn"])})
	return err
}

// events are the types of those that analytics keeps, by order.
func (w *world) events(ctx context.Context) (map[string][]order.EventType, error) {
	events := map[string][]order.EventType{}
	name := aws.String(w.Outputs["AnalyticsBucket"])
	pages := s3.NewListObjectsV2Paginator(w.bucket, &s3.ListObjectsV2Input{Bucket: name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, object := range page.Contents {
			out, err := w.bucket.GetObject(ctx, &s3.GetObjectInput{Bucket: name, Key: object.Key})
			if err != nil {
				return nil, err
			}
			content, err := io.ReadAll(out.Body)
			out.Body.Close()
			if err != nil {
				return nil, err
			}
			for text := range bytes.Lines(content) {
				e, err := order.ParseEvent(text)
				if err != nil {
					return nil, err
				}
				events[e.Subject] = append(events[e.Subject], e.Type)
			}
		}
	}
	return events, nil
}

// parcels are what the carrier knows: a state by order.
func (w *world) parcels(ctx context.Context) (map[string]string, error) {
	var answer struct {
		Shipments []struct{ OrderID, State string }
	}
	err := w.page(ctx, "/carrier/shipments", &answer)
	parcels := map[string]string{}
	for _, s := range answer.Shipments {
		parcels[s.OrderID] = s.State
	}
	return parcels, err
}

// mails are how many were sent about each order.
func (w *world) mails(ctx context.Context) (map[string]int, error) {
	var answer struct {
		Messages []struct{ Tags map[string]string }
	}
	err := w.page(ctx, "/_local/outbox", &answer)
	mails := map[string]int{}
	for _, m := range answer.Messages {
		mails[m.Tags["orderId"]]++
	}
	return mails, err
}

// told is of what the customers of each order have been told.
func (w *world) told(ctx context.Context) (map[string][]order.EventType, error) {
	told := map[string][]order.EventType{}
	err := w.scan(ctx, "NotificationsTable", func(r row) {
		id := r.text("orderId")
		told[id] = append(told[id], order.EventType(r.text("eventType")))
	})
	return told, err
}

// page reads JSON at the AWS endpoint that is not AWS's.
func (w *world) page(ctx context.Context, path string, answer any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, aws.ToString(w.AWS.BaseEndpoint)+path, nil)
	if err != nil {
		return err
	}
	resp, err := w.AWS.HTTPClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("simulation: GET %s answers %s", path, resp.Status)
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
