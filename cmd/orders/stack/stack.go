// Package stack is a deployed orderflow as its operator sees it: everything
// through AWS's APIs alone, so that AWS and the local cloud look alike.
// cmd/orders tells it in a terminal, cmd/local/console in a browser.
//
//	s, err := stack.Open(ctx, stack.Config{AWS: cfg, Name: "orderflow"})
//	page, err := s.Orders(ctx, stack.Query{Limit: 50})
package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"orderflow/cmd/orders/caller"
)

// Config is where a stack is.
type Config struct {
	AWS  aws.Config
	Name string // of the CloudFormation stack

	// HTTP calls the stack's HTTP API, and shows it who calls. Nil: as whoever
	// AWS's credentials are.
	HTTP *http.Client

	// Peek reads the messages of a queue without receiving them, which only a
	// local queue allows. Nil: they are received, and are visible again at once.
	Peek func(ctx context.Context, queueURL string) ([]Message, error)
}

// A Stack is one deployment.
type Stack struct {
	config    Config
	api       string // URL
	resources map[string]string
	consumers []consumer

	db      *dynamodb.Client
	sqs     *sqs.Client
	states  *sfn.Client
	logs    *cloudwatchlogs.Client
	objects *s3.Client
}

// Why a stack cannot be opened.
var (
	ErrNoRegion    = errors.New("stack: no AWS region is configured")
	ErrNoStack     = errors.New("stack: there is no such stack")
	ErrUnreachable = errors.New("stack: the AWS endpoint cannot be reached")
)

// needed are the resources without which a stack is not orderflow's, by
// logical ID. Consumers are found, whoever they are.
var needed = []string{
	"OrderStateMachine", "OrdersTable", "CatalogueTable", "StockTable",
	"ReservationsTable", "ShipmentsTable", "NotificationsTable",
	"ApiLogGroup", "ValidationLogGroup",
}

// Open finds the stack's resources by their logical IDs. Errors: ErrNoRegion,
// ErrNoStack, ErrUnreachable.
func Open(ctx context.Context, config Config) (*Stack, error) {
	if config.AWS.Region == "" {
		return nil, ErrNoRegion
	}
	if config.HTTP == nil {
		config.HTTP = &http.Client{Transport: caller.Signed(config.AWS, http.DefaultTransport)}
	}
	s := &Stack{
		config:  config,
		db:      dynamodb.NewFromConfig(config.AWS),
		sqs:     sqs.NewFromConfig(config.AWS),
		states:  sfn.NewFromConfig(config.AWS),
		logs:    cloudwatchlogs.NewFromConfig(config.AWS),
		objects: s3.NewFromConfig(config.AWS, func(o *s3.Options) { o.UsePathStyle = true }),
	}
	client := cloudformation.NewFromConfig(config.AWS)
	if err := s.findOutputs(ctx, client); err != nil {
		return nil, err
	}
	if err := s.findResources(ctx, client); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Stack) findOutputs(ctx context.Context, client *cloudformation.Client) error {
	out, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &s.config.Name})
	if err != nil {
		return s.unopened(err)
	}
	for _, output := range out.Stacks[0].Outputs {
		if aws.ToString(output.OutputKey) == "ApiUrl" {
			s.api = strings.TrimSuffix(aws.ToString(output.OutputValue), "/")
			return nil
		}
	}
	return fmt.Errorf("stack: %q has no output ApiUrl: is it orderflow, and fully deployed?", s.config.Name)
}

func (s *Stack) findResources(ctx context.Context, client *cloudformation.Client) error {
	s.resources = map[string]string{}
	pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: &s.config.Name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.unopened(err)
		}
		for _, r := range page.StackResourceSummaries {
			s.resources[aws.ToString(r.LogicalResourceId)] = aws.ToString(r.PhysicalResourceId)
		}
	}
	for _, logicalID := range needed {
		if s.resources[logicalID] == "" {
			return fmt.Errorf("stack: %q has no %s: is it orderflow, and fully deployed?", s.config.Name, logicalID)
		}
	}
	s.consumers = findConsumers(s.resources)
	return nil
}

// unopened tells why a stack could not be asked for.
func (s *Stack) unopened(err error) error {
	if e, ok := errors.AsType[smithy.APIError](err); ok && e.ErrorCode() == "ValidationError" && strings.Contains(e.ErrorMessage(), "does not exist") {
		return fmt.Errorf("%w: %q in region %s", ErrNoStack, s.config.Name, s.config.AWS.Region)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%w: %w", ErrUnreachable, e)
	}
	return fmt.Errorf("stack: %q: %w", s.config.Name, err)
}

// findConsumers tells the consumers from their dead-letter queues, by name.
func findConsumers(resources map[string]string) []consumer {
	var found []consumer
	for logicalID, physicalID := range resources {
		prefix, ok := strings.CutSuffix(logicalID, "DeadLetterQueue")
		if !ok || resources[prefix+"Queue"] == "" {
			continue
		}
		found = append(found, consumer{
			name:          strings.ToLower(prefix),
			queueURL:      resources[prefix+"Queue"],
			deadLetterURL: physicalID,
			logGroup:      resources[prefix+"LogGroup"],
		})
	}
	slices.SortFunc(found, func(a, b consumer) int { return strings.Compare(a.name, b.name) })
	return found
}

// table is a table's name.
func (s *Stack) table(logicalID string) *string { return aws.String(s.resources[logicalID]) }
