package order

import "strings"

// Executions are those of the state machine, each named after its order.
type Executions struct{ prefix string } // of every ARN

// ExecutionsOf are the executions of a state machine, by its ARN or by that of
// one of its versions or aliases: an execution's own ARN names neither.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
func ExecutionsOf(stateMachineARN string) Executions {
	region, name, _ := strings.Cut(stateMachineARN, ":stateMachine:")
	name, _, _ = strings.Cut(name, ":")
	return Executions{region + ":execution:" + name + ":"}
}

// ARN is that of an order's execution, by which the console and the command
// line find it.
func (x Executions) ARN(orderID string) string { return x.prefix + orderID }
