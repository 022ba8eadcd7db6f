package cloudformation

import (
	"net/http"

	"orderflow/cmd/local/cloud/protocol"
)

const namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/"

// Actions are what the API tells; there are none that change a stack.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Operations.html
func (s *Service) Actions() protocol.Actions {
	return protocol.Actions{
		"DescribeStackResource":  protocol.Do(s.DescribeStackResource),
		"DescribeStackResources": protocol.Do(s.DescribeStackResources),
		"DescribeStacks":         protocol.Do(s.DescribeStacks),
		"GetTemplate":            protocol.Do(s.GetTemplate),
		"ListStackResources":     protocol.Do(s.ListStackResources),
	}
}

// Handler serves the Query protocol.
func (s *Service) Handler() http.Handler { return protocol.Query(namespace, s.Actions()) }
