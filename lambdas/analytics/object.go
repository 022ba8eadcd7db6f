package analytics

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"orderflow/lambdas/consumer"
)

// An object is what becomes of a batch: its events, a line each, by time.
type object struct {
	key  string
	body []byte
}

// unique is a batch by time, without an event's copies.
func unique(batch []consumer.Message) []consumer.Message {
	batch = slices.Clone(batch)
	slices.SortFunc(batch, func(a, b consumer.Message) int {
		return cmp.Or(a.Event.Time.Compare(b.Event.Time), cmp.Compare(a.Event.ID, b.Event.ID))
	})
	return slices.CompactFunc(batch, func(a, b consumer.Message) bool { return a.Event.ID == b.Event.ID })
}

// newObject makes the object of what is unique in a batch. The same events give
// the same object under the same key, so that a batch received again overwrites
// what it wrote before.
func newObject(batch []consumer.Message) (object, error) {
	var body bytes.Buffer
	ids := sha256.New()
	for _, m := range batch {
		if err := appendLine(&body, m); err != nil {
			return object{}, err
		}
		fmt.Fprintln(ids, m.Event.ID)
	}
	hour := batch[0].Event.Time.UTC().Format("year=2006/month=01/day=02/hour=15")
	return object{
		key:  fmt.Sprintf("events/%s/%s.jsonl", hour, hex.EncodeToString(ids.Sum(nil)[:16])),
		body: body.Bytes(),
	}, nil
}

// appendLine adds an event as it was published, but for its task token: who
// holds it may decide the order.
func appendLine(body *bytes.Buffer, m consumer.Message) error {
	line := []byte(m.Body)
	if m.Event.Data.TaskToken != "" {
		var err error
		if line, err = withoutToken(line); err != nil {
			return err
		}
	}
	if err := json.Compact(body, line); err != nil {
		return fmt.Errorf("analytics: event %q: %w", m.Event.ID, err)
	}
	return body.WriteByte('\n')
}

// withoutToken is an event without its task token, found as order.ParseEvent
// finds it: in letters of any case.
func withoutToken(event []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(event, &members); err != nil {
		return nil, fmt.Errorf("analytics: event: %w", err)
	}
	for name, value := range members {
		if !strings.EqualFold(name, "data") {
			continue
		}
		var data map[string]json.RawMessage
		if err := json.Unmarshal(value, &data); err != nil {
			return nil, fmt.Errorf("analytics: event data: %w", err)
		}
		maps.DeleteFunc(data, func(name string, _ json.RawMessage) bool { return strings.EqualFold(name, "taskToken") })
		kept, err := json.Marshal(data)
		if err != nil {
			return nil, fmt.Errorf("analytics: event data: %w", err)
		}
		members[name] = kept
	}
	return json.Marshal(members)
}
