// Package output captures what a process writes and shows it in the log as it comes.
package output

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"

	"slipway/toolchain/command-provider/lifecycle"
	"slipway/toolchain/command-provider/redact"
)

const (
	// longestLine is how many bytes of a line are logged. What is captured has no limit.
	longestLine = 16 << 10
	// tailLines is how many of the last logged lines an error repeats.
	tailLines = 20
)

// Mode says which streams are logged: "stdout", "stderr", "stdoutAndStderr" or "none".
type Mode string

const (
	stdout          Mode = "stdout"
	stderr          Mode = "stderr"
	stdoutAndStderr Mode = "stdoutAndStderr"
	none            Mode = "none"
)

// Values lists the modes as an enum. Each module of the schema has its own type for them.
func Values[T ~string]() []infer.EnumValue[T] {
	return []infer.EnumValue[T]{
		{Value: T(stdout), Description: "Log stdout only."},
		{Value: T(stderr), Description: "Log stderr only."},
		{Value: T(stdoutAndStderr), Description: "Log both."},
		{Value: T(none), Description: "Log nothing."},
	}
}

// ModeOf is the chosen mode. Without one both streams are logged, but nothing of a command that is itself secret.
func ModeOf[T ~string](ctx context.Context, chosen *T) Mode {
	switch {
	case chosen != nil:
		return Mode(*chosen)
	case redact.From(ctx).SecretCommand:
		return none
	default:
		return stdoutAndStderr
	}
}

// Capture holds the two streams of one process. Each stream may be written by a goroutine of its own.
type Capture struct {
	Stdout, Stderr *Stream
	log            *log
}

// New returns a capture whose lines go, redacted, to the log of ctx as far as mode says.
func New(ctx context.Context, mode Mode) *Capture {
	log := &log{redactor: redact.From(ctx), info: p.GetLogger(ctx).Info}
	return &Capture{
		Stdout: &Stream{log: log, logged: mode == stdout || mode == stdoutAndStderr},
		Stderr: &Stream{log: log, logged: mode == stderr || mode == stdoutAndStderr},
		log:    log,
	}
}

// Outputs logs unfinished lines and returns everything that was written. Call it after the process has ended.
func (c *Capture) Outputs() lifecycle.Outputs {
	return lifecycle.Outputs{Stdout: c.Stdout.end(), Stderr: c.Stderr.end()}
}

// Failure is the error for a command that failed: what failed, why, and the last lines that were logged. It never holds
// the command itself, which may contain secrets.
func (c *Capture) Failure(what string, err error) error {
	c.Outputs()
	if !c.Stdout.logged && !c.Stderr.logged {
		return fmt.Errorf("%s failed: %w; its output is not shown: logging is none or the command is secret", what, err)
	}
	if len(c.log.tail) == 0 {
		return fmt.Errorf("%s failed: %w", what, err)
	}
	return fmt.Errorf("%s failed: %w; its last lines:\n%s", what, err, strings.Join(c.log.tail, "\n"))
}

// Stream is one output stream of a process.
type Stream struct {
	log    *log
	logged bool
	all    bytes.Buffer
	shown  int // bytes of all that have been logged
}

// Write captures the bytes and logs the lines that they complete.
func (s *Stream) Write(data []byte) (int, error) {
	start := s.all.Len()
	s.all.Write(data)
	for offset := 0; s.logged; {
		newline := bytes.IndexByte(data[offset:], '\n')
		if newline < 0 {
			break
		}
		offset += newline + 1
		s.show(start + offset)
	}
	return len(data), nil
}

func (s *Stream) show(end int) {
	s.log.line(strings.TrimRight(string(s.all.Bytes()[s.shown:end]), "\r\n"))
	s.shown = end
}

func (s *Stream) end() string {
	if s.logged && s.shown < s.all.Len() {
		s.show(s.all.Len())
	}
	return strings.TrimSuffix(s.all.String(), "\n")
}

type log struct {
	redactor redact.Redactor
	info     func(string)
	lock     sync.Mutex
	tail     []string
}

func (l *log) line(text string) {
	text = l.redactor.Text(text)
	if len(text) > longestLine {
		text = fmt.Sprintf("%s ... (%d bytes more)", strings.ToValidUTF8(text[:longestLine], ""), len(text)-longestLine)
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.tail = append(l.tail, text); len(l.tail) > tailLines {
		l.tail = l.tail[1:]
	}
	l.info(text)
}
