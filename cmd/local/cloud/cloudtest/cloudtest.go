// Package cloudtest has a cloud for the tests of what runs in it: empty but
// for what the test creates, reached by the AWS SDK without a socket.
package cloudtest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"orderflow/cmd/local/carrier"
	"orderflow/cmd/local/cloud"
	"orderflow/cmd/local/cloud/iam"
	"orderflow/cmd/local/cloud/protocol"
)

const endpoint = "127.0.0.1:4566"

// CarrierURL is where the cloud's carrier answers.
const CarrierURL = "http://" + endpoint + "/carrier"

// RoleARN is a role that any service may take, and that may do everything.
const RoleARN = "arn:aws:iam::" + cloud.Account + ":role/test"

// A Cloud is a cloud that ends with its test.
type Cloud struct {
	*cloud.Cloud
	Carrier *carrier.Carrier

	t  testing.TB
	db *dynamodb.Client
}

// New is an empty cloud.
func New(t testing.TB) *Cloud {
	t.Helper()
	c := &Cloud{t: t, Carrier: carrier.New()}
	c.Cloud = cloud.New(cloud.Config{
		Endpoint:    endpoint,
		APIEndpoint: "127.0.0.1:8080",
		Neighbours:  map[string]http.Handler{"/carrier/": c.Carrier},
	})
	c.db = dynamodb.NewFromConfig(c.AWSConfig())
	t.Cleanup(func() { c.Cloud.Close(t.Context()) })
	c.createRole()
	return c
}

func (c *Cloud) createRole() {
	c.t.Helper()
	_, err := c.IAM.CreateRole(c.t.Context(), &iam.CreateRoleInput{RoleName: "test", AssumeRolePolicyDocument: `{"Version": "2012-10-17", "Statement": {
		"Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com", "scheduler.amazonaws.com"]}, "Action": "sts:AssumeRole"}}`})
	if err == nil {
		err = c.IAM.PutRolePolicy(c.t.Context(), &iam.PutRolePolicyInput{RoleName: "test", PolicyName: "Everything", PolicyDocument: `{
			"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`})
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// CreateTable makes a table with string keys: a hash key, and a range key or
// none.
func (c *Cloud) CreateTable(name, hash string, sort ...string) {
	c.t.Helper()
	in := &dynamodb.CreateTableInput{
		TableName:            &name,
		BillingMode:          types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: &hash, AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: &hash, KeyType: types.KeyTypeHash}},
	}
	for _, key := range sort {
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{AttributeName: &key, AttributeType: types.ScalarAttributeTypeS})
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{AttributeName: &key, KeyType: types.KeyTypeRange})
	}
	if _, err := c.db.CreateTable(c.t.Context(), in); err != nil {
		c.t.Fatal(err)
	}
}

// Expire lets a table's items expire at the epoch second in an attribute.
func (c *Cloud) Expire(table, attribute string) {
	c.t.Helper()
	if _, err := c.db.UpdateTimeToLive(c.t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               &table,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &attribute, Enabled: aws.Bool(true)},
	}); err != nil {
		c.t.Fatal(err)
	}
}

// Put writes an item, given as a map or as a struct with JSON tags.
func (c *Cloud) Put(table string, item any) {
	c.t.Helper()
	row, err := attributevalue.MarshalMapWithOptions(item, func(o *attributevalue.EncoderOptions) { o.TagKey = "json" })
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.db.PutItem(c.t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: row}); err != nil {
		c.t.Fatal(err)
	}
}

// Items are a table's items by the value of one of their attributes, a string.
func (c *Cloud) Items(table, by string) map[string]map[string]any {
	c.t.Helper()
	out, err := c.db.Scan(c.t.Context(), &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	if err != nil {
		c.t.Fatal(err)
	}
	items := map[string]map[string]any{}
	for _, row := range out.Items {
		var item map[string]any
		if err := attributevalue.UnmarshalMap(row, &item); err != nil {
			c.t.Fatal(err)
		}
		items[item[by].(string)] = item
	}
	return items
}

// A Fault is what goes wrong on the way to the cloud.
type Fault struct {
	// Action is the API action that it befalls ("TransactWriteItems"), or for
	// the carrier and S3 the HTTP method ("PUT").
	Action string

	// Times is how often, from the first call on. 0 is always.
	Times int

	// Status and Body are answered instead. Status 0 lets the call through.
	Status int
	Body   string

	// Before is called with the request's body before the call is answered.
	Before func(body string)

	// After is called when the call has been answered, by the fault or by the
	// cloud, and before its caller knows.
	After func()
}

// Faulty is the configuration of a client that meets faults.
func (c *Cloud) Faulty(faults ...Fault) aws.Config {
	cfg := c.AWSConfig()
	cfg.HTTPClient = &faulty{next: cfg.HTTPClient, faults: faults, met: make([]int, len(faults))}
	return cfg
}

type faulty struct {
	next   aws.HTTPClient
	faults []Fault

	mu  sync.Mutex
	met []int
}

func (f *faulty) Do(r *http.Request) (*http.Response, error) {
	_, action, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	if action == "" {
		action = r.Method
	}
	fault, ok := f.befalls(action)
	if !ok {
		return f.next.Do(r)
	}
	if fault.Before != nil {
		body, err := protocol.ReadBody(r)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		fault.Before(string(body))
	}
	if fault.After != nil {
		defer fault.After()
	}
	if fault.Status == 0 {
		return f.next.Do(r)
	}
	return &http.Response{
		StatusCode: fault.Status,
		Header:     http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:       io.NopCloser(strings.NewReader(fault.Body)),
		Request:    r,
	}, nil
}

// befalls is the fault that befalls a call of an action.
func (f *faulty) befalls(action string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, fault := range f.faults {
		if fault.Action == action && (fault.Times == 0 || f.met[i] < fault.Times) {
			f.met[i]++
			return fault, true
		}
	}
	return Fault{}, false
}
