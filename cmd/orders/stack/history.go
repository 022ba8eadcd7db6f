package stack

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"orderflow/statemachine/asl"
)

// event is the SDK's event as the core's. One of a type that the core does not
// know, such as an activity's, comes without its details.
func event(e types.HistoryEvent) (asl.HistoryEvent, error) {
	out := asl.HistoryEvent{
		ID: e.Id, PreviousID: e.PreviousEventId, Timestamp: aws.ToTime(e.Timestamp), Type: string(e.Type),
	}
	details := detailsOf(e)
	if details == nil {
		return out, nil
	}
	// Both name their members as AWS does, up to the case of the first letter,
	// which encoding/json does not mind.
	text, err := json.Marshal(map[string]any{"type": out.Type, "details": details})
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err != nil {
		return asl.HistoryEvent{}, fmt.Errorf("stack: history event %d of type %q: %w", out.ID, out.Type, err)
	}
	return out, nil
}

// detailsOf is the one member of an event that holds its details, or nil.
func detailsOf(e types.HistoryEvent) any {
	name := asl.DetailsName(string(e.Type))
	if name == "" {
		return nil
	}
	member := reflect.ValueOf(e).FieldByName(strings.ToUpper(name[:1]) + name[1:])
	if !member.IsValid() || member.IsNil() {
		return nil
	}
	return member.Interface()
}
