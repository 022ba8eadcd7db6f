package cloud

import (
	"cmp"

	"orderflow/cmd/local/cloud/cloudformation"
)

// scheduleProperties are CreateSchedule's members, by the same names.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-scheduler-schedule.html
type scheduleProperties struct {
	Name                       string
	GroupName                  string `json:",omitempty"`
	Description                string `json:",omitempty"`
	ScheduleExpression         string `cfn:",required"`
	ScheduleExpressionTimezone string `json:",omitempty"`
	State                      string `json:",omitempty"`
	FlexibleTimeWindow         struct {
		Mode                   string `cfn:",required"`
		MaximumWindowInMinutes *int   `json:",omitempty"`
	} `cfn:",required"`
	Target struct {
		Arn         string `cfn:",required"`
		RoleArn     string `cfn:",required"`
		Input       string `json:",omitempty"`
		RetryPolicy *struct {
			MaximumEventAgeInSeconds *int `json:",omitempty"`
			MaximumRetryAttempts     *int `json:",omitempty"`
		} `json:",omitempty"`
	} `cfn:",required"`
}

func (d *deployment) schedule(r cloudformation.Resource) (cloudformation.Values, error) {
	var p scheduleProperties
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	p.Name = cmp.Or(p.Name, physicalName(r))
	var created struct{ ScheduleArn string }
	err := d.call(d.Scheduler.Actions(), "CreateSchedule", p, &created)
	return cloudformation.Values{Ref: p.Name, Attributes: map[string]any{"Arn": created.ScheduleArn}}, err
}
