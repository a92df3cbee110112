package provider_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"

	"github.com/blang/semver"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/integration"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"slipway/toolchain/command-provider/provider"
)

// props is a shorter name for literals of inputs.
type props = map[string]property.Value

// engine drives the provider as Pulumi's engine does: check, preview, then the operation.
type engine struct {
	t      *testing.T
	server integration.Server
	log    *logRecord
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	t.Setenv("SSH_AUTH_SOCK", "")
	server, err := integration.NewServer(t.Context(), provider.Name, semver.MustParse(provider.Version),
		integration.WithProvider(provider.New()))
	if err != nil {
		t.Fatal(err)
	}
	record := &logRecord{}
	former := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(record, nil)))
	t.Cleanup(func() { slog.SetDefault(former) })
	return &engine{t, server, record}
}

// logRecord holds what the provider logs.
type logRecord struct {
	lock sync.Mutex
	text bytes.Buffer
}

func (l *logRecord) Write(data []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.Write(data)
}

func (l *logRecord) String() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.text.String()
}

// wire passes properties through the encoding in which the engine gets and sends them.
func (e *engine) wire(m property.Map) property.Map {
	e.t.Helper()
	options := plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true, SkipNulls: true}
	encoded, err := plugin.MarshalProperties(resource.ToResourcePropertyMap(m), options)
	if err != nil {
		e.t.Fatal(err)
	}
	decoded, err := plugin.UnmarshalProperties(encoded, options)
	if err != nil {
		e.t.Fatal(err)
	}
	return resource.FromResourcePropertyMap(decoded)
}

// instance is a resource as the engine remembers it.
type instance struct {
	engine *engine
	urn    resource.URN
	id     string
	state  property.Map
}

// resource names a resource that is yet to be created.
func (e *engine) resource(token tokens.Type) *instance {
	return &instance{engine: e, urn: resource.NewURN("stack", "project", "", token, "it")}
}

// check returns the checked inputs and the failures.
func (i *instance) check(inputs props) (property.Map, []p.CheckFailure) {
	i.engine.t.Helper()
	checked, err := i.engine.server.Check(p.CheckRequest{Urn: i.urn, Inputs: property.NewMap(inputs)})
	if err != nil {
		i.engine.t.Fatalf("check: %v", err)
	}
	return i.engine.wire(checked.Inputs), checked.Failures
}

func (i *instance) valid(inputs props) property.Map {
	i.engine.t.Helper()
	checked, failures := i.check(inputs)
	if len(failures) > 0 {
		i.engine.t.Fatalf("check failures: %v", failures)
	}
	return checked
}

// preview returns the state that a preview of the creation shows.
func (i *instance) preview(inputs props) property.Map {
	i.engine.t.Helper()
	created, err := i.engine.server.Create(p.CreateRequest{Urn: i.urn, Properties: i.valid(inputs), DryRun: true})
	if err != nil {
		i.engine.t.Fatalf("preview: %v", err)
	}
	return i.engine.wire(created.Properties)
}

// create previews and creates the resource.
func (i *instance) create(inputs props) error {
	i.engine.t.Helper()
	i.preview(inputs)
	created, err := i.engine.server.Create(p.CreateRequest{Urn: i.urn, Properties: i.valid(inputs)})
	if err == nil {
		i.id, i.state = created.ID, i.engine.wire(created.Properties)
	}
	return err
}

// mustCreate creates the resource and returns its state.
func (i *instance) mustCreate(inputs props) property.Map {
	i.engine.t.Helper()
	if err := i.create(inputs); err != nil {
		i.engine.t.Fatalf("create: %v", err)
	}
	return i.state
}

// diff returns what another set of inputs would change.
func (i *instance) diff(inputs props) p.DiffResponse {
	i.engine.t.Helper()
	diff, err := i.engine.server.Diff(p.DiffRequest{ID: i.id, Urn: i.urn, State: i.state, Inputs: i.valid(inputs)})
	if err != nil {
		i.engine.t.Fatalf("diff: %v", err)
	}
	return diff
}

// update previews and updates the resource.
func (i *instance) update(inputs props) error {
	i.engine.t.Helper()
	req := p.UpdateRequest{ID: i.id, Urn: i.urn, State: i.state, Inputs: i.valid(inputs), DryRun: true}
	if _, err := i.engine.server.Update(req); err != nil {
		i.engine.t.Fatalf("preview of update: %v", err)
	}
	req.DryRun = false
	updated, err := i.engine.server.Update(req)
	if err == nil {
		i.state = i.engine.wire(updated.Properties)
	}
	return err
}

func (i *instance) mustUpdate(inputs props) property.Map {
	i.engine.t.Helper()
	if err := i.update(inputs); err != nil {
		i.engine.t.Fatalf("update: %v", err)
	}
	return i.state
}

func (i *instance) delete() error {
	return i.engine.server.Delete(p.DeleteRequest{ID: i.id, Urn: i.urn, Properties: i.state})
}

// with returns a copy of the properties with some set anew.
func with(base, changes props) props {
	merged := props{}
	for key, value := range base {
		merged[key] = value
	}
	for key, value := range changes {
		merged[key] = value
	}
	return merged
}

func text(value string) property.Value { return property.New(value) }

func texts(values ...string) property.Value {
	list := make([]property.Value, len(values))
	for i, value := range values {
		list[i] = property.New(value)
	}
	return property.New(list)
}

func number(value float64) property.Value { return property.New(value) }

func secret(value string) property.Value { return property.New(value).WithSecret(true) }

func object(fields props) property.Value { return property.New(property.NewMap(fields)) }

func stdoutOf(state property.Map) string { return state.Get("stdout").AsString() }
