// Package provider puts the resources and functions together into one Pulumi provider.
package provider

import (
	"context"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/middleware/schema"

	"slipway/toolchain/command-provider/local"
	"slipway/toolchain/command-provider/redact"
	"slipway/toolchain/command-provider/remote"
)

const (
	// Name is the package part of every token.
	Name = "command"
	// Version is that of the npm package whose interface this provider has.
	Version = "1.2.1"
)

// New returns the provider, ready to be served.
func New() p.Provider {
	inferred := infer.Provider(infer.Options{
		Metadata: schema.Metadata{
			DisplayName: "Command",
			Description: "Runs commands and copies files, on this machine and on remote hosts.",
			License:     "Apache-2.0",
			LanguageMap: map[string]any{"nodejs": map[string]any{"respectSchemaVersion": true}},
		},
		Resources: []infer.InferredResource{
			infer.Resource(&local.Command{}),
			infer.Resource(&remote.Command{}),
			infer.Resource(&remote.CopyFile{}),
			infer.Resource(&remote.CopyToRemote{}),
		},
		Functions: []infer.InferredFunction{
			infer.Function(&local.Run{}),
		},
	})
	return redact.Wrap(replaceOnTriggers(inferred))
}

// replaceOnTriggers makes any difference below `triggers` a replacement. The inferred diff does so only when the
// whole list appears or vanishes, not when one of its items changes.
func replaceOnTriggers(inner p.Provider) p.Provider {
	diff := inner.Diff
	inner.Diff = func(ctx context.Context, req p.DiffRequest) (p.DiffResponse, error) {
		resp, err := diff(ctx, req)
		for path, change := range resp.DetailedDiff {
			if path == "triggers" || strings.HasPrefix(path, "triggers[") {
				change.Kind = asReplace(change.Kind)
				resp.DetailedDiff[path] = change
			}
		}
		return resp, err
	}
	return inner
}

func asReplace(kind p.DiffKind) p.DiffKind {
	switch kind {
	case p.Add:
		return p.AddReplace
	case p.Delete:
		return p.DeleteReplace
	case p.Update:
		return p.UpdateReplace
	default:
		return kind
	}
}
