package logs

import (
	"net/http"

	"orderflow/cmd/local/cloud/protocol"
)

// Actions are the API for callers in this process.
func (s *Service) Actions() protocol.Actions {
	return protocol.Actions{
		"CreateLogGroup":     protocol.Do(s.CreateLogGroup, s.authorize),
		"CreateLogStream":    protocol.Do(s.CreateLogStream, s.authorize),
		"DescribeLogGroups":  protocol.Do(s.DescribeLogGroups, s.authorize),
		"DescribeLogStreams": protocol.Do(s.DescribeLogStreams, s.authorize),
		"FilterLogEvents":    protocol.Do(s.FilterLogEvents, s.authorize),
		"GetLogEvents":       protocol.Do(s.GetLogEvents, s.authorize),
		"PutLogEvents":       protocol.Do(s.PutLogEvents, s.authorize),
		"PutRetentionPolicy": protocol.Do(s.PutRetentionPolicy, s.authorize),
	}
}

// Handler serves the API: X-Amz-Target Logs_20140328.<action>.
func (s *Service) Handler() http.Handler { return protocol.JSON("1.1", s.Actions()) }

func invalid(format string, args ...any) *protocol.Error {
	return protocol.Errorf("InvalidParameterException", format, args...)
}

func constraint(value any, member, must string) *protocol.Error {
	return invalid("1 validation error detected: Value '%v' at '%s' failed to satisfy constraint: %s", value, member, must)
}

func missing(member string) *protocol.Error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: Member must not be null", member)
}

func errToken() error { return invalid("The specified nextToken is invalid.") }

func errNoGroup() error {
	return protocol.Errorf("ResourceNotFoundException", "The specified log group does not exist.")
}

func errNoStream() error {
	return protocol.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
}

func errExists(what string) error {
	return protocol.Errorf("ResourceAlreadyExistsException", "The specified log %s already exists", what)
}
