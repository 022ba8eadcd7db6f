package template

import (
	"strconv"

	"orderflow/lambdas/metric"

	"github.com/awslabs/goformation/v7/cloudformation/scheduler"
)

const (
	reconciliationFunction = "ReconciliationFunction"
	runSchedule            = "ReconciliationRunSchedule" // its rate is the parameter ReconciliationSchedule
	runScheduleRole        = "ReconciliationRunScheduleRole"

	// As long as Lambda allows: a run reads every order there is.
	reconciliationTimeoutSeconds = 900

	// Messages that are received five times take longer, but they are not lost:
	// what is announced twice does no harm.
	graceSeconds = 15 * 60

	// A run that cannot be begun for half an hour may as well be the next one.
	scheduleRetries       = 5
	scheduleMaxAgeSeconds = 30 * 60
	scheduleWindowMinutes = 15
)

// reconcile is what looks for what should not exist, at a rate. It reads what
// inventory and shipment own, and writes nothing but decisions of orders.
func reconcile() []Resource {
	handler := function{
		capability: "reconciliation",
		does:       "Finds what should not exist and repairs it.",
		seconds:    reconciliationTimeoutSeconds,
		failing:    "Orders that were lost stay lost until a run succeeds.",
		env: map[string]string{
			metric.NamespaceVariable: Ref("AWS::StackName"),

			"ORDERS_TABLE":       Ref(ordersTable),
			"RESERVATIONS_TABLE": Ref("ReservationsTable"),
			"SHIPMENTS_TABLE":    Ref("ShipmentsTable"),
			"STOCK_TABLE":        Ref("StockTable"),
			"ORDERS_TOPIC_ARN":   Ref(ordersTopic),
			"STATE_MACHINE_ARN":  Ref(orderStateMachine),
			"GRACE_SECONDS":      strconv.Itoa(graceSeconds),
		},
		allowed: []Statement{
			// Nothing personal.
			Allow(GetAtt(ordersTable, "Arn"), "dynamodb:Scan", "dynamodb:BatchGetItem").
				OnlyAttributes("orderId", "status", "createdAt", "decidedAt", "lines", "total", "reservation", "shipment", "failure").Projected(),
			Allow(GetAtt(ordersTable, "Arn"), "dynamodb:UpdateItem").
				OnlyAttributes("orderId", "status", "failure", "decidedAt").ReturningNothing(),
			Allow(GetAtt("ReservationsTable", "Arn"), "dynamodb:Scan", "dynamodb:BatchGetItem").
				OnlyAttributes("orderId", "status", "reservedAt").Projected(),
			Allow(GetAtt("ShipmentsTable", "Arn"), "dynamodb:Scan", "dynamodb:BatchGetItem").
				OnlyAttributes("orderId", "status", "bookedAt").Projected(),
			Allow(GetAtt("StockTable", "Arn"), "dynamodb:Scan").
				OnlyAttributes("sku", "stocked", "available", "reserved", "committed").Projected(),
			Allow(executionsOf(orderStateMachine), "states:DescribeExecution"),
			Allow(Ref(ordersTopic), "sns:Publish"),
		},
	}
	return append(handler.resources(),
		Resource{ID: runSchedule, Body: schedule(reconciliationFunction)},
		role(runScheduleRole, "What "+runSchedule+" may do.",
			// Of schedules IAM is told the group alone.
			// https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
			trustService("scheduler.amazonaws.com").actingFor(
				Sub("arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default")),
			invokeReleased(reconciliationFunction),
		),
	)
}

// schedule invokes a function. It has no dead-letter queue: what one run would
// have found the next one finds.
func schedule(function string) scheduler.Schedule {
	return scheduler.Schedule{
		Description:        new("Looks for what should not exist."),
		ScheduleExpression: Ref(reconciliationRate),
		State:              new("ENABLED"),
		FlexibleTimeWindow: &scheduler.Schedule_FlexibleTimeWindow{
			Mode:                   "FLEXIBLE",
			MaximumWindowInMinutes: new(float64(scheduleWindowMinutes)),
		},
		Target: &scheduler.Schedule_Target{
			Arn:     Ref(function + ".Alias"),
			RoleArn: GetAtt(runScheduleRole, "Arn"),
			Input:   new(`{"dryRun": false}`),
			RetryPolicy: &scheduler.Schedule_RetryPolicy{
				MaximumRetryAttempts:     new(float64(scheduleRetries)),
				MaximumEventAgeInSeconds: new(float64(scheduleMaxAgeSeconds)),
			},
		},
	}
}
