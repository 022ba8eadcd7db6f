package order

import "time"

const day = 24 * time.Hour

// How long a copy of an event can be on its way.
const (
	// SNS tries 100,015 times to hand a message to SQS, in the end every 20
	// seconds: for 23 days and a few hours.
	// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
	maxDelivery = 24 * day

	// SQS keeps a message for at most 14 days from when it was first sent, its
	// time in the dead-letter queue included.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
	maxRetention = 14 * day

	// A message that is moved back out of its dead-letter queue is a new one,
	// and is kept as long again. So often an operator may do that.
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html
	maxRedrives = 3

	// An execution that failed can be redriven, and asks anew.
	// https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
	maxRedrivable = 14 * day
)

// TombstoneLife is how long a tombstone stands, the mark of a consumer that an
// order was decided before its request came: until no copy of the request can
// come any more, which is 94 days. What notification keeps of a mail stands as
// long, to the same end.
const TombstoneLife = maxDelivery + (1+maxRedrives)*maxRetention + maxRedrivable

// ExpiresAt is the attribute by which DynamoDB removes a tombstone, or what is
// kept of a mail, in seconds since 1970. It does so days late at times; until
// then the row stands. What was ever reserved or booked has none, and stays.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
const ExpiresAt = "expiresAt"
