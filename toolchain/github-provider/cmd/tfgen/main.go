// Command tfgen writes the schema that cmd/provider embeds.
package main

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"

	"slipway/toolchain/github-provider/info"
)

func main() { tfgen.Main(info.Name, info.Version, info.Provider()) }
