package api

import (
	"testing"
	"time"

	"github.com/google/uuid"
)

// An order placed without a key gets a UUIDv7: its version, its time, and
// chance enough never to meet another.
func TestNewOrderID(t *testing.T) {
	at := time.UnixMilli(1_790_000_000_123)
	seen := map[string]bool{}
	for range 1000 {
		id, err := uuid.Parse(newOrderID(at))
		if err != nil {
			t.Fatal(err)
		}
		seconds, nanos := id.Time().UnixTime()
		if got := time.Unix(seconds, nanos); id.Version() != 7 || id.Variant() != uuid.RFC4122 || !got.Equal(at) {
			t.Fatalf("%s has version %d, variant %s and time %v", id, id.Version(), id.Variant(), got)
		}
		seen[id.String()] = true
	}
	if len(seen) != 1000 {
		t.Errorf("of 1,000 IDs %d differ", len(seen))
	}
}
