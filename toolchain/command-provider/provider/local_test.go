package provider_test

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const localCommand = "command:local:Command"

func TestLocalCommandLifecycle(t *testing.T) {
	dir := t.TempDir()
	inputs := props{
		"dir":         text(dir),
		"create":      text("printf '%s %s\\n' created $NAME; pwd >&2; cat > given"),
		"update":      text(`echo "updated after $PULUMI_COMMAND_STDOUT"`),
		"delete":      text(`echo "$PULUMI_COMMAND_STDOUT" > deleted`),
		"stdin":       text("input"),
		"environment": object(props{"NAME": text("it")}),
	}
	it := newEngine(t).resource(localCommand)
	state := it.mustCreate(inputs)
	if stdoutOf(state) != "created it" || state.Get("stderr").AsString() != dir {
		t.Errorf("state after create: %v", state)
	}
	if got := readFile(t, dir+"/given"); got != "input" {
		t.Errorf("stdin: %q", got)
	}
	if diff := it.diff(inputs); diff.HasChanges {
		t.Errorf("the same inputs differ: %v", diff.DetailedDiff)
	}
	if kind := it.diff(with(inputs, props{"triggers": texts("new")})).DetailedDiff["triggers"].Kind; kind != p.AddReplace {
		t.Errorf("new triggers are %q", kind)
	}
	state = it.mustUpdate(with(inputs, props{"stdin": text("other")}))
	if got := stdoutOf(state); got != "updated after created it" {
		t.Errorf("stdout after update: %q", got)
	}
	if err := it.delete(); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, dir+"/deleted"); got != "updated after created it\n" {
		t.Errorf("delete was given %q", got)
	}
}

func TestLocalCommandWithoutFormerOutput(t *testing.T) {
	inputs := props{"create": text("echo [$PULUMI_COMMAND_STDOUT]"), "addPreviousOutputInEnv": property.New(false)}
	it := newEngine(t).resource(localCommand)
	it.mustCreate(inputs)
	if got := stdoutOf(it.mustUpdate(with(inputs, props{"delete": text("true")}))); got != "[]" {
		t.Errorf("stdout: %q", got)
	}
}

func TestLocalInterpreter(t *testing.T) {
	state := newEngine(t).resource(localCommand).mustCreate(props{
		"interpreter": texts("/bin/sh", "-c", `echo "$0"`), "create": text("the command"),
	})
	if got := stdoutOf(state); got != "the command" {
		t.Errorf("stdout: %q", got)
	}
}

func TestLocalCommandWithNothingToRun(t *testing.T) {
	it := newEngine(t).resource(localCommand)
	if got := stdoutOf(it.mustCreate(props{})); got != "" {
		t.Errorf("stdout: %q", got)
	}
	if err := it.delete(); err != nil {
		t.Fatal(err)
	}
}

func TestFilesThatACommandLeaves(t *testing.T) {
	dir := t.TempDir()
	state := newEngine(t).resource(localCommand).mustCreate(props{
		"dir":          text(dir),
		"create":       text("mkdir -p src/deep; touch src/index.js src/secret.js src/deep/x.js top.js note.txt"),
		"assetPaths":   texts("src/**.js", "!**secret.*"),
		"archivePaths": texts("*.js", "*.txt"),
	})
	assets := state.Get("assets").AsMap().AsMap()
	if got := slices.Sorted(maps.Keys(assets)); !slices.Equal(got, []string{"src/deep/x.js", "src/index.js"}) {
		t.Errorf("assets: %v", got)
	}
	if got := assets["src/index.js"].AsAsset().Path; got != filepath.Join(dir, "src/index.js") {
		t.Errorf("path of an asset: %s", got)
	}
	if got := slices.Sorted(maps.Keys(state.Get("archive").AsArchive().Assets)); !slices.Equal(got, []string{"note.txt", "top.js"}) {
		t.Errorf("archive: %v", got)
	}
	err := newEngine(t).resource(localCommand).create(props{"create": text("true"), "assetPaths": texts("[")})
	if err == nil || !strings.Contains(err.Error(), `assetPaths: glob "["`) {
		t.Errorf("error for a bad glob: %v", err)
	}
}

func TestLocalFailure(t *testing.T) {
	e := newEngine(t)
	err := e.resource(localCommand).create(props{
		"create": text("cat >&2; exit 7 # do-not-show"), "stdin": text("reason canary-7f3a"),
	})
	if err == nil || !strings.Contains(err.Error(), "the create command failed: exit status 7") {
		t.Fatalf("error: %v", err)
	}
	if seen := err.Error() + e.log.String(); strings.Contains(seen, "canary-7f3a") || strings.Contains(seen, "do-not-show") {
		t.Errorf("secret in log or error: %s", seen)
	}
	err = e.resource(localCommand).create(props{"create": text("true"), "dir": text("/nowhere")})
	if err == nil || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("error for a missing folder: %v", err)
	}
}

func TestRun(t *testing.T) {
	e := newEngine(t)
	run := func(args props) (p.InvokeResponse, error) {
		return e.server.Invoke(p.InvokeRequest{Token: "command:local:run", Args: property.NewMap(args)})
	}
	resp, err := run(props{"command": text("cat; echo note >&2"), "stdin": secret("canary-7f3a")})
	if err != nil {
		t.Fatal(err)
	}
	result := resp.Return
	if stdoutOf(result) != "canary-7f3a" || result.Get("stderr").AsString() != "note" || result.Get("command").AsString() == "" {
		t.Errorf("result: %v", result)
	}
	_, err = run(props{"command": text("cat >&2; exit 5"), "stdin": secret("canary-7f3a")})
	if err == nil || !strings.Contains(err.Error(), "exit status 5") {
		t.Errorf("error: %v", err)
	}
	if seen := err.Error() + e.log.String(); strings.Contains(seen, "canary-7f3a") {
		t.Errorf("secret in log or error: %s", seen)
	}
	if resp, err := run(props{}); err == nil && len(resp.Failures) == 0 {
		t.Error("a run without a command passes")
	}
}
