package console_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"orderflow/lambdas/order"
)

var screenshots = flag.String("screenshots", "", "keep the README's screenshots in this folder")

// TestScreenshots takes those of the README: .ci/screenshots keeps them.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	r := startNoisily(t, new(bytes.Buffer))
	b := openTab(t, r)

	var orders []string
	place := func(sku string, quantity int, country, id, name string) string {
		orders = append(orders, r.place(t, order.Customer{ID: id, Name: name}, sku, quantity, country))
		return orders[len(orders)-1]
	}
	place("MUG-BLUE", 2, "GB", "c-42", "Ada")
	place("TEAPOT-4", 1, "FR", "c-7", "Blaise")
	place("MUG-GREEN", 1, "AQ", "c-19", "Roald")
	place("NO-SUCH-SKU", 1, "GB", "c-42", "Ada")
	short := place("LAMP-LAST", 3, "US", "c-3", "Grace")
	place("BOTTLE-1L", 1, "DE", "c-88", "Emmy")
	b.open("/orders")
	for _, id := range orders {
		b.await("#o-"+id+" td:nth-child(6)", "e") // decided, or why not
	}

	// One that waits, for a carrier that is away.
	b.open("/faults")
	b.do(chromedp.SetValue("#rate-carrier", "1"))
	b.click("main form button.primary")
	b.await("#live", "Faults are happening")
	r.hurry(t, "orderflow-ShipmentQueue")
	stuck := place("MUG-BLUE", 1, "GB", "c-42", "Ada")

	b.open("/orders")
	b.await("#o-"+stuck, "ArrangeShipment")
	b.shoot("orders", 1200, 760, "light")
	b.open("/executions/orderflow-OrderStateMachine/" + short + "?state=ReserveInventory")
	b.await("#state", "OutOfStock")
	b.shoot("execution", 1400, 1320, "light")
	b.open("/queues")
	b.await("#shipment .letters", stuck)
	b.shoot("queues", 1200, 760, "light")
	b.open("/orders/" + stuck)
	b.await("#live .story", "dead-letter queue")
	b.shoot("story", 1200, 760, "dark")
}

// shoot takes a screenshot of what is in sight.
func (b *tab) shoot(name string, width, height int64, scheme string) {
	b.t.Helper()
	command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	b.do(chromedp.EmulateViewport(width, height))
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.t.Fatal(err)
	}
	if !bytes.HasPrefix(png, []byte("\x89PNG")) {
		b.t.Errorf("%s is no PNG", name)
	}
	if *screenshots == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
