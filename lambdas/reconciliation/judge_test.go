package reconciliation

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orderflow/lambdas/order"
)

func TestJudge(t *testing.T) {
	const grace = 15 * time.Minute
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	before, after := since.Add(-time.Second), since.Add(time.Second)
	over := execution{ended: before}
	forgotten := execution{}
	for name, test := range map[string]struct {
		status                order.Status
		decided               time.Time
		reservation, shipment string
		execution             execution
		problem               Problem
		repair                Repair
	}{
		"pending, runs":                      {order.Pending, time.Time{}, reserved, booked, execution{running: true}, "", ""},
		"pending, ended just now":            {order.Pending, time.Time{}, reserved, booked, execution{ended: after}, "", ""},
		"pending, ended":                     {order.Pending, time.Time{}, reserved, booked, over, NeverDecided, CancelOrder},
		"pending, nothing held":              {order.Pending, time.Time{}, "", "", over, NeverDecided, CancelOrder},
		"pending, forgotten":                 {order.Pending, time.Time{}, reserved, "", forgotten, NeverDecided, CancelOrder},
		"pending, committed":                 {order.Pending, time.Time{}, committed, booked, over, WronglyHandedOver, ByHand},
		"pending, dispatched":                {order.Pending, time.Time{}, reserved, dispatched, over, WronglyHandedOver, ByHand},
		"confirmed":                          {order.Confirmed, before, committed, dispatched, over, "", ""},
		"confirmed, forgotten":               {order.Confirmed, before, committed, dispatched, forgotten, "", ""},
		"confirmed just now":                 {order.Confirmed, after, reserved, booked, over, "", ""},
		"confirmed, is being announced":      {order.Confirmed, before, reserved, booked, execution{running: true}, "", ""},
		"confirmed, was announced just now":  {order.Confirmed, before, reserved, booked, execution{ended: after}, "", ""},
		"confirmed, reserved":                {order.Confirmed, before, reserved, dispatched, over, NotHandedOver, AnnounceConfirmed},
		"confirmed, booked":                  {order.Confirmed, before, committed, booked, over, NotHandedOver, AnnounceConfirmed},
		"confirmed, both":                    {order.Confirmed, before, reserved, booked, over, NotHandedOver, AnnounceConfirmed},
		"confirmed, released":                {order.Confirmed, before, released, booked, over, WronglyTakenBack, ByHand},
		"confirmed, cancelled":               {order.Confirmed, before, reserved, cancelled, over, WronglyTakenBack, ByHand},
		"confirmed, no reservation":          {order.Confirmed, before, "", dispatched, over, WronglyTakenBack, ByHand},
		"confirmed, no shipment":             {order.Confirmed, before, committed, "", over, WronglyTakenBack, ByHand},
		"rejected":                           {order.Rejected, before, released, cancelled, over, "", ""},
		"rejected just now":                  {order.Rejected, after, reserved, booked, over, "", ""},
		"rejected, reserved":                 {order.Rejected, before, reserved, cancelled, over, NotTakenBack, AnnounceCancelled},
		"rejected, booked":                   {order.Rejected, before, released, booked, over, NotTakenBack, AnnounceCancelled},
		"rejected, never announced":          {order.Rejected, before, "", "", over, NotTakenBack, AnnounceCancelled},
		"rejected, committed":                {order.Rejected, before, committed, booked, over, WronglyHandedOver, ByHand},
		"cancelled, execution waits":         {order.Cancelled, before, reserved, booked, execution{running: true}, "", ""},
		"cancelled, reserved":                {order.Cancelled, before, reserved, booked, over, NotTakenBack, AnnounceCancelled},
		"failed, no tombstone of inventory":  {order.Failed, before, "", cancelled, over, NotTakenBack, AnnounceCancelled},
		"failed, dispatched":                 {order.Failed, before, released, dispatched, over, WronglyHandedOver, ByHand},
		"cancelled, tombstones expired":      {order.Cancelled, since.Add(-order.TombstoneLife), "", "", forgotten, "", ""},
		"rejected, one tombstone expired":    {order.Rejected, since.Add(-order.TombstoneLife), released, "", forgotten, "", ""},
		"rejected long ago, yet reserved":    {order.Rejected, since.Add(-order.TombstoneLife), reserved, "", forgotten, NotTakenBack, AnnounceCancelled},
		"cancelled, tombstones cannot have":  {order.Cancelled, since.Add(grace - order.TombstoneLife + time.Second), "", "", forgotten, NotTakenBack, AnnounceCancelled},
		"no order":                           {"", time.Time{}, "", "", forgotten, "", ""},
		"no order, taken back":               {"", time.Time{}, released, cancelled, over, "", ""},
		"no order, reserved":                 {"", time.Time{}, reserved, "", over, HeldForNoOrder, AnnounceCancelled},
		"no order, booked, forgotten":        {"", time.Time{}, "", booked, forgotten, HeldForNoOrder, AnnounceCancelled},
		"no order, reserved, dispatched":     {"", time.Time{}, reserved, dispatched, over, WronglyHandedOver, ByHand},
		"no order, reserved, execution runs": {"", time.Time{}, reserved, "", execution{running: true}, "", ""},
	} {
		f := file{order: order.Order{ID: "o1", Status: test.status}, reservation: test.reservation, shipment: test.shipment, execution: test.execution}
		if !test.decided.IsZero() {
			f.order.DecidedAt = &test.decided
		}
		if problem, repair := judge(f, since.Add(grace), grace); problem != test.problem || repair != test.repair {
			t.Errorf("%s: %q, repair %q, want %q, %q", name, problem, repair, test.problem, test.repair)
		}
	}
}

func TestShelves(t *testing.T) {
	for s, want := range map[shelf]bool{
		{Stocked: 6, Available: 3, Reserved: 2, Committed: 1}: true,
		{}: true,
		{Stocked: 6, Available: 3, Reserved: 2, Committed: 2}:  false,
		{Stocked: 6, Available: 7, Reserved: -1, Committed: 0}: false,
	} {
		if got := s.adds(); got != want {
			t.Errorf("%+v adds up: %v", s, got)
		}
	}
}

// What is announced again is what the state machine announced, to the member.
func TestEventsAreTheStateMachines(t *testing.T) {
	for _, test := range []struct {
		kind order.EventType
		make func(order.Order, time.Time) order.Event
	}{
		{order.OrderConfirmed, confirmedEvent},
		{order.OrderCancelled, cancelledEvent},
	} {
		golden, err := os.ReadFile(filepath.Join("..", "order", "testdata", "events", string(test.kind)+".json"))
		if err != nil {
			t.Fatal(err)
		}
		e, err := order.ParseEvent(golden)
		if err != nil {
			t.Fatal(err)
		}
		made, err := json.Marshal(test.make(order.Order{
			ID: e.Subject, Status: e.Data.Status, Failure: e.Data.Failure, Lines: e.Data.Lines, Total: e.Data.Total,
			Reservation: e.Data.Reservation, Shipment: e.Data.Shipment,
			CreatedAt: e.Data.CreatedAt, DecidedAt: &e.Data.DecidedAt,
			Customer: order.Customer{Name: "Ada"},
		}, e.Time))
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		json.Unmarshal(made, &got)
		json.Unmarshal(golden, &want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.kind, diff)
		}
	}
}
