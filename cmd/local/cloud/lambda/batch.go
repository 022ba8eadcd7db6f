package lambda

import (
	"bytes"
	"encoding/json"

	"orderflow/cmd/local/cloud/sqs"
)

// succeeded is which messages of a batch a function's response says to
// delete, none when the whole batch failed. With partial responses off, a
// response of any kind means success.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func succeeded(batch []sqs.Message, response []byte, partial bool) []sqs.Message {
	if !partial {
		return batch
	}
	failed, ok := itemFailures(response)
	if !ok {
		return nil
	}
	if len(failed) == 0 {
		return batch
	}
	done := make([]sqs.Message, 0, len(batch))
	for i := range batch {
		if failed[batch[i].MessageId] {
			delete(failed, batch[i].MessageId)
		} else {
			done = append(done, batch[i])
		}
	}
	if len(failed) > 0 { // an identifier that the batch does not have
		return nil
	}
	return done
}

// itemFailures reads batchItemFailures. It is not ok when Lambda would take
// the response for the failure of the whole batch: invalid JSON, or an
// identifier that is missing, null, or empty.
func itemFailures(response []byte) (failed map[string]bool, ok bool) {
	if len(bytes.TrimSpace(response)) == 0 {
		return nil, true
	}
	var r struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(response, &r); err != nil {
		return nil, false
	}
	if len(r.BatchItemFailures) == 0 {
		return nil, true
	}
	failed = make(map[string]bool, len(r.BatchItemFailures))
	for _, f := range r.BatchItemFailures {
		if f.ItemIdentifier == "" {
			return nil, false
		}
		failed[f.ItemIdentifier] = true
	}
	return failed, true
}
