package cloud

import (
	"cmp"
	"encoding/json"

	"orderflow/cmd/local/cloud/cloudformation"
)

// tableProperties are CreateTable's members, by the same names.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
type tableProperties struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keySchemaElement
	GlobalSecondaryIndexes    []secondaryIndex `json:",omitempty"`
	BillingMode               string           `json:",omitempty"`
	DeletionProtectionEnabled *bool            `json:",omitempty"`
	Tags                      []tag            `json:",omitempty"`

	SSESpecification                 *encryption          `json:",omitempty"`
	PointInTimeRecoverySpecification *pointInTimeRecovery `json:"-"`
	ResourcePolicy                   *tablePolicy         `json:"-"`
	TimeToLiveSpecification          *timeToLive          `json:"-"`
}

type encryption struct {
	SSEEnabled     bool   `json:"Enabled"`
	SSEType        string `json:",omitempty"`
	KMSMasterKeyId string `json:",omitempty"`
}

type pointInTimeRecovery struct {
	PointInTimeRecoveryEnabled bool
	RecoveryPeriodInDays       *int `json:",omitempty"`
}

type tablePolicy struct {
	PolicyDocument any `cfn:",required"`
}

type timeToLive struct {
	AttributeName string
	Enabled       bool
}

type attributeDefinition struct{ AttributeName, AttributeType string }

type keySchemaElement struct{ AttributeName, KeyType string }

type secondaryIndex struct {
	IndexName  string
	KeySchema  []keySchemaElement
	Projection struct {
		ProjectionType   string
		NonKeyAttributes []string `json:",omitempty"`
	}
}

func (d *deployment) table(r cloudformation.Resource) (cloudformation.Values, error) {
	var p tableProperties
	if err := r.Decode(&p); err != nil {
		return cloudformation.Values{}, err
	}
	p.TableName = cmp.Or(p.TableName, physicalName(r))
	arn := "arn:aws:dynamodb:" + Region + ":" + Account + ":table/" + p.TableName
	err := d.call(d.DynamoDB.Actions(), "CreateTable", p, nil)
	if recovery := p.PointInTimeRecoverySpecification; recovery != nil && err == nil {
		err = d.call(d.DynamoDB.Actions(), "UpdateContinuousBackups", map[string]any{
			"TableName": p.TableName, "PointInTimeRecoverySpecification": recovery,
		}, nil)
	}
	if policy := p.ResourcePolicy; policy != nil && err == nil {
		err = cloudformation.At(d.tablePolicy(arn, policy.PolicyDocument), "Properties", "ResourcePolicy")
	}
	if ttl := p.TimeToLiveSpecification; ttl != nil && ttl.Enabled && err == nil {
		err = d.call(d.DynamoDB.Actions(), "UpdateTimeToLive", map[string]any{
			"TableName": p.TableName, "TimeToLiveSpecification": ttl,
		}, nil)
	}
	return cloudformation.Values{
		Ref:        p.TableName,
		Attributes: map[string]any{"Arn": arn},
	}, err
}

func (d *deployment) tablePolicy(arn string, document any) error {
	policy, err := json.Marshal(document)
	if err != nil {
		return err
	}
	return d.call(d.DynamoDB.Actions(), "PutResourcePolicy", map[string]any{"ResourceArn": arn, "Policy": string(policy)}, nil)
}
