package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// TestKeptByItsOwner: with everything chosen otherwise that the parameters under
// "Keeping" leave to the deployer, the stack comes up and carries an order.
func TestKeptByItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := newSystem(t.Context(), systemConfig{
			api: "127.0.0.1:8080", aws: "127.0.0.1:4566",
			products: []product{{sku: "MUG-BLUE", name: "Blue mug", unitPrice: 1250, currency: "GBP", weightGrams: 350, stocked: 10}},
			parameters: map[string]string{
				"Stage":                  "production",
				"CustomerManagedKey":     "yes",
				"LogRetentionDays":       "365",
				"StateMachineLogLevel":   "ALL",
				"StateMachineLogData":    "yes",
				"AnalyticsRetentionDays": "400",
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(context.WithoutCancel(t.Context()))
		orderID := post(t, s, 0)
		<-time.After(time.Minute)
		synctest.Wait()
		told, err := dynamodb.NewFromConfig(s.cloud.AWSConfig()).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String(s.stack.Outputs["NotificationsTable"])})
		if err != nil || told.Count != 2 {
			t.Errorf("order %s: the customer was told %d times, want that it was placed and confirmed: %v", orderID, told.Count, err)
		}

		const key = "arn:aws:kms:us-east-1:000000000000:key/orderflow-DataKey"
		table, err := dynamodb.NewFromConfig(s.cloud.AWSConfig()).DescribeTable(t.Context(), &dynamodb.DescribeTableInput{TableName: aws.String(s.stack.Outputs["OrdersTable"])})
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToString(table.Table.SSEDescription.KMSMasterKeyArn); got != key || !*table.Table.DeletionProtectionEnabled {
			t.Errorf("orders are encrypted under %q, and protected: %t", got, *table.Table.DeletionProtectionEnabled)
		}
		queue, err := sqs.NewFromConfig(s.cloud.AWSConfig()).GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: aws.String(s.stack.Outputs["ShipmentDeadLetterQueue"]), AttributeNames: []types.QueueAttributeName{"KmsMasterKeyId", "SqsManagedSseEnabled"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := queue.Attributes["KmsMasterKeyId"]; got != key || queue.Attributes["SqsManagedSseEnabled"] != "false" {
			t.Errorf("dead letters are encrypted under %q: %v", got, queue.Attributes)
		}
	})
}
