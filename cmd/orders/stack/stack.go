// Package stack is a deployed orderflow as its operator sees it: everything
// through AWS's APIs alone, so that AWS and the local cloud look alike.
// cmd/orders tells it in a terminal, cmd/local/console in a browser.
//
//	s, err := stack.Open(ctx, stack.Config{AWS: cfg, Name: "orderflow"})
//	page, err := s.Orders(ctx, stack.Query{Limit: 50})
package stack

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"orderflow/lambdas/order"
	"orderflow/statemachine/asl"
	"orderflow/statemachine/journey"
)

// Config is where a stack is.
type Config struct {
	AWS  aws.Config
	Name string // of the CloudFormation stack

	HTTP *http.Client // calls the stack's HTTP API; nil: http.DefaultClient

	// Peek reads the messages of a queue without receiving them, which only a
	// local queue allows. Nil: they are received, and are visible again at once.
	Peek func(ctx context.Context, queueURL string) ([]Message, error)
}

// A Stack is one deployment.
type Stack struct{ config Config }

var errTODO = errors.New("stack: not yet")

// Open finds the stack's resources by their logical IDs.
func Open(ctx context.Context, config Config) (*Stack, error) { return &Stack{config}, nil }

// A Query selects orders, newest first. Zero: all.
type Query struct {
	Status order.Status
	Text   string // in the order's ID, customer's ID or name, or a SKU; case does not matter
	Limit  int    // of a page; 0: 50
	Cursor string // Page.Next of the page before; "": the first page
}

// A Page of orders.
type Page struct {
	Orders []Summary
	Next   string // Cursor of the next page; "": this was the last
}

// A Summary is an order in a list.
type Summary struct {
	ID        string         `json:"orderId"`
	Status    order.Status   `json:"status"`
	Customer  order.Customer `json:"customer"`        // no more than ID and name
	Total     *order.Money   `json:"total,omitempty"` // nil until it is priced
	CreatedAt time.Time      `json:"createdAt"`
	DecidedAt *time.Time     `json:"decidedAt,omitempty"`
	Failure   *order.Failure `json:"failure,omitempty"`
	Now       []string       `json:"now,omitempty"` // the states that it is in, while it is PENDING
}

func (s *Stack) Orders(ctx context.Context, q Query) (Page, error) { return Page{}, errTODO }

// An Answer is what the HTTP API answered.
type Answer struct {
	Status  int             // HTTP
	OrderID string          // from Location or the body; "" when refused
	Body    json.RawMessage // an order's, or an RFC 9457 problem's
}

// Place posts an order as it is, valid or not. key is its Idempotency-Key, ""
// for none. A refusal is an Answer, not an error.
func (s *Stack) Place(ctx context.Context, body []byte, key string) (Answer, error) {
	return Answer{}, errTODO
}

// Order asks the HTTP API, as a customer would. Error: ErrNoOrder.
func (s *Stack) Order(ctx context.Context, id string) (order.Order, error) {
	return order.Order{}, errTODO
}

var ErrNoOrder = errors.New("stack: there is no such order")

func (s *Stack) Cancel(ctx context.Context, id string) (Answer, error) { return Answer{}, errTODO }

// Definition is the state machine's, as it was deployed.
func (s *Stack) Definition(ctx context.Context) ([]byte, error) { return nil, errTODO }

// StateMachineARN, and an execution's: its name is its order's ID.
func (s *Stack) StateMachineARN() string            { return "" }
func (s *Stack) ExecutionARN(orderID string) string { return "" }

// History is an execution's, from its first event on.
func (s *Stack) History(ctx context.Context, executionARN string) iter.Seq2[asl.HistoryEvent, error] {
	return nil
}

// Watch yields the history so far, and then what is recorded, until the
// execution has ended.
func (s *Stack) Watch(ctx context.Context, executionARN string) iter.Seq2[asl.HistoryEvent, error] {
	return nil
}

// A Moment is one sentence of an order's story.
type Moment struct {
	At     time.Time `json:"at"`
	Who    string    `json:"who"`              // API, execution, state, inventory, customer, operator, …
	What   string    `json:"what"`             // a plain sentence
	Detail string    `json:"detail,omitempty"` // what an engineer looks up: request ID, message ID
	Mood   Mood      `json:"mood"`
}

