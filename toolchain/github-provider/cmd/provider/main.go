// Command pulumi-resource-github is the GitHub provider with the interface of the npm package @pulumi/github.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"

	"slipway/toolchain/github-provider/info"
)

// Written by cmd/tfgen before the build.
//
//go:embed schema.json
var schema []byte

func main() { tfbridge.Main(info.Name, info.Version, info.Provider(), schema) }
