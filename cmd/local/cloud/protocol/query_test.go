package protocol_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"orderflow/cmd/local/cloud/protocol"
)

type queryIn struct {
	Name       string
	Subject    *string
	Attributes map[string]string
	Tags       []struct{ Key, Value string }
	Typed      map[string]struct {
		DataType    string
		BinaryValue []byte
	}
	Entries []struct {
		Id         string
		Attributes map[string]struct{ DataType string }
	}
	Names []string
}

type queryOut struct {
	Hidden string `json:"-"`
	Text   string
	Number int
	Yes    bool
	Bytes  []byte
	List   []struct{ Id string }
	Map    map[string]string
	None   string            `json:",omitempty"`
	Empty  []string          `json:",omitempty"`
	Zero   map[string]string `json:"zero,omitempty"`
}

// Forms become the JSON of the same input.
func TestQueryForm(t *testing.T) {
	for _, test := range []struct{ name, form, want string }{
		{"nothing", "", `{"Name":""}`},
		{"strings", "Name=a%20b%26%22&Subject=", `{"Name":"a b&\"","Subject":""}`},
		{"a map", "Attributes.entry.1.key=b&Attributes.entry.1.value=2&Attributes.entry.2.key=a&Attributes.entry.2.value=", `{"Name":"","Attributes":{"a":"","b":"2"}}`},
		{"an empty map and list", "Attributes=&Tags=", `{"Name":""}`},
		{"structures", "Tags.member.2.Key=d&Tags.member.1.Key=a&Tags.member.1.Value=b", `{"Name":"","Tags":[{"Key":"a","Value":"b"},{"Key":"d","Value":""}]}`},
		{"a map of structures", "Typed.entry.1.Name=x&Typed.entry.1.Value.DataType=Binary&Typed.entry.1.Value.BinaryValue=AgME", `{"Name":"","Typed":{"x":{"DataType":"Binary","BinaryValue":"AgME"}}}`},
		{"maps in lists", "Entries.member.1.Id=1&Entries.member.1.Attributes.entry.1.Name=t&Entries.member.1.Attributes.entry.1.Value.DataType=String", `{"Name":"","Entries":[{"Id":"1","Attributes":{"t":{"DataType":"String"}}}]}`},
		{"ten in order", "Names.member.10=j&Names.member.1=a&Names.member.2=b&Names.member.3=c&Names.member.4=d&Names.member.5=e&Names.member.6=f&Names.member.7=g&Names.member.8=h&Names.member.9=i", `{"Name":"","Names":["a","b","c","d","e","f","g","h","i","j"]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got *queryIn
			h := protocol.Query("urn:test", protocol.Actions{"Try": protocol.Do(func(_ context.Context, in *queryIn) (*queryOut, error) {
				got = in
				return new(queryOut), nil
			})}, "Attributes", "Tags")
			if status, body := post(h, "Action=Try&Version=1&"+test.form); status != 200 {
				t.Fatalf("%d %s", status, body)
			}
			var want queryIn
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(want)
			if string(a) != string(b) {
				t.Errorf("got  %s\nwant %s", a, b)
			}
		})
	}
}

func TestQueryErrors(t *testing.T) {
	h := protocol.Query("urn:test", protocol.Actions{
		"Try":    protocol.Do(func(context.Context, *queryIn) (*queryOut, error) { return new(queryOut), nil }),
		"Refuse": protocol.Do(func(context.Context, *queryIn) (*queryOut, error) { return nil, notFound }),
		"Break":  protocol.Do(func(context.Context, *queryIn) (*queryOut, error) { return nil, io.ErrUnexpectedEOF }),
	}, "Attributes")
	for _, test := range []struct {
		form   string
		status int
		want   string
	}{
		{"Action=Refuse", 404, "<Type>Sender</Type><Code>NotFound</Code><Message>Topic &lt;x&gt; does not exist</Message>"},
		{"Action=Break", 500, "<Type>Receiver</Type><Code>InternalFailure</Code><Message>unexpected EOF</Message>"},
		{"Action=Nothing", 400, "<Code>InvalidAction</Code><Message>action &#34;Nothing&#34; is not supported by the local cloud</Message>"},
		{"", 400, "<Code>InvalidAction</Code>"},
		{"Action=Try&Colour=blue", 400, "<Code>ValidationException</Code><Message>parameter &#34;Colour&#34; is not supported by the local cloud</Message>"},
		{"Action=Try&Tags.member.1.Colour=blue", 400, "parameter &#34;Colour&#34; is not supported"},
		{"Action=Try&Name.member.1=x", 400, "<Code>SerializationException</Code>"},
		{"Action=Try&Name=x&Name=y", 400, "<Code>MalformedQueryString</Code>"},
		{"Action=Try&Name=x&Name.y=z", 400, "<Code>MalformedQueryString</Code>"},
		{"Action=Try&Name.y=z&Name=x", 400, "<Code>MalformedQueryString</Code>"},
		{"Action=Try&Names..x=1", 400, "<Code>MalformedQueryString</Code>"},
		{"Action=Try&Names.member.2=x", 400, "not numbered from 1"},
		{"Action=Try&Names.member.0=x", 400, "not numbered from 1"},
		{"Action=Try&Names.member.01=x&Names.member.1=y", 400, "not numbered from 1"},
		{"Action=Try&Attributes.entry.1.key=x", 400, "not a key and a value"},
		{"Action=Try&Attributes.entry.1.key=x&Attributes.entry.1.value=1&Attributes.entry.2.key=x&Attributes.entry.2.value=2", 400, "two entries"},
		{"Action=Try&" + strings.Repeat("a.", 20) + "a=1", 400, "nested too deeply"},
		{"Action=Try&%zz=1", 400, "<Code>MalformedQueryString</Code>"},
	} {
		status, body := post(h, test.form)
		if status != test.status || !strings.Contains(body, test.want) || !strings.HasPrefix(body, `<ErrorResponse xmlns="urn:test"><Error>`) {
			t.Errorf("%s: %d %s", test.form, status, body)
		}
	}
}

var notFound = &protocol.Error{Code: "NotFound", Message: "Topic <x> does not exist", Status: 404}

func TestQueryAnswer(t *testing.T) {
	out := &queryOut{
		Text: "a<b>&\"c\"\n", Number: 7, Yes: true, Bytes: []byte{2, 3, 4},
		List: []struct{ Id string }{{"1"}, {"2"}}, Map: map[string]string{"b": "2", "a": "1"},
	}
	h := protocol.Query("urn:test", protocol.Actions{
		"Try":   protocol.Do(func(context.Context, *queryIn) (*queryOut, error) { return out, nil }),
		"Empty": protocol.Do(func(context.Context, *queryIn) (*struct{}, error) { return new(struct{}), nil }),
	})
	const metadata = "<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata>"
	for action, want := range map[string]string{
		"Try": `<TryResponse xmlns="urn:test"><TryResult><Text>a&lt;b&gt;&amp;&#34;c&#34;&#xA;</Text><Number>7</Number><Yes>true</Yes><Bytes>AgME</Bytes>` +
			`<List><member><Id>1</Id></member><member><Id>2</Id></member></List>` +
			`<Map><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></Map></TryResult>` + metadata + `</TryResponse>`,
		"Empty": `<EmptyResponse xmlns="urn:test"><EmptyResult></EmptyResult>` + metadata + `</EmptyResponse>`,
	} {
		status, body := post(h, "Action="+action)
		body = regexp.MustCompile(`<RequestId>[-0-9a-f]{36}<`).ReplaceAllString(body, "<RequestId>ID<")
		if status != 200 || body != want {
			t.Errorf("%d\ngot  %s\nwant %s", status, body, want)
		}
	}
}

func FuzzQuery(f *testing.F) {
	f.Add("Action=Try&Attributes.entry.1.key=b&Attributes.entry.1.value=2")
	f.Add("Action=Try&Entries.member.1.Attributes.entry.1.Name=t&Entries.member.1.Attributes.entry.1.Value.DataType=String")
	h := protocol.Query("urn:test", protocol.Actions{"Try": protocol.Do(func(_ context.Context, in *queryIn) (*queryOut, error) {
		return &queryOut{Text: in.Name, Map: in.Attributes}, nil
	})}, "Attributes")
	f.Fuzz(func(t *testing.T, form string) {
		if status, body := post(h, form); status >= 500 {
			t.Errorf("%d %s", status, body)
		}
	})
}

func post(h http.Handler, form string) (status int, body string) {
	r := httptest.NewRequest("POST", "/", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
