// Package chart lays a state machine out as people draw it: top to bottom, a
// Parallel's branches side by side within it. It knows the language, not what
// draws the result.
//
//	c, err := chart.Draw(definition)
//	for _, n := range c.Nodes { ... }
package chart

// A Chart is a drawing of a state machine. Lengths are in pixels at a text
// size of 14; y grows downwards.
type Chart struct {
	Width, Height float64
	Nodes         []Node // a group before what is in it
	Edges         []Edge
}

// A Kind of node.
type Kind string

const (
	Start Kind = "start" // of the state machine
	End   Kind = "end"
	State Kind = "state"
	Group Kind = "group" // a state with states in it: Parallel, Map
)

// A Node is a state, or the machine's start or end.
type Node struct {
	Kind     Kind
	Name     string // the state's, which is unique in the machine; "" for start and end
	Type     string // Task, Choice, …
	Resource string // of a Task: sns:publish.waitForTaskToken, lambda:invoke, dynamodb:putItem
	Comment  string
	Within   string // the group around it, "" at the top
	Box
}

// A Box is where a node lies, by its upper left corner.
type Box struct{ X, Y, Width, Height float64 }

// An EdgeKind is why an execution goes from one state to another.
type EdgeKind string

const (
	Next    EdgeKind = "next"
	Choice  EdgeKind = "choice"
	Default EdgeKind = "default" // of a Choice
	Catch   EdgeKind = "catch"
)

// An Edge leads from one node to another of the same group, or of the top.
type Edge struct {
	From, To string // names; "" for start and end
	Kind     EdgeKind
	Label    string  // the condition, or the errors caught; "" for none
	Points   []Point // a polyline from border to border, at least two
	LabelAt  Point   // the middle of where the label has room
}

// A Point of the drawing.
type Point struct{ X, Y float64 }
