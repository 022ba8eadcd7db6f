package sqs

import "orderflow/cmd/local/cloud/protocol"

// A BatchResultErrorEntry tells why one entry of a batch failed.
type BatchResultErrorEntry struct {
	Id          string
	Code        string
	Message     string
	SenderFault bool
}

func batchFailure(id string, err error) BatchResultErrorEntry {
	e := protocol.AsError(err)
	code := e.Code
	if e.QueryCode != "" {
		code = e.QueryCode
	}
	return BatchResultErrorEntry{Id: id, Code: code, Message: e.Message, SenderFault: e.Status < 500}
}

// checkBatch checks the number of a batch's entries and their IDs.
func checkBatch[T any](action string, entries []T, id func(*T) string) error {
	if len(entries) == 0 {
		return failure(400, "EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest",
			"There should be at least one %sBatchRequestEntry in the request.", action)
	}
	if len(entries) > maxBatch {
		return failure(400, "TooManyEntriesInBatchRequest", "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
			"Maximum number of entries per request are %d. You have sent %d.", maxBatch, len(entries))
	}
	for i := range entries {
		if !validEntryID(id(&entries[i])) {
			return failure(400, "InvalidBatchEntryId", "AWS.SimpleQueueService.InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		for j := range i {
			if id(&entries[i]) == id(&entries[j]) {
				return failure(400, "BatchEntryIdsNotDistinct", "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
					"Id %s repeated.", id(&entries[i]))
			}
		}
	}
	return nil
}

func validEntryID(id string) bool {
	if id == "" || len(id) > 80 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; !alphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
