package template

// outputs are what an operator needs at hand, then the resources that ask to
// be shown.
func outputs(sections []Section) []Output {
	shown := []Output{
		{"ApiUrl", "Where shops post orders: {ApiUrl}/orders.", GetAtt(ordersAPI, "ApiEndpoint")},
		{"StateMachineArn", "The state machine; an execution's name is its order's ID.", Ref(orderStateMachine)},
		{"StateMachineConsoleUrl", "The state machine's executions in the AWS console.", Sub(
			"https://${AWS::Region}.console.aws.amazon.com/states/home?region=${AWS::Region}#/statemachines/view/${" + orderStateMachine + "}")},
		{"DashboardUrl", "All of it at a glance, in the AWS console.", Sub(
			"https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/${" + dashboardID + "}")},
		{reconciliationFunction, "Finds and repairs what should not exist. Invoke it with {\"dryRun\": true} to be told only.", Ref(reconciliationFunction)},
		{"TopicArn", "Where everything that happens to orders is announced.", Ref(ordersTopic)},
	}
	for _, s := range sections {
		for _, r := range s.Resources {
			if r.Output != "" {
				shown = append(shown, Output{r.ID, r.Output, Ref(r.ID)})
			}
		}
	}
	return shown
}
