// Package lifecycle holds what local and remote commands share: which command runs when, what its process is given
// and what it leaves.
package lifecycle

import (
	"slices"

	"github.com/pulumi/pulumi-go-provider/infer"
)

// Commands are the shell commands of a resource, one for each step of its life.
type Commands struct {
	Triggers []any   `pulumi:"triggers,optional" provider:"replaceOnChanges"`
	Create   *string `pulumi:"create,optional"`
	Update   *string `pulumi:"update,optional"`
	Delete   *string `pulumi:"delete,optional"`
}

// Annotate describes the fields for the schema.
func (c *Commands) Annotate(a infer.Annotator) {
	a.Describe(&c.Triggers, "Values of any type; when one of them changes, the resource is replaced.")
	a.Describe(&c.Create, "The command that runs when the resource is created, and on every update if there is no `update`.")
	a.Describe(&c.Update, "The command that runs when an input other than `triggers` changes. Without it, `create` runs again.")
	a.Describe(&c.Delete, "The command that runs when the resource is deleted or replaced.")
}

// OnUpdate is the command of an update: `update`, else `create`, else nil.
func (c *Commands) OnUpdate() *string {
	if c.Update != nil {
		return c.Update
	}
	return c.Create
}

// Process is what a command's process is given.
type Process struct {
	Environment            map[string]string `pulumi:"environment,optional"`
	Stdin                  *string           `pulumi:"stdin,optional"`
	AddPreviousOutputInEnv *bool             `pulumi:"addPreviousOutputInEnv,optional"`
}

// Annotate describes the fields for the schema.
func (p *Process) Annotate(a infer.Annotator) {
	a.Describe(&p.Environment, "Environment variables for the command.")
	a.Describe(&p.Stdin, "Text for the command's standard input. The place for secrets: it is never logged.")
	a.Describe(&p.AddPreviousOutputInEnv, "Whether the command finds the former run's output in the variables "+
		"PULUMI_COMMAND_STDOUT and PULUMI_COMMAND_STDERR. Default: true.")
}

// Variable is one environment variable.
type Variable struct{ Name, Value string }

// Variables lists `environment`, sorted by name.
func (p *Process) Variables() []Variable {
	list := make([]Variable, 0, len(p.Environment))
	for name, value := range p.Environment {
		list = append(list, Variable{name, value})
	}
	slices.SortFunc(list, func(a, b Variable) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return list
}

// PreviousVariables lists the variables with the former run's output: those that are wanted and not empty.
func (p *Process) PreviousVariables(previous Outputs) []Variable {
	var list []Variable
	if p.AddPreviousOutputInEnv != nil && !*p.AddPreviousOutputInEnv {
		return list
	}
	if previous.Stdout != "" {
		list = append(list, Variable{"PULUMI_COMMAND_STDOUT", previous.Stdout})
	}
	if previous.Stderr != "" {
		list = append(list, Variable{"PULUMI_COMMAND_STDERR", previous.Stderr})
	}
	return list
}

// Outputs is what a command's process wrote, each without one last newline.
type Outputs struct {
	Stdout string `pulumi:"stdout"`
	Stderr string `pulumi:"stderr"`
}

// Annotate describes the fields for the schema.
func (o *Outputs) Annotate(a infer.Annotator) {
	a.Describe(&o.Stdout, "What the command wrote to its standard output.")
	a.Describe(&o.Stderr, "What the command wrote to its standard error.")
}
