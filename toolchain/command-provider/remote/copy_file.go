package remote

import (
	"context"

	"github.com/pkg/sftp"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// CopyFile is the resource command:remote:CopyFile, the predecessor of CopyToRemote. Every change replaces it.
type CopyFile struct{}

// Annotate describes the resource for the schema.
func (c *CopyFile) Annotate(a infer.Annotator) {
	a.Describe(&c, "A local file that is copied to a remote host.")
	a.Deprecate(&c, "Use CopyToRemote: CopyFile does not see that the file's content has changed.")
}

// CopyFileInputs are the inputs of CopyFile, and its state.
type CopyFileInputs struct {
	Connection Connection `pulumi:"connection" provider:"secret"`
	LocalPath  string     `pulumi:"localPath"`
	RemotePath string     `pulumi:"remotePath"`
	Triggers   []any      `pulumi:"triggers,optional"`
}

// Annotate describes the fields for the schema.
func (c *CopyFileInputs) Annotate(a infer.Annotator) {
	a.Describe(&c.Connection, "How to reach the host.")
	a.Describe(&c.LocalPath, "The path of the local file.")
	a.Describe(&c.RemotePath, "The path of the file on the host. Its folder must be there.")
	a.Describe(&c.Triggers, "Values of any type; when one of them changes, the resource is replaced.")
}

// CopyFileState is the state of CopyFile.
type CopyFileState struct{ CopyFileInputs }

// Create copies the file.
func (*CopyFile) Create(
	ctx context.Context, req infer.CreateRequest[CopyFileInputs],
) (infer.CreateResponse[CopyFileState], error) {
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun {
		err = withSFTP(ctx, &req.Inputs.Connection, func(files *sftp.Client) error {
			return copyFile(files, req.Inputs.LocalPath, req.Inputs.RemotePath)
		})
	}
	return infer.CreateResponse[CopyFileState]{ID: id, Output: CopyFileState{req.Inputs}}, err
}
