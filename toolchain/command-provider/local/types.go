// Package local runs commands on this machine.
package local

import (
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"slipway/toolchain/command-provider/lifecycle"
	"slipway/toolchain/command-provider/output"
)

// Logging says which output streams are logged.
type Logging string

// Values makes the type an enum in the schema.
func (Logging) Values() []infer.EnumValue[Logging] {
	return output.Values[Logging]()
}

// ProcessInputs are the inputs of any local process.
type ProcessInputs struct {
	lifecycle.Process
	Interpreter  []string `pulumi:"interpreter,optional"`
	Dir          *string  `pulumi:"dir,optional"`
	AssetPaths   []string `pulumi:"assetPaths,optional"`
	ArchivePaths []string `pulumi:"archivePaths,optional"`
	Logging      *Logging `pulumi:"logging,optional"`
}

// Annotate describes the fields for the schema.
func (i *ProcessInputs) Annotate(a infer.Annotator) {
	a.Describe(&i.Interpreter, "The program and arguments that get the command as last argument. Default: /bin/sh -c.")
	a.Describe(&i.Dir, "The folder in which the command runs. Default: that of the Pulumi program.")
	a.Describe(&i.AssetPaths, "Globs of files in `dir` that are returned as assets. `*` stops at `/`, `**` does not; "+
		"a leading `!` takes files out again.")
	a.Describe(&i.ArchivePaths, "Globs, as in `assetPaths`, of files that are returned together as one archive.")
	a.Describe(&i.Logging, "Which output is logged. Outputs hold everything in any case. Default: stdout and stderr.")
}

// Results is what a local process leaves.
type Results struct {
	lifecycle.Outputs
	Assets  map[string]types.AssetOrArchive `pulumi:"assets,optional"`
	Archive *resource.Archive               `pulumi:"archive,optional"`
}

// Annotate describes the fields for the schema.
func (r *Results) Annotate(a infer.Annotator) {
	a.Describe(&r.Assets, "The files that `assetPaths` found, by path relative to `dir`.")
	a.Describe(&r.Archive, "The files that `archivePaths` found.")
}
