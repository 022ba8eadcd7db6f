package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"orderflow/cmd/local/carrier"
	"orderflow/cmd/local/chaos"
	"orderflow/cmd/local/cloud"
	"orderflow/cmd/local/cloud/cloudformation"
	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/ses"
	"orderflow/cmd/local/cloud/sqs"
	"orderflow/cmd/local/console"
	"orderflow/cmd/local/issuer"
	"orderflow/cmd/orders/stack"
	"orderflow/statemachine"
	"orderflow/template"
)

// systemConfig is what a system is made from. Only the addresses and the
// products must be given.
type systemConfig struct {
	api, aws string // host and port at which clients find each
	host     string // that the AWS endpoint was told to listen at
	products []product

	// consumers are those of the template, nil for those that are deployed;
	// functions are theirs, beside the functions of those that are deployed.
	consumers []template.Consumer
	functions map[string]cloud.Function

	// auth is who may call the API; "": anybody.
	auth template.AuthMode

	// rendered is deployed instead of the template of the consumers.
	rendered []byte

	// parameters override the template's, by name.
	parameters map[string]string

	// chaos lets faults happen, drawn from seed; nil: none to begin with.
	chaos chaos.Rates
	seed  uint64

	// calls are interposed instead, and turns taken, in a simulation.
	calls interpose.Calls
	turn  interpose.Turn

	log *slog.Logger
}

// A system is orderflow, deployed at home: started and stocked, without
// sockets.
type system struct {
	cloud    *cloud.Cloud
	carrier  *carrier.Carrier
	issuer   *issuer.Issuer // nil unless customers call
	auth     template.AuthMode
	stack    cloudformation.Stack
	weather  *chaos.Weather
	console  *console.Console // nil until it is opened
	products []product
	api, aws string
	log      *slog.Logger

	mu      sync.Mutex        // held while faults are switched
	patient map[string]string // the visibility timeout of each queue that is in a hurry, by URL
}

// newSystem deploys the template, the very one that sam deploy takes, and
// stocks its tables. Close ends what it starts.
func newSystem(ctx context.Context, config systemConfig) (*system, error) {
	if config.consumers == nil {
		config.consumers = template.Consumers()
	}
	if config.log == nil {
		config.log = slog.New(slog.DiscardHandler)
	}
	config.auth = cmp.Or(config.auth, template.None)
	rendered, err := config.rendered, error(nil)
	if rendered == nil {
		if rendered, err = template.New(config.consumers, authAtHome(config.auth)).JSON(); err != nil {
			return nil, err
		}
	}
	functions := functions()
	maps.Copy(functions, config.functions)
	parameters := map[string]string{
		"CarrierUrl":  "http://" + config.aws + carrierPrefix,
		"SenderEmail": "orders@orderflow.example",
		"Stage":       "development",
	}
	maps.Copy(parameters, config.parameters)

	s := &system{carrier: carrier.New(), auth: config.auth, products: config.products, api: config.api, aws: config.aws, log: config.log, patient: map[string]string{}}
	neighbours := map[string]http.Handler{
		carrierPrefix + "/":  s.carrier,
		console.Prefix + "/": http.HandlerFunc(s.serveConsole),
	}
	issuers := map[string]http.Handler{}
	if s.auth == template.JWT {
		if s.issuer, err = issuer.New(); err != nil {
			return nil, err
		}
		neighbours[issuerPrefix+"/"], issuers[issuer.Host] = s.issuer, s.issuer
	}
	s.weather = chaos.New(chaos.Config{Seed: config.seed, Report: s.report})
	interposed := s.weather.Interposed
	if config.calls != nil {
		interposed = interpose.Always(config.calls)
	}
	s.cloud = cloud.New(cloud.Config{
		Endpoint:    config.aws,
		APIEndpoint: config.api,
		Host:        config.host,
		Functions:   functions,
		Definitions: map[string][]byte{"statemachine/order.asl.json": statemachine.Definition},
		Neighbours:  neighbours,
		Issuers:     issuers,
		Interposed:  interposed,
		Turn:        config.turn,
		Log:         config.log,
	})
	if s.stack, err = s.cloud.Deploy(ctx, rendered, parameters); err == nil {
		err = s.settleIn(ctx, parameters["SenderEmail"])
	}
	if err == nil {
		err = s.setRates(ctx, config.chaos)
	}
	if err != nil {
		s.Close(ctx)
		return nil, err
	}
	return s, nil
}

