package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestDemo: each order's story is told until its decision, in order.
func TestDemo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		var stdout, stderr bytes.Buffer
		exit := make(chan int, 1)
		go func() { exit <- run(ctx, []string{"-demo"}, &stdout, &stderr, inMemory()) }()
		<-time.After(time.Hour)
		interrupt()
		if code := <-exit; code != exitOK || stderr.Len() > 0 {
			t.Errorf("exit %d, stderr:\n%s", code, stderr.String())
		}

		_, story, _ := strings.Cut(stdout.String(), "list-executions")
		const line = `(?s:.*?)\n +\d+ ms  `
		for _, want := range []string{
			line + `ValidateOrder +Is every SKU`,
			line + `ReserveInventory +is answered: stock is set aside, reservation `,
			line + `GET /orders/\{id\} +answers CONFIRMED, tracking number HPX`,
			line + `ReserveInventory +fails: OutOfStock: `,
			line + `GET /orders/\{id\} +answers REJECTED for OutOfStock: `,
			line + `ArrangeShipment +fails: ShipmentRefused: .*AQ`,
			line + `GET /orders/\{id\} +answers REJECTED for ShipmentRefused: `,
			line + `ValidateOrder +fails: InvalidOrder: validation: not in the catalogue: sku "NO-SUCH-SKU"`,
			line + `GET /orders/\{id\} +answers REJECTED for InvalidOrder: `,
			`(?s:.*)\nStill serving\.\n$`,
		} {
			at := regexp.MustCompile(`^` + want).FindStringIndex(story)
			if at == nil {
				t.Fatalf("missing %q in what follows:\n%s", want, story)
			}
			if want[:len(line)] == line {
				story = story[at[1]-1:]
			}
		}
	})
}
