// Package ses is Amazon SES, API version 2, for an account out of the sandbox:
// mail from a verified identity is accepted for anybody, and lands in an
// outbox instead of the network. Templates, attachments, contact lists and
// configuration sets are refused.
package ses

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"orderflow/cmd/local/cloud/protocol"
	"orderflow/cmd/local/cloud/storage"
)

// Config is what the service runs with.
type Config struct {
	Region, Account string

	// MaxMails bounds the outbox, 0 being 10,000: the oldest mail goes first.
	MaxMails int
}

// Service is SES in one account and region.
type Service struct {
	cfg Config

	mu         sync.Mutex
	identities storage.Table[struct{}] // addresses and domains, in lower case
	outbox     storage.Table[*Mail]    // by sequence
	sent       int                     // mails ever sent
	bytes      int                     // in the outbox
}

// New is an SES that knows no identity, and so accepts no sender.
func New(cfg Config) *Service {
	cfg.MaxMails = cmp.Or(cfg.MaxMails, 10_000)
	return &Service{cfg: cfg, identities: storage.Memory[struct{}](), outbox: storage.Memory[*Mail]()}
}

// CreateEmailIdentityInput names an address or a domain.
type CreateEmailIdentityInput struct {
	EmailIdentity string
}

// EmailIdentity is how the API reports an identity. Here each is verified at
// once.
type EmailIdentity struct {
	IdentityType             string // EMAIL_ADDRESS or DOMAIN
	VerifiedForSendingStatus bool
}

// CreateEmailIdentity verifies an address, or a domain with all its addresses
// and subdomains, as a sender.
func (s *Service) CreateEmailIdentity(_ context.Context, in *CreateEmailIdentityInput) (*EmailIdentity, error) {
	name := strings.ToLower(in.EmailIdentity)
	if strings.Contains(name, "@") {
		address, err := parseAddress(name)
		if err != nil {
			return nil, err
		}
		name = address
	} else if name == "" || strings.ContainsAny(name, " \t<>,;") || !strings.Contains(name, ".") {
		return nil, badRequest("Invalid email address<%s>.", in.EmailIdentity)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.identities.Get(name); ok {
		return nil, protocol.Errorf("AlreadyExistsException", "Email identity %s already exist.", in.EmailIdentity)
	}
	s.identities.Put(name, struct{}{})
	return &EmailIdentity{identityType(name), true}, nil
}

// GetEmailIdentity reports one identity.
func (s *Service) GetEmailIdentity(_ context.Context, name string) (*EmailIdentity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.identities.Get(strings.ToLower(name)); !ok {
		return nil, notFound("Email identity %s does not exist.", name)
	}
	return &EmailIdentity{identityType(name), true}, nil
}

func identityType(name string) string {
	if strings.Contains(name, "@") {
		return "EMAIL_ADDRESS"
	}
	return "DOMAIN"
}

// identity is what verifies an address: itself, its domain, or one above that.
func (s *Service) identity(address string) (name string, ok bool) {
	address = strings.ToLower(address)
	if _, ok := s.identities.Get(address); ok {
		return address, true
	}
	_, domain, _ := strings.Cut(address, "@")
	for ok := true; ok && domain != ""; _, domain, ok = strings.Cut(domain, ".") {
		if _, found := s.identities.Get(domain); found {
			return domain, true
		}
	}
	return "", false
}

// IdentityInfo is an identity in a list.
type IdentityInfo struct {
	IdentityType       string
	IdentityName       string
	SendingEnabled     bool
	VerificationStatus string
}

// ListEmailIdentitiesInput pages through the identities.
type ListEmailIdentitiesInput struct {
	NextToken string
	PageSize  int // 0 being 1,000
}

// ListEmailIdentitiesOutput is a page of identities, by name.
type ListEmailIdentitiesOutput struct {
	EmailIdentities []IdentityInfo
	NextToken       string `json:",omitempty"`
}

// ListEmailIdentities reports the identities in order of their names.
func (s *Service) ListEmailIdentities(_ context.Context, in *ListEmailIdentitiesInput) (*ListEmailIdentitiesOutput, error) {
	if in.PageSize < 0 || in.PageSize > 1000 {
		return nil, badRequest("PageSize must be between 1 and 1000.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &ListEmailIdentitiesOutput{EmailIdentities: []IdentityInfo{}}
	for name := range s.identities.Ascend(in.NextToken) {
		if len(out.EmailIdentities) == cmp.Or(in.PageSize, 1000) {
			out.NextToken = name
			break
		}
		out.EmailIdentities = append(out.EmailIdentities, IdentityInfo{identityType(name), name, true, "SUCCESS"})
	}
	return out, nil
}

// GetAccountOutput reports the account. A quota of -1 is no quota.
type GetAccountOutput struct {
	DedicatedIpAutoWarmupEnabled bool
	EnforcementStatus            string
	ProductionAccessEnabled      bool
	SendQuota                    SendQuota
	SendingEnabled               bool
}

// SendQuota is how much may be sent, and was.
type SendQuota struct{ Max24HourSend, MaxSendRate, SentLast24Hours float64 }

// GetAccount reports an account in production without quotas.
func (s *Service) GetAccount(context.Context) (*GetAccountOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	yesterday, recent := time.Now().Add(-24*time.Hour), 0
	for _, m := range s.outbox.Descend("") {
		if m.Timestamp.Before(yesterday) {
			break
		}
		recent++
	}
	return &GetAccountOutput{
		EnforcementStatus:       "HEALTHY",
		ProductionAccessEnabled: true,
		SendQuota:               SendQuota{Max24HourSend: -1, MaxSendRate: -1, SentLast24Hours: float64(recent)},
		SendingEnabled:          true,
	}, nil
}
