package api

import (
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-faster/jx"

	"orderflow/lambdas/order"
)

// Limits of an order. They keep the order well within what an execution's
// input, an event and a table's row may hold, and its reservation within the
// 100 writes of one transaction.
const (
	maxLines    = 100
	maxSKUs     = 50
	maxQuantity = 1000 // of one SKU, all lines together

	maxName       = 100 // characters, as all that follow
	maxStreetLine = 200
	maxPostalCode = 20
	maxEmail      = 254
)

// maxViolations bounds how many violations one answer lists.
const maxViolations = 100

// asked is an order as a customer asks for it, its items merged. Its JSON is
// the same for the same order, whatever the request looked like.
type asked struct {
	Customer        order.Customer `json:"customer"`
	Items           []order.Item   `json:"items"`
	ShippingAddress order.Address  `json:"shippingAddress"`
}

// parseOrder reads an order from a request's body. The error is a problem that
// lists all that is wrong with it.
func parseOrder(body []byte) (asked, error) {
	root, err := parseJSON(body)
	if err != nil {
		return asked{}, err
	}
	f := &form{members: make([]node, 0, usualValues)}
	a := f.order(root)
	if len(f.violations) > 0 {
		return asked{}, f.problem()
	}
	return a, nil
}

// A form reads an order from JSON and notes every violation on the way.
type form struct {
	violations []violation
	members    []node // those of all objects so far
}

func (f *form) order(n node) (a asked) {
	for _, n := range f.object(n, required("customer", "items", "shippingAddress"), nil) {
		switch n.name() {
		case "customer":
			a.Customer = f.customer(n)
		case "items":
			a.Items = f.items(n)
		case "shippingAddress":
			a.ShippingAddress = f.address(n)
		}
	}
	return a
}

func (f *form) customer(n node) (c order.Customer) {
	for _, n := range f.object(n, required("id", "name", "email"), optional("phone")) {
		switch n.name() {
		case "id":
			c.ID = f.matching(n, customerID, "must be 1 to 64 letters, digits, dots, colons, dashes or underscores, the first a letter or digit")
		case "name":
			c.Name = f.text(n, maxName)
		case "email":
			c.Email = f.email(n)
		case "phone":
			c.Phone = f.matching(n, e164, "must be a phone number in E.164 form, such as +442079460000")
		}
	}
	return c
}

func (f *form) address(n node) (a order.Address) {
	for _, n := range f.object(n, required("name", "line1", "city", "country"), optional("line2", "region", "postalCode")) {
		switch n.name() {
		case "name":
			a.Name = f.text(n, maxName)
		case "line1":
			a.Line1 = f.text(n, maxStreetLine)
		case "line2":
			a.Line2 = f.text(n, maxStreetLine)
		case "city":
			a.City = f.text(n, maxName)
		case "region":
			a.Region = f.text(n, maxName)
		case "postalCode":
			a.PostalCode = f.text(n, maxPostalCode)
		case "country":
			a.Country = f.country(n)
		}
	}
	return a
}

// items reads the lines of an order and merges those of one SKU.
func (f *form) items(n node) []order.Item {
	if n.kind() != jx.Array {
		f.add(n, "must be an array")
		return nil
	}
	count := n.parts()
	if count < 1 || count > maxLines {
		f.add(n, fmt.Sprintf("must have 1 to %d items, not %d", maxLines, count))
		return nil
	}
	items := make([]order.Item, 0, count)
	total := make(map[string]int, count)
	for line, ok := n.first(); ok; line, ok = line.sibling() {
		item := f.item(line)
		before := total[item.SKU]
		total[item.SKU] += item.Quantity
		if item.SKU != "" && before <= maxQuantity && total[item.SKU] > maxQuantity {
			f.add(line, fmt.Sprintf("brings the quantity of this sku to more than %d", maxQuantity))
		}
		items = append(items, item)
	}
	merged := order.Merge(items)
	if len(merged) > maxSKUs {
		f.add(n, fmt.Sprintf("must have at most %d different skus, not %d", maxSKUs, len(merged)))
	}
	return merged
}

func (f *form) item(n node) (item order.Item) {
	for _, n := range f.object(n, required("sku", "quantity"), nil) {
		switch n.name() {
		case "sku":
			item.SKU = f.sku(n)
		case "quantity":
			item.Quantity = f.quantity(n)
		}
	}
	return item
}

