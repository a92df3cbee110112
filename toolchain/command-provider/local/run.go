package local

import (
	"context"

	"github.com/pulumi/pulumi-go-provider/infer"

	"slipway/toolchain/command-provider/lifecycle"
)

// Run is the function command:local:run.
type Run struct{}

// Annotate describes the function for the schema.
func (r *Run) Annotate(a infer.Annotator) {
	a.Describe(&r, "A command that runs on this machine each time the program runs, previews included.")
}

// RunInputs are the arguments of Run.
type RunInputs struct {
	ProcessInputs
	Command string `pulumi:"command"`
}

// Annotate describes the fields for the schema.
func (r *RunInputs) Annotate(a infer.Annotator) {
	a.Describe(&r.Command, "The command to run.")
}

// RunResult is what Run returns: its arguments and what the process left.
type RunResult struct {
	RunInputs
	Results
}

// Invoke runs the command.
func (*Run) Invoke(
	ctx context.Context, req infer.FunctionRequest[RunInputs],
) (infer.FunctionResponse[RunResult], error) {
	results, err := run(ctx, "the command", req.Input.Command, req.Input.ProcessInputs, lifecycle.Outputs{})
	return infer.FunctionResponse[RunResult]{Output: RunResult{RunInputs: req.Input, Results: results}}, err
}
