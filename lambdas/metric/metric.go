// Package metric is what orderflow counts and measures, by the names that
// dashboards and alarms know. Nothing in a metric is personal, and no
// dimension's values grow with the number of orders.
package metric

// NamespaceVariable is the environment variable that holds the namespace of a
// function's metrics: the stack's name, so that stacks of one account stay
// apart.
const NamespaceVariable = "METRICS_NAMESPACE"

// Metrics, each with its unit and its dimensions, if any.
const (
	// Orders counts decided orders by Outcome, the final status. Told by
	// analytics, of order.confirmed and order.cancelled.
	Orders = "Orders"

	// TimeToDecision is how many milliseconds passed from an order's arrival
	// to its decision. Told by analytics.
	TimeToDecision = "TimeToDecision"

	// CallbackWait is how many milliseconds a State, ReserveInventory or
	// ArrangeShipment, waited for its answer. Told by whoever answers.
	CallbackWait = "CallbackWait"

	// InvalidOrders counts orders that were refused with InvalidOrder, which
	// Lambda counts among the function's errors, and 0 of one that was not, for
	// an alarm that takes these from those. Told by validation.
	InvalidOrders = "InvalidOrders"

	// StockConflicts counts writes of stock that had to be made again because
	// another order's came between. Told by inventory.
	StockConflicts = "StockConflicts"

	// BatchFailures counts messages that a Consumer returned to its queue.
	BatchFailures = "BatchFailures"

	// CompensationFailures counts order.cancelled events that a Consumer could
	// not process: stock or a parcel that is not taken back yet. Those are
	// among the BatchFailures too.
	CompensationFailures = "CompensationFailures"

	// Contradictions counts what reconciliation found that should not exist, a
	// zero for a run that found nothing.
	Contradictions = "Contradictions"
)

// Dimensions.
const (
	Outcome  = "Outcome"
	State    = "State"
	Consumer = "Consumer" // its folder's name
)