// settleIn does what an operator does once, after the first deployment.
func (s *system) settleIn(ctx context.Context, sender string) error {
	_, err := s.cloud.SES.CreateEmailIdentity(ctx, &ses.CreateEmailIdentityInput{EmailIdentity: sender})
	if err != nil {
		return err
	}
	db := dynamodb.NewFromConfig(s.cloud.AWSConfig())
	return seed(ctx, db, s.stack.Outputs["CatalogueTable"], s.stack.Outputs["StockTable"], s.products)
}

// openConsole lets people look: what it shows, it asks the cloud for.
func (s *system) openConsole(ctx context.Context) error {
	api := &http.Client{Transport: s.asSomebody(s.cloud.APIClient().Transport)}
	opened, err := stack.Open(ctx, stack.Config{AWS: s.cloud.AWSConfig(), Name: cloud.StackName, HTTP: api, Peek: s.peek})
	if err != nil {
		return err
	}
	s.console, err = console.New(console.Config{
		Stack:  opened,
		Watch:  s.cloud.States.Watch,
		Mails:  s.cloud.SES.Latest,
		Faults: switches{s},
		Log:    s.log,
	})
	return err
}

// switches are those of -chaos, as the console has them.
type switches struct{ *system }

func (f switches) Rates() chaos.Rates { return f.weather.Rates() }
func (f switches) Seed() uint64       { return f.weather.Seed() }
func (f switches) SetRates(ctx context.Context, rates chaos.Rates) error {
	return f.setRates(ctx, rates)
}

// mostPeeked bounds how much of a queue is looked at.
const mostPeeked = 200

func (s *system) peek(ctx context.Context, queueURL string) ([]stack.Message, error) {
	peeked, err := s.cloud.SQS.Peek(ctx, queueURL, mostPeeked)
	if err != nil {
		return nil, err
	}
	messages := make([]stack.Message, len(peeked))
	for i, m := range peeked {
		messages[i] = stack.Message{ID: m.MessageID, Body: m.Body, Sent: m.Sent, FirstReceived: m.FirstReceived, Receives: m.Receives, VisibleAt: m.VisibleAt}
	}
	return messages, nil
}

func (s *system) serveConsole(w http.ResponseWriter, r *http.Request) {
	if s.console == nil {
		http.Error(w, "the console is not open yet", http.StatusServiceUnavailable)
		return
	}
	s.console.ServeHTTP(w, r)
}

// chaoticVisibility is how long a message is hidden in chaos, lest one watch
// for minutes until a crash is made good.
const chaoticVisibility = 15 * time.Second

// setRates changes how likely each fault is, at any time. While there are any,
// queues are in a hurry.
func (s *system) setRates(ctx context.Context, rates chaos.Rates) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.weather.SetRates(rates); err != nil {
		return err
	}
	queues, err := s.cloud.SQS.ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return err
	}
	pace := s.calmDown
	if s.weather.Interposed() != nil {
		pace = s.hurry
	}
	for _, url := range queues.QueueUrls {
		if err := pace(ctx, url); err != nil {
			return err
		}
	}
	return nil
}

