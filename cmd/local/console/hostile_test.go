package console_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/chromedp/chromedp"
)

// What came from outside is shown, and never more than that.
func TestConsoleEscapes(t *testing.T) {
	t.Parallel()
	r := start(t)
	b := openTab(t, r)
	const hostile = `<img src=x onerror=alert(1)></pre></script><script>alert(2)</script>"'{{.}}`
	b.open("/orders")
	body := strings.ReplaceAll(value[string](b, `document.querySelector("#body").value`), `"Ada"`, mustJSON(hostile))
	b.do(chromedp.SetValue("#body", body))
	id := b.place()
	b.await("#o-"+id+" .status", "confirmed")
	b.await("#o-"+id, hostile)
	b.open("/orders/" + id)
	b.await("#live", hostile)
	b.open("/executions/orderflow-OrderStateMachine/" + id + "?state=PersistOrder")
	b.await("#state pre", "onerror=alert(1)")
	b.open("/mail")
	b.await(".mails", id)
	b.click(".mails a")
	b.await("article pre", "onerror=alert(1)")
	b.open("/orders?" + url.Values{"text": {hostile}, "status": {hostile}}.Encode())
	b.await("#o-"+id, hostile) // the customer's name is found
	if got := value[string](b, `document.querySelector("#text").value`); got != hostile {
		t.Errorf("the search field holds %q", got)
	}
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// A page of another site, or one whose name was made to point here, changes
// nothing and reads nothing.
func TestConsoleIsForThisMachine(t *testing.T) {
	r := start(t)
	for _, test := range []struct {
		name, method, path string
		header             map[string]string
		want               int
	}{
		{"a person", "POST", "/stock", map[string]string{"Origin": r.aws, "Sec-Fetch-Site": "same-origin"}, http.StatusSeeOther},
		{"a script", "POST", "/stock", nil, http.StatusSeeOther},
		{"another site's form", "POST", "/stock", map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		{"another site's form in an old browser", "POST", "/stock", map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
		{"another port's form", "POST", "/stock", map[string]string{"Origin": "http://127.0.0.1:9", "Sec-Fetch-Site": "same-site"}, http.StatusForbidden},
		{"a name that points here", "GET", "/orders", map[string]string{"Host": "evil.example"}, http.StatusMisdirectedRequest},
		{"a name that points here, posting", "POST", "/stock", map[string]string{"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}, http.StatusMisdirectedRequest},
		{"localhost", "GET", "/orders", map[string]string{"Host": "localhost:4566"}, http.StatusOK},
	} {
		t.Run(test.name, func(t *testing.T) {
			form := strings.NewReader(url.Values{"sku": {"MUG-BLUE"}, "units": {"1"}, "do": {"add"}}.Encode())
			req, err := http.NewRequestWithContext(t.Context(), test.method, r.aws+"/console"+test.path, form)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for name, value := range test.header {
				req.Header.Set(name, value)
			}
			req.Host = test.header["Host"]
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != test.want {
				t.Errorf("answers %s, want %d", resp.Status, test.want)
			}
		})
	}
	if got := r.stock(t, "MUG-BLUE"); got != 502 {
		t.Errorf("MUG-BLUE is stocked %d times, want 502: the 500 of the catalogue and 2 that were let in", got)
	}
}

func (r running) stock(t *testing.T, sku string) (n int) {
	t.Helper()
	out, err := dynamodb.NewFromConfig(r.config()).GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: aws.String("orderflow-StockTable"), Key: map[string]types.AttributeValue{"sku": &types.AttributeValueMemberS{Value: sku}},
	})
	if err == nil {
		err = attributevalue.Unmarshal(out.Item["stocked"], &n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A form beyond the limit changes nothing, and neither does it pass for an
// empty one.
func TestConsoleLimitsForms(t *testing.T) {
	r := startNoisily(t, new(bytes.Buffer), "-chaos", "duplicate=1")
	huge := strings.Repeat("x", 1<<20)
	for _, path := range []string{"/faults", "/orders", "/stock", "/queues/shipment/redrive"} {
		resp, err := http.PostForm(r.aws+"/console"+path, url.Values{"body": {huge}})
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("POST %s answers %s", path, resp.Status)
		}
	}
	resp, err := http.Get(r.aws + "/console/faults")
	if err != nil {
		t.Fatal(err)
	}
	page, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || !strings.Contains(string(page), "Faults are happening") {
		t.Errorf("the faults: %v, %s", err, page)
	}
}
