package bootstrap

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// A function's configuration is the one that the SDK would load there.
func TestAWSConfig(t *testing.T) {
	for _, test := range []struct {
		name     string
		endpoint string
	}{
		{"on AWS", ""},
		{"on an emulator", "http://127.0.0.1:4566"},
	} {
		t.Run(test.name, func(t *testing.T) {
			nowhere := filepath.Join(t.TempDir(), "none")
			for name, value := range map[string]string{
				"AWS_REGION":                  "eu-west-1",
				"AWS_ACCESS_KEY_ID":           "ASIAEXAMPLE",
				"AWS_SECRET_ACCESS_KEY":       "secret",
				"AWS_SESSION_TOKEN":           "token",
				"AWS_ENDPOINT_URL":            test.endpoint,
				"AWS_CONFIG_FILE":             nowhere, // a developer's own, which Lambda has not
				"AWS_SHARED_CREDENTIALS_FILE": nowhere,
			} {
				t.Setenv(name, value)
			}
			loaded, err := config.LoadDefaultConfig(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ours := awsConfig(os.Getenv)

			// What is left out is compared below, says where the SDK looked, is
			// about files that it would write, or writes what is not JSON.
			leftOut := cmpopts.IgnoreFields(aws.Config{}, "Credentials", "HTTPClient", "ConfigSources", "RuntimeEnvironment", "RestrictFilePermissions", "Logger")
			if diff := cmp.Diff(loaded, ours, leftOut, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("configuration (-the SDK's +ours):\n%s", diff)
			}
			if _, ok := loaded.HTTPClient.(*awshttp.BuildableClient); !ok {
				t.Errorf("the SDK's client is a %T", loaded.HTTPClient)
			}
			if _, ok := ours.HTTPClient.(*awshttp.BuildableClient); !ok {
				t.Errorf("our client is a %T", ours.HTTPClient)
			}
			want, err := loaded.Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			got, err := ours.Credentials.Retrieve(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(aws.Credentials{}, "Source")); diff != "" {
				t.Errorf("credentials (-the SDK's +ours):\n%s", diff)
			}
		})
	}
}
