package stack

import (
	"context"
	"errors"
	"time"

	"orderflow/lambdas/order"
	"orderflow/statemachine/journey"
)

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
func (s *Stack) Story(ctx context.Context, id string) (Story, error) {
	return Story{}, errors.New("stack: not yet")
}
