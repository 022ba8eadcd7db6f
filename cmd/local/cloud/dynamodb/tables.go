package dynamodb

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/storage"
)

type (
	CreateTableInput struct {
		TableName                 string
		AttributeDefinitions      []AttributeDefinition
		KeySchema                 []KeySchemaElement
		GlobalSecondaryIndexes    []GlobalSecondaryIndex
		BillingMode               string
		ProvisionedThroughput     *ProvisionedThroughput
		SSESpecification          *SSESpecification
		TableClass                string
		DeletionProtectionEnabled bool
		Tags                      []Tag
	}
	AttributeDefinition  struct{ AttributeName, AttributeType string }
	KeySchemaElement     struct{ AttributeName, KeyType string }
	GlobalSecondaryIndex struct {
		IndexName             string
		KeySchema             []KeySchemaElement
		Projection            Projection
		ProvisionedThroughput *ProvisionedThroughput `json:",omitempty"`
	}
	Projection struct {
		ProjectionType   string   `json:",omitempty"`
		NonKeyAttributes []string `json:",omitempty"`
	}

	// ProvisionedThroughput is kept as data: nothing is throttled here.
	ProvisionedThroughput struct{ ReadCapacityUnits, WriteCapacityUnits int64 }

	// SSESpecification is kept as data: the local cloud holds items in memory.
	SSESpecification struct {
		Enabled        bool
		SSEType        string `json:",omitempty"`
		KMSMasterKeyId string `json:",omitempty"`
	}
	Tag struct{ Key, Value string }
)

type CreateTableOutput struct{ TableDescription *TableDescription }

type (
	TableDescription struct {
		TableName                 string
		TableArn                  string
		TableId                   string
		TableStatus               string
		CreationDateTime          float64
		AttributeDefinitions      []AttributeDefinition
		KeySchema                 []KeySchemaElement
		GlobalSecondaryIndexes    []GlobalSecondaryIndexDescription `json:",omitempty"`
		BillingModeSummary        *BillingModeSummary               `json:",omitempty"`
		ProvisionedThroughput     ThroughputDescription
		SSEDescription            *SSEDescription    `json:",omitempty"`
		TableClassSummary         *TableClassSummary `json:",omitempty"`
		DeletionProtectionEnabled bool
		ItemCount                 int
		TableSizeBytes            int
	}
	GlobalSecondaryIndexDescription struct {
		IndexName             string
		IndexArn              string
		IndexStatus           string
		KeySchema             []KeySchemaElement
		Projection            Projection
		ProvisionedThroughput ThroughputDescription
		ItemCount             int
		IndexSizeBytes        int
	}
	BillingModeSummary    struct{ BillingMode string }
	TableClassSummary     struct{ TableClass string }
	ThroughputDescription struct{ NumberOfDecreasesToday, ReadCapacityUnits, WriteCapacityUnits int64 }
	SSEDescription        struct {
		Status          string
		SSEType         string
		KMSMasterKeyArn string `json:",omitempty"`
	}
)

// CreateTable makes an empty table, active at once.
func (s *Service) CreateTable(_ context.Context, in *CreateTableInput) (*CreateTableOutput, error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	t := s.newTable(in)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.tables.Get(in.TableName); ok {
		return nil, protocol.Errorf("ResourceInUseException", "Table already exists: %s", in.TableName)
	}
	s.tables.Put(in.TableName, t)
	return &CreateTableOutput{t.description("ACTIVE")}, nil
}

func (s *Service) newTable(in *CreateTableInput) *table {
	t := &table{
		name:      in.TableName,
		arn:       "arn:aws:dynamodb:" + s.config.Region + ":" + s.config.Account + ":table/" + in.TableName,
		id:        uuid.NewString(),
		created:   time.Now(),
		spec:      *in,
		keys:      in.schema(in.KeySchema),
		maxBytes:  s.config.MaxTableBytes,
		items:     storage.Memory[*record](),
		protected: in.DeletionProtectionEnabled,
	}
	for _, g := range in.GlobalSecondaryIndexes {
		x := &index{name: g.IndexName, keys: in.schema(g.KeySchema), entries: storage.Memory[*record]()}
		if g.Projection.ProjectionType != "ALL" {
			x.projected = slices.Concat(t.keys.names(), x.keys.names(), g.Projection.NonKeyAttributes)
			slices.Sort(x.projected)
			x.projected = slices.Compact(x.projected)
		}
		t.indexes = append(t.indexes, x)
	}
	return t
}

func (in *CreateTableInput) schema(elements []KeySchemaElement) schema {
	keys := make(schema, len(elements))
	for i, e := range elements {
		keys[i] = keyAttribute{e.AttributeName, in.typeOf(e.AttributeName)}
	}
	return keys
}

func (in *CreateTableInput) typeOf(name string) attribute.Type {
	for _, d := range in.AttributeDefinitions {
		if d.AttributeName == name {
			return attribute.Type(d.AttributeType)
		}
	}
	return ""
}

