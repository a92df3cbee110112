// Package info describes the bridged GitHub provider, so that its schema equals that of the npm package @pulumi/github.
package info

import (
	"github.com/integrations/terraform-provider-github/v6/github"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge/tokens"
	sdkv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
)

const (
	// Name is the package part of every token.
	Name = "github"
	// Version is that of the npm package.
	Version = "6.15.0"

	// upstreamVersion is that of the Terraform provider, as in go.mod.
	upstreamVersion = "6.13.0"

	// longestName is how long a name may be that is made from a resource's logical name.
	longestName = 255
)

// Provider returns the mapping from the Terraform provider to Pulumi.
func Provider() tfbridge.ProviderInfo {
	provider := tfbridge.ProviderInfo{
		P:       sdkv2.NewProvider(github.NewProvider(upstreamVersion, "")()),
		Name:    Name,
		Version: Version,
	}
	provider.MustComputeTokens(tokens.SingleModule("github_", "index", tokens.MakeStandard(Name)))
	provider.SetAutonaming(longestName, "-")
	provider.Config = map[string]*tfbridge.SchemaInfo{"token": {Secret: tfbridge.True()}}

	// The npm package keeps this list of at most one item as a list.
	environment := provider.Resources["github_repository_environment"]
	environment.Fields = map[string]*tfbridge.SchemaInfo{"reviewers": {MaxItemsOne: tfbridge.False()}}

	// The npm package keeps "github" in this one name.
	provider.DataSources["github_app"].Tok = "github:index/getGithubApp:getGithubApp"
	return provider
}
