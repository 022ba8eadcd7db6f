package sns

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"orderflow/cmd/local/cloud/interpose"
	"orderflow/cmd/local/cloud/protocol"
)

// fanOut gives a notification to the subscriptions whose filter policy lets it
// pass.
func (s *Service) fanOut(t *topic, n *notification) {
	t.published.Add(1)
	for _, sub := range t.list() {
		if sub.wants(n) {
			s.send(sub, n)
		}
	}
}

func (sub *subscription) wants(n *notification) bool {
	switch {
	case sub.filter == nil:
		return true
	case sub.scope == scopeAttributes:
		return sub.filter.matchesAttributes(n.attributes)
	}
	if !n.parsed {
		n.parsed = true
		if json.Unmarshal([]byte(n.message), &n.body) != nil {
			n.body = nil
		}
	}
	return sub.filter.matchesBody(n.body)
}

// A delivery is a notification on its way to one subscription.
type delivery struct {
	id         string // of the notification
	sub        *subscription
	body       string
	attributes map[string]MessageAttributeValue
}

// send delivers a notification. A queue's refusal is final; after a fault the
// delivery is tried again, first at once and then with pauses.
func (s *Service) send(sub *subscription, n *notification) {
	d := delivery{id: n.id, sub: sub, body: n.message, attributes: n.attributes}
	if !sub.raw {
		d.body, d.attributes = string(s.envelope(sub, n)), nil
	}
	if s.background != nil && s.background() {
		s.later(func() {
			if !s.atOnce(d) {
				s.retry(d)
			}
		})
	} else if !s.atOnce(d) {
		s.later(func() { s.retry(d) })
	}
}

// atOnce tries a delivery without a pause, and tells whether that was all.
func (s *Service) atOnce(d delivery) (done bool) {
	for range 1 + immediateRetries {
		if s.try(d) {
			return true
		}
	}
	return false
}

// try tries a delivery, and tells whether that was all: it succeeded, or was
// refused and buried.
func (s *Service) try(d delivery) (done bool) {
	err := s.deliverTo(d.sub.queueARN, d)
	if err != nil && final(err) {
		s.bury(d, err)
	}
	return err == nil || final(err)
}

func (s *Service) deliverTo(queueARN string, d delivery) error {
	ctx := interpose.As(s.ctx, "delivery of", d.id, "to", queueARN)
	return s.deliver(ctx, queueARN, d.sub.topicARN, d.body, d.attributes)
}

// final tells a refusal from a fault: "client-side errors" are never retried.
// https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
func final(err error) bool {
	return protocol.AsError(err).Status < 500
}

// bury sends a delivery that failed for good to the subscription's dead-letter
// queue. Without one, or when that refuses too, the message is lost, as on AWS.
func (s *Service) bury(d delivery, why error) {
	if d.sub.deadLetters != "" {
		s.log.Warn("sns: a message is a dead letter", "subscription", d.sub.arn, "error", why)
		why = s.deliverTo(d.sub.deadLetters, d)
	}
	if why != nil {
		s.log.Warn("sns: a message is lost", "subscription", d.sub.arn, "error", why)
	}
}

// The delivery policy of SQS endpoints: 100,015 tries over 23 days.
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
const (
	immediateRetries   = 3
	preBackoffRetries  = 2
	backoffRetries     = 10
	postBackoffRetries = 100_000
	firstPause         = time.Second
	longestPause       = 20 * time.Second
)

var errTried = errors.New("the queue could not be reached in 23 days")

// pause is how long to wait before the n-th retry that is not immediate,
// counted from 0; ok is false after the last.
func pause(n int) (d time.Duration, ok bool) {
	switch {
	case n < preBackoffRetries:
		return firstPause, true
	case n < preBackoffRetries+backoffRetries:
		return min(firstPause<<(n-preBackoffRetries), longestPause), true
	}
	return longestPause, n < preBackoffRetries+backoffRetries+postBackoffRetries
}

// later does something in the background, not at all once closed.
func (s *Service) later(do func()) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if !s.closed {
		s.deliveries.Go(do)
	}
}

// retry tries a delivery until it succeeds, is refused or has failed too often.
func (s *Service) retry(d delivery) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for n := 0; ; n++ {
		wait, ok := pause(n)
		if !ok {
			s.bury(d, errTried)
			return
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-s.ctx.Done():
			return
		}
		if s.try(d) {
			return
		}
	}
}

// signature stands where AWS signs. Nothing is signed here, so whoever checks
// signatures finds this one wrong.
const signature = "bm90IHNpZ25lZCBieSB0aGUgbG9jYWwgY2xvdWQ="

// envelope is the JSON in which a message travels unless raw delivery is on.
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
func (s *Service) envelope(sub *subscription, n *notification) []byte {
	buf := make([]byte, 0, len(n.message)+768)
	buf = append(buf, `{"Type":"Notification","MessageId":"`...)
	buf = append(buf, n.id...)
	buf = append(buf, `","TopicArn":"`...)
	buf = append(buf, sub.topicARN...)
	buf = append(buf, '"')
	if n.subject != "" {
		buf = append(buf, `,"Subject":`...)
		buf = appendJSON(buf, n.subject)
	}
	buf = append(buf, `,"Message":`...)
	buf = appendJSON(buf, n.message)
	buf = append(buf, `,"Timestamp":"`...)
	buf = n.at.UTC().AppendFormat(buf, "2006-01-02T15:04:05.000Z")
	buf = append(buf, `","SignatureVersion":"1","Signature":"`...)
	buf = append(buf, signature...)
	buf = append(buf, `","SigningCertURL":"`...)
	buf = append(buf, s.baseURL...)
	buf = append(buf, `/SimpleNotificationService.pem","UnsubscribeURL":"`...)
	buf = append(buf, s.baseURL...)
	buf = append(buf, `/?Action=Unsubscribe&SubscriptionArn=`...)
	buf = append(buf, sub.arn...)
	buf = append(buf, '"')
	if len(n.attributes) > 0 {
		buf = append(buf, `,"MessageAttributes":`...)
		buf = appendAttributes(buf, n.attributes)
	}
	return append(buf, '}')
}

func appendAttributes(buf []byte, attributes map[string]MessageAttributeValue) []byte {
	separator := byte('{')
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		v := attributes[name]
		value := v.StringValue
		if len(v.BinaryValue) > 0 {
			value = base64.StdEncoding.EncodeToString(v.BinaryValue)
		}
		buf = append(buf, separator)
		buf = appendJSON(buf, name)
		buf = append(buf, `:{"Type":`...)
		buf = appendJSON(buf, v.DataType)
		buf = append(buf, `,"Value":`...)
		buf = appendJSON(buf, value)
		buf = append(buf, '}')
		separator = ','
	}
	return append(buf, '}')
}

func appendJSON(buf []byte, s string) []byte {
	text, _ := json.Marshal(s) // a string always can be
	return append(buf, text...)
}
