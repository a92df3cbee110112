package remote

import (
	"context"
	"fmt"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"

	"slipway/toolchain/command-provider/lifecycle"
	"slipway/toolchain/command-provider/output"
)

// Command is the resource command:remote:Command.
type Command struct{}

// Annotate describes the resource for the schema.
func (c *Command) Annotate(a infer.Annotator) {
	a.Describe(&c, "Commands that run on a remote host when the resource is created, updated and deleted.")
}

// Logging says which output streams are logged.
type Logging string

// Values makes the type an enum in the schema.
func (Logging) Values() []infer.EnumValue[Logging] {
	return output.Values[Logging]()
}

// CommandInputs are the inputs of Command.
type CommandInputs struct {
	lifecycle.Commands
	lifecycle.Process
	Connection Connection `pulumi:"connection" provider:"secret"`
	Logging    *Logging   `pulumi:"logging,optional"`
}

// Annotate describes the fields for the schema.
func (c *CommandInputs) Annotate(a infer.Annotator) {
	a.Describe(&c.Environment, "Environment variables for the command. The host's sshd must allow each one (AcceptEnv).")
	a.Describe(&c.Connection, "How to reach the host.")
	a.Describe(&c.Logging, "Which output is logged. Outputs hold everything in any case. Default: stdout and stderr.")
}

// CommandState is the state of Command.
type CommandState struct {
	CommandInputs
	lifecycle.Outputs
}

// Create runs `create`, if there is one.
func (*Command) Create(
	ctx context.Context, req infer.CreateRequest[CommandInputs],
) (infer.CreateResponse[CommandState], error) {
	state := CommandState{CommandInputs: req.Inputs}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err == nil && !req.DryRun && req.Inputs.Create != nil {
		state.Outputs, err = req.Inputs.run(ctx, "create", *req.Inputs.Create, lifecycle.Outputs{})
	}
	return infer.CreateResponse[CommandState]{ID: id, Output: state}, err
}

// Update runs `update`, else `create`, if there is one.
func (*Command) Update(
	ctx context.Context, req infer.UpdateRequest[CommandInputs, CommandState],
) (infer.UpdateResponse[CommandState], error) {
	state := CommandState{CommandInputs: req.Inputs, Outputs: req.State.Outputs}
	var err error
	if command := req.Inputs.OnUpdate(); command != nil && !req.DryRun {
		state.Outputs, err = req.Inputs.run(ctx, "update", *command, req.State.Outputs)
	}
	return infer.UpdateResponse[CommandState]{Output: state}, err
}

// Delete runs `delete`, if there is one, over the connection in the state.
func (*Command) Delete(ctx context.Context, req infer.DeleteRequest[CommandState]) (infer.DeleteResponse, error) {
	if req.State.Delete == nil {
		return infer.DeleteResponse{}, nil
	}
	_, err := req.State.run(ctx, "delete", *req.State.Delete, req.State.Outputs)
	return infer.DeleteResponse{}, err
}

// run runs one command on the host to its end. `step` names it in errors.
func (c *CommandInputs) run(
	ctx context.Context, step, command string, previous lifecycle.Outputs,
) (lifecycle.Outputs, error) {
	host, err := c.Connection.dial(ctx)
	if err != nil {
		return lifecycle.Outputs{}, err
	}
	defer func() { _ = host.Close() }()
	session, err := host.NewSession()
	if err != nil {
		return lifecycle.Outputs{}, fmt.Errorf("session on %s: %w", c.Connection.address(), err)
	}
	if err := c.setEnvironment(ctx, session, previous); err != nil {
		return lifecycle.Outputs{}, err
	}
	if c.Stdin != nil {
		session.Stdin = strings.NewReader(*c.Stdin)
	}
	captured := output.New(ctx, output.ModeOf(ctx, c.Logging))
	session.Stdout, session.Stderr = captured.Stdout, captured.Stderr
	if err := session.Run(command); err != nil {
		what := fmt.Sprintf("the %s command on %s", step, c.Connection.address())
		return lifecycle.Outputs{}, captured.Failure(what, because(ctx, err))
	}
	return captured.Outputs(), nil
}

// setEnvironment passes the variables to the session. One of `environment` that the host refuses is an error; the
// former run's output is an offer, and only warned about.
func (c *CommandInputs) setEnvironment(ctx context.Context, session *ssh.Session, previous lifecycle.Outputs) error {
	const remedy = "the host's sshd must allow it (AcceptEnv), or the command must set it itself (NAME=value command)"
	host := c.Connection.address()
	refused, err := setEach(session, c.Variables())
	if err != nil {
		return fmt.Errorf("environment on %s: %w", host, err)
	}
	if len(refused) > 0 {
		return fmt.Errorf("%s refuses the environment variables %s: %s", host, strings.Join(refused, ", "), remedy)
	}
	refused, err = setEach(session, c.PreviousVariables(previous))
	if err != nil {
		return fmt.Errorf("environment on %s: %w", host, err)
	}
	if len(refused) > 0 {
		p.GetLogger(ctx).Warningf("%s refuses the former output in %s: %s; set addPreviousOutputInEnv to false if the "+
			"command does not use it", host, strings.Join(refused, ", "), remedy)
	}
	return nil
}

// setEach sends every variable and returns the names of those that the host refused.
func setEach(session *ssh.Session, variables []lifecycle.Variable) (refused []string, err error) {
	for _, variable := range variables {
		accepted, err := session.SendRequest("env", true, ssh.Marshal(variable))
		if err != nil {
			return nil, err
		}
		if !accepted {
			refused = append(refused, variable.Name)
		}
	}
	return refused, nil
}
