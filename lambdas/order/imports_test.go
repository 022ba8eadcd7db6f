package order_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module       = "orderflow"
	goformation  = "github.com/awslabs/goformation"
	root         = "../.."
	orderDir     = "lambdas/order"
	aslDir       = "statemachine/asl"
	lambdasDir   = "lambdas"
	statesDir    = "statemachine"
	ordersDir    = "cmd/orders"
	stacktestDir = "cmd/orders/stack/stacktest"
	localDir     = "cmd/local"
	templateDir  = "template"
	ownCommands  = module + "/cmd"
	ownTemplates = module + "/template"
)

// TestImports holds the house's rooms to their rules. Tests may import more.
func TestImports(t *testing.T) {
	checked := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if rule := broken(path.Dir(name), imported); rule != "" {
				t.Errorf("%s imports %s: %s", name, imported, rule)
			}
			checked++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if checked < 100 {
		t.Errorf("only %d imports checked: is %s the module's root?", checked, root)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Error(err)
	}
}

// broken names the rule that an import breaks, or is "".
func broken(dir, imported string) string {
	switch {
	case within(dir, orderDir) && strings.Contains(strings.Split(imported, "/")[0], "."):
		return "the vocabulary imports the standard library alone"
	case within(dir, orderDir) && within(imported, module):
		return "the vocabulary imports nothing of ours"
	case within(dir, aslDir) && within(imported, module) && !within(imported, module+"/"+aslDir):
		return "the state machine's core knows nothing of ours"
	case within(dir, lambdasDir) && within(imported, ownCommands):
		return "a Lambda is deployed without the commands"
	case within(dir, lambdasDir) && within(imported, ownTemplates):
		return "a Lambda does not know the template"
	case within(dir, statesDir) && within(imported, module) && !within(imported, module+"/"+statesDir):
		return "what any state machine means, did or looks like knows nothing of orders"
	case within(dir, ordersDir) && !within(dir, stacktestDir) && within(imported, module+"/"+localDir):
		return "the operator's command line speaks to AWS, and knows no local cloud"
	case within(imported, goformation) && !within(dir, templateDir):
		return "goformation takes a minute to compile, for the template alone"
	}
	return ""
}

// within reports whether a path is a folder or lies in it.
func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

// The test above must be able to fail.
func TestImportRules(t *testing.T) {
	for _, test := range []struct {
		dir, imported string
		broken        bool
	}{
		{"lambdas/order", "time", false},
		{"lambdas/order", "github.com/aws/aws-sdk-go-v2/aws", true},
		{"lambdas/order", "orderflow/lambdas/consumer", true},
		{"statemachine/asl", "github.com/xiatechs/jsonata-go", false},
		{"statemachine/asl", "orderflow/statemachine/asl/jsonata", false},
		{"statemachine/asl", "orderflow/lambdas/order", true},
		{"statemachine/asl/jsonata", "orderflow/statemachine", true},
		{"lambdas/inventory", "orderflow/lambdas/order", false},
		{"lambdas/inventory", "orderflow/cmd/local/cloud/dynamodb", true},
		{"lambdas/inventory", "orderflow/template", true},
		{"statemachine/journey", "orderflow/statemachine/asl", false},
		{"statemachine/chart", "orderflow/lambdas/order", true},
		{"cmd/orders/cli", "orderflow/cmd/orders/stack", false},
		{"cmd/orders/stack", "orderflow/cmd/local/cloud", true},
		{"cmd/orders/stack/stacktest", "orderflow/cmd/local/cloud", false},
		{"cmd/local/console", "orderflow/cmd/orders/stack", false},
		{"template", "github.com/awslabs/goformation/v7/cloudformation/s3", false},
		{"cmd/local", "github.com/awslabs/goformation/v7/cloudformation/s3", true},
	} {
		if got := broken(test.dir, test.imported); (got != "") != test.broken {
			t.Errorf("%s imports %s: %q", test.dir, test.imported, got)
		}
	}
}
