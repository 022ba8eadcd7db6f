package lambda

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/google/uuid"
)

// PublishVersionInput asks for a version of what a function is now.
type PublishVersionInput struct {
	FunctionName string  `json:"-"`
	Description  *string // nil: the function's
	RevisionId   string  // the function's, or "" for any
}

// PublishVersion makes a version of a function, which never changes; a function
// that has not changed since its latest version keeps that one.
// https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
func (s *Service) PublishVersion(_ context.Context, in *PublishVersionInput) (*FunctionConfiguration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	if in.RevisionId != "" && in.RevisionId != f.config.RevisionId {
		return nil, lower("PreconditionFailedException", http.StatusPreconditionFailed,
			"The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId")
	}
	if f.changed {
		f.versions = append(f.versions, f.version(strconv.Itoa(len(f.versions)+1), in.Description))
		f.changed = false
	}
	return f.versions[len(f.versions)-1].described(), nil
}

// version is what f is now, for good. It shares f's concurrency.
func (f *function) version(number string, description *string) *function {
	v := &function{
		svc: f.svc, config: f.config, timeout: f.timeout, tags: f.tags, init: f.init, role: f.role,
		application: f.application, system: f.system, latest: f,
	}
	v.config.Version, v.config.RevisionId = number, uuid.NewString()
	if description != nil {
		v.config.Description = *description
	}
	return v
}

// described is a version as the API reports it.
func (f *function) described() *FunctionConfiguration {
	config := f.config
	config.FunctionArn = joinName(config.FunctionArn, config.Version)
	return &config
}

// UpdateFunctionCodeInput is a function with another handler.
type UpdateFunctionCodeInput struct {
	FunctionName string
	Init         func(version string) (lambda.Handler, error)
}

// UpdateFunctionCode gives a function another handler, which its published
// versions never run. It is not served: code is in this process.
func (s *Service) UpdateFunctionCode(_ context.Context, in *UpdateFunctionCodeInput) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.unqualified(in.FunctionName)
	if err != nil {
		return err
	}
	f.dismiss()
	f.init, f.changed, f.config.RevisionId = in.Init, true, uuid.NewString()
	return nil
}

// ListVersionsByFunctionInput pages through a function's versions.
type ListVersionsByFunctionInput struct {
	FunctionName string
	Marker       string
	MaxItems     int // 0 being 50
}

// ListVersionsByFunctionOutput is a page of versions, $LATEST first.
type ListVersionsByFunctionOutput struct {
	NextMarker *string
	Versions   []FunctionConfiguration
}

// ListVersionsByFunction reports $LATEST and the published versions.
// https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html
func (s *Service) ListVersionsByFunction(_ context.Context, in *ListVersionsByFunctionInput) (*ListVersionsByFunctionOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.unqualified(in.FunctionName)
	if err != nil {
		return nil, err
	}
	all := slices.Concat([]*function{f}, f.versions)
	from := 0
	if in.Marker != "" {
		from = 1 + slices.IndexFunc(all, func(v *function) bool { return v.config.Version == in.Marker })
	}
	out := &ListVersionsByFunctionOutput{Versions: []FunctionConfiguration{}}
	for _, v := range all[from:] {
		if n := len(out.Versions); n == cmp.Or(in.MaxItems, 50) {
			out.NextMarker = &out.Versions[n-1].Version
			break
		}
		out.Versions = append(out.Versions, *v.described())
	}
	return out, nil
}

// unqualified finds the function that versions and aliases are made of.
func (s *Service) unqualified(name string) (*function, error) {
	bare, qualifier := splitName(name)
	if qualifier != "" && qualifier != latestVersion {
		return nil, invalid("The function name %s has a qualifier where none is taken.", name)
	}
	f, _, err := s.lookup(bare, "")
	return f, err
}
