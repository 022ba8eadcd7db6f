package api

import (
	"fmt"
	"net/http"
)

// A caller is who makes a request: a customer, or the shop's own server, which
// acts for all of them. The zero value acts for nobody.
type caller struct {
	customerID string
	everybody  bool
}

// onlyCustomers is what CALLERS says where API Gateway demands tokens.
const onlyCustomers = "customers"

// caller is who API Gateway says makes a request. A token's subject is the
// customer: a request that came with a token is one customer's whatever the
// environment says, and where only customers call, one without is nobody's.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
func (d *desk) caller(r request) (caller, error) {
	switch token := r.RequestContext.Authorizer.JWT; {
	case token != nil && customerID.MatchString(token.Claims.Subject):
		return caller{customerID: token.Claims.Subject}, nil
	case token != nil:
		return caller{}, forbidden("the token's subject is no customer's ID")
	case d.onlyCustomers:
		return caller{}, forbidden("the request does not tell which customer makes it")
	}
	return caller{everybody: true}, nil
}

// actsFor tells whether a customer's orders are the caller's to place, see and
// cancel.
func (c caller) actsFor(customerID string) bool {
	return c.everybody || c.customerID != "" && c.customerID == customerID
}

// forbidden is the problem with what is asked for somebody else.
func forbidden(detail string, violations ...violation) error {
	return problem{
		Type:   typeForbidden,
		Title:  "Customers act for themselves alone",
		Status: http.StatusForbidden,
		Detail: detail,
		Errors: violations,
	}
}

// mayPlace is a problem unless a customer's order is the caller's to place.
func (c caller) mayPlace(a asked) error {
	if c.actsFor(a.Customer.ID) {
		return nil
	}
	pointer := "/customer/id"
	return forbidden("the order is another customer's", violation{Pointer: &pointer, Detail: fmt.Sprintf("must be %q, who the token was given to", c.customerID)})
}

// mayList is a problem unless a customer's orders are the caller's to see.
func (c caller) mayList(customerID string) error {
	if c.actsFor(customerID) {
		return nil
	}
	return forbidden("the orders are another customer's", violation{Parameter: "customerId", Detail: fmt.Sprintf("must be %q, who the token was given to, or left out", c.customerID)})
}
