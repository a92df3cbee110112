package output_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"slipway/toolchain/command-provider/output"
)

func record(t *testing.T) *bytes.Buffer {
	t.Helper()
	text := &bytes.Buffer{}
	former := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(text, nil)))
	t.Cleanup(func() { slog.SetDefault(former) })
	return text
}

func TestLinesAreLoggedOnceHoweverTheyArrive(t *testing.T) {
	log := record(t)
	captured := output.New(t.Context(), "stdout")
	for _, piece := range []string{"one\ntw", "o\nthr", "ee", "\n\nlast"} {
		if n, err := captured.Stdout.Write([]byte(piece)); n != len(piece) || err != nil {
			t.Fatalf("wrote %d, error %v", n, err)
		}
	}
	if got := captured.Outputs(); got.Stdout != "one\ntwo\nthree\n\nlast" || got.Stderr != "" {
		t.Errorf("outputs: %+v", got)
	}
	captured.Outputs()
	var lines []string
	for line := range strings.Lines(log.String()) {
		_, message, _ := strings.Cut(line, "msg=")
		lines = append(lines, strings.Fields(message)[0])
	}
	if got := strings.Join(lines, " "); got != `one two three "" last` {
		t.Errorf("log: %s", got)
	}
}

func TestFailureShowsTheLastLines(t *testing.T) {
	record(t)
	captured := output.New(t.Context(), "stdoutAndStderr")
	for i := range 30 {
		fmt.Fprintf(captured.Stderr, "line-%d\n", i)
	}
	fmt.Fprint(captured.Stdout, "unfinished")
	got := captured.Failure("it", errors.New("reason")).Error()
	if !strings.HasPrefix(got, "it failed: reason; its last lines:\nline-11\n") || !strings.HasSuffix(got, "line-29\nunfinished") {
		t.Errorf("error: %s", got)
	}
}
