package provider_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// The comparison with the npm package is a test of the whole project; here, what that package cannot tell.
func TestSchema(t *testing.T) {
	resp, err := newEngine(t).server.GetSchema(p.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal([]byte(resp.Schema), &spec); err != nil {
		t.Fatal(err)
	}
	if spec.Name != "command" || spec.Version != "1.2.1" {
		t.Errorf("package %s %s", spec.Name, spec.Version)
	}
	want := []string{
		"command:local:Command", "command:remote:Command", "command:remote:CopyFile", "command:remote:CopyToRemote",
	}
	if got := slices.Sorted(maps.Keys(spec.Resources)); !slices.Equal(got, want) {
		t.Errorf("resources: %v", got)
	}
	for token, resource := range spec.Resources {
		for name, input := range resource.InputProperties {
			if secret := name == "connection"; input.Secret != secret || resource.Properties[name].Secret != secret {
				t.Errorf("%s: secrecy of %s", token, name)
			}
		}
	}
	connection := spec.Types["command:remote:Connection"]
	for name, want := range map[string]any{"user": "root", "port": 22.0, "dialErrorLimit": 10.0, "perDialTimeout": 15.0} {
		if got := connection.Properties[name].Default; got != want {
			t.Errorf("default of %s: %v", name, got)
		}
	}
}

func TestDefaultsOfAConnection(t *testing.T) {
	checked := newEngine(t).resource(remoteCommand).valid(props{"connection": object(props{
		"host": text("h"), "proxy": object(props{"host": text("p")}),
	})})
	connection := checked.Get("connection").AsMap()
	for name, at := range map[string]property.Map{"host": connection, "proxy": connection.Get("proxy").AsMap()} {
		if at.Get("user").AsString() != "root" || at.Get("port").AsNumber() != 22 || at.Get("dialErrorLimit").AsNumber() != 10 {
			t.Errorf("defaults of %s: %v", name, at)
		}
	}
}