// object is an object's members of the given names, each once and in their
// order. What is missing, unknown or given twice is noted.
func (f *form) object(n node, required, optional []string) []node {
	if n.kind() != jx.Object {
		f.add(n, "must be an object")
		return nil
	}
	first, most := len(f.members), len(required)+len(optional)
	f.members = append(f.members, make([]node, most)...)
	members := f.members[first:][:most:most]
	for m, ok := n.first(); ok; m, ok = m.sibling() {
		at := slices.Index(required, m.name())
		if i := slices.Index(optional, m.name()); i >= 0 {
			at = len(required) + i
		}
		switch {
		case at < 0:
			f.add(m, "is not a member of this object")
			continue
		case members[at].doc != nil:
			f.add(m, "is given more than once")
		}
		members[at] = m
	}
	for i, name := range required {
		if members[i].doc == nil {
			f.addAt(n.pointer()+"/"+name, "is missing")
		}
	}
	return slices.DeleteFunc(members, func(m node) bool { return m.doc == nil })
}

// known is the name of a member: an order's own without a copy of it.
func known(name []byte) string {
	for _, known := range []string{
		"customer", "items", "shippingAddress", "id", "name", "email", "phone", "sku", "quantity",
		"line1", "line2", "city", "region", "postalCode", "country",
	} {
		if string(name) == known {
			return known
		}
	}
	return string(name)
}

func required(names ...string) []string { return names }
func optional(names ...string) []string { return names }

var (
	customerID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$`)
	e164       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

func (f *form) str(n node) (string, bool) {
	if n.kind() != jx.String {
		f.add(n, "must be a string")
		return "", false
	}
	return n.text(), true
}

func (f *form) matching(n node, pattern *regexp.Regexp, rule string) string {
	s, ok := f.str(n)
	if ok && !pattern.MatchString(s) {
		f.add(n, rule)
	}
	return s
}

func (f *form) sku(n node) string {
	s, ok := f.str(n)
	if ok && !order.ValidSKU(s) {
		f.add(n, "must be 1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit")
		return ""
	}
	return s
}

// text is one line of text that has something to read in it.
func (f *form) text(n node, most int) string {
	s, ok := f.str(n)
	if !ok {
		return ""
	}
	switch length := utf8.RuneCountInString(s); {
	case strings.TrimSpace(s) == "":
		f.add(n, "must not be blank")
	case length > most:
		f.add(n, fmt.Sprintf("must have at most %d characters, not %d", most, length))
	case strings.ContainsFunc(s, unprintable):
		f.add(n, "must be one line of text without control characters")
	}
	return s
}

// unprintable is what has no place in a line of text: control characters, line
// separators, and what a broken surrogate pair decodes to.
func unprintable(c rune) bool {
	return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' || c == utf8.RuneError
}

func (f *form) email(n node) string {
	s, ok := f.str(n)
	if !ok {
		return ""
	}
	parsed, err := mail.ParseAddress(s)
	_, domain, _ := strings.Cut(s, "@")
	if err != nil || parsed.Address != s || len(s) > maxEmail || !isDomain(domain) || strings.ContainsFunc(s, func(c rune) bool { return c > unicode.MaxASCII }) {
		f.add(n, fmt.Sprintf("must be a mail address of at most %d characters, such as ada@example.com", maxEmail))
	}
	return s
}

// isDomain reports whether s is what a mail address may have behind its @: two
// labels at least, each of 1 to 63 letters, digits and, within, dashes. The last
// is no single letter and begins with one, for else it were an IP address.
// https://www.rfc-editor.org/rfc/rfc1123#section-2.1
func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, notInLabel) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(last) > 1 && !isDigit(rune(last[0]))
}

func notInLabel(c rune) bool {
	return c != '-' && !isDigit(c) && (c < 'a' || 'z' < c) && (c < 'A' || 'Z' < c)
}

func isDigit(c rune) bool { return '0' <= c && c <= '9' }

func (f *form) country(n node) string {
	s, ok := f.str(n)
	if ok && !isCountry(s) {
		f.add(n, "must be a country's ISO 3166-1 alpha-2 code, such as GB")
	}
	return s
}

// quantity is a whole number, written as one.
func (f *form) quantity(n node) int {
	if n.kind() != jx.Number {
		f.add(n, "must be a number")
		return 0
	}
	if strings.ContainsAny(n.text(), ".eE") {
		f.add(n, "must be a whole number, without fraction or exponent")
		return 0
	}
	quantity, err := strconv.Atoi(n.text())
	if err != nil || quantity < 1 || quantity > maxQuantity {
		f.add(n, fmt.Sprintf("must be from 1 to %d", maxQuantity))
		return 0
	}
	return quantity
}

func (f *form) add(at node, detail string) { f.addAt(at.pointer(), detail) }

func (f *form) addAt(pointer, detail string) {
	f.violations = append(f.violations, violation{Pointer: &pointer, Detail: detail})
}

func (f *form) problem() error {
	n := len(f.violations)
	detail := fmt.Sprintf("%d things are wrong with the order", n)
	if n == 1 {
		detail = "one thing is wrong with the order"
	}
	if n > maxViolations {
		detail += fmt.Sprintf(", of which the first %d are listed", maxViolations)
	}
	return invalid(detail, f.violations[:min(n, maxViolations)]...)
}
