package local

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"slipway/toolchain/command-provider/lifecycle"
)

// results adds the files that assetPaths and archivePaths name to what the process wrote. An empty dir is the current.
func results(dir string, in ProcessInputs, outputs lifecycle.Outputs) (Results, error) {
	left := Results{Outputs: outputs}
	var err error
	if dir == "" {
		if dir, err = os.Getwd(); err != nil {
			return left, err
		}
	}
	if in.AssetPaths != nil {
		if left.Assets, err = findAssets(dir, in.AssetPaths); err != nil {
			return left, fmt.Errorf("assetPaths: %w", err)
		}
	}
	if in.ArchivePaths != nil {
		if left.Archive, err = findArchive(dir, in.ArchivePaths); err != nil {
			return left, fmt.Errorf("archivePaths: %w", err)
		}
	}
	return left, nil
}

func findArchive(dir string, patterns []string) (*resource.Archive, error) {
	assets, err := findAssets(dir, patterns)
	if err != nil {
		return nil, err
	}
	members := make(map[string]any, len(assets))
	for path, found := range assets {
		members[path] = found.Asset
	}
	return resource.NewAssetArchive(members)
}

// findAssets returns the files below dir that the rules include, by slash-separated path relative to dir.
func findAssets(dir string, patterns []string) (map[string]types.AssetOrArchive, error) {
	rules, err := parseRules(patterns)
	if err != nil {
		return nil, err
	}
	assets := map[string]types.AssetOrArchive{}
	err = fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !included(rules, path) {
			return err
		}
		asset, err := resource.NewPathAsset(filepath.Join(dir, filepath.FromSlash(path)))
		assets[path] = types.AssetOrArchive{Asset: asset}
		return err
	})
	return assets, err
}

type rule struct {
	glob    glob.Glob
	exclude bool
}

func parseRules(patterns []string) ([]rule, error) {
	rules := make([]rule, 0, len(patterns))
	for _, pattern := range patterns {
		text, exclude := strings.CutPrefix(pattern, "!")
		compiled, err := glob.Compile(text, '/')
		if err != nil {
			return nil, fmt.Errorf("glob %q: %w", pattern, err)
		}
		rules = append(rules, rule{compiled, exclude})
	}
	return rules, nil
}

// included says what the last rule that matches says.
func included(rules []rule, path string) bool {
	for i := len(rules) - 1; i >= 0; i-- {
		if rules[i].glob.Match(path) {
			return !rules[i].exclude
		}
	}
	return false
}
