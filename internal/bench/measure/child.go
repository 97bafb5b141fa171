package measure

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"
)

// answerLimit is how long a child may take to start, to answer, or to end. The
// longest answer is that to "free" with many connections.
const answerLimit = 30 * time.Second

// A Child is a server in a process of its own. It calls [Answer]; its standard
// input and output are the pipe of questions and answers. Its methods must not
// be called at the same time.
type Child struct {
	Addr string // where it listens

	cmd     *exec.Cmd
	input   io.WriteCloser
	answers *bufio.Scanner
}

// Start starts a program that calls [Answer], and waits until it listens. The
// child ends with ctx, by Close, and when this process does, however that ends.
func Start(ctx context.Context, program string, args ...string) (*Child, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &Child{cmd: cmd, input: input, answers: bufio.NewScanner(output)}
	if c.Addr, err = c.line(); err != nil {
		return nil, fmt.Errorf("%v does not listen: %w", args, err)
	}
	return c, nil
}

// Close ends the child and waits until it is gone.
func (c *Child) Close() error {
	c.input.Close()
	defer time.AfterFunc(answerLimit, c.kill).Stop()
	return c.cmd.Wait()
}

func (c *Child) kill() { _ = c.cmd.Process.Kill() }

// CPU is the time that the child has spent on all processors, for itself and in
// the kernel. It asks the child, because getrusage is exact where /proc/PID/stat
// counts ticks of 10 ms.
func (c *Child) CPU() (time.Duration, error) {
	n, err := c.ask("cpu")
	return time.Duration(n), err
}

// RSS is the resident memory of the child in bytes, after it has given back to
// the system what it does not use. It needs /proc. What the kernel keeps for
// sockets is not in it.
func (c *Child) RSS() (int64, error) {
	if _, err := c.ask("free"); err != nil {
		return 0, err
	}
	return residentMemory(c.cmd.Process.Pid)
}

// Descriptors is how many descriptors the child has open. It needs /proc.
func (c *Child) Descriptors() (int, error) {
	return descriptors(c.cmd.Process.Pid)
}

// Settle waits until the child has done what it has to do: until it needs
// less than 1 % of a processor for a moment. One that never rests is an error.
func (c *Child) Settle() error {
	const moment = 20 * time.Millisecond
	before, err := c.CPU()
	for end := time.Now().Add(answerLimit); err == nil && time.Now().Before(end); {
		time.Sleep(moment)
		var now time.Duration
		if now, err = c.CPU(); err == nil && now-before < moment/100 {
			return nil
		}
		before = now
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("the server at %s does not come to rest", c.Addr)
}

// ask sends a question and returns the number that is the answer.
func (c *Child) ask(question string) (int64, error) {
	if _, err := fmt.Fprintln(c.input, question); err != nil {
		return 0, fmt.Errorf("the server at %s is gone: %w", c.Addr, err)
	}
	text, err := c.line()
	if err != nil {
		return 0, fmt.Errorf("the server at %s, asked for %q: %w", c.Addr, question, err)
	}
	return strconv.ParseInt(text, 10, 64)
}

// line reads a line from the child; one that does not answer is killed.
func (c *Child) line() (string, error) {
	defer time.AfterFunc(answerLimit, c.kill).Stop()
	if c.answers.Scan() {
		return c.answers.Text(), nil
	}
	if err := c.answers.Err(); err != nil {
		return "", err
	}
	c.input.Close()
	return "", fmt.Errorf("its output ended: %w", ended(c.cmd.Wait()))
}

// ended is never nil: a child that ends before it is asked to has failed, even
// with exit status 0.
func ended(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}
