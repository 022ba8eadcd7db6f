package template

import (
	"slices"

	"orderflow/lambdas/metric"
	"orderflow/lambdas/order"
)

// Sections of the runbook, each for one kind of alarm.
const (
	ordersFail          runbook = "Orders fail"
	executionsThrottled runbook = "Executions are throttled"
	apiFaults           runbook = "The API answers with faults"
	apiSlow             runbook = "The API is slow"
	functionFails       runbook = "A function fails"
	functionThrottled   runbook = "A function is throttled"
	messagesReturned    runbook = "Messages are returned"
	queueGrowsOld       runbook = "A queue grows old"
	deadLetters         runbook = "There are dead letters"
	decisionsTakeLong   runbook = "Decisions take long"
	notTakenBack        runbook = "Something is not taken back"
	contradictions      runbook = "Something contradicts itself"
	notReconciled       runbook = "Reconciliation does not run"
	eventLost           runbook = "An event is lost"
	mailBounces         runbook = "Mails bounce"
)

// Periods of alarms, in seconds. CloudWatch hears of most things once a minute.
const (
	minute      = 60
	fiveMinutes = 5 * minute
	hour        = 60 * minute
)

// alarms are those that belong to no one function or consumer.
//
// What has none, for it is no one's emergency by itself: executions that an
// operator stopped, which reconciliation decides; DynamoDB's throttling and
// errors, which every caller tries again and which are felt as age, latency
// and faults; how long a state waits for its answer, for an order that still
// waits is in no metric but is in a queue, live or dead, and those have alarms.
func alarms() []Resource {
	all := []alarm{
		// Only our fault ends an execution this way: one is an order lost. It
		// stands for five minutes, so that five failures are told once.
		{
			id:      "OrderStateMachineFailuresAlarm",
			means:   "An order FAILED: a customer who could have been served was not, and is told so. What was reserved is taken back.",
			first:   "See who and why: orders list --status FAILED, then orders history ORDER_ID.",
			runbook: ordersFail,
			watches: []series{execution("ExecutionsFailed")},
			seconds: minute, threshold: 0, breaching: 1, of: 5, absent: fine,
		},
		// The definition has no timeout of its own: this is Step Functions' year.
		{
			id:      "OrderStateMachineTimeoutsAlarm",
			means:   "An order's execution ran out of time, so that nobody decided the order. Reconciliation will decide it.",
			first:   "Find the execution in the Step Functions console, status Timed out, then orders history ORDER_ID.",
			runbook: ordersFail,
			watches: []series{execution("ExecutionsTimedOut")},
			seconds: minute, threshold: 0, breaching: 1, of: 5, absent: fine,
		},
		// A surge may empty the bucket for a moment; after a quarter of an hour
		// it is the quota that is too small.
		{
			id:      "OrderStateMachineThrottlesAlarm",
			means:   "Every order is late: executions wait for their next state because the account's quota of state transitions is used up. None is lost.",
			first:   "Ask Service Quotas for more StateTransition throttle token refill rate, and look for another state machine that uses it up.",
			runbook: executionsThrottled,
			watches: []series{execution("ExecutionThrottled")},
			seconds: fiveMinutes, threshold: 0, breaching: 3, of: 3, absent: fine,
		},
		// One fault in a hundred, for three minutes in five: no single fault at
		// night, nor one among thousands, which the shop tries again.
		{
			id:      "OrdersApiFaultsAlarm",
			means:   "Shops cannot place orders: more than one request in a hundred is answered with a 5xx.",
			first:   "See which: 503 says that StartExecution is throttled, 500 and 504 that the function fails or is slow; its log has the error.",
			runbook: apiFaults,
			watches: []series{requests("5xx", "Sum"), requests("Count", "Sum")}, expression: "100 * m0 / m1",
			seconds: minute, threshold: 1, breaching: 3, of: 5, absent: fine,
		},
		// A cold start takes some 0.3 s, a request less than 0.1 s: 2 s are
		// neither. Judged however few requests there were, hence the quarter of
		// an hour.
		{
			id:      "OrdersApiLatencyAlarm",
			means:   "Shops wait: one request in a hundred takes longer than two seconds. They give up, and try again.",
			first:   "Compare Latency with IntegrationLatency and the function's Duration on the dashboard.",
			runbook: apiSlow,
			watches: []series{requests("Latency", "p99")},
			seconds: fiveMinutes, threshold: 2000, breaching: 3, of: 3, absent: fine,
		},
		// Undisturbed an order takes seconds. A message that failed once comes
		// again after six minutes, which one order in a hundred may.
		{
			id:      "TimeToDecisionAlarm",
			means:   "Customers wait for their confirmation: one order in a hundred takes longer than five minutes to be decided.",
			first:   "See on the dashboard which queue is old, and how long ReserveInventory and ArrangeShipment wait.",
			runbook: decisionsTakeLong,
			watches: []series{own(metric.TimeToDecision, "", "", "p99")},
			seconds: fiveMinutes, threshold: 5 * minute * 1000, breaching: 3, of: 3, absent: fine,
		},
		// Each run tells a number, zero if all is well, which holds until the next.
		{
			id:      "ContradictionsAlarm",
			means:   "What is stored contradicts itself: an order nobody decided, stock or a parcel held for none, or counts that do not add up. Most of it is repaired already.",
			first:   "Read the report of a dry run of ReconciliationFunction; what is ByHand waits for you.",
			runbook: contradictions,
			watches: []series{own(metric.Contradictions, "", "", "Sum")},
			seconds: hour, threshold: 0, breaching: 1, of: 1, absent: asBefore,
		},
		// Between two runs of an hourly schedule lie 90 minutes at most: 60, 15
		// of its window and 15 of the run. So no two hours pass without one, nor
		// two days at any rate that the parameter admits.
		{
			id:      "ReconciliationRunsAlarm",
			means:   "Reconciliation has told nothing for two hours, or for two days if it is not hourly: orders that were lost stay lost. Just after the first deployment this is so until the first run.",
			first:   "See whether ReconciliationRunSchedule is enabled, and read the function's log.",
			runbook: notReconciled,
			watches: []series{own(metric.Contradictions, "", "", "SampleCount")},
			seconds: choose(reconciledHourly, hour, day), threshold: 1, below: true, breaching: 2, of: 2, absent: wrong,
		},
		{
			id:      "OrdersTopicLossAlarm",
			means:   "An event reached neither a consumer's queue nor its dead-letter queue: a consumer does not know what happened to an order.",
			first:   "Look at the queues' policies, and at their key if they have one; reconciliation repairs the orders.",
			runbook: eventLost,
			watches: []series{published("NumberOfNotificationsFailedToRedriveToDlq")},
			seconds: fiveMinutes, threshold: 0, breaching: 1, of: 1, absent: fine,
		},
		// SES reviews an account at 5 % and may stop it at 10 %. The rate is the
		// account's, and told every now and then.
		// https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html
		{
			id:      "MailBouncesAlarm",
			means:   "More than 5 % of the account's mails bounce. Above 10 % SES may stop all mail, and no customer hears of an order.",
			first:   "See in the SES console, Reputation metrics, whether it is our mail, and to whom.",
			runbook: mailBounces,
			watches: []series{mailed("Reputation.BounceRate", "Average")},
			seconds: hour, threshold: 0.05, breaching: 1, of: 1, absent: asBefore,
		},
	}
	return resources(all)
}

