package measure

import (
	"bufio"
	"fmt"
	"io"
	"runtime/debug"
)

// questions are what a [Child] asks; every answer is a number.
var questions = map[string]func() (int64, error){
	"cpu":  func() (int64, error) { d, err := cpuTime(); return int64(d), err },
	"free": func() (int64, error) { free(); return 0, nil },
}

// free gives memory back to the system. What a sync.Pool holds goes with the
// second collection only.
func free() {
	debug.FreeOSMemory()
	debug.FreeOSMemory()
}

// Answer is the child's side of a [Child]: it tells the address that the server
// listens on and answers questions until in ends, which is the sign to end for
// the child, too. Nothing else may be written to out.
func Answer(addr string, in io.Reader, out io.Writer) error {
	if _, err := fmt.Fprintln(out, addr); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		question, known := questions[lines.Text()]
		if !known {
			return fmt.Errorf("unknown question %q", lines.Text())
		}
		n, err := question()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, n); err != nil {
			return err
		}
	}
	return lines.Err()
}
