// Command pulumi-resource-command is a Pulumi provider with the interface of the npm package @pulumi/command 1.2.1.
// It is built where the published plugin cannot be downloaded.
package main

import (
	"context"
	"fmt"
	"os"

	p "github.com/pulumi/pulumi-go-provider"

	"slipway/toolchain/command-provider/provider"
)

func main() {
	if err := p.RunProvider(context.Background(), provider.Name, provider.Version, provider.New()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
