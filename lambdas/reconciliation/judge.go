package reconciliation

import (
	"time"

	"orderflow/lambdas/order"
)

// A Problem is a way in which an order, or a shelf, is not as it should be.
type Problem string

const (
	// The order is PENDING, and nothing decides it any more.
	NeverDecided Problem = "neverDecided"
	// The order is decided against, and its stock or parcel is not taken back.
	NotTakenBack Problem = "notTakenBack"
	// The order is confirmed, and its stock or parcel is not handed over.
	NotHandedOver Problem = "notHandedOver"
	// Stock or a parcel is held for an order that does not exist.
	HeldForNoOrder Problem = "heldForNoOrder"
	// Stock or a parcel is handed over for an order that is not confirmed.
	WronglyHandedOver Problem = "wronglyHandedOver"
	// The order is confirmed, and its stock or parcel is taken back or missing.
	WronglyTakenBack Problem = "wronglyTakenBack"
	// A SKU's counts do not add up, or one is negative.
	Miscounted Problem = "miscounted"
)

// A Repair is what is done about a problem. It does what the state machine's
// state of that name would have done.
type Repair string

const (
	CancelOrder       Repair = "CancelOrder" // and AnnounceCancelled
	AnnounceCancelled Repair = "AnnounceCancelled"
	AnnounceConfirmed Repair = "AnnounceConfirmed"
	ByHand            Repair = "ByHand" // a person must; nothing is touched
)

// What the rows of inventory and shipment may say.
const (
	reserved  = "RESERVED"
	committed = "COMMITTED"
	released  = "RELEASED"

	booked     = "BOOKED"
	dispatched = "DISPATCHED"
	cancelled  = "CANCELLED"
)

// A file is what is known of one order.
type file struct {
	order       order.Order // its Status is "" when it has no row
	reservation string      // the status of its row, "" without one
	shipment    string
	execution   execution
}

// An execution is what Step Functions knows of one. The zero execution is one
// that it has forgotten.
type execution struct {
	running bool
	ended   time.Time
	failure order.Failure // how it ended
}

// judge says what is wrong with an order at a time, "" being nothing. Nothing
// is while its execution runs, for that may be trying still, or for what
// happened within the grace: messages about it may be on their way.
func judge(f file, now time.Time, grace time.Duration) (Problem, Repair) {
	since, decided := now.Add(-grace), f.order.DecidedAt
	switch {
	case f.execution.running:
		return "", ""
	case f.execution.ended.After(since):
		return "", ""
	case decided != nil && decided.After(since):
		return "", ""
	}
	return compare(f.order.Status, f.reservation, f.shipment, decided != nil && isLongOver(*decided, now))
}

// isLongOver tells whether an order was decided so long ago that its tombstones
// may have expired: no late request is to be feared any more.
func isLongOver(decided, now time.Time) bool {
	return now.Sub(decided) > order.TombstoneLife
}

// compare says what is wrong with the rows of an order that is over.
func compare(status order.Status, reservation, shipment string, longOver bool) (Problem, Repair) {
	switch {
	case status == order.Confirmed:
		return compareConfirmed(reservation, shipment)
	case reservation == committed || shipment == dispatched:
		return WronglyHandedOver, ByHand
	case status == order.Pending:
		return NeverDecided, CancelOrder
	case status.Final():
		return compareCancelled(reservation, shipment, longOver)
	case reservation == reserved || shipment == booked:
		return HeldForNoOrder, AnnounceCancelled
	}
	return "", ""
}

func compareConfirmed(reservation, shipment string) (Problem, Repair) {
	switch {
	case reservation == committed && shipment == dispatched:
		return "", ""
	case reservation == "" || reservation == released || shipment == "" || shipment == cancelled:
		return WronglyTakenBack, ByHand
	}
	return NotHandedOver, AnnounceConfirmed
}

// compareCancelled wants a row even where nothing was ever held: without its
// tombstone a request that is late would be granted, as long as there may be one.
func compareCancelled(reservation, shipment string, longOver bool) (Problem, Repair) {
	takenBack := reservation == released || longOver && reservation == ""
	if takenBack && (shipment == cancelled || longOver && shipment == "") {
		return "", ""
	}
	return NotTakenBack, AnnounceCancelled
}

// A shelf is what there is of one SKU.
type shelf struct {
	SKU       string `dynamodbav:"sku"`
	Stocked   int    `dynamodbav:"stocked"`
	Available int    `dynamodbav:"available"`
	Reserved  int    `dynamodbav:"reserved"`
	Committed int    `dynamodbav:"committed"`
}

// adds reports whether a shelf adds up. Each write leaves it so.
func (s shelf) adds() bool {
	return s.Available+s.Reserved+s.Committed == s.Stocked && min(s.Available, s.Reserved, s.Committed) >= 0
}
