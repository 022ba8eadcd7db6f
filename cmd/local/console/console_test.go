package console_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"orderflow/lambdas/order"
)

// An order is placed by the form, becomes confirmed before one's eyes, and its
// execution tells what inventory answered.
func TestConsoleFollowsAnOrder(t *testing.T) {
	t.Parallel()
	b := openTab(t, start(t))
	b.open("/orders")
	b.await("#live", "No order has been placed yet")
	value[bool](b, "window.notReloaded = true")

	id := b.place()
	b.await("#o-"+id+" .status", "confirmed")
	if !value[bool](b, "window.notReloaded === true") {
		t.Error("the page was loaded again")
	}

	b.click("#answer a[href*=executions]")
	b.await("h1", id)
	b.await("#live .facts .status", "succeeded")
	b.click("#state-ReserveInventory")
	b.await("#state h2", "ReserveInventory")
	b.await("#state details[id^=output] pre", `"reservationId"`)
	if !strings.Contains(b.location(), "state=ReserveInventory") {
		t.Errorf("the chosen state is not in the address %s", b.location())
	}
}

// An execution that waits is coloured anew the moment it goes on, under the eyes
// of whoever has chosen a state and opened its input.
func TestConsoleFollowsAnExecution(t *testing.T) {
	t.Parallel()
	r := startNoisily(t, new(bytes.Buffer), "-chaos", "carrier=1")
	r.hurry(t, "orderflow-ShipmentQueue")
	b := openTab(t, r)
	id := r.place(t, order.Customer{ID: "c-42", Name: "Ada"}, "MUG-BLUE", 1, "GB")
	b.open("/executions/orderflow-OrderStateMachine/" + id + "?state=ArrangeShipment")
	b.await("#state-ArrangeShipment.running", "ArrangeShipment")
	b.await("#state-ReserveInventory.succeeded", "ReserveInventory")
	b.click("#state details[id^=input] summary")
	value[bool](b, "window.notReloaded = true")

	calm, err := http.PostForm(r.aws+"/console/faults", url.Values{"do": {"calm"}})
	if err != nil {
		t.Fatal(err)
	}
	calm.Body.Close()
	b.await("#state-AnnounceConfirmed.succeeded", "AnnounceConfirmed")
	b.await("#state details[id^=output] pre", `"trackingNumber"`)
	b.await("#live .facts .status", "succeeded")
	if !value[bool](b, `window.notReloaded === true && document.querySelector("#state details[id^=input]").open`) {
		t.Error("the page was loaded again, or what was opened was closed")
	}
}

// An order for more than there is: its graph shows where that was found out,
// and the way that it took from there.
func TestConsoleShowsTheCaughtPath(t *testing.T) {
	t.Parallel()
	b := openTab(t, start(t))
	b.open("/orders?preset=out+of+stock#place")
	b.click("#place form button.primary")
	b.await("#answer", "on its way")
	b.click("#answer a[href*=executions]")
	b.await("#live .facts .status", "succeeded")
	b.await("#state-FanOut.caught title", "caught")
	b.await("#state-ReserveInventory.failed title", "failed")
	b.await("#state-CancelOrder.succeeded title", "succeeded")
	b.await("#state-ConfirmOrder.unreached title", "not reached")
	if n := value[int](b, `document.querySelectorAll(".edge.catch.taken").length`); n != 1 {
		t.Errorf("%d catches are drawn as taken, want 1", n)
	}
	b.click("#state-FanOut > .name") // its middle belongs to a state in it
	b.await("#state .told.bad", "OutOfStock")
	b.click(".actions a[href$=definition]")
	b.await("#raw", `"StartAt": "ValidateOrder"`)
	b.click("button[data-copy]")
	b.await("button[data-copy]", "Copied")
}

