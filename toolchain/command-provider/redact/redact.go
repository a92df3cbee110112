// Package redact keeps secrets out of log lines and error messages.
package redact

import (
	"context"
	"errors"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// shortest is the length in bytes from which a secret is looked for: anything shorter would blot out innocent text.
const shortest = 4

// placeholder stands where a secret was.
const placeholder = "[secret]"

// alwaysSecret are the properties that are secret whether or not the program marked them so.
var alwaysSecret = []string{"stdin", "password", "privateKey", "privateKeyPassword"}

// commands are the properties that hold a command.
var commands = []string{"create", "update", "delete", "command"}

// Redactor replaces known secrets in text. The zero value knows none.
type Redactor struct {
	replacer *strings.Replacer
	// SecretCommand says that a command is secret as a whole. Which of its words are the secret is not known, so none of
	// its output is safe to show.
	SecretCommand bool
}

// New returns a redactor for every secret in the properties: the strings inside values marked as secret, and those of
// the properties that are always secret. A secret of several lines is also found line by line.
func New(properties ...property.Map) Redactor {
	found := map[string]struct{}{}
	var secretCommand bool
	for _, m := range properties {
		collectMap(m, false, found)
		secretCommand = secretCommand || slices.ContainsFunc(commands, func(key string) bool { return m.Get(key).Secret() })
	}
	return Redactor{replacerOf(found), secretCommand}
}

// Text returns the text with every known secret replaced.
func (r Redactor) Text(text string) string {
	if r.replacer == nil {
		return text
	}
	return r.replacer.Replace(text)
}

// Error returns err itself when its text holds no secret, else an error with the redacted text.
func (r Redactor) Error(err error) error {
	if err == nil {
		return nil
	}
	if text := r.Text(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}

type contextKey struct{}

// From returns the redactor of the request that ctx belongs to.
func From(ctx context.Context) Redactor {
	r, _ := ctx.Value(contextKey{}).(Redactor)
	return r
}

// Wrap gives each request that runs a command a redactor of its own secrets (see [From]) and redacts its error.
func Wrap(inner p.Provider) p.Provider {
	outer := inner
	outer.Create = func(ctx context.Context, req p.CreateRequest) (p.CreateResponse, error) {
		r := New(req.Properties)
		resp, err := inner.Create(with(ctx, r), req)
		return resp, r.Error(err)
	}
	outer.Update = func(ctx context.Context, req p.UpdateRequest) (p.UpdateResponse, error) {
		r := New(req.Inputs, req.State)
		resp, err := inner.Update(with(ctx, r), req)
		return resp, r.Error(err)
	}
	outer.Delete = func(ctx context.Context, req p.DeleteRequest) error {
		r := New(req.Properties)
		return r.Error(inner.Delete(with(ctx, r), req))
	}
	outer.Invoke = func(ctx context.Context, req p.InvokeRequest) (p.InvokeResponse, error) {
		r := New(req.Args)
		resp, err := inner.Invoke(with(ctx, r), req)
		return resp, r.Error(err)
	}
	return outer
}

func with(ctx context.Context, r Redactor) context.Context {
	return context.WithValue(ctx, contextKey{}, r)
}

func replacerOf(found map[string]struct{}) *strings.Replacer {
	var list []string
	for text := range found {
		for _, part := range append(strings.Split(text, "\n"), text) {
			if part = strings.TrimSpace(part); len(part) >= shortest {
				list = append(list, part)
			}
		}
	}
	// A replacer takes the first match in the order given: the longest first, so that no rest of a secret is left.
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	pairs := make([]string, 0, 2*len(list))
	for _, text := range list {
		pairs = append(pairs, text, placeholder)
	}
	return strings.NewReplacer(pairs...)
}

func collectMap(m property.Map, secret bool, found map[string]struct{}) {
	for key, value := range m.All {
		// The connection is secret as a whole for its credentials; host and user are wanted in messages.
		inherits := (secret || value.Secret()) && key != "connection"
		collect(value, inherits || slices.Contains(alwaysSecret, key), found)
	}
}

func collect(value property.Value, secret bool, found map[string]struct{}) {
	switch {
	case value.IsString():
		if secret {
			found[value.AsString()] = struct{}{}
		}
	case value.IsArray():
		for _, item := range value.AsArray().All {
			collect(item, secret || item.Secret(), found)
		}
	case value.IsMap():
		collectMap(value.AsMap(), secret, found)
	}
}
