package provider_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const remoteCommand = "command:remote:Command"

func TestRemoteCommandLifecycle(t *testing.T) {
	h := startHost(t, "AcceptEnv PULUMI_COMMAND_*")
	connection := object(h.login(t))
	deleted := filepath.Join(t.TempDir(), "deleted")
	inputs := props{
		"connection": connection,
		"create":     text("echo created; echo note >&2"),
		"update":     text(`echo "updated after $PULUMI_COMMAND_STDOUT"`),
		"delete":     text(`echo "$PULUMI_COMMAND_STDOUT" > ` + deleted),
	}
	it := newEngine(t).resource(remoteCommand)

	state := it.mustCreate(inputs)
	if stdoutOf(state) != "created" || state.Get("stderr").AsString() != "note" {
		t.Errorf("state after create: %v", state)
	}
	if diff := it.diff(inputs); diff.HasChanges {
		t.Errorf("the same inputs differ: %v", diff.DetailedDiff)
	}
	state = it.mustUpdate(with(inputs, props{"environment": object(props{})}))
	if got := stdoutOf(state); got != "updated after created" {
		t.Errorf("stdout after update: %q", got)
	}
	if err := it.delete(); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, deleted); got != "updated after created\n" {
		t.Errorf("delete was given %q", got)
	}
}

func TestRemoteUpdateWithoutUpdateCommandRunsCreateAgain(t *testing.T) {
	h := startHost(t)
	inputs := props{"connection": object(h.login(t)), "create": text("echo one"), "addPreviousOutputInEnv": property.New(false)}
	it := newEngine(t).resource(remoteCommand)
	it.mustCreate(inputs)
	if got := stdoutOf(it.mustUpdate(with(inputs, props{"create": text("echo two")}))); got != "two" {
		t.Errorf("stdout: %q", got)
	}
}

func TestRemotePreviewRunsNothing(t *testing.T) {
	h := startHost(t)
	mark := filepath.Join(t.TempDir(), "mark")
	it := newEngine(t).resource(remoteCommand)
	state := it.preview(props{"connection": object(h.login(t)), "create": text("touch " + mark)})
	if !state.Get("stdout").IsComputed() {
		t.Errorf("stdout is known in a preview: %v", state.Get("stdout"))
	}
	if _, err := os.Stat(mark); err == nil || h.accepted.Load() > 0 {
		t.Error("the preview connected to the host")
	}
}

func TestConnectionIsSecretInTheState(t *testing.T) {
	h := startHost(t)
	state := newEngine(t).resource(remoteCommand).mustCreate(props{
		"connection": object(h.login(t)), "create": text("echo public"),
	})
	if !state.Get("connection").Secret() {
		t.Error("connection is not secret")
	}
	if state.Get("stdout").Secret() {
		t.Error("stdout is secret although the published provider leaves that to additionalSecretOutputs")
	}
}

func TestTriggersReplace(t *testing.T) {
	h := startHost(t)
	inputs := props{"connection": object(h.login(t)), "create": text("true"), "triggers": texts("r1", "same")}
	it := newEngine(t).resource(remoteCommand)
	it.mustCreate(inputs)

	for name, triggers := range map[string]property.Value{
		"another item":  texts("r2", "same"),
		"one item more": texts("r1", "same", "new"),
		"no item":       property.New(property.Null),
	} {
		diff := it.diff(with(inputs, props{"triggers": triggers}))
		for path, change := range diff.DetailedDiff {
			if change.Kind != p.UpdateReplace && change.Kind != p.AddReplace && change.Kind != p.DeleteReplace {
				t.Errorf("%s: %s is %q", name, path, change.Kind)
			}
		}
		if len(diff.DetailedDiff) == 0 {
			t.Errorf("%s: no difference", name)
		}
	}
	other := it.diff(with(inputs, props{"create": text("false")}))
	if kind := other.DetailedDiff["create"].Kind; kind != p.Update {
		t.Errorf("another command is %q, want an update", kind)
	}
}

