package template

import "strings"

// A series is one metric of one thing.
type series struct {
	namespace, metric string
	dimension, of     string // none: ""
	statistic         string
}

// value is what a series' text such as ${OrdersTopic.TopicName} stands for.
func value(text string) string {
	id, ok := strings.CutPrefix(text, "${")
	if !ok {
		return text
	}
	id = strings.TrimSuffix(id, "}")
	if id, attribute, ok := strings.Cut(id, "."); ok {
		return GetAtt(id, attribute)
	}
	return Ref(id)
}

// ownMetrics is the namespace that functions tell their metrics in.
const ownMetrics = "${AWS::StackName}"

func own(name, dimension, of, statistic string) series {
	return series{ownMetrics, name, dimension, of, statistic}
}

// https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
func execution(name string) series {
	return series{"AWS/States", name, "StateMachineArn", "${" + orderStateMachine + "}", "Sum"}
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
func requests(name, statistic string) series {
	return series{"AWS/ApiGateway", name, "ApiId", "${" + ordersAPI + "}", statistic}
}

// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func invoked(name, statistic string) func(id string) series {
	return func(id string) series { return series{"AWS/Lambda", name, "FunctionName", "${" + id + "}", statistic} }
}

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
func queued(name string) func(id string) series {
	return func(id string) series {
		return series{"AWS/SQS", name, "QueueName", "${" + id + ".QueueName}", "Maximum"}
	}
}

func received(id string) series {
	return series{"AWS/SQS", "NumberOfMessagesReceived", "QueueName", "${" + id + ".QueueName}", "Sum"}
}

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func stored(name string) func(id string) series {
	return func(id string) series { return series{"AWS/DynamoDB", name, "TableName", "${" + id + "}", "Sum"} }
}

// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
func published(name string) series {
	return series{"AWS/SNS", name, "TopicName", "${" + ordersTopic + ".TopicName}", "Sum"}
}

// https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-cloudwatch.html
func mailed(name, statistic string) series {
	return series{"AWS/SES", name, "", "", statistic}
}
