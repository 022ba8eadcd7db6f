// Package carrier is the parcel carrier of the local cloud: the HTTP API that
// the shipment function's CARRIER_URL speaks to.
//
//	PUT    /shipments/{orderId}  {"address": {…}, "weightGrams": 700}
//	       → 201 (200 when it was booked before) {"carrier", "trackingNumber"}
//	       → 422 {"reason"}: the carrier refuses the parcel
//	       → 409 {"reason": "cancelled"}: the shipment was cancelled before
//	DELETE /shipments/{orderId}  → 204, also for a shipment never booked
//	GET    /shipments/{orderId}  → 200 {"orderId", "state", …}, 404
//	GET    /shipments            → 200 {"shipments": […]}, in order of ID
//
// It delivers everywhere but to Antarctica (country AQ).
package carrier

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"orderflow/cmd/local/cloud/storage"
)

// Name is the carrier's name on every shipment.
const Name = "Homing Pigeon Express"

// Refused is the ISO 3166-1 code of the country that it does not deliver to.
const Refused = "AQ"

// Retention is how long a shipment is remembered: the longest that a message
// may wait in a queue. Who is asked later still than that stands in shipment's
// own table. The tracking number of one order is the same for ever.
const Retention = 14 * 24 * time.Hour

// maxBody bounds a booking; an order itself is at most 64 KiB.
const maxBody = 64 << 10

// State is where a shipment stands.
type State string

const (
	Booked    State = "BOOKED"
	Cancelled State = "CANCELLED" // also one that was never booked
)

// Shipment is what the carrier knows of one order.
type Shipment struct {
	OrderID        string    `json:"orderId"`
	State          State     `json:"state"`
	TrackingNumber string    `json:"trackingNumber,omitempty"`
	Country        string    `json:"country,omitempty"`
	WeightGrams    int       `json:"weightGrams,omitempty"`
	At             time.Time `json:"at"` // of the last change
}

// A Carrier books and cancels shipments, each once per order however often it
// is asked.
type Carrier struct {
	mux http.ServeMux

	mu        sync.Mutex
	shipments storage.Table[Shipment]
	oldest    []change // first to forget first
}

type change struct {
	orderID string
	at      time.Time
}

// New is a carrier that has not shipped anything yet.
func New() *Carrier {
	c := &Carrier{shipments: storage.Memory[Shipment]()}
	c.mux.HandleFunc("PUT /shipments/{orderId}", c.book)
	c.mux.HandleFunc("DELETE /shipments/{orderId}", c.cancel)
	c.mux.HandleFunc("GET /shipments/{orderId}", c.show)
	c.mux.HandleFunc("GET /shipments", c.list)
	return c
}

func (c *Carrier) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.mux.ServeHTTP(w, r) }

// Shipments are all that it remembers, in order of ID.
func (c *Carrier) Shipments() []Shipment {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Shipment, 0, c.shipments.Len())
	for _, s := range c.shipments.Ascend("") {
		all = append(all, s)
	}
	return all
}

type booking struct {
	Address     address `json:"address"`
	WeightGrams int     `json:"weightGrams"`
}

type address struct {
	Name       string `json:"name"`
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	City       string `json:"city"`
	Region     string `json:"region"`
	PostalCode string `json:"postalCode"`
	Country    string `json:"country"`
}

func (c *Carrier) book(w http.ResponseWriter, r *http.Request) {
	var b booking
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&b); err != nil {
		status := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status = http.StatusRequestEntityTooLarge
		}
		refuse(w, status, "the booking cannot be read: "+err.Error())
		return
	}
	switch {
	case b.Address.Line1 == "" || b.Address.City == "" || len(b.Address.Country) != 2:
		refuse(w, http.StatusBadRequest, "the address needs line1, city and a two-letter country")
		return
	case b.WeightGrams < 0:
		refuse(w, http.StatusBadRequest, fmt.Sprintf("weightGrams %d is negative", b.WeightGrams))
		return
	case b.Address.Country == Refused:
		refuse(w, http.StatusUnprocessableEntity, "no delivery to country "+Refused)
		return
	}

	orderID := r.PathValue("orderId")
	c.mu.Lock()
	known, found := c.shipments.Get(orderID)
	if !found {
		c.keep(Shipment{OrderID: orderID, State: Booked, TrackingNumber: trackingNumber(orderID), Country: b.Address.Country, WeightGrams: b.WeightGrams})
	}
	c.mu.Unlock()
	if known.State == Cancelled {
		refuse(w, http.StatusConflict, "cancelled")
		return
	}
	status := http.StatusCreated
	if found {
		status = http.StatusOK
	}
	answer(w, status, map[string]string{"carrier": Name, "trackingNumber": trackingNumber(orderID)})
}

// cancel leaves a mark for an order that it does not know: its booking may
// still be on its way.
func (c *Carrier) cancel(w http.ResponseWriter, r *http.Request) {
	orderID := r.PathValue("orderId")
	c.mu.Lock()
	defer c.mu.Unlock()
	shipment, _ := c.shipments.Get(orderID)
	if shipment.State != Cancelled {
		shipment.OrderID, shipment.State = orderID, Cancelled
		c.keep(shipment)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (c *Carrier) show(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	shipment, found := c.shipments.Get(r.PathValue("orderId"))
	c.mu.Unlock()
	if !found {
		refuse(w, http.StatusNotFound, "no such shipment")
		return
	}
	answer(w, http.StatusOK, shipment)
}

func (c *Carrier) list(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"shipments": c.Shipments()})
}

// keep stores a changed shipment and forgets those past Retention.
func (c *Carrier) keep(s Shipment) {
	now := time.Now()
	for len(c.oldest) > 0 && now.Sub(c.oldest[0].at) > Retention {
		old := c.oldest[0]
		c.oldest = c.oldest[1:]
		if known, _ := c.shipments.Get(old.orderID); known.At.Equal(old.at) {
			c.shipments.Delete(old.orderID)
		}
	}
	s.At = now
	c.shipments.Put(s.OrderID, s)
	c.oldest = append(c.oldest, change{s.OrderID, now})
}

// trackingNumber follows from the order alone, so that it does not depend on
// what the carrier remembers.
func trackingNumber(orderID string) string {
	sum := sha256.Sum256([]byte(orderID))
	return "HPX" + base32.StdEncoding.EncodeToString(sum[:])[:12]
}

func refuse(w http.ResponseWriter, status int, reason string) {
	answer(w, status, map[string]string{"reason": reason})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // the reader has gone: nobody is left to tell
}
