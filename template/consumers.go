package template

import "orderflow/lambdas/order"

// Consumers are who hears of orders. To add one, add an entry here and a
// folder of its name under lambdas.
func Consumers() []Consumer {
	return []Consumer{
		{
			Name:   "inventory",
			Does:   "sets stock aside, commits or releases it",
			Events: []order.EventType{order.InventoryRequested, order.OrderConfirmed, order.OrderCancelled},
			Environment: map[string]string{
				"STOCK_TABLE":        Ref("StockTable"),
				"RESERVATIONS_TABLE": Ref("ReservationsTable"),
			},
			Answers: true,
			Access: []Statement{
				// What is stocked in all is counted by operators alone.
				Allow(GetAtt("StockTable", "Arn"), "dynamodb:UpdateItem").
					OnlyAttributes("sku", "available", "reserved", "committed").InTransactions(),
				Allow(GetAtt("ReservationsTable", "Arn"), "dynamodb:PutItem").
					OnlyAttributes("orderId", "status", "lines", "reservedAt", order.ExpiresAt),
				Allow(GetAtt("ReservationsTable", "Arn"), "dynamodb:UpdateItem").
					OnlyAttributes("orderId", "status").InTransactions(),
			},
			Owns: []Resource{
				Table("StockTable", "How much is there of what, by sku.", "sku"),
				withExpiry(Table("ReservationsTable", "What is set aside for which order, by orderId.", "orderId")),
			},
		},
		{
			Name:   "shipment",
			Does:   "books a parcel with the carrier, dispatches or cancels it",
			Events: []order.EventType{order.ShipmentRequested, order.OrderConfirmed, order.OrderCancelled},
			Environment: map[string]string{
				"SHIPMENTS_TABLE": Ref("ShipmentsTable"),
				"ORDERS_TABLE":    Ref(ordersTable),
				"CARRIER_URL":     Ref(carrierURL),
			},
			Answers: true,
			Access: []Statement{
				Allow(GetAtt("ShipmentsTable", "Arn"), "dynamodb:BatchGetItem").
					OnlyAttributes("orderId", "status", "carrier", "trackingNumber", "bookedAt").Projected(),
				Allow(GetAtt("ShipmentsTable", "Arn"), "dynamodb:PutItem").
					OnlyAttributes("orderId", "status", "carrier", "trackingNumber", "bookedAt", "cancelledAt", order.ExpiresAt),
				Allow(GetAtt("ShipmentsTable", "Arn"), "dynamodb:UpdateItem").
					OnlyAttributes("orderId", "status"),
				readOrder("status", "shippingAddress"),
			},
			Owns: []Resource{
				withExpiry(Table("ShipmentsTable", "The parcel of each order, by orderId.", "orderId")),
			},
			Batch: Batch{Size: 5}, // five bookings at 10 s each end before the function's time does
		},
		{
			Name:   "notification",
			Does:   "tells the customer by mail",
			Events: []order.EventType{order.Placed, order.OrderConfirmed, order.OrderCancelled},
			Environment: map[string]string{
				"NOTIFICATIONS_TABLE": Ref("NotificationsTable"),
				"ORDERS_TABLE":        Ref(ordersTable),
				"SENDER":              Ref(senderEmail),
			},
			Access: []Statement{
				Allow(GetAtt("NotificationsTable", "Arn"), "dynamodb:BatchGetItem").
					OnlyAttributes("orderId", "eventType").Projected(),
				Allow(GetAtt("NotificationsTable", "Arn"), "dynamodb:PutItem").
					OnlyAttributes("orderId", "eventType", "sentAt", "messageId", order.ExpiresAt).ReturningNothing(),
				readOrder("customer", "shippingAddress"),
				sendFrom(Ref(senderEmail)),
			},
			Owns: []Resource{
				withExpiry(Table("NotificationsTable", "What the customer has been told, by orderId and eventType.", "orderId", "eventType")),
			},
		},
		{
			Name: "analytics",
			Does: "keeps every event for those who count",
			Events: []order.EventType{
				order.InventoryRequested, order.ShipmentRequested,
				order.Placed, order.OrderConfirmed, order.OrderCancelled,
			},
			Environment: map[string]string{"ANALYTICS_BUCKET": Ref("AnalyticsBucket")},
			Access:      []Statement{Allow(Sub("${AnalyticsBucket.Arn}/events/*"), "s3:PutObject")},
			Owns:        []Resource{bucket("AnalyticsBucket", "Every event announced.", analyticsRetentionDays, keepsAllAnalytics), bucketPolicy("AnalyticsBucket")},
			Batch:       Batch{Size: 100, WindowSeconds: 5}, // a batch is an object: the fewer the better
		},
	}
}

// readOrder is for what no event carries: personal data. The order is read
// together with what the consumer keeps about it, and no more of it than these
// attributes.
func readOrder(attributes ...string) Statement {
	return Allow(GetAtt(ordersTable, "Arn"), "dynamodb:BatchGetItem").
		OnlyAttributes(append([]string{"orderId"}, attributes...)...).Projected()
}

// sendFrom allows mail from one address. The verified identity may be the
// address, its domain or one above; in SES's sandbox the recipient's is asked for
// as well. An identity may have a configuration set by default, as those made in
// the console often have, and then SES asks about that too.
// https://docs.aws.amazon.com/ses/latest/dg/control-user-access.html
func sendFrom(address string) Statement {
	s := Allow(Sub("arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*"), "ses:SendEmail").
		When("StringEquals", "ses:FromAddress", address)
	s.Resource = append(s.Resource, Sub("arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:configuration-set/*"))
	return s
}
