// Package chart lays a state machine out as people draw it: top to bottom, a
// Parallel's branches side by side within it. It knows the language, not what
// draws the result.
//
//	c, err := chart.Draw(definition)
//	for _, n := range c.Nodes { ... }
package chart

// Draw lays out the state machine that a definition in Amazon States Language
// describes, in JSONata or JSONPath, its placeholders resolved or not. The same
// definition gives the same chart. Error: it describes none, is larger than AWS
// allows, or is too entangled for a drawing.
func Draw(definition []byte) (*Chart, error) {
	top, err := parse(definition)
	if err != nil {
		return nil, err
	}
	if err := top.lay(); err != nil {
		return nil, err
	}
	c := &Chart{Width: top.width + 2*margin, Height: top.height + 2*margin}
	c.add(top, margin, margin)
	return c, nil
}

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

// A Node is a state, or the machine's start or end; a machine that never ends
// has no end. Its box has room for two lines: the name, and at a text size of
// 12 the resource or, without one, the type. They may be too long and want
// clipping. A group has them above what is in it.
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
// What leads from one state to another is one edge, with a line of its label
// for each rule or catcher, except that a Catch has an edge of its own.
//
// Edges to one node run together on their last piece: a dash pattern fits when
// it is drawn from the end. No edge crosses a node, or another edge's label.
type Edge struct {
	From, To string // names; "" for start and end
	Kind     EdgeKind
	Label    string // the conditions, or the errors caught; "" for none

	// Points are a polyline from the lower border of From to the upper one of
	// To, at least two. A piece from p to q that is neither upright nor level may
	// be drawn as an S that leaves and arrives upright, and is then as clear of
	// all else:
	//
	//	C p.X (p.Y+q.Y)/2 q.X (p.Y+q.Y)/2 q.X q.Y
	Points []Point

	// LabelAt is the middle of where the label has room, at a text size of 12
	// and 16 pixels a line.
	LabelAt Point
}

// A Point of the drawing.
type Point struct{ X, Y float64 }
