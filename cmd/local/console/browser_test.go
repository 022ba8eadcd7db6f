package console_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A tab is one of a real Chromium, on the console of a running program. A
// console error, a failed request, and a request that leaves the program are
// failures of the test.
type tab struct {
	t   *testing.T
	ctx context.Context
	url string // of the console

	mu       sync.Mutex
	expected []string // parts of console errors that the test provokes
}

// patience is how long a test waits for one thing to happen on a page, on a
// machine that is busy with other tests.
const patience = time.Minute

// A browser is a Chromium that the tests share, each with a profile of its own.
type browser struct {
	ctx  context.Context
	none bool // there is no Chromium here
}

// chromium starts it, once.
var chromium = sync.OnceValues(func() (browser, error) {
	executable := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			executable = path
			break
		}
	}
	if executable == "" {
		return browser{none: true}, nil
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(executable), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
	}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-extensions"} {
		options = append(options, chromedp.Flag(name, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	ends = append(ends, func() { chromedp.Cancel(ctx); stop() })
	return browser{ctx: ctx}, chromedp.Do(ctx)
})

// openTab opens a tab, or skips the test where there is no Chromium.
func openTab(t *testing.T, r running) *tab {
	t.Helper()
	c, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	if c.none {
		t.Skip("there is no Chromium: apt-get install chromium, or let .ci/run do it")
	}
	ctx, cancel := context.WithTimeout(c.ctx, 5*time.Minute)
	t.Cleanup(cancel)
	ctx, _ = chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("the tab does not close: %v", err)
		}
	})
	b := &tab{t: t, ctx: ctx, url: r.aws + "/console"}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear fails the test for what nobody should hear from a page.
func (b *tab) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning || e.Type == runtime.ConsoleAPICalledTypeAssert {
			var args []string
			for _, a := range e.Args {
				args = append(args, string(a.Value)+a.Description)
			}
			b.complain("the page logs %s: %s", e.Type, strings.Join(args, " "))
		}
	case *runtime.EventExceptionThrown:
		b.complain("the page throws %s, %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception)
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			b.complain("the browser logs %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Scheme != "about" && !strings.HasPrefix(e.Request.URL, b.url+"/") {
			b.complain("a request leaves the program: %s", e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		b.complain("a dialog opens: %s", e.Message)
	}
}

func (b *tab) complain(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	for _, part := range b.expected {
		if strings.Contains(text, part) {
			return
		}
	}
	b.t.Errorf("%s", text)
}

// expect admits console errors that hold a text.
func (b *tab) expect(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expected = append(b.expected, part)
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	for _, step := range steps {
		if err := b.try(step); err != nil {
			b.t.Fatalf("%v\nthe page at %s:\n%s", err, b.location(), b.text("body"))
		}
	}
}

// try does a step, again where the page put another in the place of the
// element that the step had found, before it could do anything to it.
func (b *tab) try(step chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		err := chromedp.Do(ctx, step)
		var told *cdproto.Error
		if !errors.As(err, &told) || !slices.Contains(gone, told.Message) {
			return err
		}
	}
}

// gone are Chromium's words for an element that is in the page no more.
var gone = []string{
	"Could not find node with given id",
	"No node with given id found",
	"Node is detached from document",
	"Could not compute box model.",
	"Node does not have a layout object",
}

func (b *tab) open(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.url+path), chromedp.WaitReady("html"))
}

func (b *tab) click(selector string) {
	b.t.Helper()
	b.do(chromedp.Click(selector))
}

func (b *tab) location() string {
	u, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return u
}

// await waits until an element is there whose text holds a part.
func (b *tab) await(selector, part string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	holds := fmt.Sprintf(`[...document.querySelectorAll(%q)].some(e => e.textContent.includes(%q))`, selector, part)
	for {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](holds))
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			b.t.Fatalf("%s never holds %q: %v\nthe page at %s:\n%.4000s", selector, part, err, b.location(), b.text("body"))
		}
		// The page has given way to another meanwhile.
	}
}

// text is what an element holds, hidden parts too.
func (b *tab) text(selector string) string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](fmt.Sprintf(`document.querySelector(%q)?.textContent ?? ""`, selector)))
	if err != nil {
		return err.Error()
	}
	return text
}

// command sends one of the DevTools protocol.
func command[P any](b *tab, cmd cdp.Command[P, cdp.Empty], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, cmd, params); err != nil {
		b.t.Fatalf("%s: %v", cmd.Method, err)
	}
}

// value evaluates an expression in the page.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}
