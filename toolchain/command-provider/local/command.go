package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"slipway/toolchain/command-provider/lifecycle"
)

// Command is the resource command:local:Command.
type Command struct{}

// Annotate describes the resource for the schema.
func (c *Command) Annotate(a infer.Annotator) {
	a.Describe(&c, "Commands that run on this machine when the resource is created, updated and deleted.")
}

// CommandInputs are the inputs of Command.
type CommandInputs struct {
	lifecycle.Commands
	ProcessInputs
}

// CommandState is the state of Command.
type CommandState struct {
	CommandInputs
	Results
}

// Create runs `create`, if there is one.
func (*Command) Create(
	ctx context.Context, req infer.CreateRequest[CommandInputs],
) (infer.CreateResponse[CommandState], error) {
	state := CommandState{CommandInputs: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && req.Inputs.Create != nil {
		state.Results, err = run(ctx, "the create command", *req.Inputs.Create, req.Inputs.ProcessInputs, lifecycle.Outputs{})
	}
	return infer.CreateResponse[CommandState]{ID: id, Output: state}, err
}

// Update runs `update`, else `create`, if there is one.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[CommandInputs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := CommandState{CommandInputs: req.Inputs, Results: req.State.Results}
	var err error
	if command := req.Inputs.OnUpdate(); command != nil && !req.DryRun {
		state.Results, err = run(ctx, "the update command", *command, req.Inputs.ProcessInputs, req.State.Outputs)
	}
	return infer.UpdateResponse[CommandState]{Output: state}, err
}

// Delete runs `delete`, if there is one.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[CommandState]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	_, err := run(ctx, "the delete command", *req.State.Delete, req.State.ProcessInputs, req.State.Outputs)
	return infer.DeleteResponse{}, err
}
