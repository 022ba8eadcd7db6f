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
		"CreateStateMachine":               protocol.Do(s.CreateStateMachine, s.authorize),
		"CreateStateMachineAlias":          protocol.Do(s.CreateStateMachineAlias, s.authorize),
		"DeleteStateMachineAlias":          protocol.Do(s.DeleteStateMachineAlias, s.authorize),
		"DeleteStateMachineVersion":        protocol.Do(s.DeleteStateMachineVersion, s.authorize),
		"DescribeExecution":                protocol.Do(s.DescribeExecution, s.authorize),
		"DescribeStateMachine":             protocol.Do(s.DescribeStateMachine, s.authorize),
		"DescribeStateMachineAlias":        protocol.Do(s.DescribeStateMachineAlias, s.authorize),
		"DescribeStateMachineForExecution": protocol.Do(s.DescribeStateMachineForExecution, s.authorize),
		"GetExecutionHistory":              protocol.Do(s.GetExecutionHistory, s.authorize),
		"ListExecutions":                   protocol.Do(s.ListExecutions, s.authorize),
		"ListStateMachineAliases":          protocol.Do(s.ListStateMachineAliases, s.authorize),
		"ListStateMachineVersions":         protocol.Do(s.ListStateMachineVersions, s.authorize),
		"ListStateMachines":                protocol.Do(s.ListStateMachines, s.authorize),
		"PublishStateMachineVersion":       protocol.Do(s.PublishStateMachineVersion, s.authorize),
		"RedriveExecution":                 protocol.Do(s.RedriveExecution, s.authorize),
		"SendTaskFailure":                  protocol.Do(s.SendTaskFailure, s.authorize),
		"SendTaskHeartbeat":                protocol.Do(s.SendTaskHeartbeat, s.authorize),
		"SendTaskSuccess":                  protocol.Do(s.SendTaskSuccess, s.authorize),
		"StartExecution":                   protocol.Do(s.StartExecution, s.authorize),
		"StopExecution":                    protocol.Do(s.StopExecution, s.authorize),
		"UpdateStateMachine":               protocol.Do(s.UpdateStateMachine, s.authorize),
		"UpdateStateMachineAlias":          protocol.Do(s.UpdateStateMachineAlias, s.authorize),
		"ValidateStateMachineDefinition":   protocol.Do(s.ValidateStateMachineDefinition, s.authorize),
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
