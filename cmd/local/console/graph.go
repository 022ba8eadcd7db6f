package console

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"orderflow/statemachine/asl"
	"orderflow/statemachine/chart"
	"orderflow/statemachine/journey"
)

// A graph is a state machine's drawing with what happened to an execution.
type graph struct {
	Width, Height float64
	Nodes         []graphNode
	Edges         []graphEdge
}

type graphNode struct {
	chart.Node
	Outcome  string // "" when it was not reached
	Sign     string // tells the outcome without colour
	Says     string // for whoever cannot see the drawing
	Title    string // clipped to the node
	Note     string // its second line
	Retries  int
	Visits   int
	URL      string // chooses it
	Chosen   bool
	CX, Line float64 // where the text goes
}

type graphEdge struct {
	chart.Edge
	Path   string // of SVG
	Taken  bool
	Lines  []string
	LabelX float64
	LabelY float64
}

var signs = map[journey.Outcome]string{
	journey.Running:   "●",
	journey.Succeeded: "✓",
	journey.Caught:    "!",
	journey.Failed:    "✕",
	journey.Aborted:   "–",
}

func newGraph(c *chart.Chart, j *journey.Journey, chosen string, link func(state string) string) graph {
	g := graph{Width: c.Width, Height: c.Height}
	went := transitions(j)
	for _, n := range c.Nodes {
		shown := graphNode{Node: n, CX: n.X + n.Width/2, Line: n.Y + n.Height/2}
		if n.Name != "" {
			state := j.State(n.Name)
			shown.Outcome, shown.Sign = string(state.Outcome), signs[state.Outcome]
			shown.Retries, shown.Visits = state.Retries, state.Visits
			shown.Title, shown.Note = clip(n.Name, n.Width), clip(cmp.Or(n.Resource, n.Type), n.Width)
			shown.Says = n.Name
			if n.Kind != chart.Group {
				shown.Says += " " + cmp.Or(n.Resource, n.Type)
			}
			shown.Says += ", " + cmp.Or(shown.Outcome, "not reached")
			if state.Retries > 0 {
				shown.Says += ", " + plural(state.Retries, "retry", "retries")
			}
			shown.URL, shown.Chosen = link(n.Name), n.Name == chosen
			if n.Kind == chart.Group {
				shown.Line = n.Y + 26 // its states begin 52 px below its top
			}
		}
		g.Nodes = append(g.Nodes, shown)
	}
	for _, e := range c.Edges {
		shown := graphEdge{Edge: e, Path: path(e), Taken: went[way{e.From, e.To, e.Kind == chart.Catch}], LabelX: e.LabelAt.X}
		if e.Label != "" {
			shown.Lines = strings.Split(e.Label, "\n")
			shown.LabelY = e.LabelAt.Y - float64(len(shown.Lines)-1)*labelLine/2
		}
		g.Edges = append(g.Edges, shown)
	}
	return g
}

// labelLine is how high a line of a label is, in pixels.
const labelLine = 16

// A way leads from one state to another; "" is the start, or the end.
type way struct {
	from, to string
	caught   bool
}

// transitions are the ways that an execution took.
func transitions(j *journey.Journey) map[way]bool {
	type scope struct {
		within *journey.Visit
		branch int64
	}
	went := map[way]bool{}
	last := map[scope]*journey.Visit{{}: {}} // at the start
	for _, v := range j.Visits {
		s := scope{v.Within, v.Branch}
		if from := last[s]; from != nil {
			went[way{from.State, v.State, from.Outcome == journey.Caught}] = true
		}
		last[s] = v
	}
	// One that was stopped, or failed elsewhere than in a Fail, never got there.
	if v := last[scope{}]; j.Status == asl.Succeeded || v.Type == "Fail" {
		went[way{v.State, "", false}] = true
	}
	return went
}

// clip shortens a text to what fits into so many pixels.
func clip(text string, width float64) string {
	most := int((width - 24) / 7.2)
	if runes := []rune(text); len(runes) > most && most > 1 {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// cornerRadius is how much the right angles of an edge are rounded, in pixels.
const cornerRadius = 8

// path is an edge in SVG: slanted pieces as curves that begin and end upright.
// A catch, which is dashed, is drawn from its end: edges to one state share
// their last piece, and so their dashes.
func path(e chart.Edge) string {
	points := e.Points
	if e.Kind == chart.Catch {
		points = slices.Clone(points)
		slices.Reverse(points)
	}
	var b strings.Builder
	for i, p := range points {
		if i == 0 {
			fmt.Fprintf(&b, "M%.1f %.1f", p.X, p.Y)
			continue
		}
		from := points[i-1]
		straight := from.X == p.X || from.Y == p.Y
		switch {
		case !straight:
			middle := (from.Y + p.Y) / 2
			fmt.Fprintf(&b, "C%.1f %.1f %.1f %.1f %.1f %.1f", from.X, middle, p.X, middle, p.X, p.Y)
		case i+1 < len(points) && isCorner(from, p, points[i+1]):
			in, out := toward(p, from), toward(p, points[i+1])
			fmt.Fprintf(&b, "L%.1f %.1fQ%.1f %.1f %.1f %.1f", in.X, in.Y, p.X, p.Y, out.X, out.Y)
		default:
			fmt.Fprintf(&b, "L%.1f %.1f", p.X, p.Y)
		}
	}
	return b.String()
}

// isCorner tells whether a line turns at a right angle.
func isCorner(from, at, to chart.Point) bool {
	return from.X == at.X && at.Y == to.Y && at.X != to.X || from.Y == at.Y && at.X == to.X && at.Y != to.Y
}

// toward is the point where a corner's curve begins on the way to another.
func toward(p, other chart.Point) chart.Point {
	length := math.Hypot(other.X-p.X, other.Y-p.Y)
	r := min(cornerRadius, length/2) / length
	return chart.Point{X: p.X + (other.X-p.X)*r, Y: p.Y + (other.Y-p.Y)*r}
}
