package template

// Auth is who may call the API. The zero value is IAM: closed but to callers
// of this account that an IAM policy admits.
type Auth struct {
	Mode AuthMode

	// Issuer and Audience are those of the tokens that JWT admits: the URL that
	// OpenID Connect discovery starts from, and who the tokens are meant for.
	Issuer, Audience string
}

// An AuthMode is how callers of the API show who they are.
type AuthMode string

const (
	IAM  AuthMode = "iam"  // requests are signed (SigV4): shops' own servers
	JWT  AuthMode = "jwt"  // a bearer token's subject is the customer, who sees and cancels their own orders
	None AuthMode = "none" // whoever knows the URL
)