type Mood string

const (
	Plain   Mood = "plain"
	Good    Mood = "good"
	Waiting Mood = "waiting"
	Bad     Mood = "bad"
)

// A Story is where an order is and why, across everything that deals with it.
type Story struct {
	Order    order.Order      `json:"order"`
	Journey  *journey.Journey `json:"-"`        // nil where its execution is no longer kept
	Headline string           `json:"headline"` // where it is now and why, in a sentence or two
	Moments  []Moment         `json:"moments"`  // by time
}

// Story tells an order's. Error: ErrNoOrder.
func (s *Stack) Story(ctx context.Context, id string) (Story, error) { return Story{}, errTODO }

// A Shelf is a SKU's stock.
type Shelf struct {
	SKU         string      `json:"sku"`
	Name        string      `json:"name,omitempty"`
	UnitPrice   order.Money `json:"unitPrice,omitzero"`
	WeightGrams int         `json:"weightGrams,omitempty"`
	Stocked     int64       `json:"stocked"`
	Available   int64       `json:"available"`
	Reserved    int64       `json:"reserved"`
	Committed   int64       `json:"committed"`
}

// Stock is every SKU's, by SKU.
func (s *Stack) Stock(ctx context.Context) ([]Shelf, error) { return nil, errTODO }

// AddStock adds units, or takes away as many of the available when negative.
func (s *Stack) AddStock(ctx context.Context, sku string, units int64) (Shelf, error) {
	return Shelf{}, errTODO
}

// SetStock makes the units stocked so many in all, whatever is reserved or
// committed of them.
func (s *Stack) SetStock(ctx context.Context, sku string, stocked int64) (Shelf, error) {
	return Shelf{}, errTODO
}

// A Queue is a consumer's, with its dead-letter queue.
type Queue struct {
	Consumer string `json:"consumer"` // inventory, …
	Name     string `json:"name"`
	URL      string `json:"-"`
	Depth

	DeadLetters     Depth  `json:"deadLetters"`
	DeadLettersName string `json:"deadLettersName"`
	DeadLettersURL  string `json:"-"`
}

// A Depth is how many messages a queue holds.
type Depth struct {
	Visible  int `json:"visible"`
	InFlight int `json:"inFlight"`
	Delayed  int `json:"delayed"`

	Messages []Message `json:"-"` // where they can be peeked at
}

// Queues are the consumers', in alphabetical order.
func (s *Stack) Queues(ctx context.Context) ([]Queue, error) { return nil, errTODO }

// A Message is one of a queue.
type Message struct {
	ID            string    `json:"messageId"`
	Body          string    `json:"body"`
	Sent          time.Time `json:"sent"`
	FirstReceived time.Time `json:"firstReceived,omitzero"`
	Receives      int       `json:"receives"`
	VisibleAt     time.Time `json:"visibleAt,omitzero"` // of one that is peeked at: delayed or in flight until then
}

// A DeadLetter is a message that its consumer could not process.
type DeadLetter struct {
	Consumer string `json:"consumer"`
	Message
	Event     *order.Event `json:"-"` // nil: the message is no event
	OrderID   string       `json:"orderId,omitempty"`
	Type      string       `json:"type,omitempty"`
	LastError string       `json:"lastError,omitempty"` // what the function last logged of it; "": nothing is kept
	FailedAt  time.Time    `json:"failedAt,omitzero"`
	RequestID string       `json:"requestId,omitempty"` // of that invocation

	// Wait says whether the state whose token it carries still waits.
	Wait Wait `json:"wait,omitempty"`
}

type Wait string

const (
	WaitNone Wait = ""     // it asks for no answer
	WaitOpen Wait = "open" // an answer is still waited for
	WaitOver Wait = "over" // nobody waits any more: redriving it decides nothing
)

// DeadLetters of a consumer, oldest first; "" for all consumers.
func (s *Stack) DeadLetters(ctx context.Context, consumer string) ([]DeadLetter, error) {
	return nil, errTODO
}

// Redrive sends dead letters back to their queue, all of a consumer's when no
// message IDs are given, and says how many it sent.
func (s *Stack) Redrive(ctx context.Context, consumer string, messageIDs ...string) (int, error) {
	return 0, errTODO
}
