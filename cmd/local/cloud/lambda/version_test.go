package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	awslambda "github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"orderflow/cmd/local/cloud/lambda"
)

func publish(t testing.TB, s *lambda.Service, name string) string {
	t.Helper()
	v, err := s.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: name})
	if err != nil {
		t.Fatal(err)
	}
	return v.Version
}

// tells makes a function that answers with its release and the version whose
// environment it runs in, and with the ARN it was invoked by.
func tells(release string) func(version string) (awslambda.Handler, error) {
	return func(version string) (awslambda.Handler, error) {
		return awslambda.NewHandler(func(ctx context.Context) (string, error) {
			lc, _ := lambdacontext.FromContext(ctx)
			return release + " " + version + " " + lc.InvokedFunctionArn, nil
		}), nil
	}
}

// A version runs what was published with it, by whatever name it is invoked,
// and an alias is the version that it was last moved to.
func TestVersionsAndAliases(t *testing.T) {
	s := newService(t, lambda.Config{})
	if _, err := s.CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: "f", Init: tells("old")}); err != nil {
		t.Fatal(err)
	}
	c := client(s)
	name := aws.String("f")
	answers := func(invoked, version, want string) {
		t.Helper()
		out, err := c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String(arn + invoked)})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(out.Payload); got != `"`+want+" "+arn+invoked+`"` || aws.ToString(out.ExecutedVersion) != version {
			t.Errorf("%s: version %s answers %s, want %s by %s", invoked, aws.ToString(out.ExecutedVersion), got, version, want)
		}
	}

	first, err := c.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: name, Description: aws.String("first")})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(first.Version) != "1" || aws.ToString(first.FunctionArn) != arn+"f:1" || aws.ToString(first.Description) != "first" {
		t.Errorf("published %s %s %q", aws.ToString(first.Version), aws.ToString(first.FunctionArn), aws.ToString(first.Description))
	}
	if again := publish(t, s, "f"); again != "1" {
		t.Errorf("a function that has not changed is published as %s", again)
	}
	alias, err := c.CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(alias.AliasArn); got != arn+"f:live" {
		t.Errorf("the alias is %s", got)
	}

	if err := s.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: "f", Init: tells("new")}); err != nil {
		t.Fatal(err)
	}
	if second := publish(t, s, "f"); second != "2" {
		t.Errorf("what has changed is published as %s", second)
	}
	answers("f", "$LATEST", "new $LATEST")
	answers("f:1", "1", "old 1")
	answers("f:2", "2", "new 2")
	answers("f:live", "1", "old 1")
	if _, err := c.UpdateAlias(t.Context(), &sdk.UpdateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("2")}); err != nil {
		t.Fatal(err)
	}
	answers("f:live", "2", "new 2")

	got, err := c.GetAlias(t.Context(), &sdk.GetAliasInput{FunctionName: name, Name: aws.String("live")})
	if err != nil || aws.ToString(got.FunctionVersion) != "2" {
		t.Errorf("the alias has %v %v", got, err)
	}
	function, err := c.GetFunction(t.Context(), &sdk.GetFunctionInput{FunctionName: name, Qualifier: aws.String("live")})
	if err != nil {
		t.Fatal(err)
	}
	if f := function.Configuration; aws.ToString(f.FunctionArn) != arn+"f:live" || aws.ToString(f.Version) != "2" {
		t.Errorf("the function is %s %s", aws.ToString(f.FunctionArn), aws.ToString(f.Version))
	}
	var versions, aliases []string
	pages := sdk.NewListVersionsByFunctionPaginator(c, &sdk.ListVersionsByFunctionInput{FunctionName: name, MaxItems: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			versions = append(versions, aws.ToString(v.FunctionArn))
		}
	}
	if diff := cmp.Diff([]string{arn + "f:$LATEST", arn + "f:1", arn + "f:2"}, versions); diff != "" {
		t.Error(diff)
	}
	for _, version := range []string{"1", "2"} {
		page, err := c.ListAliases(t.Context(), &sdk.ListAliasesInput{FunctionName: name, FunctionVersion: &version})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.Aliases {
			aliases = append(aliases, version+" "+aws.ToString(a.Name))
		}
	}
	if diff := cmp.Diff([]string{"2 live"}, aliases); diff != "" {
		t.Error(diff)
	}
}

