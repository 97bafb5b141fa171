package examples_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	// What the programs are made of is what these tests depend on.
	_ "github.com/ediport/ediport/examples/internal/trail"
	_ "github.com/ediport/ediport/oftp"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// A binary is a program that was built for the tests.
type binary string

// build makes the program of a folder.
func build(t *testing.T, name string) binary {
	t.Helper()
	// Go remembers that a test has passed until a file changes that it has looked
	// at; what its child processes look at does not count.
	sources, err := filepath.Glob(name + "/*.go")
	require.NoError(t, err)
	for _, source := range sources {
		_, err := os.Stat(source)
		require.NoError(t, err)
	}
	program := filepath.Join(t.TempDir(), name)
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	out, err := exec.Command("go", "build", buildMode, "-o", program, "./"+name).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary(program)
}

// A process is a running program, with what it has printed to stdout and stderr.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed when all is printed and the exit code is known

	mu      sync.Mutex // guards lines, changed
	lines   []string
	changed chan struct{} // closed with each new line
}

func (b binary) start(t *testing.T, args ...string) *process {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	p := &process{cmd: exec.Command(string(b), args...), exited: make(chan struct{}), changed: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = w, w
	require.NoError(t, p.cmd.Start())
	require.NoError(t, w.Close())
	go p.read(r)
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.exited
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(string(b)), p.output())
		}
	})
	return p
}

func (p *process) read(r io.ReadCloser) {
	defer close(p.exited)
	defer r.Close()
	for in := bufio.NewScanner(r); in.Scan(); {
		p.mu.Lock()
		p.lines = append(p.lines, in.Text())
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
	}
	_ = p.cmd.Wait() // its exit code says more
}

// await returns the first line that has all the texts, once there is one.
func (p *process) await(t *testing.T, texts ...string) string {
	t.Helper()
	return p.awaitNth(t, 1, texts...)
}

// awaitNth returns the nth line, counted from 1, that has all the texts.
func (p *process) awaitNth(t *testing.T, n int, texts ...string) string {
	t.Helper()
	limit := time.After(patience)
	for {
		line, changed := p.find(n, texts)
		if line != "" {
			return line
		}
		select {
		case <-changed:
		case <-p.exited:
			line, _ = p.find(n, texts)
			require.NotEmpty(t, line, "the program has ended without printing %q:\n%s", texts, p.output())
			return line
		case <-limit:
			require.Fail(t, "waited too long", "for %q:\n%s", texts, p.output())
		}
	}
}

func (p *process) find(n int, texts []string) (line string, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if hasAll(line, texts) {
			n--
		}
		if n == 0 {
			return line, p.changed
		}
	}
	return "", p.changed
}

func hasAll(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}

// code waits for the end of the program and returns its exit code.
func (p *process) code(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		require.Fail(t, "the program does not end", p.output())
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}
