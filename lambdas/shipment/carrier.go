package shipment

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"orderflow/lambdas/order"
)

// A Carrier takes parcels to their addresses.
type Carrier interface {
	// Book books a parcel's transport. Booking one order again gives the
	// same label. Errors: Refusal when the carrier will not take the parcel,
	// ErrBookingCancelled when Cancel was called before; any other is a
	// fault, and worth another try.
	Book(ctx context.Context, orderID string, parcel Parcel) (Label, error)

	// Cancel calls a parcel back. An order that was never booked can not be
	// booked afterwards. Cancelling again changes nothing.
	Cancel(ctx context.Context, orderID string) error
}

// A Parcel is what a carrier is asked to take.
type Parcel struct {
	Address     order.Address `json:"address"`
	WeightGrams int           `json:"weightGrams"`
}

// A Label is what a carrier answers to a booking.
type Label struct {
	Carrier        string `json:"carrier"`
	TrackingNumber string `json:"trackingNumber"`
}

// A Refusal is a carrier's answer to a parcel it will not take.
type Refusal struct{ Reason string }

func (r Refusal) Error() string { return "shipment: carrier refuses the parcel: " + r.Reason }

// ErrBookingCancelled is a carrier's answer to a booking that was cancelled
// before it came.
var ErrBookingCancelled = errors.New("shipment: booking is cancelled already")

const (
	carrierTimeout = 10 * time.Second // for one call
	maxAnswer      = 16 << 10         // bytes of an answer that are read
	maxLabelText   = 128              // characters of a carrier's name or a tracking number
	maxReason      = 300              // characters of a refusal's reason
)

var jsonType = []string{"application/json"} // as a header has it

// Doer sends HTTP requests; *http.Client and aws.HTTPClient are one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// An HTTPCarrier is a carrier at a URL:
//
//	PUT    {URL}/shipments/{orderId}  Parcel → 200 or 201 Label
//	                                         → 422 {"reason"} refused
//	                                         → 409 cancelled before
//	DELETE {URL}/shipments/{orderId}         → 204, also if never booked
type HTTPCarrier struct {
	url    string // of the shipments, without a slash at its end
	client Doer
}

// NewHTTPCarrier speaks to the carrier at an absolute http or https URL.
func NewHTTPCarrier(carrierURL string, client Doer) (*HTTPCarrier, error) {
	u, err := url.Parse(carrierURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("shipment: CARRIER_URL %q is not an http or https URL", carrierURL)
	}
	return &HTTPCarrier{u.JoinPath("shipments").String(), client}, nil
}

// Book implements Carrier.
func (c *HTTPCarrier) Book(ctx context.Context, orderID string, parcel Parcel) (Label, error) {
	body, err := json.Marshal(&parcel)
	if err != nil {
		return Label{}, fmt.Errorf("shipment: parcel: %w", err)
	}
	status, answer, err := c.do(ctx, http.MethodPut, orderID, body)
	if err != nil {
		return Label{}, err
	}
	switch status {
	case http.StatusOK, http.StatusCreated:
		return parseLabel(answer)
	case http.StatusUnprocessableEntity:
		return Label{}, Refusal{reason(answer, parcel.Address)}
	case http.StatusConflict:
		return Label{}, ErrBookingCancelled
	}
	return Label{}, fmt.Errorf("shipment: carrier answers a booking with status %d", status)
}

// Cancel implements Carrier.
func (c *HTTPCarrier) Cancel(ctx context.Context, orderID string) error {
	status, _, err := c.do(ctx, http.MethodDelete, orderID, nil)
	if err != nil {
		return err
	}
	if status != http.StatusNoContent {
		return fmt.Errorf("shipment: carrier answers a cancellation with status %d", status)
	}
	return nil
}

func (c *HTTPCarrier) do(ctx context.Context, method, orderID string, body []byte) (status int, answer []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, carrierTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.url+"/"+url.PathEscape(orderID), bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("shipment: carrier: %w", err)
	}
	req.Header["Content-Type"], req.Header["Accept"] = jsonType, jsonType
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("shipment: carrier: %w", err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return 0, nil, fmt.Errorf("shipment: carrier: %w", err)
	}
	if len(answer) > maxAnswer {
		return 0, nil, fmt.Errorf("shipment: carrier answers status %d with more than %d bytes", resp.StatusCode, maxAnswer)
	}
	return resp.StatusCode, answer, nil
}

func parseLabel(answer []byte) (Label, error) {
	var label Label
	if err := json.Unmarshal(answer, &label); err != nil {
		return Label{}, fmt.Errorf("shipment: carrier answers a booking with no label: %w", err)
	}
	if !printable(label.Carrier, maxLabelText) || !printable(label.TrackingNumber, maxLabelText) {
		return Label{}, errors.New("shipment: carrier answers a booking with an incomplete label")
	}
	return label, nil
}

// reason reads why a parcel was refused. It goes onto events and into logs, so
// one that repeats any of the recipient's data is not passed on.
func reason(answer []byte, a order.Address) string {
	var refusal struct {
		Reason string `json:"reason"`
	}
	const unknown = "the carrier refuses the parcel"
	if json.Unmarshal(answer, &refusal) != nil || !printable(refusal.Reason, maxReason) {
		return unknown
	}
	said := words(refusal.Reason)
	for _, personal := range []string{a.Name, a.Line1, a.Line2, a.City, a.Region, a.PostalCode} {
		if repeats(said, words(personal)) {
			return unknown
		}
	}
	return refusal.Reason
}

// repeats reports whether a text says something personal: all of it, however
// it is spaced, or one word of it. One or two letters may be said by chance.
func repeats(said, personal []string) bool {
	const chance = 2
	whole := strings.Join(personal, "")
	if len(whole) > chance && strings.Contains(strings.Join(said, ""), whole) {
		return true
	}
	return slices.ContainsFunc(personal, func(word string) bool { return len(word) > chance && slices.Contains(said, word) })
}

// words are a text's words and numbers, in small letters.
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsNumber(c) })
}

func printable(s string, most int) bool {
	return s != "" && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}
