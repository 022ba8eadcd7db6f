package asl

import "time"

// A Machine is a checked definition. Many goroutines may share it.
type Machine struct{}

// Parse checks a definition, after its substitutions are resolved.
func Parse(definition []byte) (*Machine, error) { return &Machine{}, nil }

// Start begins an execution.
func (m *Machine) Start(p Params) (*Execution, []Command) { return &Execution{}, nil }

// Step tells an execution what happened.
func (m *Machine) Step(x *Execution, now time.Time, e Event) []Command { return nil }

// An Execution is one run of a machine: a plain value that can be marshalled
// between any two steps.
type Execution struct{}