// hurry shortens a queue's visibility timeout, as its operator may.
func (s *system) hurry(ctx context.Context, queueURL string) error {
	if _, already := s.patient[queueURL]; already {
		return nil
	}
	queue, err := s.cloud.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: queueURL, AttributeNames: []string{visibilityTimeout}})
	if err != nil {
		return err
	}
	s.patient[queueURL] = queue.Attributes[visibilityTimeout]
	return s.setVisibility(ctx, queueURL, strconv.Itoa(int(chaoticVisibility.Seconds())))
}

// calmDown gives a queue that was in a hurry its visibility timeout back.
func (s *system) calmDown(ctx context.Context, queueURL string) error {
	timeout, hurried := s.patient[queueURL]
	if !hurried {
		return nil
	}
	delete(s.patient, queueURL)
	return s.setVisibility(ctx, queueURL, timeout)
}

const visibilityTimeout = "VisibilityTimeout"

func (s *system) setVisibility(ctx context.Context, queueURL, seconds string) error {
	_, err := s.cloud.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: queueURL, Attributes: map[string]string{visibilityTimeout: seconds}})
	return err
}

// report tells of a fault as it happens.
func (s *system) report(f chaos.Fault, c *interpose.Call) {
	s.log.Warn("chaos", "fault", string(f), "from", c.From, "to", c.To, "action", c.Action)
}

// carrierPrefix is where the carrier answers, at the AWS endpoint.
const carrierPrefix = "/carrier"

// API is the stack's HTTP API.
func (s *system) API() http.Handler { return s.cloud.API() }

// AWS is the AWS endpoint, with the carrier beside it.
func (s *system) AWS() http.Handler { return s.cloud }

// Close ends everything. Invocations that run may finish until ctx ends.
func (s *system) Close(ctx context.Context) { s.cloud.Close(ctx) }

// greet says where everything is, in at most 15 lines.
func (s *system) greet(w io.Writer) {
	fmt.Fprintf(w, `orderflow is running. Ctrl-C ends it.

  console       http://%s/console/
  API           http://%s%s
  AWS endpoint  http://%s  (any credentials, region %s)
  mails sent    http://%s/_local/outbox
  in stock      %s
%s
Place an order, and follow the Location it answers with:

  %s

See its execution:

  %s
`, s.aws, s.api, s.admission(), s.aws, cloud.Region, s.aws, s.shelves(), s.forecast(), s.curl(), s.listExecutions())
}

// forecast tells which faults there will be, in a line if there are any.
func (s *system) forecast() string {
	rates := s.weather.Rates().String()
	if rates == "" {
		return ""
	}
	return fmt.Sprintf("  chaos         %s, drawn from seed %d\n", rates, s.weather.Seed())
}

// shelves tells the first few SKUs in stock.
func (s *system) shelves() string {
	const most = 8
	stocked := slices.Collect(inStock(s.products))
	var b strings.Builder
	for i, p := range stocked {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(stocked)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s (%d)", p.sku, p.stocked)
	}
	if len(stocked) == 0 {
		return "nothing"
	}
	return b.String()
}

// curl is a command that places an order for what is most plentiful.
func (s *system) curl() string {
	plenty := mostPlentiful(s.products)
	order, err := json.Marshal(orderFor(plenty.sku, int(min(plenty.stocked, 2)), "GB"))
	if err != nil {
		panic(err) // strings and numbers alone
	}
	credentials, err := s.credentials()
	if err != nil {
		panic(err) // claims are strings and numbers alone
	}
	return fmt.Sprintf("curl -i http://%s/orders%s -H 'Content-Type: application/json' -d %s", s.api, credentials, quote(string(order)))
}

func (s *system) listExecutions() string {
	return fmt.Sprintf("AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws --endpoint-url http://%s --region %s stepfunctions list-executions --state-machine-arn %s",
		s.aws, cloud.Region, s.stack.Outputs["StateMachineArn"])
}

func mostPlentiful(products []product) product {
	return slices.MaxFunc(products, func(a, b product) int { return int(a.stocked - b.stocked) })
}

// quote makes one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
