package local

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"slipway/toolchain/command-provider/lifecycle"
	"slipway/toolchain/command-provider/output"
)

// graceAfterCancel is how long a cancelled command has, after SIGTERM, to end and to close its output.
const graceAfterCancel = 10 * time.Second

// run runs one command to its end and collects the files it was asked to leave. `what` names it in errors.
func run(
	ctx context.Context, what, command string, in ProcessInputs, previous lifecycle.Outputs,
) (Results, error) {
	argv := append(interpreter(in.Interpreter), command)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = graceAfterCancel
	cmd.Env = environment(in.Process, previous)
	if in.Dir != nil {
		cmd.Dir = *in.Dir
	}
	if in.Stdin != nil {
		cmd.Stdin = strings.NewReader(*in.Stdin)
	}
	captured := output.New(ctx, output.ModeOf(ctx, in.Logging))
	cmd.Stdout, cmd.Stderr = captured.Stdout, captured.Stderr

	if err := cmd.Run(); err != nil {
		return Results{}, captured.Failure(what, err)
	}
	return results(cmd.Dir, in, captured.Outputs())
}

func interpreter(chosen []string) []string {
	switch {
	case len(chosen) > 0:
		return append([]string{}, chosen...)
	case runtime.GOOS == "windows":
		return []string{"cmd", "/C"}
	default:
		return []string{"/bin/sh", "-c"}
	}
}

func environment(process lifecycle.Process, previous lifecycle.Outputs) []string {
	env := os.Environ()
	for _, variable := range append(process.Variables(), process.PreviousVariables(previous)...) {
		env = append(env, variable.Name+"="+variable.Value)
	}
	return env
}
