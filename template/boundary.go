package template

const (
	permissionsBoundary = "PermissionsBoundaryArn"

	// noPermissionsBoundary is the condition under which roles are not bounded.
	noPermissionsBoundary = "NoPermissionsBoundary"
)

// roles is how far this account lets roles go, whatever they are allowed.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func roles() []Parameter {
	return []Parameter{{
		ID: permissionsBoundary, Label: "Permissions boundary",
		Type:                  "String",
		Description:           "The ARN of a managed policy that bounds what the roles may do at most, where the account demands one. Empty for none.",
		Default:               "",
		AllowedPattern:        `^(arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+)?$`,
		ConstraintDescription: "the ARN of an IAM policy, or nothing",
	}}
}