// alarms of a function. Errors are crashes, timeouts and answers that are
// errors: one is tried again by whoever called, two minutes with some in five
// are not chance. They are of all versions: what a new one does wrong counts.
func (f function) alarms() []Resource {
	id := title(f.capability)
	all := []alarm{
		{
			id:      id + "ErrorsAlarm",
			means:   id + "Function crashes, runs out of time or answers with errors. " + f.failing,
			first:   "Read its log: the last deployment, or what it calls, is to blame.",
			runbook: functionFails,
			watches: []series{invoked("Errors", "Sum")(id + "Function")},
			seconds: minute, threshold: 0, breaching: 2, of: 5, absent: fine,
		},
		{
			id:      id + "ThrottlesAlarm",
			means:   id + "Function is wanted more often than it may run at once. " + f.failing,
			first:   "See on the dashboard who uses up the account's concurrency, or raise what is reserved for it.",
			runbook: functionThrottled,
			watches: []series{invoked("Throttles", "Sum")(id + "Function")},
			seconds: minute, threshold: 0, breaching: 3, of: 5, absent: fine,
		},
	}
	// To Lambda a refusal is an error like any other. It and its own metric may
	// fall into two minutes, or be heard of a minute apart: hence the margin.
	if f.refuses != "" {
		all[0].watches = append(all[0].watches, own(f.refuses, "", "", "Sum"))
		all[0].expression = "m0 - FILL(m1, 0)"
		all[0].threshold, all[0].breaching = 3, 3
	}
	return resources(all)
}

