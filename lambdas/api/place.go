package api

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// A desk takes orders. An order lives in two places: as an execution from the
// moment it is taken, and as a row from the moment it is priced.
type desk struct {
	orders        *orders
	executions    *executions
	onlyCustomers bool // call
}

// An input is what an execution starts with. Its JSON depends on the order
// alone, so that starting it again while it runs changes nothing.
type input struct {
	Fingerprint string `json:"fingerprint"`
	asked
}

// place starts an order and returns its ID, also with an error. With a key, the same customer
// placing the same order again gets the same ID and starts nothing.
func (d *desk) place(ctx context.Context, by caller, a asked, key string) (orderID string, err error) {
	in, err := newInput(a)
	if err != nil {
		return "", err
	}
	if key == "" {
		return d.placeNew(ctx, in)
	}
	orderID = keyedOrderID(a.Customer.ID, key)
	// A row may outlive its execution's name, so it is asked first.
	fingerprint, exists, err := d.orders.fingerprint(ctx, orderID)
	if err != nil {
		return orderID, err
	}
	if exists {
		return orderID, compare(fingerprint, in.Fingerprint)
	}
	err = d.executions.start(ctx, orderID, in)
	if errors.Is(err, errStarted) {
		return orderID, d.compareStarted(ctx, by, orderID, in.Fingerprint)
	}
	return orderID, err
}

// placeNew starts an order that nobody can have placed before. If it was
// started all the same, that was us: an answer was lost, the SDK tried again,
// and the order has ended meanwhile.
func (d *desk) placeNew(ctx context.Context, in *input) (orderID string, err error) {
	orderID = newOrderID(time.Now())
	err = d.executions.start(ctx, orderID, in)
	if errors.Is(err, errStarted) {
		err = nil
	}
	return orderID, err
}

// newOrderID is a UUIDv7 of a time. The library's own depend on all that the
// process has made before.
// https://www.rfc-editor.org/rfc/rfc9562.html#section-5.7
func newOrderID(now time.Time) string {
	id := uuid.New()
	var millis [8]byte
	binary.BigEndian.PutUint64(millis[:], uint64(now.UnixMilli()))
	copy(id[:6], millis[2:])
	id[6] = id[6]&0x0f | 7<<4
	return id.String()
}

// isOld tells of an order ID that was given long before a time, or never. The
// ID of an order placed with a key does not tell when that was.
func isOld(orderID string, now time.Time) bool {
	id, err := uuid.Parse(orderID)
	if err != nil || id.Version() == 5 {
		return err != nil
	}
	made := time.Unix(id.Time().UnixTime())
	return id.Version() != 7 || now.Sub(made) > time.Minute || made.Sub(now) > time.Minute
}

// compareStarted compares with an order whose execution ended, or was started
// with another input, since its row was asked for.
func (d *desk) compareStarted(ctx context.Context, by caller, orderID, fingerprint string) error {
	stored, exists, err := d.orders.fingerprint(ctx, orderID)
	if err != nil {
		return err
	}
	if !exists {
		e, err := d.executions.describe(ctx, by, orderID)
		if err != nil {
			return err
		}
		stored = e.input.Fingerprint
	}
	return compare(stored, fingerprint)
}

func compare(stored, fingerprint string) error {
	if stored == fingerprint {
		return nil
	}
	return problem{
		Type:   typeKeyReused,
		Title:  "The Idempotency-Key belongs to another order",
		Status: http.StatusUnprocessableEntity,
		Detail: "this customer used the same Idempotency-Key for a different order; use a new key",
	}
}

func newInput(a asked) (*input, error) {
	in := &input{asked: a}
	canonical, err := json.Marshal(&in.asked)
	if err != nil {
		return nil, fmt.Errorf("api: order: %w", err)
	}
	sum := sha256.Sum256(canonical)
	in.Fingerprint = string(hex.AppendEncode(make([]byte, 0, 2*sha256.Size), sum[:]))
	return in, nil
}

// keyedOrders is the namespace of the IDs of orders placed with a key.
var keyedOrders = uuid.MustParse("6f0e5dfc-5a5c-4c8e-9f0b-6d2f3a0c1e77")

// keyedOrderID is the ID of the one order that a customer can place with a key.
func keyedOrderID(customerID, key string) string {
	name := append(make([]byte, 0, len(customerID)+1+len(key)), customerID...)
	name = append(append(name, 0), key...)
	return uuid.NewSHA1(keyedOrders, name).String()
}

const maxKey = 255

// idempotencyKey reads the Idempotency-Key header: a string in quotes, as the
// draft has it, or the same without quotes, as most clients send it. It is ""
// without the header.
// https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07
func idempotencyKey(header *string) (string, error) {
	if header == nil {
		return "", nil
	}
	key, ok := *header, true
	if quoted, isQuoted := strings.CutPrefix(key, `"`); isQuoted {
		key, ok = unquote(quoted)
	} else if strings.ContainsAny(key, `",\`) {
		ok = false
	}
	visible := !strings.ContainsFunc(key, func(c rune) bool { return c <= ' ' || c > '~' })
	if !ok || !visible || key == "" || len(key) > maxKey {
		return "", invalid("the Idempotency-Key is malformed", violation{
			Header: "Idempotency-Key",
			Detail: fmt.Sprintf("must be one key of 1 to %d visible ASCII characters, in quotes or without", maxKey),
		})
	}
	return key, nil
}

// unquote reads the rest of a structured field's string after its first quote.
// https://www.rfc-editor.org/rfc/rfc8941#section-4.2.5
func unquote(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), i == len(s)-1
		case '\\':
			i++
			if i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", false
}
