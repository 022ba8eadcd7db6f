package asl

import "time"

// HistoryEvent is one entry of an execution's history, in the shape of AWS's
// GetExecutionHistory. Exactly the details that belong to Type are set, if any.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
type HistoryEvent struct {
	ID         int64     `json:"id"`
	PreviousID int64     `json:"previousEventId"`
	Timestamp  time.Time `json:"timestamp"` // the wire writes epoch seconds
	Type       string    `json:"type"`

	// Details are a pointer to one of the …Details types below, or nil. On
	// the wire they stand under the name that DetailsName gives for Type.
	Details any `json:"details,omitempty"`
}
