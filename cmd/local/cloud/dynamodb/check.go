package dynamodb

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
)

// A violation is one constraint of the API's model that a parameter breaks.
// value is nil for a parameter that is missing.
func violation(value any, member, constraint string, args ...any) error {
	shown := "null"
	if value != nil {
		shown = fmt.Sprintf("'%v'", value)
	}
	return attribute.Invalid("1 validation error detected: Value %s at '%s' failed to satisfy constraint: Member must %s", shown, member, fmt.Sprintf(constraint, args...))
}

func checkRange(member string, n, low, high int) error {
	switch {
	case n < low:
		return violation(n, member, "have value greater than or equal to %d", low)
	case n > high:
		return violation(n, member, "have value less than or equal to %d", high)
	}
	return nil
}

func checkEnum(member, value string, allowed ...string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return violation(value, member, "satisfy enum value set: [%s]", strings.Join(allowed, ", "))
}

func checkTableName(name string) error { return checkName("tableName", name, 1) }

func checkIndexName(name string) error { return checkName("indexName", name, 3) }

func checkName(member, name string, shortest int) error {
	switch {
	case name == "":
		return violation(nil, member, "not be null")
	case len(name) < shortest:
		return violation(name, member, "have length greater than or equal to %d", shortest)
	case len(name) > 255:
		return violation(name, member, "have length less than or equal to 255")
	case strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r))
	}):
		return violation(name, member, "satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
	return nil
}

const (
	payPerRequest = "PAY_PER_REQUEST"
	provisioned   = "PROVISIONED"

	maxIndexes     = 20
	maxNonKeyNames = 100
)

func (in *CreateTableInput) check() error {
	if err := checkName("tableName", in.TableName, 3); err != nil {
		return err
	}
	for i, d := range in.AttributeDefinitions {
		if err := checkEnum(fmt.Sprintf("attributeDefinitions.%d.member.attributeType", i+1), d.AttributeType, "B", "N", "S"); err != nil {
			return err
		}
	}
	if err := checkEnum("billingMode", in.BillingMode, provisioned, payPerRequest); err != nil {
		return err
	}
	if err := checkEnum("tableClass", in.TableClass, "STANDARD", "STANDARD_INFREQUENT_ACCESS"); err != nil {
		return err
	}
	if err := in.checkThroughput(); err != nil {
		return err
	}
	if err := in.checkKeySchema("keySchema", in.KeySchema); err != nil {
		return err
	}
	if err := in.checkIndexes(); err != nil {
		return err
	}
	return in.checkDefinitionsUsed()
}

func (in *CreateTableInput) checkThroughput() error {
	const wrong = "One or more parameter values were invalid: "
	onDemand := in.BillingMode == payPerRequest
	switch p := in.ProvisionedThroughput; {
	case onDemand && p != nil:
		return attribute.Invalid(wrong + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case !onDemand && (p == nil || p.ReadCapacityUnits < 1 || p.WriteCapacityUnits < 1):
		return attribute.Invalid(wrong + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	for _, g := range in.GlobalSecondaryIndexes {
		if onDemand && g.ProvisionedThroughput != nil {
			return attribute.Invalid(wrong+"ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST", g.IndexName)
		}
	}
	return nil
}

func (in *CreateTableInput) checkKeySchema(member string, keys []KeySchemaElement) error {
	switch len(keys) {
	case 0:
		return violation(nil, member, "not be null")
	case 1, 2:
	default:
		return violation(fmt.Sprint(keys), member, "have length less than or equal to 2")
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		if err := checkEnum(fmt.Sprintf("%s.%d.member.keyType", member, i+1), k.KeyType, "HASH", "RANGE"); err != nil {
			return err
		}
		names[i] = k.AttributeName
	}
	switch {
	case slices.ContainsFunc(names, func(name string) bool { return in.typeOf(name) == "" }):
		return attribute.Invalid("One or more parameter values were invalid: Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
			strings.Join(names, ", "), strings.Join(in.defined(), ", "))
	case len(keys) == 2 && names[0] == names[1]:
		return attribute.Invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case keys[0].KeyType != "HASH":
		return attribute.Invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(keys) == 2 && keys[1].KeyType != "RANGE":
		return attribute.Invalid("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	return nil
}

func (in *CreateTableInput) defined() []string {
	names := make([]string, len(in.AttributeDefinitions))
	for i, d := range in.AttributeDefinitions {
		names[i] = d.AttributeName
	}
	return names
}

func (in *CreateTableInput) checkIndexes() error {
	const wrong = "One or more parameter values were invalid: "
	seen := make(map[string]bool)
	for i, g := range in.GlobalSecondaryIndexes {
		member := fmt.Sprintf("globalSecondaryIndexes.%d.member", i+1)
		if err := checkName(member+".indexName", g.IndexName, 3); err != nil {
			return err
		}
		if err := in.checkKeySchema(member+".keySchema", g.KeySchema); err != nil {
			return err
		}
		if err := checkEnum(member+".projection.projectionType", g.Projection.ProjectionType, "ALL", "INCLUDE", "KEYS_ONLY"); err != nil {
			return err
		}
		switch include := g.Projection.ProjectionType == "INCLUDE"; {
		case g.Projection.ProjectionType == "":
			return attribute.Invalid(wrong + "Unknown ProjectionType: null")
		case !include && g.Projection.NonKeyAttributes != nil:
			return attribute.Invalid(wrong+"ProjectionType is %s, but NonKeyAttributes is specified", g.Projection.ProjectionType)
		case include && len(g.Projection.NonKeyAttributes) == 0:
			return attribute.Invalid(wrong + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
		case len(g.Projection.NonKeyAttributes) > maxNonKeyNames:
			return attribute.Invalid(wrong + "Number of NonKeyAttributes exceeds the limit of 100")
		case seen[g.IndexName]:
			return attribute.Invalid(wrong+"Duplicate index name: %s", g.IndexName)
		}
		seen[g.IndexName] = true
	}
	if len(in.GlobalSecondaryIndexes) > maxIndexes {
		return attribute.Invalid(wrong + "GlobalSecondaryIndex count exceeds the per-table limit of 20")
	}
	return nil
}

// checkDefinitionsUsed refuses definitions of attributes that are in no key.
func (in *CreateTableInput) checkDefinitionsUsed() error {
	keys := make(map[string]bool)
	for _, k := range in.KeySchema {
		keys[k.AttributeName] = true
	}
	for _, g := range in.GlobalSecondaryIndexes {
		for _, k := range g.KeySchema {
			keys[k.AttributeName] = true
		}
	}
	if len(keys) != len(in.AttributeDefinitions) {
		if len(in.GlobalSecondaryIndexes) == 0 {
			return attribute.Invalid("One or more parameter values were invalid: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
		}
		return attribute.Invalid("One or more parameter values were invalid: Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]",
			strings.Join(in.defined(), ", "), strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
	}
	return nil
}
