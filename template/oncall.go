package template

// Parameters of who is told, by the name that Ref takes.
const (
	alarmTopicARN = "AlarmTopicArn"
	runbookURL    = "RunbookUrl"
)

// Conditions.
const (
	noAlarmTopic     = "NoAlarmTopic"
	reconciledHourly = "ReconciledHourly"
)

// onCall is who is told when something is wrong, and where they read what to do.
func onCall() []Parameter {
	return []Parameter{
		{
			ID: alarmTopicARN, Label: "Topic of alarms",
			Type:                  "String",
			Description:           "The ARN of an SNS topic of this region that tells whoever is on call, or none. If it is encrypted, its key's policy must let cloudwatch.amazonaws.com use it: alias/aws/sns does not, and alarms would be lost in silence.",
			Default:               "none",
			AllowedPattern:        `^(none|arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256})$`,
			ConstraintDescription: "the ARN of a standard SNS topic, or none",
		},
		{
			ID: runbookURL, Label: "Runbook",
			Type:                  "String",
			Description:           "Where your copy of README.md is read: each alarm links to its section of the runbook there.",
			Default:               "README.md",
			AllowedPattern:        `^[^\s#]{1,300}$`,
			ConstraintDescription: "a URL without a fragment, of 300 characters at most",
		},
	}
}