// canaryAlarm takes a version of its function back, beside the function's errors.
func (c Consumer) canaryAlarm() string { return title(c.Name) + "CanaryAlarm" }

// alarms of a consumer, beside those of its function.
func (c Consumer) alarms() []Resource {
	id := title(c.Name)
	all := []alarm{
		// To Lambda, which is told of each message apart, this is no error: a
		// consumer that fails at all it hears would be known half an hour later,
		// by its dead letters. Two messages at least, for a single one that fails
		// thrice is left to that; and most of what is received, for few among many
		// succeed when they come again after six minutes.
		{
			id:      id + "BatchFailuresAlarm",
			means:   "The consumer " + c.Name + ", which " + c.Does + ", fails at most of what it hears: orders are late for it, and each message is a dead letter after half an hour.",
			first:   "Read the log of " + id + "Function for event failed, and repair what it names before that half hour is over.",
			runbook: messagesReturned,
			watches: []series{
				own(metric.BatchFailures, metric.Consumer, c.Name, "Sum"),
				received(id + "Queue"),
			},
			expression: "IF(m0 > 1, 100 * m0 / m1, 0)",
			seconds:    fiveMinutes, threshold: 50, breaching: 3, of: 3, absent: fine,
		},
		// A canary hears a tenth of what comes: if it fails at half of that, it is
		// a twentieth of all. It has five minutes in which to be found out.
		{
			id:      c.canaryAlarm(),
			means:   "While a new version of the consumer " + c.Name + " was tried, more came back to its queue than before: it is taken back. No message is lost.",
			first:   "Read the log of " + id + "Function for event failed: log streams name the version in brackets.",
			runbook: messagesReturned,
			quiet:   true,
			watches: []series{
				own(metric.BatchFailures, metric.Consumer, c.Name, "Sum"),
				received(id + "Queue"),
			},
			expression: "IF(m0 > 1, 100 * m0 / m1, 0)",
			seconds:    minute, threshold: 5, breaching: 2, of: 3, absent: fine,
		},
		// What nobody reads, or not fast enough: a message that was received three
		// times no longer counts here, so failures have the alarm above. At a
		// quarter of an hour the grace of reconciliation ends.
		// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
		{
			id:      id + "QueueAgeAlarm",
			means:   "Messages wait longer than a quarter of an hour for " + c.Name + ", which " + c.Does + ": orders are late for it, none is lost.",
			first:   "See on the dashboard whether " + id + "Function is invoked at all, is throttled or is just busy.",
			runbook: queueGrowsOld,
			watches: []series{queued("ApproximateAgeOfOldestMessage")(id + "Queue")},
			seconds: minute, threshold: 15 * minute, breaching: 5, of: 5, absent: fine,
		},
		{
			id:      id + "DeadLetterQueueAlarm",
			means:   "The consumer " + c.Name + ", which " + c.Does + ", gave a message up after five times: for one order this does not happen until somebody acts.",
			first:   "See what and why: orders dlq list " + c.Name + ". Repair the cause, then orders dlq redrive " + c.Name + " --all.",
			runbook: deadLetters,
			watches: []series{queued("ApproximateNumberOfMessagesVisible")(id + "DeadLetterQueue")},
			seconds: minute, threshold: 0, breaching: 1, of: 1, absent: fine,
		},
	}
	// A failure is tried again every six minutes: three of six times five
	// minutes are two failures at least. After the fifth it is a dead letter.
	if c.compensates() {
		all = append(all, alarm{
			id:      id + "CompensationAlarm",
			means:   "The consumer " + c.Name + " cannot take back what it did for orders that will not happen: it stays held, and is sold to nobody.",
			first:   "Read the log of " + id + "Function for event failed, order.cancelled.",
			runbook: notTakenBack,
			watches: []series{own(metric.CompensationFailures, metric.Consumer, c.Name, "Sum")},
			seconds: fiveMinutes, threshold: 0, breaching: 3, of: 6, absent: fine,
		})
	}
	return resources(all)
}

// compensates tells of a consumer that the saga waits for: what it did for an
// order is taken back when that is cancelled.
func (c Consumer) compensates() bool {
	return c.Answers && slices.Contains(c.Events, order.OrderCancelled)
}

func resources(alarms []alarm) []Resource {
	var all []Resource
	for _, a := range alarms {
		all = append(all, a.resource())
	}
	return all
}
