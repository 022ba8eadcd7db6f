package states

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/statemachine/asl"
)

// Actions are the API, by action name.
func (s *Service) Actions() protocol.Actions {
	return protocol.Actions{
		"CreateStateMachine":               protocol.Do(s.CreateStateMachine),
		"CreateStateMachineAlias":          protocol.Do(s.CreateStateMachineAlias),
		"DeleteStateMachineAlias":          protocol.Do(s.DeleteStateMachineAlias),
		"DeleteStateMachineVersion":        protocol.Do(s.DeleteStateMachineVersion),
		"DescribeExecution":                protocol.Do(s.DescribeExecution),
		"DescribeStateMachine":             protocol.Do(s.DescribeStateMachine),
		"DescribeStateMachineAlias":        protocol.Do(s.DescribeStateMachineAlias),
		"DescribeStateMachineForExecution": protocol.Do(s.DescribeStateMachineForExecution),
		"GetExecutionHistory":              protocol.Do(s.GetExecutionHistory),
		"ListExecutions":                   protocol.Do(s.ListExecutions),
		"ListStateMachineAliases":          protocol.Do(s.ListStateMachineAliases),
		"ListStateMachineVersions":         protocol.Do(s.ListStateMachineVersions),
		"ListStateMachines":                protocol.Do(s.ListStateMachines),
		"PublishStateMachineVersion":       protocol.Do(s.PublishStateMachineVersion),
		"RedriveExecution":                 protocol.Do(s.RedriveExecution),
		"SendTaskFailure":                  protocol.Do(s.SendTaskFailure),
		"SendTaskHeartbeat":                protocol.Do(s.SendTaskHeartbeat),
		"SendTaskSuccess":                  protocol.Do(s.SendTaskSuccess),
		"StartExecution":                   protocol.Do(s.StartExecution),
		"StopExecution":                    protocol.Do(s.StopExecution),
		"UpdateStateMachine":               protocol.Do(s.UpdateStateMachine),
		"UpdateStateMachineAlias":          protocol.Do(s.UpdateStateMachineAlias),
		"ValidateStateMachineDefinition":   protocol.Do(s.ValidateStateMachineDefinition),
	}
}

// Handler serves the API: X-Amz-Target AWSStepFunctions.<action>.
func (s *Service) Handler() http.Handler { return protocol.JSON("1.0", s.Actions()) }

// Timestamp is a time that the wire writes as epoch seconds with milliseconds.
type Timestamp time.Time

func (t Timestamp) Time() time.Time { return time.Time(t) }

func (t Timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(t).UnixMilli())/1000, 'f', -1, 64), nil
}

// MarshalJSON writes the event's details under the member that its type has
// for them.
func (e HistoryEvent) MarshalJSON() ([]byte, error) {
	b := []byte(`{"id":`)
	b = strconv.AppendInt(b, e.ID, 10)
	b = append(b, `,"previousEventId":`...)
	b = strconv.AppendInt(b, e.PreviousID, 10)
	b = append(b, `,"timestamp":`...)
	at, _ := Timestamp(e.Timestamp).MarshalJSON()
	b = append(b, at...)
	b = append(b, `,"type":"`...)
	b = append(b, e.Type...)
	b = append(b, '"')
	if e.Details != nil {
		details, err := json.Marshal(e.Details)
		if err == nil && e.withoutData {
			details, err = withoutData(details)
		}
		if err != nil {
			return nil, err
		}
		b = append(b, `,"`...)
		b = append(b, asl.DetailsName(e.Type)...)
		b = append(b, `":`...)
		b = append(b, details...)
	}
	return append(b, '}'), nil
}

func withoutData(details []byte) ([]byte, error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(details, &members); err != nil {
		return nil, err
	}
	for _, data := range []string{
		"input", "inputDetails", "output", "outputDetails", "parameters", "assignedVariables", "assignedVariablesDetails",
	} {
		delete(members, data)
	}
	return json.Marshal(members)
}