func (t *table) description(status string) *TableDescription {
	d := &TableDescription{
		TableName:                 t.name,
		TableArn:                  t.arn,
		TableId:                   t.id,
		TableStatus:               status,
		CreationDateTime:          float64(t.created.UnixMilli()) / 1000,
		AttributeDefinitions:      t.spec.AttributeDefinitions,
		KeySchema:                 t.spec.KeySchema,
		ProvisionedThroughput:     t.spec.ProvisionedThroughput.description(),
		DeletionProtectionEnabled: t.protected,
		ItemCount:                 t.items.Len(),
		TableSizeBytes:            t.bytes,
	}
	if t.spec.BillingMode == payPerRequest {
		d.BillingModeSummary = &BillingModeSummary{payPerRequest}
	}
	if t.spec.TableClass != "" {
		d.TableClassSummary = &TableClassSummary{t.spec.TableClass}
	}
	if e := t.spec.SSESpecification; e != nil && e.Enabled {
		d.SSEDescription = &SSEDescription{Status: "ENABLED", SSEType: "KMS", KMSMasterKeyArn: e.KMSMasterKeyId}
	}
	for i, x := range t.indexes {
		g := t.spec.GlobalSecondaryIndexes[i]
		d.GlobalSecondaryIndexes = append(d.GlobalSecondaryIndexes, GlobalSecondaryIndexDescription{
			IndexName:             g.IndexName,
			IndexArn:              t.arn + "/index/" + g.IndexName,
			IndexStatus:           "ACTIVE",
			KeySchema:             g.KeySchema,
			Projection:            g.Projection,
			ProvisionedThroughput: g.ProvisionedThroughput.description(),
			ItemCount:             x.entries.Len(),
			IndexSizeBytes:        x.bytes,
		})
	}
	return d
}

func (p *ProvisionedThroughput) description() ThroughputDescription {
	if p == nil {
		return ThroughputDescription{}
	}
	return ThroughputDescription{ReadCapacityUnits: p.ReadCapacityUnits, WriteCapacityUnits: p.WriteCapacityUnits}
}

type UpdateTableInput struct {
	TableName                 string
	DeletionProtectionEnabled *bool
}

type UpdateTableOutput struct{ TableDescription *TableDescription }

// UpdateTable turns deletion protection on or off. All else about a table is
// as it was created.
func (s *Service) UpdateTable(_ context.Context, in *UpdateTableInput) (*UpdateTableOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.describe(in.TableName)
	if err != nil {
		return nil, err
	}
	if in.DeletionProtectionEnabled == nil {
		return nil, attribute.Invalid("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	}
	t.protected = *in.DeletionProtectionEnabled
	return &UpdateTableOutput{t.description("ACTIVE")}, nil
}

type DescribeTableInput struct{ TableName string }

type DescribeTableOutput struct{ Table *TableDescription }

// DescribeTable tells what a table is, and how much it holds right now.
func (s *Service) DescribeTable(_ context.Context, in *DescribeTableInput) (*DescribeTableOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.describe(in.TableName)
	if err != nil {
		return nil, err
	}
	return &DescribeTableOutput{t.description("ACTIVE")}, nil
}

// describe finds a table for an action on the table itself. The lock is held.
func (s *Service) describe(name string) (*table, error) {
	if err := checkTableName(name); err != nil {
		return nil, err
	}
	t, ok := s.tables.Get(name)
	if !ok {
		return nil, protocol.Errorf("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
	}
	return t, nil
}

type DeleteTableInput struct{ TableName string }

type DeleteTableOutput struct{ TableDescription *TableDescription }

// DeleteTable deletes a table with all its items, at once.
func (s *Service) DeleteTable(_ context.Context, in *DeleteTableInput) (*DeleteTableOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.describe(in.TableName)
	if err != nil {
		return nil, err
	}
	if t.protected {
		return nil, attribute.Invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	s.unscheduleSweep(t)
	t.ttl = timeToLive{}
	s.tables.Delete(in.TableName)
	return &DeleteTableOutput{t.description("DELETING")}, nil
}

const maxTablesListed = 100

type ListTablesInput struct {
	ExclusiveStartTableName string
	Limit                   *int
}

type ListTablesOutput struct {
	TableNames             []string
	LastEvaluatedTableName string `json:",omitempty"`
}

// ListTables lists the tables' names in order, a page at a time.
func (s *Service) ListTables(_ context.Context, in *ListTablesInput) (*ListTablesOutput, error) {
	limit := maxTablesListed
	if in.Limit != nil {
		limit = *in.Limit
		if err := checkRange("limit", limit, 1, maxTablesListed); err != nil {
			return nil, err
		}
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &ListTablesOutput{TableNames: []string{}}
	for name := range s.tables.Ascend(in.ExclusiveStartTableName) {
		switch {
		case name == in.ExclusiveStartTableName:
			continue
		case len(out.TableNames) == limit:
			out.LastEvaluatedTableName = out.TableNames[limit-1]
			return out, nil
		}
		out.TableNames = append(out.TableNames, name)
	}
	return out, nil
}

type ListTagsOfResourceInput struct{ ResourceArn string }

type ListTagsOfResourceOutput struct{ Tags []Tag }

// ListTagsOfResource tells the tags that a table was created with.
func (s *Service) ListTagsOfResource(_ context.Context, in *ListTagsOfResourceInput) (*ListTagsOfResourceOutput, error) {
	_, name, _ := strings.Cut(in.ResourceArn, ":table/")
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tables.Get(name)
	if !ok || t.arn != in.ResourceArn {
		return nil, protocol.Errorf("ResourceNotFoundException", "Requested resource not found: ResourcArn: %s not found", in.ResourceArn)
	}
	return &ListTagsOfResourceOutput{append([]Tag{}, t.spec.Tags...)}, nil
}
