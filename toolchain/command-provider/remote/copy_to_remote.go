package remote

import (
	"context"
	"fmt"

	"github.com/pkg/sftp"
	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CopyToRemote is the resource command:remote:CopyToRemote.
type CopyToRemote struct{}

// Annotate describes the resource for the schema.
func (c *CopyToRemote) Annotate(a infer.Annotator) {
	a.Describe(&c, "A file, text or folder that is copied to a remote host. Nothing is ever deleted there.")
}

// CopyToRemoteInputs are the inputs of CopyToRemote, and its state.
type CopyToRemoteInputs struct {
	Connection Connection           `pulumi:"connection" provider:"secret"`
	Source     types.AssetOrArchive `pulumi:"source"`
	RemotePath string               `pulumi:"remotePath"`
	Triggers   []any                `pulumi:"triggers,optional" provider:"replaceOnChanges"`
}

// Annotate describes the fields for the schema.
func (c *CopyToRemoteInputs) Annotate(a infer.Annotator) {
	a.Describe(&c.Connection, "How to reach the host.")
	a.Describe(&c.Source, "A FileAsset, a StringAsset or a FileArchive, which may be a folder: `folder` is copied itself, "+
		"`folder/` only what is in it. Archive files are not unpacked.")
	a.Describe(&c.RemotePath, "The path on the host; missing parent folders are made. A file goes into a folder of that "+
		"path if there is one, else to the path itself.")
	a.Describe(&c.Triggers, "Values of any type; when one of them changes, the resource is replaced.")
}

// CopyToRemoteState is the state of CopyToRemote.
type CopyToRemoteState struct{ CopyToRemoteInputs }

// Check refuses sources that cannot be copied. A source that is not known yet passes.
func (*CopyToRemote) Check(
	ctx context.Context, req infer.CheckRequest,
) (infer.CheckResponse[CopyToRemoteInputs], error) {
	inputs, failures, err := infer.DefaultCheck[CopyToRemoteInputs](ctx, req.NewInputs)
	source, given := req.NewInputs.GetOk("source")
	if given && !source.HasComputed() {
		if reason := sourceFault(inputs.Source); reason != "" {
			failures = append(failures, p.CheckFailure{Property: "source", Reason: reason})
		}
	}
	return infer.CheckResponse[CopyToRemoteInputs]{Inputs: inputs, Failures: failures}, err
}

// sourceFault says why the source cannot be copied, or nothing.
func sourceFault(source types.AssetOrArchive) string {
	switch {
	case source.Asset != nil && (source.Asset.IsPath() || source.Asset.IsText()):
		return ""
	case source.Archive != nil && source.Archive.IsPath():
		return ""
	default:
		return "must be a FileAsset, a StringAsset or a FileArchive"
	}
}

// Create copies the source.
func (*CopyToRemote) Create(
	ctx context.Context, req infer.CreateRequest[CopyToRemoteInputs],
) (infer.CreateResponse[CopyToRemoteState], error) {
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun {
		err = req.Inputs.copy(ctx)
	}
	return infer.CreateResponse[CopyToRemoteState]{ID: id, Output: CopyToRemoteState{req.Inputs}}, err
}

// Update copies the source again if its content or the path has changed. Another connection alone copies nothing: put
// the host into `triggers`.
func (*CopyToRemote) Update(
	ctx context.Context, req infer.UpdateRequest[CopyToRemoteInputs, CopyToRemoteState],
) (infer.UpdateResponse[CopyToRemoteState], error) {
	var err error
	changed := hash(req.Inputs.Source) != hash(req.State.Source) || req.Inputs.RemotePath != req.State.RemotePath
	if changed && !req.DryRun {
		err = req.Inputs.copy(ctx)
	}
	return infer.UpdateResponse[CopyToRemoteState]{Output: CopyToRemoteState{req.Inputs}}, err
}

func hash(source types.AssetOrArchive) string {
	switch {
	case source.Asset != nil:
		return source.Asset.Hash
	case source.Archive != nil:
		return source.Archive.Hash
	default:
		return ""
	}
}

func (c *CopyToRemoteInputs) copy(ctx context.Context) error {
	return withSFTP(ctx, &c.Connection, func(files *sftp.Client) error {
		switch source := c.Source; {
		case source.Asset != nil && source.Asset.IsText():
			return copyText(files, source.Asset.Text, c.RemotePath)
		case source.Asset != nil:
			return copyPath(files, source.Asset.Path, c.RemotePath)
		default:
			return copyPath(files, source.Archive.Path, c.RemotePath)
		}
	})
}

// withSFTP opens a file transfer to the host for as long as use runs. Errors name the host.
func withSFTP(ctx context.Context, connection *Connection, use func(*sftp.Client) error) error {
	host, err := connection.dial(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = host.Close() }()
	files, err := sftp.NewClient(host.Client, sftp.UseConcurrentWrites(true))
	if err != nil {
		return fmt.Errorf("SFTP on %s: %w", connection.address(), because(ctx, err))
	}
	defer func() { _ = files.Close() }()
	if err := use(files); err != nil {
		return fmt.Errorf("copy to %s: %w", connection.address(), because(ctx, err))
	}
	return nil
}
