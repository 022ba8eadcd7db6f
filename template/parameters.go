package template

// Parameters, by the name that Ref takes.
const (
	carrierURL             = "CarrierUrl"
	senderEmail            = "SenderEmail"
	callbackTimeoutSeconds = "CallbackTimeoutSeconds"
	apiRateLimit           = "ApiRateLimit"
	apiBurstLimit          = "ApiBurstLimit"
	reconciliationRate     = "ReconciliationSchedule"
	logRetentionDays       = "LogRetentionDays"
	stateMachineLogLevel   = "StateMachineLogLevel"
	stateMachineLogData    = "StateMachineLogData"
	customerManagedKey     = "CustomerManagedKey"
	analyticsRetentionDays = "AnalyticsRetentionDays"
	stage                  = "Stage"
)

// Conditions, beside those of one chapter.
const (
	isProduction      = "IsProduction"      // data is guarded against mistakes
	logsExecutionData = "LogsExecutionData" // personal data leaves the executions
	keepsAllAnalytics = "KeepsAllAnalytics" // for ever
)

// A Parameter is what the deployer may choose. Without a Default it must be.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/parameters-section-structure.html
type Parameter struct {
	ID                    string `json:"-"`
	Label                 string `json:"-"`
	Type                  string
	Description           string
	Default               any      `json:",omitempty"`
	AllowedValues         []any    `json:",omitempty"`
	AllowedPattern        string   `json:",omitempty"`
	ConstraintDescription string   `json:",omitempty"`
	MaxLength             *int     `json:",omitempty"`
	MinValue              *float64 `json:",omitempty"`
	MaxValue              *float64 `json:",omitempty"`
}

// A ParameterGroup is how the console arranges parameters.
type ParameterGroup struct {
	Label      string
	Parameters []Parameter
}

// A Condition is decided once, when the stack is deployed.
type Condition struct {
	ID string
	Is string // an intrinsic function
}

func parameters() []ParameterGroup {
	return []ParameterGroup{
		{"The world outside", worldOutside()},
		{"Browsers", browsers()},
		{"Pace", pace()},
		{"Concurrency", concurrency()},
		{"On call", onCall()},
		{"Keeping", keeping()},
		{"Roles", roles()},
		{"Changing", changing()},
	}
}

// worldOutside is whom orderflow deals with.
func worldOutside() []Parameter {
	return []Parameter{
		{
			ID: carrierURL, Label: "Carrier's URL",
			Type:                  "String",
			Description:           "Where shipments are booked: PUT and DELETE {CarrierUrl}/shipments/{orderId}. It receives delivery addresses: by https, unless it is a host of your own network.",
			AllowedPattern:        `^(https://[^\s/?#@]+|http://([A-Za-z0-9-]+|[0-9.]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?)(/[^\s?#]+)*$`,
			MaxLength:             new(maxCharacters),
			ConstraintDescription: "an https URL, or http with an IP address or a name without dots, without a password, trailing slash, query or fragment",
		},
		{
			ID: senderEmail, Label: "Sender's address",
			Type:                  "String",
			Description:           "The From address of the mails to customers. It, or its domain, must be a verified identity in Amazon SES.",
			AllowedPattern:        `^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$`,
			MaxLength:             new(maxCharacters),
			ConstraintDescription: "an email address, without a display name",
		},
	}
}

// pace is how fast things go.
func pace() []Parameter {
	return []Parameter{
		{
			ID: callbackTimeoutSeconds, Label: "Callback timeout (s)",
			Type:        "Number",
			Description: "How many seconds an order waits for inventory, and for shipment, before it fails. Long, because a backlog must delay orders and never fail them.",
			Default:     86400,
			MinValue:    new(1.0),
			MaxValue:    new(345600.0), // as long as a queue keeps the request
		},
		{
			ID: apiRateLimit, Label: "Requests per second",
			Type:        "Number",
			Description: "Requests a second that the API takes in the long run. More are answered 429.",
			Default:     5000,
			MinValue:    new(1.0),
		},
		{
			ID: apiBurstLimit, Label: "Burst of requests",
			Type:        "Number",
			Description: "Requests that the API takes at once.",
			Default:     5000,
			MinValue:    new(1.0),
		},
		{
			ID: reconciliationRate, Label: "Reconciliation",
			Type:                  "String",
			Description:           "How often what should not exist is looked for. A run reads every order, some 1.2 DynamoDB read units each.",
			Default:               "rate(1 hour)",
			AllowedPattern:        `^rate\((1 (minute|hour|day)|([2-9]|[1-9][0-9]{1,2}) minutes|([2-9]|1[0-9]|2[0-4]) hours)\)$`,
			ConstraintDescription: "rate(value unit), once a day at least: the unit minute, hour or day for 1, and minutes or hours for more",
		},
	}
}

// keeping is what is kept, and for how long.
func keeping() []Parameter {
	return []Parameter{
		{
			ID: stage, Label: "Stage",
			Type:          "String",
			Description:   "In production tables are protected from deletion and can be restored to any second of the last 35 days, overwritten and deleted objects to any version of them, and data outlives the stack. In development it goes with the stack, once the bucket is emptied.",
			Default:       "production",
			AllowedValues: []any{"production", "development"},
		},
		{
			ID: customerManagedKey, Label: "A key of your own",
			Type:          "String",
			Description:   "Whether tables, topic, queues, bucket, logs, executions and environments are encrypted under a KMS key of this account, made by the stack. Else AWS's keys encrypt them. What was encrypted under the key needs it for as long as it is kept, whatever is chosen later.",
			Default:       "no",
			AllowedValues: []any{"no", "yes"},
		},
		{
			ID: logRetentionDays, Label: "Days to keep logs",
			Type:          "Number",
			Description:   "How many days logs are kept.",
			Default:       30,
			AllowedValues: []any{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653},
		},
		{
			ID: stateMachineLogLevel, Label: "What executions log",
			Type:          "String",
			Description:   "Which events of an execution's history are logged: those of errors, of fatal ones, all or none. The history itself is kept for 90 days anyway.",
			Default:       "ERROR",
			AllowedValues: []any{"OFF", "FATAL", "ERROR", "ALL"},
		},
		{
			ID: stateMachineLogData, Label: "Executions log data",
			Type:          "String",
			Description:   "Whether that log has the input and output of states. They hold personal data: names, addresses, mail and telephone.",
			Default:       "no",
			AllowedValues: []any{"no", "yes"},
		},
		{
			ID: analyticsRetentionDays, Label: "Days to keep analytics",
			Type:        "Number",
			Description: "How many days the events that analytics keeps are there. 0 is for ever; they hold no personal data.",
			Default:     0,
			MinValue:    new(0.0),
			MaxValue:    new(36500.0),
		},
	}
}

func conditions() []Condition {
	return []Condition{
		{isProduction, equals(Ref(stage), "production")},
		{noCors, equals(Ref(corsAllowOrigin), "")},
		{isEncryptedByCustomer, equals(Ref(customerManagedKey), "yes")},
		{logsExecutionData, equals(Ref(stateMachineLogData), "yes")},
		{keepsAllAnalytics, equals(Ref(analyticsRetentionDays), "0")},
		{noAlarmTopic, equals(Ref(alarmTopicARN), "none")},
		{reconciledHourly, equals(Ref(reconciliationRate), "rate(1 hour)")},
		{concurrencyReserved, equals(Ref(reserveConcurrency), "yes")},
		{noPermissionsBoundary, equals(Ref(permissionsBoundary), "")},
		gradual(),
	}
}
