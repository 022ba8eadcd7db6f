package sqs_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// Forms as clients from before November 2023 post them, in the order of a
// queue's life. IDs and receipt handles in answers are written as ID; RECEIPT
// in a form is the handle that was received last.
func TestQueryProtocol(t *testing.T) {
	const (
		url   = "QueueUrl=http%3A%2F%2F127.0.0.1%3A4566%2F000000000000%2Fq"
		hello = "<MessageId>ID</MessageId><MD5OfMessageBody>5d41402abc4b2a76b9719d911017c592</MD5OfMessageBody>"
		typed = "<MD5OfMessageAttributes>0de0eb72faec2410a9a8f95bff46dc2f</MD5OfMessageAttributes>"
	)
	h := newService(t).Handler()
	receipt := ""
	for _, test := range []struct {
		name, action, path, form string
		status                   int    // 0 for 200
		want                     string // the result's content, or a part of the error
	}{
		{name: "create", action: "CreateQueue", form: "QueueName=q&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=40&Tag.1.Key=team&Tag.1.Value=orders",
			want: "<QueueUrl>http://127.0.0.1:4566/000000000000/q</QueueUrl>"},
		{name: "find", action: "GetQueueUrl", form: "QueueName=q", want: "<QueueUrl>http://127.0.0.1:4566/000000000000/q</QueueUrl>"},
		{name: "list", action: "ListQueues", form: "MaxResults=10", want: "<QueueUrl>http://127.0.0.1:4566/000000000000/q</QueueUrl>"},
		{name: "set attributes", action: "SetQueueAttributes", form: url + "&Attribute.1.Name=DelaySeconds&Attribute.1.Value=0&Attribute.2.Name=VisibilityTimeout&Attribute.2.Value=50"},
		{name: "attributes", action: "GetQueueAttributes", form: url + "&AttributeName.1=VisibilityTimeout&AttributeName.2=DelaySeconds",
			want: "<Attribute><Name>DelaySeconds</Name><Value>0</Value></Attribute><Attribute><Name>VisibilityTimeout</Name><Value>50</Value></Attribute>"},
		{name: "no attributes", action: "GetQueueAttributes", form: url + "&AttributeNames="},
		{name: "tag", action: "TagQueue", form: url + "&Tag.1.Key=a%26b&Tag.1.Value=%3C"},
		{name: "tags", action: "ListQueueTags", form: url, want: "<Tag><Key>a&amp;b</Key><Value>&lt;</Value></Tag><Tag><Key>team</Key><Value>orders</Value></Tag>"},
		{name: "untag", action: "UntagQueue", form: url + "&TagKey.1=a%26b&TagKey.2=team"},
		{name: "no tags", action: "ListQueueTags", form: url},
		{name: "sources", action: "ListDeadLetterSourceQueues", form: url},

		{name: "receive nothing", action: "ReceiveMessage", form: url},
		{name: "send", action: "SendMessage", form: url + "&MessageBody=hello&DelaySeconds=0" +
			"&MessageAttribute.1.Name=type&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=x" +
			"&MessageSystemAttribute.1.Name=AWSTraceHeader&MessageSystemAttribute.1.Value.DataType=String&MessageSystemAttribute.1.Value.StringValue=Root%3D1",
			want: hello + typed + "<MD5OfMessageSystemAttributes>d6619b3d47b81d3fc72c0db005a70eda</MD5OfMessageSystemAttributes>"},
		{name: "receive", action: "ReceiveMessage", form: url + "&MaxNumberOfMessages=10&VisibilityTimeout=20&WaitTimeSeconds=0&AttributeName.1=AWSTraceHeader&MessageAttributeName.1=type",
			want: "<Message><MessageId>ID</MessageId><ReceiptHandle>ID</ReceiptHandle><MD5OfBody>5d41402abc4b2a76b9719d911017c592</MD5OfBody><Body>hello</Body>" +
				"<Attribute><Name>AWSTraceHeader</Name><Value>Root=1</Value></Attribute>" + typed +
				"<MessageAttribute><Name>type</Name><Value><DataType>String</DataType><StringValue>x</StringValue></Value></MessageAttribute></Message>"},
		{name: "let go", action: "ChangeMessageVisibility", form: url + "&ReceiptHandle=RECEIPT&VisibilityTimeout=0"},
		{name: "receive by the URL's path", action: "ReceiveMessage", path: "/000000000000/q", form: "MessageSystemAttributeName.1=ApproximateReceiveCount",
			want: "<Message><MessageId>ID</MessageId><ReceiptHandle>ID</ReceiptHandle><MD5OfBody>5d41402abc4b2a76b9719d911017c592</MD5OfBody><Body>hello</Body>" +
				"<Attribute><Name>ApproximateReceiveCount</Name><Value>2</Value></Attribute></Message>"},
		{name: "delete", action: "DeleteMessage", form: url + "&ReceiptHandle=RECEIPT"},

		{name: "send a batch", action: "SendMessageBatch", form: url + "&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=hello" +
			"&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=type&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType=Binary&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=AgME" +
			"&SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=hello&SendMessageBatchRequestEntry.2.DelaySeconds=901",
			want: "<SendMessageBatchResultEntry><Id>a</Id>" + hello + "<MD5OfMessageAttributes>735b20b5ea4d5aef348a481aa1803090</MD5OfMessageAttributes></SendMessageBatchResultEntry>" +
				"<BatchResultErrorEntry><Id>b</Id><Code>InvalidParameterValue</Code><Message>M</Message><SenderFault>true</SenderFault></BatchResultErrorEntry>"},
		{name: "receive a binary attribute", action: "ReceiveMessage", form: url + "&MessageAttributeName.1=All",
			want: "<Message><MessageId>ID</MessageId><ReceiptHandle>ID</ReceiptHandle><MD5OfBody>5d41402abc4b2a76b9719d911017c592</MD5OfBody><Body>hello</Body>" +
				"<MD5OfMessageAttributes>735b20b5ea4d5aef348a481aa1803090</MD5OfMessageAttributes>" +
				"<MessageAttribute><Name>type</Name><Value><DataType>Binary</DataType><BinaryValue>AgME</BinaryValue></Value></MessageAttribute></Message>"},
		{name: "let a batch go", action: "ChangeMessageVisibilityBatch", form: url + "&ChangeMessageVisibilityBatchRequestEntry.1.Id=a&ChangeMessageVisibilityBatchRequestEntry.1.ReceiptHandle=RECEIPT&ChangeMessageVisibilityBatchRequestEntry.1.VisibilityTimeout=5",
			want: "<ChangeMessageVisibilityBatchResultEntry><Id>a</Id></ChangeMessageVisibilityBatchResultEntry>"},
		{name: "delete a batch", action: "DeleteMessageBatch", form: url + "&DeleteMessageBatchRequestEntry.1.Id=a&DeleteMessageBatchRequestEntry.1.ReceiptHandle=RECEIPT",
			want: "<DeleteMessageBatchResultEntry><Id>a</Id></DeleteMessageBatchResultEntry>"},
		{name: "empty batch", action: "DeleteMessageBatch", form: url + "&Entries=", status: 400, want: "<Code>AWS.SimpleQueueService.EmptyBatchRequest</Code>"},
		{name: "another action's batch", action: "DeleteMessageBatch", form: url + "&SendMessageBatchRequestEntry.1.Id=a", status: 400, want: "parameter &#34;SendMessageBatchRequestEntry&#34; is not supported"},

		{name: "no such queue", action: "ReceiveMessage", path: "/000000000000/none", status: 400,
			want: "<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code><Message>The specified queue does not exist.</Message>"},
		{name: "no queue", action: "ReceiveMessage", status: 400, want: "<Code>MissingParameter</Code>"},
		{name: "unknown parameter", action: "SendMessage", form: url + "&MessageBody=hello&MessageGroupId=g", status: 400, want: "parameter &#34;MessageGroupId&#34; is not supported by the local cloud"},
		{name: "not a number", action: "ReceiveMessage", form: url + "&MaxNumberOfMessages=ten", status: 400, want: "MaxNumberOfMessages"},
		{name: "a list with gaps", action: "GetQueueAttributes", form: url + "&AttributeName.2=All", status: 400, want: "the members of &#34;AttributeName&#34; are not numbered from 1"},
		{name: "half an attribute", action: "SetQueueAttributes", form: url + "&Attribute.1.Name=DelaySeconds", status: 400, want: "entry 1 of &#34;Attribute&#34; is not a key and a value"},
		{name: "unsupported action", action: "AddPermission", form: url + "&Label=x", status: 400, want: "<Code>InvalidAction</Code><Message>action &#34;AddPermission&#34; is not supported by the local cloud</Message>"},

		{name: "purge", action: "PurgeQueue", path: "/000000000000/q"},
		{name: "delete the queue", action: "DeleteQueue", path: "/000000000000/q"},
		{name: "list none", action: "ListQueues"},
	} {
		form := strings.ReplaceAll("Action="+test.action+"&Version=2012-11-05&"+test.form, "RECEIPT", receipt)
		status, body := postForm(h, test.path, form)
		if m := regexp.MustCompile("<ReceiptHandle>(.*?)<").FindStringSubmatch(body); m != nil {
			receipt = strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(m[1])
		}
		if test.status != 0 {
			if status != test.status || !strings.HasPrefix(body, "<ErrorResponse ") || !strings.Contains(body, test.want) {
				t.Errorf("%s: %d\ngot  %s\nwant %s", test.name, status, body, test.want)
			}
			continue
		}
		want := "<" + test.action + `Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><` + test.action + "Result>" + test.want + "</" + test.action + "Result>" +
			"<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></" + test.action + "Response>"
		got := regexp.MustCompile("<(MessageId|ReceiptHandle|RequestId)>[^<]+").ReplaceAllString(body, "<$1>ID")
		got = regexp.MustCompile("<Message>[^<]+<").ReplaceAllString(got, "<Message>M<")
		if status != http.StatusOK || got != want {
			t.Errorf("%s: %d\ngot  %s\nwant %s", test.name, status, got, want)
		}
	}
}

// The action may stand in the URL, as the oldest clients put it.
func TestQueryProtocolByGet(t *testing.T) {
	h := newService(t).Handler()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/?Action=CreateQueue&Version=2012-11-05&QueueName=q", nil))
	if want := "<QueueUrl>http://127.0.0.1:4566/000000000000/q</QueueUrl>"; w.Code != http.StatusOK || !strings.Contains(w.Body.String(), want) {
		t.Errorf("%d %s, want %s", w.Code, w.Body, want)
	}
}

func postForm(h http.Handler, path, form string) (status int, body string) {
	if path == "" {
		path = "/"
	}
	r := httptest.NewRequest("POST", path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
