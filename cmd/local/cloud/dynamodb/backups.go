package dynamodb

import "context"

// pointInTimeRecovery is kept as data: there are no backups here to restore.
type pointInTimeRecovery struct {
	enabled bool
	days    int
}

type UpdateContinuousBackupsInput struct {
	TableName                        string
	PointInTimeRecoverySpecification PointInTimeRecoverySpecification
}

type PointInTimeRecoverySpecification struct {
	PointInTimeRecoveryEnabled bool
	RecoveryPeriodInDays       *int
}

type UpdateContinuousBackupsOutput struct {
	ContinuousBackupsDescription ContinuousBackupsDescription
}

type (
	ContinuousBackupsDescription struct {
		ContinuousBackupsStatus        string
		PointInTimeRecoveryDescription PointInTimeRecoveryDescription
	}
	PointInTimeRecoveryDescription struct {
		PointInTimeRecoveryStatus string
		RecoveryPeriodInDays      int `json:",omitzero"`
	}
)

// UpdateContinuousBackups turns point-in-time recovery on or off.
func (s *Service) UpdateContinuousBackups(_ context.Context, in *UpdateContinuousBackupsInput) (*UpdateContinuousBackupsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err := s.describe(in.TableName)
	if err != nil {
		return nil, err
	}
	days := 35
	if n := in.PointInTimeRecoverySpecification.RecoveryPeriodInDays; n != nil {
		days = *n
		if err := checkRange("pointInTimeRecoverySpecification.recoveryPeriodInDays", days, 1, 35); err != nil {
			return nil, err
		}
	}
	t.recovery = pointInTimeRecovery{}
	if in.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled {
		t.recovery = pointInTimeRecovery{enabled: true, days: days}
	}
	return &UpdateContinuousBackupsOutput{t.recovery.description()}, nil
}

type DescribeContinuousBackupsInput struct{ TableName string }

type DescribeContinuousBackupsOutput struct {
	ContinuousBackupsDescription ContinuousBackupsDescription
}

// DescribeContinuousBackups tells whether point-in-time recovery is on.
func (s *Service) DescribeContinuousBackups(_ context.Context, in *DescribeContinuousBackupsInput) (*DescribeContinuousBackupsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.describe(in.TableName)
	if err != nil {
		return nil, err
	}
	return &DescribeContinuousBackupsOutput{t.recovery.description()}, nil
}

func (p pointInTimeRecovery) description() ContinuousBackupsDescription {
	status := "DISABLED"
	if p.enabled {
		status = "ENABLED"
	}
	return ContinuousBackupsDescription{"ENABLED", PointInTimeRecoveryDescription{status, p.days}}
}
