// Package dynamodb is Amazon DynamoDB for the local cloud: tables with global
// secondary indexes, items, expressions, transactions, batches, time to live
// and consumed capacity, with AWS's errors.
//
// What AWS calls legacy parameters (Expected, KeyConditions, …), streams,
// local secondary indexes, PartiQL and global tables are refused by name.
//
// A table is held in memory, so it is bounded, which AWS's is not: a write that
// would take it beyond Config.MaxTableBytes is a LimitExceededException.
package dynamodb

import (
	"cmp"
	"context"
	"net/http"
	"sync"

	"orderflow/cmd/local/cloud/dynamodb/attribute"
	"orderflow/cmd/local/cloud/dynamodb/expression"
	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/storage"
)

// Config says whose DynamoDB it is.
type Config struct {
	Region  string
	Account string

	MaxTableBytes int // of the items of one table, 0 being 1 GiB
}

// Service holds tables. Its methods are DynamoDB's actions; they may be called
// from any number of goroutines.
type Service struct {
	config Config
	parser *expression.Parser

	// mu serialises writes, so that a transaction is atomic and conflicts with
	// none: TransactionConflictException does not arise.
	mu     sync.RWMutex
	tables storage.Table[*table]
	tokens tokens

	decoders sync.Pool // of *attribute.Decoder

	closed bool
	sweeps sync.WaitGroup // pending time-to-live sweeps
}

// New is a DynamoDB without tables.
func New(config Config) *Service {
	config.MaxTableBytes = cmp.Or(config.MaxTableBytes, 1<<30)
	return &Service{
		config: config,
		parser: expression.NewParser(),
		tables: storage.Memory[*table](),
		tokens: newTokens(),
		decoders: sync.Pool{New: func() any {
			return attribute.NewDecoder(nil)
		}},
	}
}

// Close ends the sweeps of expired items and waits for one that runs.
func (s *Service) Close(context.Context) error {
	s.mu.Lock()
	s.closed = true
	for _, t := range s.tables.Ascend("") {
		s.unscheduleSweep(t)
	}
	s.mu.Unlock()
	s.sweeps.Wait()
	return nil
}

// Consumed is what the named table and its indexes have consumed since it was
// created, in read and write capacity units. Failed conditional writes count,
// as they do on AWS.
func (s *Service) Consumed(table string) (read, write float64) {
	t, err := s.table(table)
	if err != nil {
		return 0, 0
	}
	return t.meter.units()
}

// Actions are DynamoDB's API.
func (s *Service) Actions() protocol.Actions {
	return protocol.Actions{
		"CreateTable":               protocol.Do(s.CreateTable, s.authorize),
		"UpdateTable":               protocol.Do(s.UpdateTable, s.authorize),
		"DescribeTable":             protocol.Do(s.DescribeTable, s.authorize),
		"DeleteTable":               protocol.Do(s.DeleteTable, s.authorize),
		"ListTables":                protocol.Do(s.ListTables, s.authorize),
		"ListTagsOfResource":        protocol.Do(s.ListTagsOfResource, s.authorize),
		"UpdateTimeToLive":          protocol.Do(s.UpdateTimeToLive, s.authorize),
		"DescribeTimeToLive":        protocol.Do(s.DescribeTimeToLive, s.authorize),
		"UpdateContinuousBackups":   protocol.Do(s.UpdateContinuousBackups, s.authorize),
		"DescribeContinuousBackups": protocol.Do(s.DescribeContinuousBackups, s.authorize),
		"PutResourcePolicy":         protocol.Do(s.PutResourcePolicy, s.authorize),
		"GetResourcePolicy":         protocol.Do(s.GetResourcePolicy, s.authorize),

		"GetItem":            action(s, s.GetItem),
		"PutItem":            action(s, s.PutItem),
		"UpdateItem":         action(s, s.UpdateItem),
		"DeleteItem":         action(s, s.DeleteItem),
		"Query":              action(s, s.Query),
		"Scan":               action(s, s.Scan),
		"BatchGetItem":       action(s, s.BatchGetItem),
		"BatchWriteItem":     action(s, s.BatchWriteItem),
		"TransactGetItems":   action(s, s.TransactGetItems),
		"TransactWriteItems": action(s, s.TransactWriteItems),
	}
}

// Handler serves the API over the AWS JSON 1.0 protocol.
func (s *Service) Handler() http.Handler { return protocol.JSON("1.0", s.Actions()) }

// table finds a table by name for an action on its items.
func (s *Service) table(name string) (*table, error) {
	s.mu.RLock()
	t, ok := s.tables.Get(name)
	s.mu.RUnlock()
	if !ok {
		return nil, protocol.Errorf("ResourceNotFoundException", "Requested resource not found")
	}
	return t, nil
}
