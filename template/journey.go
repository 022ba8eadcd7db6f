package template

import (
	"encoding/json"

	"orderflow/lambdas/metric"
	"orderflow/statemachine"

	"github.com/awslabs/goformation/v7/cloudformation/dynamodb"
	"github.com/awslabs/goformation/v7/cloudformation/sns"
	"github.com/awslabs/goformation/v7/cloudformation/stepfunctions"
	"github.com/awslabs/goformation/v7/cloudformation/xray"
)

const (
	orderStateMachine    = "OrderStateMachine"
	stateMachineRole     = "OrderStateMachineRole"
	stateMachineLogGroup = "OrderStateMachineLogGroup"
	validationFunction   = "ValidationFunction"
	catalogueTable       = "CatalogueTable"
	ordersTable          = "OrdersTable"
	customerIndex        = "customer" // of OrdersTable
	ordersTopic          = "OrdersTopic"

	stateMachineName = "${AWS::StackName}-" + orderStateMachine
	stateMachineARN  = "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:" + stateMachineName

	// A validation answers in a fraction of this; ValidateOrder gives up after 30 s.
	validationTimeoutSeconds = 10
)

// journey is the state machine with what it works on: the orders, and the
// catalogue that prices them.
func journey() []Resource {
	validation := function{
		capability: "validation",
		does:       "Checks an order against the catalogue and prices it.",
		seconds:    validationTimeoutSeconds,
		failing:    "New orders wait: each tries again for half an hour or more, and fails then.",
		refuses:    metric.InvalidOrders,
		atOnce:     apiConcurrency,
		byVersion:  true,
		env:        map[string]string{"CATALOGUE_TABLE": Ref(catalogueTable), metric.NamespaceVariable: Ref("AWS::StackName")},
		allowed: []Statement{
			Allow(GetAtt(catalogueTable, "Arn"), "dynamodb:BatchGetItem").
				OnlyAttributes("sku", "name", "unitPrice", "currency", "weightGrams").Projected(),
		},
	}
	return append([]Resource{
		{ID: orderStateMachine, Body: stateMachine()},
		{ID: stateMachineVersion, Body: currentVersion()},
		{ID: stateMachineAlias, Body: currentAlias()},
		role(stateMachineRole, "What "+orderStateMachine+" may do.",
			trustService("states.amazonaws.com").actingFor(Sub(stateMachineARN), Sub(stateMachineARN+":*")),
			invokeVersions(validationFunction),
			Allow(GetAtt(ordersTable, "Arn"), "dynamodb:GetItem").
				OnlyAttributes("orderId", "status", "failure", "decidedAt").Projected(),
			Allow(GetAtt(ordersTable, "Arn"), "dynamodb:PutItem").
				OnlyAttributes("orderId", "status", "customerId", "customer", "shippingAddress", "lines", "total", "createdAt", "fingerprint").ReturningNothing(),
			Allow(GetAtt(ordersTable, "Arn"), "dynamodb:UpdateItem").
				OnlyAttributes("orderId", "status", "reservation", "shipment", "failure", "decidedAt",
					"customerId", "customer", "shippingAddress", "items", "createdAt", "fingerprint").ReturningNothing(),
			Allow(Ref(ordersTopic), "sns:Publish"),
			deliverLogs(),
			sampleTraces(),
		),
		logGroup(stateMachineLogGroup, "/aws/vendedlogs/states/${AWS::StackName}"),
		tableWithIndexes(ordersTable, "Orders, by orderId; index customer, by customerId and createdAt.",
			[]string{"orderId"},
			[]dynamodb.Table_GlobalSecondaryIndex{{
				IndexName:  customerIndex,
				KeySchema:  keySchema([]string{"customerId", "createdAt"}),
				Projection: &dynamodb.Table_Projection{ProjectionType: new("KEYS_ONLY")},
			}}),
		Table(catalogueTable, "What can be ordered, and at what price, by sku.", "sku"),
	}, validation.resources()...)
}

