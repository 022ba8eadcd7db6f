package stack

import (
	"context"
	"errors"
	"time"

	"orderflow/lambdas/order"
)

var errTODO = errors.New("stack: not yet")

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
