package redact_test

import (
	"errors"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/property"

	"slipway/toolchain/command-provider/redact"
)

func TestText(t *testing.T) {
	secret := func(text string) property.Value { return property.New(text).WithSecret(true) }
	connection := property.New(property.NewMap(map[string]property.Value{
		"host": property.New("host.example"), "user": property.New("root"),
		"privateKey": property.New("-----BEGIN-----\nkey-line-1\nkey-line-2\n"),
		"proxy": property.New(property.NewMap(map[string]property.Value{
			"host": property.New("bastion.example"), "password": property.New("pass-word"),
		})),
	})).WithSecret(true)
	r := redact.New(
		property.NewMap(map[string]property.Value{
			"connection":  connection,
			"stdin":       property.New("first line\nlast line"),
			"environment": property.New(property.NewMap(map[string]property.Value{"PLAIN": property.New("open"), "TOKEN": secret("tok-123")})),
			"triggers":    property.New([]property.Value{secret("tok-123-longer"), property.New("r41")}).WithSecret(true),
			"dir":         secret("abc"),
		}),
	)
	for given, want := range map[string]string{
		"root at host.example via bastion.example": "root at host.example via bastion.example",
		"pass-word":                       "[secret]",
		"x key-line-2 y":                  "x [secret] y",
		"first line, then last line":      "[secret], then [secret]",
		"tok-123-longer tok-123 open abc": "[secret] [secret] open abc",
		"r41":                             "r41",
	} {
		if got := r.Text(given); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestError(t *testing.T) {
	r := redact.New(property.NewMap(map[string]property.Value{"stdin": property.New("canary")}))
	harmless := errors.New("nothing to hide")
	if got := r.Error(harmless); got != harmless {
		t.Errorf("a harmless error was changed: %v", got)
	}
	if got := r.Error(errors.New("the canary sings")).Error(); got != "the [secret] sings" {
		t.Errorf("error: %s", got)
	}
	if r.Error(nil) != nil {
		t.Error("no error became one")
	}
}

func TestSecretCommand(t *testing.T) {
	command := property.New("echo token")
	for secret, value := range map[bool]property.Value{true: command.WithSecret(true), false: command} {
		if got := redact.New(property.NewMap(map[string]property.Value{"update": value})).SecretCommand; got != secret {
			t.Errorf("SecretCommand is %v, want %v", got, secret)
		}
	}
}
