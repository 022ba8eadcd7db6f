package analytics

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

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
		ids.Write(append(append(make([]byte, 0, 128), m.Event.ID...), '\n'))
	}
	key := batch[0].Event.Time.UTC().AppendFormat(make([]byte, 0, 128), "events/year=2006/month=01/day=02/hour=15/")
	key = hex.AppendEncode(key, ids.Sum(nil)[:16])
	return object{key: string(append(key, ".jsonl"...)), body: body.Bytes()}, nil
}

// appendLine adds an event as it was published, but for its task token: who
// holds it may decide the order. The token is found as consumers find it: in
// letters of any case.
func appendLine(body *bytes.Buffer, m consumer.Message) (err error) {
	body.Grow(len(m.Body) + 1)
	if m.Event.Data.TaskToken == "" {
		err = json.Compact(body, []byte(m.Body))
		body.WriteByte('\n')
	} else {
		twice := jsontext.AllowDuplicateNames(true) // it was read: nothing is twice
		in, out := jsontext.NewDecoder(bytes.NewBufferString(m.Body), twice), jsontext.NewEncoder(body, twice)
		err = copyWithout(in, out, "data", "taskToken")
	}
	if err != nil {
		return fmt.Errorf("analytics: event %q: %w", m.Event.ID, err)
	}
	return nil
}

// copyWithout copies a value, but for a member at a path of names.
func copyWithout(in *jsontext.Decoder, out *jsontext.Encoder, path ...string) error {
	if len(path) == 0 || in.PeekKind() != '{' {
		return copyValue(in, out)
	}
	if err := copyToken(in, out); err != nil {
		return err
	}
	for in.PeekKind() == '"' {
		name, err := in.ReadValue()
		if err != nil {
			return err
		}
		rest := []string(nil)
		if isNamed(name, path[0]) {
			if rest = path[1:]; len(rest) == 0 {
				if err := in.SkipValue(); err != nil {
					return err
				}
				continue
			}
		}
		if err := out.WriteValue(name); err != nil {
			return err
		}
		if err := copyWithout(in, out, rest...); err != nil {
			return err
		}
	}
	return copyToken(in, out)
}

func isNamed(quoted jsontext.Value, name string) bool {
	var buffer [64]byte
	unquoted, err := jsontext.AppendUnquote(buffer[:0], quoted)
	return err == nil && bytes.EqualFold(unquoted, []byte(name))
}

func copyValue(in *jsontext.Decoder, out *jsontext.Encoder) error {
	value, err := in.ReadValue()
	if err != nil {
		return err
	}
	return out.WriteValue(value)
}

func copyToken(in *jsontext.Decoder, out *jsontext.Encoder) error {
	token, err := in.ReadToken()
	if err != nil {
		return err
	}
	return out.WriteToken(token)
}
