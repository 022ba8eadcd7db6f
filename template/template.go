// Package template says what exists in AWS and who may touch it. New is its
// table of contents; each chapter is a file of that name. Resources are typed
// by goformation, whose packages are imported one service at a time: its root
// package compiles every service of AWS.
//
// Where a field cannot hold what the template needs, an overlay merges it in
// (see with); intrinsic functions travel inside strings (see Ref).
package template

import "encoding/json"

// MaxStackName is how many characters the name of a stack may have: it is part
// of the queues' names, which have 80 at most. A consumer's name takes of it.
const MaxStackName = 52

// Template is orderflow as AWS SAM deploys it and as the local cloud runs it.
type Template struct {
	Description string
	Auth        Auth // of the API; rendering refuses what makes no sense
	Parameters  []ParameterGroup
	Conditions  []Condition
	Sections    []Section
	Outputs     []Output
}

// A Section is one chapter of the template's resources.
type Section struct {
	Title     string
	Resources []Resource
}

// A Resource is one entry under Resources.
type Resource struct {
	ID   string         // logical ID
	Body json.Marshaler // a goformation resource, or an overlay of one

	// Output, when set, makes the resource's Ref an output of the same name,
	// so described.
	Output string
}

// An Output is a value that the deployed stack shows to its operators.
type Output struct {
	ID          string
	Description string
	Value       string
}

// New is the template of orderflow with these consumers, its API open to whom
// auth admits; Consumers() is what is deployed. No resource but a consumer's own,
// and the dashboard, depends on which there are, so that one more only adds; but
// reconciliation wants inventory and shipment.
func New(consumers []Consumer, auth Auth) *Template {
	t := &Template{
		Description: "orderflow: carries a shop's orders to a decision, and tells whoever must know.",
		Auth:        auth,
		Parameters:  append(parameters(), concurrencyOf(consumers)),
		Conditions:  conditions(),
	}

	t.section("A shop posts an order", frontDoor(auth)...)
	t.section("an execution carries it to a decision", journey()...)
	t.section("and announces what happens to it", topic()...)
	for _, c := range consumers {
		t.section("to "+c.Name+", which "+c.Does, c.resources()...)
	}
	t.section("and what should not exist is found and repaired", reconcile()...)
	t.section("what is kept is encrypted, under a key of the customer's if there is to be one", key()...)
	t.section("and whoever is on call is told", alarms()...)
	t.section("and sees it all", dashboard(consumers, t.Sections))

	t.Outputs = outputs(t.Sections)
	return t
}

func (t *Template) section(title string, resources ...Resource) {
	t.Sections = append(t.Sections, Section{title, resources})
}
