package scheduler

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"orderflow/cmd/local/cloud/protocol"
)

// Timestamp is a time that the wire writes as epoch seconds with milliseconds.
type Timestamp time.Time

// MarshalJSON implements json.Marshaler.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(t).UnixMilli())/1000, 'f', -1, 64), nil
}

// Actions are the API for callers in this process.
func (s *Service) Actions() protocol.Actions {
	return protocol.Actions{
		"CreateSchedule": protocol.Do(s.CreateSchedule),
		"GetSchedule":    protocol.Do(s.GetSchedule),
		"ListSchedules":  protocol.Do(s.ListSchedules),
		"UpdateSchedule": protocol.Do(s.UpdateSchedule),
	}
}

// Handler serves the REST API, with errors by X-Amzn-ErrorType.
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, serve func(*http.Request) (any, error)) { protocol.HandleREST(mux, pattern, serve) }
	handle("POST /schedules/{name}", s.create)
	handle("PUT /schedules/{name}", s.update)
	handle("GET /schedules/{name}", s.get)
	handle("GET /schedules", s.list)
	handle("/", func(r *http.Request) (any, error) {
		return nil, refusal("UnknownOperationException", http.StatusNotFound, "%s %s is not supported by the local cloud", r.Method, r.URL.Path)
	})
	return mux
}

func (s *Service) create(r *http.Request) (any, error) {
	var in CreateScheduleInput
	if err := protocol.ReadREST(r, &in, invalid); err != nil {
		return nil, err
	}
	in.Name = r.PathValue("name")
	return s.CreateSchedule(r.Context(), &in)
}

func (s *Service) update(r *http.Request) (any, error) {
	var in UpdateScheduleInput
	if err := protocol.ReadREST(r, &in, invalid); err != nil {
		return nil, err
	}
	in.Name = r.PathValue("name")
	return s.UpdateSchedule(r.Context(), &in)
}

func (s *Service) get(r *http.Request) (any, error) {
	q := r.URL.Query()
	if err := allow(q, "groupName"); err != nil {
		return nil, err
	}
	return s.GetSchedule(r.Context(), &GetScheduleInput{Name: r.PathValue("name"), GroupName: q.Get("groupName")})
}

func (s *Service) list(r *http.Request) (any, error) {
	q := r.URL.Query()
	if err := allow(q, "MaxResults", "NamePrefix", "NextToken", "ScheduleGroup", "State"); err != nil {
		return nil, err
	}
	in := &ListSchedulesInput{GroupName: q.Get("ScheduleGroup"), NamePrefix: q.Get("NamePrefix"), NextToken: q.Get("NextToken"), State: q.Get("State")}
	if text := q.Get("MaxResults"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxResults {
			return nil, constraint(text, "maxResults", "Member must have value between 1 and 100")
		}
		in.MaxResults = n
	}
	return s.ListSchedules(r.Context(), in)
}

// allow refuses query parameters that nothing here would honour.
func allow(q url.Values, names ...string) error {
	for name := range q {
		if !slices.Contains(names, name) {
			return invalid("Parameter %s is not supported by the local cloud.", name)
		}
	}
	return nil
}

func invalid(format string, args ...any) *protocol.Error {
	return refusal("ValidationException", http.StatusBadRequest, format, args...)
}

func constraint(value, member, must string) *protocol.Error {
	return invalid("1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: %s", value, member, must)
}

func missing(member string) *protocol.Error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

// refusal spells its message with a capital, as the API's model has it.
func refusal(code string, status int, format string, args ...any) *protocol.Error {
	message := fmt.Sprintf(format, args...)
	return &protocol.Error{Code: code, Message: message, Status: status, Fields: map[string]any{"Message": message}}
}