// stateMachine is CloudFormation's and not SAM's, whose type lets no encryption
// through: https://github.com/aws/serverless-application-model/issues/3925.
// sam build and sam deploy treat the file with its definition alike.
func stateMachine() json.Marshaler {
	return with(stepfunctions.StateMachine{
		StateMachineName: new(Sub(stateMachineName)), // so that its role can name it
		StateMachineType: new("STANDARD"),
		DefinitionSubstitutions: map[string]any{
			statemachine.SubstituteValidationFunction:     Ref(validationFunction + ".Version"),
			statemachine.SubstituteOrdersTable:            Ref(ordersTable),
			statemachine.SubstituteOrdersTopic:            Ref(ordersTopic),
			statemachine.SubstituteCallbackTimeoutSeconds: Ref(callbackTimeoutSeconds),
		},
		RoleArn:              GetAtt(stateMachineRole, "Arn"),
		TracingConfiguration: &stepfunctions.StateMachine_TracingConfiguration{Enabled: new(true)},
		LoggingConfiguration: &stepfunctions.StateMachine_LoggingConfiguration{
			Level: new(Ref(stateMachineLogLevel)),
			Destinations: []stepfunctions.StateMachine_LogDestination{{
				CloudWatchLogsLogGroup: &stepfunctions.StateMachine_CloudWatchLogsLogGroup{
					LogGroupArn: new(GetAtt(stateMachineLogGroup, "Arn")),
				},
			}},
		},
	}, map[string]any{
		"DefinitionS3Location": "../statemachine/order.asl.json", // where sam deploy puts it
		"EncryptionConfiguration": encrypted(
			map[string]any{"Type": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": GetAtt(dataKey, "Arn")},
			map[string]any{"Type": "AWS_OWNED_KEY"},
		),
		"LoggingConfiguration": map[string]any{
			"IncludeExecutionData": choose(logsExecutionData, true, false),
		},
	})
}

// deliverLogs is what Step Functions needs to set up its log. CloudWatch Logs
// knows no resources for these actions, so they are allowed on all.
// https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
func deliverLogs() Statement {
	return Allow("*",
		"logs:CreateLogDelivery",
		"logs:GetLogDelivery",
		"logs:UpdateLogDelivery",
		"logs:DeleteLogDelivery",
		"logs:ListLogDeliveries",
		"logs:PutResourcePolicy",
		"logs:DescribeResourcePolicies",
		"logs:DescribeLogGroups",
	)
}

// sampleTraces is what Step Functions needs to trace executions: it decides by
// itself which.
// https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html
func sampleTraces() Statement {
	traces := writeTraces()
	traces.Action = append(traces.Action, "xray:GetSamplingRules", "xray:GetSamplingTargets")
	return traces
}

// topic is where the state machine announces; consumers subscribe by themselves.
// Its policy takes the place of the one that SNS gives a topic, by which
// everybody in the account may publish: now only whom their own policies admit.
// It can deny by plain HTTP what can be published alone.
// https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html
func topic() []Resource {
	return []Resource{
		{ID: ordersTopic, Body: sns.Topic{
			DisplayName:    new("Orders"),
			KmsMasterKeyId: new(encrypted(GetAtt(dataKey, "Arn"), "alias/aws/sns")),
			TracingConfig:  new("Active"),
		}},
		{ID: ordersTopic + "Policy", Body: sns.TopicPolicy{
			Topics:         []string{Ref(ordersTopic)},
			PolicyDocument: policy(denyPlainHTTP("sns:Publish", Ref(ordersTopic))),
		}},
		{ID: ordersTopic + "TracingPolicy", Body: xray.ResourcePolicy{
			PolicyName:     Sub("${AWS::StackName}-${AWS::Region}-topic"), // one for the account
			PolicyDocument: Sub(traceDeliveries),
		}},
	}
}

// traceDeliveries lets our topic send segments; X-Ray takes a text. Without it
// they are lost, and nobody is told.
// https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
const traceDeliveries = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, ` +
	`"Action": ["xray:PutTraceSegments", "xray:GetSamplingRules", "xray:GetSamplingTargets"], "Resource": "*", ` +
	`"Condition": {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}, "StringLike": {"aws:SourceArn": "${OrdersTopic}"}}}]}`