// A parcel that could not be booked for as long as the carrier was away lands
// in the dead-letter queue. On-call sees it there with its error, ends the
// fault and sends it back, and the order completes.
func TestConsoleRedrivesADeadLetter(t *testing.T) {
	t.Parallel()
	r := startNoisily(t, new(bytes.Buffer))
	b := openTab(t, r)
	b.open("/faults")
	b.do(chromedp.SetValue("#rate-carrier", "1"))
	b.click("main form button.primary")
	b.await("#live", "Faults are happening")
	r.hurry(t, "orderflow-ShipmentQueue")

	b.open("/orders")
	id := b.place()
	late := r.place(t, order.Customer{ID: "c-7", Name: "Blaise"}, "MUG-BLUE", 1, "FR")
	b.open("/queues")
	b.await("#shipment .letters", id)
	b.await("#shipment .letters", late)
	b.await("#shipment .letters .told.bad", "carrier")
	b.await("#shipment .letters a[href*=executions]", "execution")

	// Somebody stopped the execution of one: nobody waits for its answer.
	_, err := sfn.NewFromConfig(r.config()).StopExecution(t.Context(), &sfn.StopExecutionInput{
		ExecutionArn: aws.String("arn:aws:states:us-east-1:000000000000:execution:orderflow-OrderStateMachine:" + late),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.await("#shipment .letters li:has(a[href$='"+late+"'])", "Its token has expired")
	if strings.Contains(b.text("#shipment .letters li:has(a[href$='"+id+"'])"), "expired") {
		t.Error("the message of the order that waits is said to be too late")
	}

	b.open("/faults")
	b.click("main form button[value=calm]")
	b.await("#live", "All is calm")
	b.open("/queues")
	b.click("#shipment .letters li:has(a[href$='" + id + "']) button")
	b.await("#live", "1 message was sent back")
	b.open("/orders/" + id)
	b.await("#live h1 .status", "confirmed")
	b.open("/queues")
	b.await("#shipment .letters", late)
	b.click("#shipment .dead > .head button") // all that is left
	b.await("#live", "1 message was sent back")
	b.await("#shipment", "Dead letters0")
}

// hurry lets a queue's messages come back within a second, as an operator may.
func (r running) hurry(t *testing.T, queue string) {
	t.Helper()
	_, err := sqs.NewFromConfig(r.config()).SetQueueAttributes(t.Context(), &sqs.SetQueueAttributesInput{
		QueueUrl: aws.String(r.aws + "/000000000000/" + queue), Attributes: map[string]string{"VisibilityTimeout": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Without JavaScript every page is there, and forms do their work.
func TestConsoleWithoutJavaScript(t *testing.T) {
	t.Parallel()
	b := openTab(t, start(t))
	command(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.open("/orders")
	b.click("#place form button.primary")
	// Not by await: a page without JavaScript has no timers to look again by.
	b.do(chromedp.WaitVisible(chromedp.Search(`//*[@id="answer"][contains(., "on its way")]`)))
}

// everyPage is each page with something on it.
func everyPage(b *tab) []string {
	b.t.Helper()
	b.open("/orders")
	id := b.place()
	b.await("#o-"+id+" .status", "confirmed")
	execution := "/executions/orderflow-OrderStateMachine/" + id
	b.open("/mail")
	b.await(".mails", id)
	mail := strings.TrimPrefix(value[string](b, `document.querySelector(".mails a").pathname`), "/console")
	return []string{
		"/orders", "/orders?status=FAILED", "/orders/" + id, execution, execution + "?state=ReserveInventory", execution + "/definition", execution + "/json",
		"/queues", "/stock", "/shipments", "/mail", mail, "/analytics", "/faults", "/no-such-page",
	}
}

// Without a browser: each page is there, and a page that is not says so.
func TestConsolePages(t *testing.T) {
	r := start(t)
	id := r.place(t, order.Customer{ID: "c-42", Name: "Ada"}, "MUG-BLUE", 1, "GB")
	execution := "/executions/orderflow-OrderStateMachine/"
	for _, test := range []struct {
		path   string
		status int
		holds  string
	}{
		{"/", http.StatusOK, "Place an order"}, // by way of /orders
		{"/orders", http.StatusOK, id},
		{"/orders?preset=refused", http.StatusOK, "&#34;country&#34;: &#34;AQ&#34;"},
		{"/orders/" + id, http.StatusOK, "The shop&#39;s order arrived; the API answered 202."},
		{"/orders/no-such-order", http.StatusNotFound, "There is no such order"},
		{execution + id, http.StatusOK, `id="state-ReserveInventory"`},
		{execution + id + "?state=ReserveInventory", http.StatusOK, "<h2"},
		{execution + id + "?state=NoSuchState&visit=x&page=-1&type=no", http.StatusOK, "No event is like that"},
		{execution + id + "/definition", http.StatusOK, "&#34;StartAt&#34;: &#34;ValidateOrder&#34;"},
		{execution + id + "/json", http.StatusOK, "ExecutionStarted"},
		{execution + "no-such-order", http.StatusNotFound, "There is no such"},
		{"/queues", http.StatusOK, "orderflow-InventoryQueue"},
		{"/stock", http.StatusOK, "TEAPOT-4"},
		{"/shipments", http.StatusOK, "<h1>Shipments</h1>"},
		{"/mail", http.StatusOK, "<h1>Mail</h1>"},
		{"/mail/no-such-mail", http.StatusNotFound, "There is no such mail"},
		{"/analytics", http.StatusOK, "Outcomes a minute"},
		{"/faults", http.StatusOK, "All is calm"},
		{"/no-such-page", http.StatusNotFound, "There is no such page"},
	} {
		resp, err := http.Get(r.aws + "/console" + test.path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != test.status || !strings.Contains(string(body), test.holds) {
			t.Errorf("%s answers %s without %q:\n%s", test.path, resp.Status, test.holds, body)
		}
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "script-src 'self'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s has the policy %q", test.path, policy)
		}
	}
}

// Pages pass axe-core, in light and, as far as colours go, in dark.
func TestConsoleIsAccessible(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("../../../.ci/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Skip("there is no axe-core: npm ci --prefix .ci, or let .ci/run do it")
	}
	b := openTab(t, start(t))
	b.expect("404")
	for _, path := range everyPage(b) {
		for scheme, rules := range map[string]string{"light": "", "dark": `runOnly: ["color-contrast"], `} {
			command(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
			b.open(path)
			if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](string(axe)+"; null")); err != nil {
				t.Fatal(err)
			}
			check := `axe.run({` + rules + `resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.help + "\n" + v.nodes.map(n => "    " + n.html.slice(0, 200) + "\n    " + n.failureSummary).join("\n")).join("\n"))`
			found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](check, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatal(err)
			}
			if found != "" {
				t.Errorf("%s in %s:\n%s", path, scheme, found)
			}
		}
	}
}

// Nothing hangs over the side, on a telephone and on a wall.
func TestConsoleFits(t *testing.T) {
	t.Parallel()
	b := openTab(t, start(t))
	b.expect("404")
	for _, path := range everyPage(b) {
		for _, width := range []int64{360, 1920} {
			b.do(chromedp.EmulateViewport(width, 800))
			b.open(path)
			if over := value[int](b, "document.documentElement.scrollWidth - document.documentElement.clientWidth"); over > 0 {
				t.Errorf("%s is %d px wider than %d px", path, over, width)
			}
		}
	}
}

// An execution of thousands of events is shown a page at a time, of whichever
// state machine it is.
func TestConsoleShowsALongExecution(t *testing.T) {
	t.Parallel()
	r := start(t)
	path := runLong(t, sfn.NewFromConfig(r.config()), 500)
	b := openTab(t, r)
	b.open(path)
	b.await("#live .facts .status", "succeeded")
	b.await("#events h2", "2006 of 2006")
	b.click("#events .pager a")
	b.await("#events .pager", "page 2 of 21")
	b.do(chromedp.SetValue("#event-type", "MapStateSucceeded"))
	value[bool](b, `document.querySelector("#event-type").dispatchEvent(new Event("change", {bubbles: true}))`)
	b.await("#events h2", "1 of 2006")
	b.click("#state-Each")
	b.await("#state h2", "Each")
	b.await("#state .chips", "visit 500")
	if n := value[int](b, `document.querySelectorAll("*").length`); n > 4000 {
		t.Errorf("the page has %d elements", n)
	}
}

// runLong runs an execution that visits a state so many times, of the orders'
// state machine with another definition, and returns its path in the console.
func runLong(t testing.TB, client *sfn.Client, visits int) string {
	t.Helper()
	machine := aws.String("arn:aws:states:us-east-1:000000000000:stateMachine:orderflow-OrderStateMachine")
	_, err := client.UpdateStateMachine(t.Context(), &sfn.UpdateStateMachineInput{
		StateMachineArn: machine,
		Definition: aws.String(fmt.Sprintf(`{"QueryLanguage": "JSONata", "StartAt": "All", "States": {"All": {"Type": "Map", "Items": "{%% [1..%d] %%}", "End": true,
			"ItemProcessor": {"StartAt": "Each", "States": {"Each": {"Type": "Pass", "End": true}}}}}}`, visits)),
	})
	if err != nil {
		t.Fatal(err)
	}
	execution, err := client.StartExecution(t.Context(), &sfn.StartExecutionInput{StateMachineArn: machine})
	if err != nil {
		t.Fatal(err)
	}
	arn := *execution.ExecutionArn
	return "/executions/orderflow-OrderStateMachine/" + arn[strings.LastIndexByte(arn, ':')+1:]
}

// An order that waits says where, and can be cancelled from the list.
func TestConsoleCancels(t *testing.T) {
	t.Parallel()
	r := startNoisily(t, new(bytes.Buffer), "-chaos", "carrier=1")
	b := openTab(t, r)
	b.open("/faults")
	b.await("#live", "-chaos carrier=1 -seed 1")
	b.open("/orders")
	id := b.place()
	b.await("#o-"+id, "ArrangeShipment")
	b.click("#o-" + id + " form button")
	b.await("#live h1 .status", "cancelled")
	b.await("#live .story", "cancel")
	b.open("/orders?status=CANCELLED")
	b.await("#o-"+id+" .status", "cancelled")
	b.open("/orders?status=PENDING")
	b.await("#live .empty", "No order is like that")
	b.open("/orders?text=" + id)
	b.await("#o-"+id+" .status", "cancelled")
}

func TestConsoleRestocks(t *testing.T) {
	t.Parallel()
	b := openTab(t, start(t))
	b.expect("422")
	b.open("/stock")
	b.await("#sku-LAMP-LAST", "1")
	b.do(chromedp.SetValue("select[name=sku]", "LAMP-LAST"), chromedp.SetValue("input[name=units]", "41"))
	b.click("main form button[value=add]")
	b.await("main .told.good", "Of LAMP-LAST 42 are stocked now, 42 of them available")
	b.do(chromedp.SetValue("input[name=units]", "-43"))
	b.click("main form button[value=add]")
	b.await("main .told.bad", "LAMP-LAST")
	b.do(chromedp.SetValue("input[name=units]", "a few"))
	b.click("main form button[value=set]")
	b.await("main .told.bad", `"a few" is no whole number of units`)
	b.await("#sku-LAMP-LAST", "42")
}

// Everything can be done by the keyboard, and what has the focus keeps it while
// the page changes under it.
func TestConsoleByKeyboard(t *testing.T) {
	t.Parallel()
	b := openTab(t, start(t))
	b.open("/orders")
	b.do(chromedp.KeyEvent(kb.Tab))
	if got := value[string](b, "document.activeElement.textContent"); got != "Skip to the content" {
		t.Errorf("the first stop is %q", got)
	}
	id := b.place()
	b.await("#o-"+id+" .status", "confirmed")
	b.open("/executions/orderflow-OrderStateMachine/" + id + "?state=PersistOrder")
	for _, link := range []string{".timeline li:last-child a", ".events tr:nth-child(2) a", "#events-turned", "#panel"} {
		value[bool](b, `window.swapped = false; document.addEventListener("htmx:after:swap", () => window.swapped = true, {once: true}); true`)
		id := value[string](b, fmt.Sprintf(`document.querySelector(%q).id`, link))
		b.do(chromedp.Focus("#"+id), chromedp.KeyEvent(kb.Enter))
		if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool]("window.swapped")); err != nil {
			t.Fatalf("%s: %v, at %s", link, err, b.location())
		}
		b.await("#"+id, "")
		if got := value[string](b, "document.activeElement.id"); got != id {
			t.Errorf("the focus went from %q to %q", id, got)
		}
	}
	b.open("/executions/orderflow-OrderStateMachine/" + id)
	b.do(chromedp.Focus("#state-PersistOrder"), chromedp.KeyEvent(kb.Enter))
	b.await("#state h2", "PersistOrder")
	if got := value[string](b, "document.activeElement.id"); got != "state-PersistOrder" {
		t.Errorf("the focus went to %q", got)
	}
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	b.await("#state h2", value[string](b, "document.activeElement.querySelector('.name').textContent"))
	b.do(chromedp.NavigateBack())
	b.await("#state h2", "PersistOrder")
}

// The list grows at its top; nothing else moves.
func TestConsoleDoesNotJump(t *testing.T) {
	t.Parallel()
	r := start(t)
	b := openTab(t, r)
	id := r.place(t, order.Customer{ID: "c-42", Name: "Ada"}, "MUG-BLUE", 1, "GB")
	b.open("/executions/orderflow-OrderStateMachine/" + id)
	b.await("#live .facts .status", "succeeded")
	const shifts = `new Promise(done => { let sum = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value }).observe({type: "layout-shift", buffered: true}); setTimeout(() => done(sum), 1500) })`
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[float64](shifts, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	if got > 0.02 { // 0.1 is "good": https://web.dev/articles/cls
		t.Errorf("the layout shifts by %v", got)
	}
}

// place sends the form, and returns the order's ID.
func (b *tab) place() (orderID string) {
	b.t.Helper()
	b.click("#place form button.primary")
	b.await("#answer", "on its way")
	return value[string](b, `document.querySelector("#answer a.mono").textContent`)
}

// A page that is open while the program ends says that it has grown old.
func TestConsoleTellsThatItIsOld(t *testing.T) {
	t.Parallel()
	r := start(t)
	b := openTab(t, r)
	b.expect("ERR_")
	b.expect("Failed to fetch")
	b.open("/orders")
	b.place()
	b.await("#live .status", "confirmed")
	r.interrupt()
	b.await("#stale", "Not up to date")
}

// A tab that was opened in the background lets go of its connection once it
// has what it shows, and catches up when it is looked at.
func TestConsoleInTheBackground(t *testing.T) {
	t.Parallel()
	r := start(t)
	b := openTab(t, r)
	_, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `Object.defineProperty(document, "hidden", {configurable: true, value: true})`,
	})
	if err != nil {
		t.Fatal(err)
	}
	b.open("/stock")
	const asleep = `(s => s && s.attempt === 1 && s.reader === null)(document.querySelector("#live")._htmx?.sse)`
	if _, err := chromedp.Run(b.ctx, chromedp.Poll[bool](asleep)); err != nil {
		t.Fatalf("the stream goes on: %v", err)
	}
	r.place(t, order.Customer{ID: "c-42", Name: "Ada"}, "LAMP-LAST", 1, "GB")
	value[bool](b, `Object.defineProperty(document, "hidden", {value: false}); document.dispatchEvent(new Event("visibilitychange"))`)
	b.await("#sku-LAMP-LAST", "sold out")
}

// Whoever cancels too late, or what is not there, is told so.
func TestConsoleRefusesToCancel(t *testing.T) {
	t.Parallel()
	r := start(t)
	b := openTab(t, r)
	b.open("/orders")
	id := b.place()
	b.await("#o-"+id+" .status", "confirmed")
	for _, test := range []struct{ id, want string }{{id, "the order is decided already"}, {"nobody", "There is no such order"}} {
		resp, err := http.PostForm(r.aws+"/console/orders/"+test.id+"/cancel", nil) // the page as it was before
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(page), test.want) {
			t.Errorf("%s: %v, %s", test.id, err, page)
		}
	}
}