func TestFailedCommandNamesStepHostAndExitCode(t *testing.T) {
	h := startHost(t)
	e := newEngine(t)
	err := e.resource(remoteCommand).create(props{
		"connection": object(h.login(t)), "create": text("echo the-reason >&2; exit 3 # do-not-show"),
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"create command", h.address(), "status 3", "the-reason"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "do-not-show") {
		t.Errorf("error shows the command: %v", err)
	}
}

func TestSecretsNeverReachLogOrError(t *testing.T) {
	const canary = "canary-7f3a"
	h := startHost(t, "AcceptEnv TOKEN")
	login := object(h.login(t))
	cases := map[string]struct {
		inputs props
		shown  string
	}{
		"plain stdin":  {props{"stdin": text(canary + "\nmore-" + canary), "create": text("tee /dev/stderr; exit 3")}, "[secret]"},
		"secret stdin": {props{"stdin": secret(canary), "create": text("tee /dev/stderr; exit 3")}, "[secret]"},
		"environment": {props{
			"environment": object(props{"TOKEN": secret(canary)}),
			"create":      text("echo token=$TOKEN; exit 3"),
		}, "token=[secret]"},
		"secret command": {props{"create": secret("echo " + canary + "; " + canary)}, "not shown"},
	}
	for name, given := range cases {
		t.Run(name, func(t *testing.T) {
			e := newEngine(t)
			err := e.resource(remoteCommand).create(with(given.inputs, props{"connection": login}))
			if err == nil {
				t.Fatal("no error")
			}
			seen := err.Error() + e.log.String()
			if strings.Contains(seen, canary) {
				t.Errorf("secret in log or error: %s", seen)
			}
			if !strings.Contains(seen, given.shown) {
				t.Errorf("log and error lack %q: %s", given.shown, seen)
			}
		})
	}
}

func TestLoggingModes(t *testing.T) {
	h := startHost(t)
	for mode, want := range map[string]struct{ out, err bool }{
		"":                {true, true},
		"stdoutAndStderr": {true, true},
		"stdout":          {true, false},
		"stderr":          {false, true},
		"none":            {false, false},
	} {
		t.Run(mode, func(t *testing.T) {
			e := newEngine(t)
			inputs := props{"connection": object(h.login(t)), "create": text("echo to-out; echo to-err >&2; exit $CODE")}
			if mode != "" {
				inputs["logging"] = text(mode)
			}
			state := e.resource(remoteCommand).mustCreate(inputs)
			if stdoutOf(state) != "to-out" || state.Get("stderr").AsString() != "to-err" {
				t.Errorf("outputs: %v", state)
			}
			err := e.resource(remoteCommand).create(with(inputs, props{"create": text("echo to-out; echo to-err >&2; exit 4")}))
			for where, shown := range map[string]string{"log": e.log.String(), "error": err.Error()} {
				if strings.Contains(shown, "to-out") != want.out || strings.Contains(shown, "to-err") != want.err {
					t.Errorf("%s with logging %q: %s", where, mode, shown)
				}
			}
		})
	}
}

func TestLongLineIsKeptWholeAndLoggedInPart(t *testing.T) {
	const length = 3 << 20
	h := startHost(t)
	e := newEngine(t)
	state := e.resource(remoteCommand).mustCreate(props{
		"connection": object(h.login(t)),
		"create":     text("head -c 3145728 /dev/zero | tr '\\0' x; echo; echo end"),
	})
	if got := stdoutOf(state); len(got) != length+len("\nend") || !strings.HasSuffix(got, "x\nend") {
		t.Errorf("stdout has %d bytes", len(got))
	}
	if logged := e.log.String(); len(logged) > 64<<10 || !strings.Contains(logged, "bytes more") {
		t.Errorf("log has %d bytes", len(logged))
	}
}

func TestEnvironment(t *testing.T) {
	h := startHost(t, "AcceptEnv ALLOWED")
	inputs := props{
		"connection":  object(h.login(t)),
		"create":      text("echo $ALLOWED"),
		"environment": object(props{"ALLOWED": text("yes")}),
	}
	e := newEngine(t)
	if got := stdoutOf(e.resource(remoteCommand).mustCreate(inputs)); got != "yes" {
		t.Errorf("stdout: %q", got)
	}
	err := e.resource(remoteCommand).create(with(inputs, props{
		"environment": object(props{"ALLOWED": text("yes"), "ONE": text("value-1"), "TWO": secret("value-2")}),
	}))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{h.address(), "ONE, TWO", "AcceptEnv"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "ALLOWED") || strings.Contains(err.Error(), "value-") {
		t.Errorf("error says too much: %v", err)
	}
}

func TestFormerOutputThatTheHostRefusesIsOnlyAWarning(t *testing.T) {
	h := startHost(t)
	inputs := props{"connection": object(h.login(t)), "create": text("echo one")}
	e := newEngine(t)
	it := e.resource(remoteCommand)
	it.mustCreate(inputs)
	it.mustUpdate(with(inputs, props{"create": text("echo two")}))
	if !strings.Contains(e.log.String(), "level=WARN") || !strings.Contains(e.log.String(), "PULUMI_COMMAND_STDOUT") {
		t.Errorf("no warning: %s", e.log)
	}

	quiet := newEngine(t)
	it = quiet.resource(remoteCommand)
	inputs["addPreviousOutputInEnv"] = property.New(false)
	it.mustCreate(inputs)
	it.mustUpdate(with(inputs, props{"create": text("echo two")}))
	if strings.Contains(quiet.log.String(), "level=WARN") {
		t.Errorf("a warning although nothing is passed: %s", quiet.log)
	}
}

func TestCancelEndsACommand(t *testing.T) {
	h := startHost(t)
	started := filepath.Join(t.TempDir(), "started")
	e := newEngine(t)
	failed := make(chan error)
	it := e.resource(remoteCommand)
	inputs := props{"connection": object(h.login(t)), "create": text("touch " + started + "; exec sleep 600")}
	go func() { failed <- it.create(inputs) }()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(started); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the command never started")
		}
	}
	if err := e.server.Cancel(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "cancel") {
		t.Errorf("error after cancel: %v", err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
