package provider_test

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/asset"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

const (
	copyToRemote = "command:remote:CopyToRemote"
	copyFile     = "command:remote:CopyFile"
)

func fileAsset(t *testing.T, path string) property.Value {
	t.Helper()
	value, err := asset.FromPath(path)
	if err != nil {
		t.Fatal(err)
	}
	return property.New(value)
}

func stringAsset(t *testing.T, content string) property.Value {
	t.Helper()
	value, err := asset.FromText(content)
	if err != nil {
		t.Fatal(err)
	}
	return property.New(value)
}

func fileArchive(t *testing.T, path string) property.Value {
	t.Helper()
	value, err := archive.FromPath(path)
	if err != nil {
		t.Fatal(err)
	}
	return property.New(value)
}

// tree writes files below a folder and returns it.
func tree(t *testing.T, root string, files map[string]string) string {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestCopyToRemote(t *testing.T) {
	h := startHost(t)
	source := tree(t, t.TempDir(), map[string]string{
		"file": "from file", "dir/a": "A", "dir/sub/b": "B", "packed.tgz": "not unpacked",
	})
	file := func(t *testing.T) property.Value { return fileAsset(t, filepath.Join(source, "file")) }
	folder := func(t *testing.T) property.Value { return fileArchive(t, source+"/dir") }
	content := func(t *testing.T) property.Value { return fileArchive(t, source+"/dir/") }
	words := func(t *testing.T) property.Value { return stringAsset(t, "from text") }
	packed := func(t *testing.T) property.Value { return fileArchive(t, source+"/packed.tgz") }

	cases := map[string]struct {
		source func(*testing.T) property.Value
		path   string
		want   map[string]string
	}{
		"file to a new path":               {file, "new/deep/name", map[string]string{"new/deep/name": "from file"}},
		"file into a folder":               {file, "folder", map[string]string{"folder/file": "from file"}},
		"file over a file":                 {file, "old", map[string]string{"old": "from file"}},
		"file to a new folder":             {file, "made/", map[string]string{"made/file": "from file"}},
		"dir into a folder":                {folder, "folder", map[string]string{"folder/dir/a": "A", "folder/dir/sub/b": "B"}},
		"dir to a new path":                {folder, "new", map[string]string{"new/dir/a": "A", "new/dir/sub/b": "B"}},
		"content of dir into a folder":     {content, "folder", map[string]string{"folder/a": "A", "folder/sub/b": "B", "folder/kept": "kept"}},
		"content of dir to a new path":     {content, "new", map[string]string{"new/a": "A", "new/sub/b": "B"}},
		"dir over a file":                  {content, "old", nil},
		"text to a new path":               {words, "new/name", map[string]string{"new/name": "from text"}},
		"text over a file":                 {words, "old", map[string]string{"old": "from text"}},
		"text onto a folder":               {words, "folder", nil},
		"archive file, which stays packed": {packed, "folder", map[string]string{"folder/packed.tgz": "not unpacked"}},
	}
	for name, given := range cases {
		t.Run(name, func(t *testing.T) {
			root := tree(t, t.TempDir(), map[string]string{"folder/kept": "kept", "old": "a longer text than the new one"})
			err := newEngine(t).resource(copyToRemote).create(props{
				"connection": object(h.login(t)), "source": given.source(t), "remotePath": text(root + "/" + given.path),
			})
			if given.want == nil {
				if err == nil || !strings.Contains(err.Error(), h.address()) || !strings.Contains(err.Error(), given.path) {
					t.Errorf("want an error that names host and path, got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for path, content := range given.want {
				if got := readFile(t, filepath.Join(root, path)); got != content {
					t.Errorf("%s: %q", path, got)
				}
			}
		})
	}
}

func TestCopyOfALargeFileIsExact(t *testing.T) {
	h := startHost(t)
	content := make([]byte, 5<<20+7)
	if _, err := rand.Read(content); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	local, remote := filepath.Join(dir, "local"), filepath.Join(dir, "remote")
	if err := os.WriteFile(local, content, 0o644); err != nil {
		t.Fatal(err)
	}
	newEngine(t).resource(copyToRemote).mustCreate(props{
		"connection": object(h.login(t)), "source": fileAsset(t, local), "remotePath": text(remote),
	})
	if got, err := os.ReadFile(remote); err != nil || !bytes.Equal(got, content) {
		t.Errorf("%d of %d bytes, error %v", len(got), len(content), err)
	}
}

func TestCopyAgainWhenContentOrPathChanges(t *testing.T) {
	h := startHost(t)
	dir := t.TempDir()
	inputs := props{
		"connection": object(h.login(t)), "source": stringAsset(t, "one"), "remotePath": text(dir + "/a"),
		"triggers": texts("r1"),
	}
	it := newEngine(t).resource(copyToRemote)
	it.mustCreate(inputs)
	if diff := it.diff(inputs); diff.HasChanges {
		t.Errorf("the same inputs differ: %v", diff.DetailedDiff)
	}

	inputs = with(inputs, props{"source": stringAsset(t, "two")})
	it.mustUpdate(inputs)
	if got := readFile(t, dir+"/a"); got != "two" {
		t.Errorf("after another content: %q", got)
	}
	inputs = with(inputs, props{"remotePath": text(dir + "/b")})
	it.mustUpdate(inputs)
	if got := readFile(t, dir+"/b"); got != "two" {
		t.Errorf("after another path: %q", got)
	}

	before := h.accepted.Load()
	it.mustUpdate(with(inputs, props{"connection": object(with(h.login(t), props{"perDialTimeout": number(9)}))}))
	if h.accepted.Load() != before {
		t.Error("another connection alone copied again")
	}
	if kind := it.diff(with(inputs, props{"triggers": texts("r2")})).DetailedDiff["triggers[0]"].Kind; kind != p.UpdateReplace {
		t.Errorf("another trigger is %q", kind)
	}
}

func TestSourcesThatCannotBeCopied(t *testing.T) {
	remote := &asset.Asset{Sig: asset.AssetSig, URI: "https://127.0.0.1/file"}
	member, err := asset.FromText("A")
	if err != nil {
		t.Fatal(err)
	}
	members, err := archive.FromAssets(map[string]any{"a": member})
	if err != nil {
		t.Fatal(err)
	}
	it := newEngine(t).resource(copyToRemote)
	inputs := props{"connection": object(props{"host": text("127.0.0.1")}), "remotePath": text("/tmp/x")}
	for name, source := range map[string]property.Value{
		"remote asset": property.New(remote), "archive of assets": property.New(members),
	} {
		_, failures := it.check(with(inputs, props{"source": source}))
		if len(failures) != 1 || failures[0].Property != "source" || !strings.Contains(failures[0].Reason, "FileAsset") {
			t.Errorf("%s: failures %v", name, failures)
		}
	}
	if _, failures := it.check(inputs); len(failures) == 0 {
		t.Error("no source at all passes")
	}
	if _, failures := it.check(with(inputs, props{"source": property.New(property.Computed)})); len(failures) > 0 {
		t.Errorf("a source that is not known yet: %v", failures)
	}
}

func TestSecretText(t *testing.T) {
	h := startHost(t)
	path := filepath.Join(t.TempDir(), "token")
	state := newEngine(t).resource(copyToRemote).mustCreate(props{
		"connection": object(h.login(t)), "source": stringAsset(t, "canary-7f3a").WithSecret(true), "remotePath": text(path),
	})
	if got := readFile(t, path); got != "canary-7f3a" {
		t.Errorf("content: %q", got)
	}
	if !state.Get("source").Secret() {
		t.Error("the source is not secret in the state")
	}
}

func TestCopyFile(t *testing.T) {
	h := startHost(t)
	dir := tree(t, t.TempDir(), map[string]string{"local": "content"})
	inputs := props{
		"connection": object(h.login(t)), "localPath": text(dir + "/local"), "remotePath": text(dir + "/remote"),
	}
	it := newEngine(t).resource(copyFile)
	it.mustCreate(inputs)
	if got := readFile(t, dir+"/remote"); got != "content" {
		t.Errorf("content: %q", got)
	}
	if kind := it.diff(with(inputs, props{"remotePath": text(dir + "/other")})).DetailedDiff["remotePath"].Kind; kind != p.UpdateReplace {
		t.Errorf("another path is %q", kind)
	}
	err := it.create(with(inputs, props{"localPath": text(dir + "/missing")}))
	if err == nil || !strings.Contains(err.Error(), dir+"/missing") {
		t.Errorf("error for a missing file: %v", err)
	}
}