func TestVersionsAndAliasesRefuse(t *testing.T) {
	s := newService(t, lambda.Config{})
	create(t, s, lambda.CreateFunctionInput{FunctionName: "f"}, func() {})
	publish(t, s, "f")
	c := client(s)
	name, live, one, nine := aws.String("f"), aws.String("live"), aws.String("1"), aws.String("9")
	if _, err := c.CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: name, Name: live, FunctionVersion: one}); err != nil {
		t.Fatal(err)
	}
	split := &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"1": 0.1}}
	for _, test := range []struct {
		name, want string
		do         func() error
	}{
		{"an alias twice", "ResourceConflictException", func() error {
			_, err := c.CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: name, Name: live, FunctionVersion: one})
			return err
		}},
		{"an alias of no version", "ResourceNotFoundException", func() error {
			_, err := c.CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: name, Name: aws.String("next"), FunctionVersion: nine})
			return err
		}},
		{"a number for an alias", "InvalidParameterValueException", func() error {
			_, err := c.CreateAlias(t.Context(), &sdk.CreateAliasInput{FunctionName: name, Name: nine, FunctionVersion: one})
			return err
		}},
		{"two versions of an alias", "InvalidParameterValueException", func() error {
			_, err := c.UpdateAlias(t.Context(), &sdk.UpdateAliasInput{FunctionName: name, Name: live, RoutingConfig: split})
			return err
		}},
		{"moving an alias to no version", "ResourceNotFoundException", func() error {
			_, err := c.UpdateAlias(t.Context(), &sdk.UpdateAliasInput{FunctionName: name, Name: live, FunctionVersion: nine})
			return err
		}},
		{"an alias that changed meanwhile", "PreconditionFailedException", func() error {
			_, err := c.UpdateAlias(t.Context(), &sdk.UpdateAliasInput{FunctionName: name, Name: live, FunctionVersion: one, RevisionId: aws.String("x")})
			return err
		}},
		{"no alias", "ResourceNotFoundException", func() error {
			_, err := c.GetAlias(t.Context(), &sdk.GetAliasInput{FunctionName: name, Name: nine})
			return err
		}},
		{"invoking no version", "ResourceNotFoundException", func() error {
			_, err := c.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: name, Qualifier: nine})
			return err
		}},
		{"publishing a version", "InvalidParameterValueException", func() error {
			_, err := c.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: aws.String("f:1")})
			return err
		}},
		{"publishing other code", "InvalidParameterValueException", func() error {
			_, err := c.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: name, CodeSha256: aws.String("x")})
			return err
		}},
		{"publishing what changed meanwhile", "PreconditionFailedException", func() error {
			_, err := c.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: name, RevisionId: aws.String("x")})
			return err
		}},
	} {
		if err := test.do(); apiCode(err) != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

// Versions share the concurrency that is reserved for their function.
func TestVersionsShareReservedConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, lambda.Config{})
		one, release := 1, make(chan struct{})
		create(t, s, lambda.CreateFunctionInput{FunctionName: "f", ReservedConcurrentExecutions: &one}, func() { <-release })
		publish(t, s, "f")
		go s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "f:1"})
		synctest.Wait()
		if _, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: "f"}); code(err) != "TooManyRequestsException" {
			t.Errorf("$LATEST beside version 1: %v", err)
		}
		close(release)
		synctest.Wait()
		invoke(t, s, "f", "")
	})
}

func apiCode(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return fmt.Sprint(err)
}

// A mapping to an alias feeds the version that the alias has at that moment.
func TestMappingFollowsItsAlias(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		var by []string
		serve := func(version string) (awslambda.Handler, error) {
			return awslambda.NewHandler(func(context.Context) { by = append(by, version) }), nil
		}
		if _, err := r.CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: "f", Init: serve}); err != nil {
			t.Fatal(err)
		}
		publish(t, r.Service, "f")
		if _, err := r.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: "f", Name: "live", FunctionVersion: "1"}); err != nil {
			t.Fatal(err)
		}
		m := r.mapQueue(lambda.CreateEventSourceMappingInput{FunctionName: "f:live"})
		if m.FunctionArn != arn+"f:live" {
			t.Errorf("the mapping's function is %s", m.FunctionArn)
		}
		r.send("a")
		synctest.Wait()
		if err := r.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: "f", Init: serve}); err != nil {
			t.Fatal(err)
		}
		publish(t, r.Service, "f")
		r.send("b")
		synctest.Wait()
		if _, err := r.UpdateAlias(t.Context(), &lambda.UpdateAliasInput{FunctionName: "f", Name: "live", FunctionVersion: aws.String("2")}); err != nil {
			t.Fatal(err)
		}
		r.send("c")
		synctest.Wait()
		if diff := cmp.Diff([]string{"1", "1", "2"}, by); diff != "" {
			t.Error(diff)
		}
		for name, want := range map[string]int{"f": 1, "f:live": 1, "f:1": 0} {
			found, err := r.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: name})
			if err != nil || len(found.EventSourceMappings) != want {
				t.Errorf("%s has %d mappings, want %d (%v)", name, len(found.EventSourceMappings), want, err)
			}
		}
	})
}
